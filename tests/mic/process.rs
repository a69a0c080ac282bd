//! Child processes that do not outlive a trial, whether it passes or panics. Touch it when waiting for one changes.

use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use super::usage::Usage;

/// Between two looks at what cannot be awaited.
const LOOK: Duration = Duration::from_millis(20);

/// A child process that is killed when this is dropped.
pub struct Running(Child);

impl Running {
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")))
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// What it takes of the machine now.
    pub fn usage(&self) -> Usage {
        Usage::of(self.0.id())
    }

    /// Processor time that it has taken, all threads together.
    pub fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("it runs");
        // The second field is its name, which may hold anything; utime and stime are the 14th and 15th.
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        let ticks: u64 =
            fields.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().expect("a number")).sum();
        // SAFETY: takes a constant and cannot fail.
        let a_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
        Duration::from_secs_f64(ticks as f64 / a_second as f64)
    }

    /// The exit status once it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("it is our child")
    }

    /// Asks it to end and waits for that.
    pub fn terminate(&mut self, limit: Duration) -> ExitStatus {
        let id = self.0.id().try_into().expect("a process id");
        // SAFETY: sends a signal to our own child, which has not been waited for.
        assert_eq!(unsafe { libc::kill(id, libc::SIGTERM) }, 0);
        within(limit, "a process ends when asked to", || self.ended())
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What `look` finds, as soon as it finds something.
pub fn within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(LOOK);
    }
}
