//! The real daemon on a microphone, and a subscriber that keeps every event.
//! Touch it when the trials ask it something else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use genrecast::server::SourceInfo;
use serde_json::Value;
use tokio_tungstenite::tungstenite::{self, Message};

use super::process::Running;
use super::sound_server::SoundServer;
use super::usage::Usage;

const BINARY: &str = env!("CARGO_BIN_EXE_genrecast");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The default model.
pub const MODEL: &str = "musicnn-crnn";

/// `--config` and `--models` of the repository, the model, and the runtime that is always there.
pub fn common_flags() -> Vec<String> {
    let flags = ["--config", "config.toml", "--models", "models"];
    let flags = flags.map(|flag| if flag.starts_with("--") { flag.into() } else { format!("{ROOT}/{flag}") });
    flags.into_iter().chain(["--model", MODEL, "--runtime", "tract"].map(Into::into)).collect()
}

/// A running daemon.
pub struct Daemon {
    process: Running,
    address: String,
    incoming: Receiver<Value>,
    /// Every message so far.
    pub seen: Vec<Value>,
    threads: Vec<JoinHandle<()>>,
    /// When it logged a line.
    lines: Arc<Mutex<Vec<Instant>>>,
}

impl Daemon {
    /// On the default microphone.
    pub fn start(server: &SoundServer) -> Self {
        Self::start_on(server, &["mic:"])
    }

    pub fn start_on(server: &SoundServer, sources: &[&str]) -> Self {
        let mut command = server.command(BINARY);
        command.arg("run").args(common_flags()).args(["--listen", "127.0.0.1:0"]);
        command.args(sources.iter().flat_map(|source| ["--source", source]));
        command.env("GENRECAST_LOG__FORMAT", "human");
        let mut process = Running::start(command.stdout(Stdio::null()).stderr(Stdio::piped()));
        let log = BufReader::new(process.child().stderr.take().expect("piped"));
        let (tell_address, address) = bounded(1);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let when = Arc::clone(&lines);
        let log = std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                when.lock().expect("not poisoned").push(Instant::now());
                println!("    daemon: {line}");
                if let Some((_, address)) = line.split_once("listening on http://") {
                    let _ = tell_address.try_send(address.trim().to_owned());
                }
            }
        });
        let address = address.recv_timeout(Duration::from_secs(60)).expect("the daemon listens");
        let url = format!("ws://{address}/v1/events?top_k=10");
        let (mut socket, _) = tungstenite::connect(url).expect("the daemon answers");
        let (tell, incoming) = bounded(65_536);
        let subscriber = std::thread::spawn(move || {
            while let Ok(message) = socket.read() {
                if let Message::Text(text) = message {
                    let message = serde_json::from_str(&text).expect("the daemon sends JSON");
                    let _ = tell.try_send(message);
                }
            }
        });
        Self { process, address, incoming, seen: Vec::new(), threads: vec![log, subscriber], lines }
    }

    /// Waits for a message; what was seen before does not count.
    pub fn await_event(&mut self, limit: Duration, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + limit;
        loop {
            let message = match self.incoming.recv_deadline(deadline) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => panic!("not within {limit:?}: {what}"),
                Err(RecvTimeoutError::Disconnected) => panic!("the daemon is gone; awaited: {what}"),
            };
            self.seen.push(message.clone());
            if fits(&message) {
                return message;
            }
        }
    }

    /// Takes in messages until it is `over`.
    pub fn listen_until(&mut self, mut over: impl FnMut() -> bool) {
        while !over() {
            match self.incoming.recv_timeout(Duration::from_millis(100)) {
                Ok(message) => self.seen.push(message),
                Err(RecvTimeoutError::Timeout) => (),
                Err(RecvTimeoutError::Disconnected) => panic!("the daemon is gone"),
            }
        }
    }

    /// Events of a type, so far.
    pub fn events(&self, kind: &str) -> Vec<&Value> {
        self.seen.iter().filter(|event| event["type"] == kind).collect()
    }

    /// What `/v1/sources` tells about the microphone.
    pub fn source(&self) -> SourceInfo {
        let mut stream = TcpStream::connect(&self.address).expect("the daemon listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("not zero");
        let address = &self.address;
        write!(stream, "GET /v1/sources HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")
            .expect("the daemon reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the daemon answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let mut body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
        serde_json::from_value(body["sources"][0].take()).expect("a source")
    }

    /// What it takes of the machine now.
    pub fn usage(&self) -> Usage {
        self.process.usage()
    }

    pub fn processor_time(&self) -> Duration {
        self.process.processor_time()
    }

    /// When it logged lines, since then.
    pub fn lines_since(&self, begin: Instant) -> Vec<Instant> {
        let lines = self.lines.lock().expect("not poisoned");
        lines.iter().copied().filter(|at| *at >= begin).collect()
    }

    /// Asks it to end.
    pub fn terminate(&mut self, limit: Duration) -> ExitStatus {
        self.process.terminate(limit)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.process.kill();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
