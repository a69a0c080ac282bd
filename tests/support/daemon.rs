//! A running daemon: started on a free port, asked over HTTP, signalled, and killed when its test ends.
//! Touch it when tests must see more of the process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::{PATIENCE, with_tract};

pub struct Daemon {
    pub address: SocketAddr,
    pub stdin: Option<ChildStdin>,
    child: Child,
    lines: Receiver<String>,
    log: Vec<String>,
}

impl Daemon {
    /// Starts one with the real model on these sources.
    pub fn on(sources: &[&str]) -> Self {
        let mut command = with_tract("run");
        for source in sources {
            command.args(["--source", source]);
        }
        Self::start(&mut command)
    }

    /// Starts one and waits until it listens.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let stdin = child.stdin.take();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut daemon = Self { address: nowhere, stdin, child, lines, log: Vec::new() };
        let line = daemon.wait_for_line("listening on http");
        let (_, address) = line.rsplit_once("://").expect("the address");
        daemon.address = address.trim().parse().expect("an address");
        daemon
    }

    /// Waits for the first new line of the log that holds this.
    pub fn wait_for_line(&mut self, part: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.log.push(line.clone());
                    if line.contains(part) {
                        return line;
                    }
                }
                Err(why) => panic!("no line with {part:?} ({why})"),
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: libc::c_int) {
        let pid = libc::pid_t::try_from(self.child.id()).expect("a process id");
        // SAFETY: plain system call; the child has not been waited for, so the id is still its own.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }

    /// Waits until the process has ended; returns its exit status.
    pub fn wait_for_exit(&mut self, limit: Duration) -> Option<i32> {
        let deadline = Instant::now() + limit;
        loop {
            // The end of its standard error is the end of the process.
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.log.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("still running after {limit:?}"),
            }
        }
        assert!(!self.log.iter().any(|line| line.contains("panicked")));
        self.child.wait().expect("it has ended").code()
    }

    /// SIGTERM; asserts a clean end within the two seconds that are promised, and returns how long it took.
    pub fn end(mut self) -> Duration {
        let asked = Instant::now();
        self.signal(libc::SIGTERM);
        assert_eq!(self.wait_for_exit(PATIENCE), Some(0));
        let took = asked.elapsed();
        assert!(took <= Duration::from_secs(2), "{took:?}");
        took
    }

    /// The same; returns its whole log.
    pub fn end_with_log(mut self) -> String {
        self.signal(libc::SIGTERM);
        assert_eq!(self.wait_for_exit(PATIENCE), Some(0));
        self.log.join("\n")
    }

    /// GET: status and JSON.
    pub fn get(&self, path: &str) -> (u16, serde_json::Value) {
        let mut stream = TcpStream::connect(self.address).expect("connects");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address)
            .expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
        (status, serde_json::from_str(body).expect("JSON"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            self.log.extend(self.lines.iter());
            eprintln!("the daemon's log:\n{}", self.log.join("\n"));
        }
    }
}
