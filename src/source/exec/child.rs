//! A running program in a process group of its own: what it writes, and its end.
//! Touch it when a program must be read or ended otherwise.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, kill_process_group};
use rustix::time::Timespec;

use super::program::Program;
use crate::source::stop::Stop;

/// The last bytes of what it writes to its standard error that are kept.
const KEPT: usize = 2048;

/// How often it is looked whether the source was told to stop.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// How long it may take to end when it is told to, before it is killed.
const GRACE: Duration = Duration::from_millis(200);

/// A program that runs. It is ended, with all that it started, when this is dropped.
pub(super) struct Running {
    child: Child,
    said: Said,
    status: Option<ExitStatus>,
}

/// The last that it wrote to its standard error.
type Said = Arc<Mutex<Vec<u8>>>;

impl Running {
    /// Starts it; the second is its standard output, on which nothing may come for at most `stall`.
    pub(super) fn start(program: &Program, stop: &Stop, stall: Duration) -> io::Result<(Self, Output)> {
        let mut command = Command::new(program.name());
        command.args(program.arguments()).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let said = Said::default();
        let missing = || io::Error::other("it has no standard output");
        let output = Output {
            stdout: child.stdout.take().ok_or_else(missing)?,
            stderr: child.stderr.take(),
            said: Arc::clone(&said),
            stop: stop.clone(),
            stall,
        };
        Ok((Self { child, said, status: None }, output))
    }

    /// Ends it, if it has not ended by itself, and tells how it ended and the last line that it said.
    pub(super) fn end(&mut self) -> (Option<ExitStatus>, String) {
        // Whatever closes its output is given a moment to end by itself and say why.
        self.reap(GRACE);
        let by_itself = self.status;
        self.kill();
        let said = locked(&self.said).clone();
        let text = crate::source::http::text::decoded(&said);
        let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        (by_itself, crate::source::titles::cleaned(&super::program::redacted(last)))
    }

    /// Ends the whole group, for what it started may still run when it has ended itself.
    fn kill(&mut self) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        for signal in [Signal::TERM, Signal::KILL] {
            if let Some(group) = group {
                // Where nobody is left in it there is nothing to do.
                let _ = kill_process_group(group, signal);
            }
            self.reap(GRACE);
        }
    }

    fn reap(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        while self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
            if Instant::now() >= deadline {
                return;
            }
            if self.status.is_none() {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a program writes to its standard output. What it writes to its standard error meanwhile is kept, the last of it.
pub(super) struct Output {
    stdout: ChildStdout,
    stderr: Option<ChildStderr>,
    said: Said,
    stop: Stop,
    stall: Duration,
}

impl Output {
    /// Waits until there is something on the standard output; false when nothing has come within `LOOK`.
    fn look(&mut self) -> io::Result<bool> {
        let (ready, heard) = {
            let mut fds = vec![PollFd::new(&self.stdout, PollFlags::IN)];
            fds.extend(self.stderr.as_ref().map(|stderr| PollFd::new(stderr, PollFlags::IN)));
            match poll(&mut fds, Some(&LOOK)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let is_ready = |place: usize| fds.get(place).is_some_and(|fd| !fd.revents().is_empty());
            (is_ready(0), is_ready(1))
        };
        if heard {
            self.listen();
        }
        Ok(ready)
    }

    /// Takes what is on its standard error.
    fn listen(&mut self) {
        let mut block = [0; 1024];
        let read = self.stderr.as_mut().map_or(Ok(0), |stderr| stderr.read(&mut block));
        match read {
            Ok(0) | Err(_) => self.stderr = None,
            Ok(read) => {
                let mut said = locked(&self.said);
                said.extend_from_slice(block.get(..read).unwrap_or_default());
                let surplus = said.len().saturating_sub(KEPT);
                said.drain(..surplus);
            }
        }
    }
}

impl Read for Output {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let began = Instant::now();
        loop {
            if self.stop.is_stopped() {
                return Err(io::Error::other("told to stop"));
            }
            if self.look()? {
                let read = self.stdout.read(out)?;
                if read == 0 {
                    // The last that it said may come after the last that it wrote.
                    for _ in 0..4 {
                        if self.stderr.is_some() {
                            self.listen_briefly();
                        }
                    }
                }
                return Ok(read);
            }
            if began.elapsed() >= self.stall {
                let reason = format!("it has written nothing for {} s", self.stall.as_secs_f64());
                return Err(io::Error::new(io::ErrorKind::TimedOut, reason));
            }
        }
    }
}

impl Output {
    fn listen_briefly(&mut self) {
        let heard = self.stderr.as_ref().is_some_and(|stderr| {
            let mut fds = [PollFd::new(stderr, PollFlags::IN)];
            poll(&mut fds, Some(&LOOK)).is_ok_and(|ready| ready > 0)
        });
        if heard {
            self.listen();
        }
    }
}

fn locked(said: &Said) -> MutexGuard<'_, Vec<u8>> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}
