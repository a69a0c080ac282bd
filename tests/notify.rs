//! What a service manager is told, over a real socket as systemd's is.

mod support;

use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

use support::daemon::Daemon;
use support::held::Held;
use support::{PATIENCE, music, toy, with_tract};
use temp_dir::TempDir;

/// A watchdog that is to be fed every second.
const WATCHDOG: &str = "3000000";

struct Manager {
    socket: UnixDatagram,
    path: std::path::PathBuf,
    heard: Vec<String>,
    _place: TempDir,
}

impl Manager {
    fn new() -> Self {
        let place = TempDir::new().expect("a folder");
        let path = place.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("bound");
        socket.set_read_timeout(Some(PATIENCE)).expect("set");
        Self { socket, path, heard: Vec::new(), _place: place }
    }

    /// A daemon that it supervises.
    fn daemon(&self, source: &str) -> Command {
        let mut command = with_tract("run");
        toy(&mut command).args(["--source", source]).env("NOTIFY_SOCKET", &self.path);
        command
    }

    /// Hears on until a message begins so, which it gives.
    fn wait_for(&mut self, beginning: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut bytes = [0; 4096];
        while Instant::now() < deadline {
            let length = self.socket.recv(&mut bytes).expect("something comes in time");
            let text = std::str::from_utf8(&bytes[..length]).expect("UTF-8");
            self.heard.extend(text.lines().map(str::to_owned));
            if let Some(line) = text.lines().find(|line| line.starts_with(beginning)) {
                return line.to_owned();
            }
        }
        panic!("no {beginning:?} but {:?}", self.heard)
    }

    /// Hears what has been sent already, and waits for nothing.
    fn catch_up(&mut self) {
        let mut bytes = [0; 4096];
        self.socket.set_nonblocking(true).expect("set");
        while let Ok(length) = self.socket.recv(&mut bytes) {
            self.heard.extend(String::from_utf8_lossy(&bytes[..length]).lines().map(str::to_owned));
        }
        self.socket.set_nonblocking(false).expect("set");
    }

    fn count(&self, message: &str) -> usize {
        self.heard.iter().filter(|line| *line == message).count()
    }
}

/// Asserts that from now on the service manager's patience ends without a sign of life.
fn is_given_up(manager: &mut Manager) {
    // The last sign of life before now may have been sent while nobody heard.
    manager.catch_up();
    let before = manager.count("WATCHDOG=1");
    let deadline = Instant::now() + Duration::from_secs(4);
    let mut bytes = [0; 4096];
    while let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        manager.socket.set_read_timeout(Some(left)).expect("set");
        if let Ok(length) = manager.socket.recv(&mut bytes) {
            manager.heard.extend(String::from_utf8_lossy(&bytes[..length]).lines().map(str::to_owned));
        }
    }
    manager.socket.set_read_timeout(Some(PATIENCE)).expect("set");
    assert_eq!(manager.count("WATCHDOG=1"), before, "{:?}", manager.heard);
}

fn samples(seconds: f64) -> Vec<u8> {
    music(22_050, seconds).iter().flat_map(|s| ((s * 32_767.0) as i16).to_le_bytes()).collect()
}

#[test]
fn ready_comes_with_the_first_window_then_signs_of_life_a_reload_and_the_end() {
    let mut manager = Manager::new();
    let mut command = manager.daemon("-?pcm=s16le&rate=22050&channels=1");
    let mut daemon = Daemon::start(command.env("WATCHDOG_USEC", WATCHDOG));
    let windows = |daemon: &Daemon| {
        let sources = daemon.get("/v1/sources").1;
        sources["sources"][0]["counters"]["windows"].as_u64().expect("a number")
    };
    // Alive but not ready: nobody has fed it any sound.
    for _ in 0..3 {
        manager.wait_for("WATCHDOG=1");
    }
    assert_eq!((manager.count("READY=1"), windows(&daemon)), (0, 0));
    let starting = manager.heard.iter().find(|line| line.starts_with("STATUS=")).expect("told");
    assert!(starting.starts_with("STATUS=starting: stdin "), "{starting}");

    daemon.stdin.as_mut().expect("piped").write_all(&samples(6.0)).expect("taken");
    manager.wait_for("READY=1");
    assert!(windows(&daemon) > 0);
    assert!(!daemon.get("/v1/now").1["sources"][0]["window"]["top"].is_null());
    for _ in 0..3 {
        manager.wait_for("WATCHDOG=1");
    }
    let status = manager.heard.iter().rev().find(|line| line.starts_with("STATUS=")).expect("told");
    assert!(status.starts_with("STATUS=listening: stdin live, "), "{status}");
    assert!(status.ends_with("; 0 subscribers"), "{status}");

    daemon.signal(libc::SIGHUP);
    manager.wait_for("RELOADING=1");
    assert!(manager.heard.iter().any(|line| line.starts_with("MONOTONIC_USEC=")), "{:?}", manager.heard);
    manager.wait_for("READY=1");
    assert_eq!(manager.count("READY=1"), 2);

    daemon.signal(libc::SIGTERM);
    manager.wait_for("STOPPING=1");
    assert_eq!(daemon.wait_for_exit(PATIENCE), Some(0));
}

#[test]
fn a_microphone_that_is_not_there_does_not_hold_up_the_boot() {
    let mut manager = Manager::new();
    let mut command = manager.daemon("mic:there is no such microphone");
    let began = Instant::now();
    let daemon = Daemon::start(command.env("WATCHDOG_USEC", WATCHDOG));
    manager.wait_for("READY=1");
    let took = began.elapsed();
    println!("ready without a microphone after {took:.1?}");
    assert!((15.0..45.0).contains(&took.as_secs_f64()), "{took:?}");
    // A restart would not bring it, so there is no reason for one.
    for _ in 0..3 {
        manager.wait_for("WATCHDOG=1");
    }
    let status = manager.heard.iter().rev().find(|line| line.starts_with("STATUS=")).expect("told");
    assert!(status.starts_with("STATUS=waiting for ") && status.contains("no such microphone"), "{status}");
    daemon.end();
}

#[test]
fn a_watchdog_meant_for_another_process_is_left_alone_and_a_dead_socket_does_no_harm() {
    let mut manager = Manager::new();
    let mut command = manager.daemon("file:tests/fixtures/audio/mono.wav?loop=true");
    let mut daemon = Daemon::start(command.env("WATCHDOG_USEC", WATCHDOG).env("WATCHDOG_PID", "1"));
    manager.wait_for("READY=1");
    std::fs::remove_file(&manager.path).expect("removed");
    daemon.signal(libc::SIGHUP);
    daemon.wait_for_line("the service manager does not take what we tell it");
    assert_eq!(manager.count("WATCHDOG=1"), 0);
    assert!(daemon.end() < Duration::from_secs(2));
}

#[test]
fn a_single_thread_that_hangs_is_not_covered_by_the_others() {
    let mut manager = Manager::new();
    let mut command = manager.daemon("file:tests/fixtures/audio/mono.wav?loop=true");
    let mut daemon = Daemon::start(command.env("WATCHDOG_USEC", WATCHDOG));
    manager.wait_for("READY=1");
    for thread in ["dsp-0", "model-0"] {
        manager.wait_for("WATCHDOG=1");
        let held = Held::thread(daemon.pid(), thread);
        daemon.wait_for_line(&format!("standing still: {thread}"));
        is_given_up(&mut manager);
        drop(held);
        manager.wait_for("WATCHDOG=1");
    }
    daemon.end();
}

#[test]
fn a_thread_that_hangs_at_the_end_is_left_and_the_end_is_in_order() {
    let mut command = with_tract("run");
    toy(&mut command).args(["--source", "file:tests/fixtures/audio/mono.wav?loop=true"]);
    let mut daemon = Daemon::start(&mut command);
    daemon.wait_for_line("state=Live");
    let held = Held::thread(daemon.pid(), "model-0");
    daemon.signal(libc::SIGTERM);
    daemon.wait_for_line("did not end in time");
    held.until_the_end(PATIENCE);
    assert_eq!(daemon.wait_for_exit(PATIENCE), Some(0));
}
