//! The servers, each in a process of its own, which publishes when it reads a line. Touch it when another one is compared.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A server that is asked by a line and answers with the time, in nanoseconds since 1970, at which it published.
pub struct Process {
    pub name: &'static str,
    pub port: u16,
    /// What its subscribers ask for.
    pub path: &'static str,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// When it had no subscriber.
    empty_kib: f64,
}

/// All that can be had here: ours first, then axum's.
pub fn all() -> Vec<Process> {
    let own = |server: &str| {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--serve", server]);
        command
    };
    let ours = "/v1/events?types=genre.window&sources=radio";
    let mut all = vec![
        Process::start("genrecast, filtered", ours, own("genrecast")),
        Process::start("axum, tokio's broadcast", "/", own("axum")),
    ];
    match std::env::var_os("GENRECAST_BENCH_PYTHON") {
        Some(python) => {
            let mut command = Command::new(python);
            command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/fan_out.py"));
            all.push(Process::start("Python's websockets, broadcast", "/", command));
        }
        None => {
            println!("skipped: Python's websockets (GENRECAST_BENCH_PYTHON names an interpreter that has it)")
        }
    }
    all
}

impl Process {
    fn start(name: &'static str, path: &'static str, mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let stdin = child.stdin.take().expect("piped");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut process = Self { name, port: 0, path, child, stdin, stdout, empty_kib: 0.0 };
        process.port = process.line().parse().expect("a port");
        process.empty_kib = process.rss_kib();
        process
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("it answers");
        line.trim().to_owned()
    }

    /// Has it publish one event; says when it did.
    pub fn publish(&mut self) -> u64 {
        self.stdin.write_all(b"\n").expect("asked");
        self.line().parse().expect("a time")
    }

    /// Resident memory now.
    pub fn rss_kib(&self) -> f64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it is there");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// By how much it has grown since it had no subscriber.
    pub fn grown_kib(&self) -> f64 {
        self.rss_kib() - self.empty_kib
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has done what it was for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In the server's process: tells its port, then calls this for each line, and answers with the time before it.
pub fn publish_on_demand(port: u16, mut publish: impl FnMut()) {
    println!("{port}");
    for _ in std::io::stdin().lines().map_while(Result::ok) {
        let now = super::clients::now();
        publish();
        println!("{now}");
    }
}
