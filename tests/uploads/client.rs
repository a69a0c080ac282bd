//! A client that sends clips, and a daemon that takes them. Touch it when a test must send one otherwise.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::Instant;

use serde_json::Value;

use super::support::daemon::Daemon;
use super::support::{PATIENCE, genrecast, toy};

/// A daemon with the small model and nothing to listen to, under these settings.
pub fn daemon(settings: &[(&str, &str)]) -> Daemon {
    configured(Path::new("config.toml"), settings)
}

/// The same with another configuration beneath.
pub fn configured(config: &Path, settings: &[(&str, &str)]) -> Daemon {
    let mut command = genrecast("run");
    toy(command.arg("--config").arg(config).args([
        "--runtime",
        "tract",
        "--source",
        "file:tests/fixtures/audio/mono.wav",
    ]));
    for (key, value) in settings {
        command.env(format!("GENRECAST_UPLOAD__{key}"), value);
    }
    Daemon::start(&mut command)
}

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

/// The beginning of a request: its head and so much of its body.
pub fn begin(at: SocketAddr, query: &str, headers: &str, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(at).expect("connects");
    // Uploads give way to everything else that this machine does.
    stream.set_read_timeout(Some(3 * PATIENCE)).expect("set");
    let head =
        format!("POST /v1/classify{query} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).expect("sent");
    stream.write_all(body).expect("sent");
    stream
}

/// Sends a request whole and reads the answer, which may come before everything was sent.
pub fn send(at: SocketAddr, query: &str, headers: &str, body: &[u8]) -> Answer {
    let stream = begin(at, query, headers, b"");
    let mut sending = stream.try_clone().expect("cloned");
    let body = body.to_vec();
    let sender = thread::spawn(move || drop(sending.write_all(&body)));
    let answer = read(stream);
    sender.join().expect("no panic");
    answer
}

/// Sends a file with its length.
pub fn post(at: SocketAddr, query: &str, body: &[u8]) -> Answer {
    send(at, query, &format!("Content-Length: {}\r\n", body.len()), body)
}

/// Reads the answer.
pub fn read(mut stream: TcpStream) -> Answer {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answered");
    let answer = String::from_utf8(answer).expect("UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {answer:?}"));
    Answer {
        status: head.split(' ').nth(1).expect("a status").parse().expect("a number"),
        head: head.to_lowercase(),
        body: serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}")),
    }
}

/// Asks how far a clip is until it is as wanted.
pub fn until(daemon: &Daemon, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let (_, progress) = daemon.get(&format!("/v1/classify/{id}"));
        if wanted(&progress) {
            return progress;
        }
        assert!(begun.elapsed() < PATIENCE, "{progress}");
        thread::yield_now();
    }
}

/// A ULID that ends in this digit.
pub fn id(digit: u8) -> String {
    format!("01J9ZK3V5Y8Q0W2E4R6T8Y0V2{digit}")
}
