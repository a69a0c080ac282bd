//! The whole daemon under clients that want too much, and over TLS: what the process needs of the system stays within what it
//! gets. Touch it when the daemon is to survive something else; the protocol's own limits are in `tests/server/limits.rs`.

mod support;

#[path = "support/certificates.rs"]
mod certificates;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};

use certificates::Authority;
use support::daemon::Daemon;
use support::usage::Usage;
use support::{genrecast, toy};
use tokio::net::{TcpSocket, TcpStream};

/// Connects from 127.0.0.N.
async fn from(last: u8, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0)))?;
    socket.connect(to).await
}

/// The daemon on the small model and a file, told so much more.
fn daemon(command: &mut Command) -> Daemon {
    Daemon::start(toy(command.args([
        "--runtime",
        "tract",
        "--source",
        "file:tests/fixtures/audio/mono.wav?loop=true",
    ])))
}

#[tokio::test]
async fn ten_thousand_connections_of_one_client_are_refused_and_cost_little() {
    let daemon = daemon(&mut genrecast("run"));
    let before = Usage::of(daemon.pid());
    let mut held = Vec::new();
    for _ in 0..10_000 {
        held.push(from(2, daemon.address).await.expect("the listener takes it"));
    }
    // Others are served meanwhile, and what was refused is not kept.
    assert_eq!(daemon.get("/livez").0, 200);
    let during = Usage::of(daemon.pid());
    println!("{before:?}, with 10,000 connections {during:?}");
    // 256 that were let in, and those few that are told why not.
    assert!(during.descriptors <= before.descriptors + 256 + 64 + 8, "{before:?} {during:?}");
    assert!(during.resident < before.resident + 32 * 1024, "{before:?} {during:?}");
    let mut refused = 0;
    for stream in &held {
        let mut status = [0; 12];
        if stream.try_read(&mut status).is_ok_and(|read| read == 12) && &status == b"HTTP/1.1 429" {
            refused += 1;
        }
    }
    assert!(refused > 9_000, "{refused} of them have read why");
    drop(held);
    let log = daemon.end_with_log();
    let told = log.matches("connections of one address are open").count();
    assert!((1..=3).contains(&told), "told {told} times:\n{log}");
}

#[tokio::test]
async fn a_system_with_few_descriptors_is_not_asked_for_more() {
    // The limit is the shell's, and so the daemon's.
    let run = genrecast("run");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 160 && exec \"$0\" \"$@\""]).arg(run.get_program()).args(run.get_args());
    command.current_dir(support::root());
    for (key, value) in run.get_envs() {
        match value {
            Some(value) => command.env(key, value),
            None => command.env_remove(key),
        };
    }
    let daemon = daemon(&mut command);
    let mut held = Vec::new();
    for last in 2..12 {
        for _ in 0..40 {
            held.push(from(last, daemon.address).await.expect("the listener takes it"));
        }
    }
    let usage = Usage::of(daemon.pid());
    assert!(usage.descriptors <= 160, "{usage:?}");
    drop(held);
    // As soon as there is room, everything is as before.
    let until = std::time::Instant::now() + support::PATIENCE;
    loop {
        let answered = TcpStream::connect(daemon.address).await.is_ok() && livez(daemon.address);
        if answered {
            break;
        }
        assert!(std::time::Instant::now() < until, "nobody is let in again");
    }
    let log = daemon.end_with_log();
    assert!(log.contains("for 80 connections, not 2048"), "{log}");
    assert!(log.matches("cannot be taken at present").count() <= 1, "{log}");
    assert_eq!(log.matches("connections are open, no more are taken").count(), 1, "{log}");
}

fn livez(at: SocketAddr) -> bool {
    let mut stream = std::net::TcpStream::connect(at).expect("connects");
    // Whoever is turned away may be gone already.
    let _ = stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200 ")
}

#[test]
fn the_commands_speak_tls_and_sighup_renews_the_certificate() {
    let place = temp_dir::TempDir::new().expect("a folder");
    let authority = Authority::new(place.path());
    let pair = authority.sign(2090);
    let mut command = genrecast("run");
    command
        .env("GENRECAST_SERVER__CERTIFICATE", &pair.certificate)
        .env("GENRECAST_SERVER__PRIVATE_KEY", &pair.private_key)
        .env("GENRECAST_HISTORY__ENABLED", "true")
        .env("GENRECAST_STATE_DIR", place.path());
    let mut daemon = daemon(&mut command);
    let url = format!("wss://localhost:{}", daemon.address.port());
    let mut listen = genrecast("listen")
        .args([&url, "--json"])
        .arg("--ca-file")
        .arg(&authority.file)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut heard = std::io::BufReader::new(listen.stdout.take().expect("piped"));
    let mut window = String::new();
    while !window.contains(r#""type":"genre.window""#) {
        window.clear();
        std::io::BufRead::read_line(&mut heard, &mut window).expect("more");
        assert!(!window.is_empty(), "it ended: {}", listen_end(&mut listen));
    }
    let history = |ca: &std::path::Path| {
        let mut command = genrecast("history");
        command.arg(url.replace("wss", "https")).args(["--format", "jsonl", "--type", "source.state"]);
        command.env("GENRECAST_CA_FILE", ca).output().expect("runs")
    };
    let told = history(&authority.file);
    assert!(told.status.success() && told.stdout.starts_with(b"{"), "{told:?}");
    let other = temp_dir::TempDir::new().expect("a folder");
    let stranger = Authority::new(other.path());
    let refused = history(&stranger.file);
    let says = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(8) && says.contains("--ca-file"), "{says}");

    let key = std::fs::read(&pair.private_key).expect("read");
    authority.sign(2091);
    let new = std::fs::read(&pair.private_key).expect("read");
    std::fs::write(&pair.private_key, key).expect("written");
    daemon.signal(libc::SIGHUP);
    daemon.wait_for_line("is not the key of");
    assert!(history(&authority.file).status.success(), "the one before is shown on");
    std::fs::write(&pair.private_key, new).expect("written");
    daemon.signal(libc::SIGHUP);
    daemon.wait_for_line("valid until 2091-01-01");
    assert!(history(&authority.file).status.success());
    authority.sign(2021);
    daemon.signal(libc::SIGHUP);
    daemon.wait_for_line("has expired at 2021-01-01");
    assert!(history(&authority.file).status.success(), "the one before is shown on");
    // Whoever listened has lost nothing.
    let mut line = String::new();
    std::io::BufRead::read_line(&mut heard, &mut line).expect("more");
    assert!(line.starts_with('{'), "{line}");
    listen.kill().expect("it still ran");
    listen.wait().expect("ended");
    daemon.end();
}

fn listen_end(listen: &mut std::process::Child) -> String {
    let mut says = String::new();
    let _ = listen.stderr.take().expect("piped").read_to_string(&mut says);
    says
}
