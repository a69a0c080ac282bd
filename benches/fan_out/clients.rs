//! Thousands of subscribers in one process, each little more than a socket: what they do is counted against the servers, which
//! share the cores. Touch it when they are to ask for something else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;

/// How an event begins that is counted.
const WANTED: &[u8] = br#"{"type":"genre.window""#;

/// How many connect at a time.
const AT_ONCE: usize = 100;

/// What all of them have seen. Events are counted over the whole run.
struct Seen {
    size: usize,
    events: AtomicUsize,
    /// How many there were when the times were forgotten.
    before: AtomicUsize,
    half: AtomicU64,
    last: AtomicU64,
    changed: Notify,
}

pub struct Clients {
    seen: Arc<Seen>,
    tasks: tokio::task::JoinSet<()>,
}

/// Nanoseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

impl Clients {
    pub async fn connect(port: u16, path: &'static str, size: usize) -> Self {
        let seen = Arc::new(Seen {
            size,
            events: AtomicUsize::new(0),
            before: AtomicUsize::new(0),
            half: AtomicU64::new(0),
            last: AtomicU64::new(0),
            changed: Notify::new(),
        });
        let mut tasks = tokio::task::JoinSet::new();
        let mut left = size;
        while left > 0 {
            let some = left.min(AT_ONCE);
            left -= some;
            let opening: Vec<_> = (0..some).map(|_| tokio::spawn(open(port, path))).collect();
            for opened in opening {
                let (stream, rest) = opened.await.expect("no panic");
                tasks.spawn(listen(stream, rest, Arc::clone(&seen)));
            }
        }
        Self { seen, tasks }
    }

    /// Times count from now on.
    pub fn forget(&self) {
        self.seen.before.store(self.seen.events.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Waits until each has got so many events, since it connected.
    pub async fn all_have(&self, events: usize) {
        let all = async {
            while self.seen.events.load(Ordering::SeqCst) < events * self.seen.size {
                self.seen.changed.notified().await;
            }
        };
        let patience = Duration::from_secs(60);
        timeout(patience, all).await.unwrap_or_else(|_| {
            let seen = self.seen.events.load(Ordering::SeqCst);
            panic!(
                "{seen} events came instead of {events} × {}; {} are left",
                self.seen.size,
                self.tasks.len()
            )
        });
    }

    /// When half of them had the newest, and when the last had it.
    pub fn times(&self) -> (u64, u64) {
        (self.seen.half.load(Ordering::SeqCst), self.seen.last.load(Ordering::SeqCst))
    }
}

/// A WebSocket that is subscribed, and what came behind the greeting. An answer of 101 alone does not say that the server has
/// begun to listen to its events for this client: its first frame does.
async fn open(port: u16, path: &str) -> (TcpStream, Vec<u8>) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("connects");
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("asked");
    let mut answer = Vec::new();
    let mut rest = loop {
        if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
            break answer.split_off(end + 4);
        }
        assert!(stream.read_buf(&mut answer).await.expect("answered") > 0, "closed");
    };
    loop {
        if let Some((_, end)) = frame(&rest) {
            rest.drain(..end);
            return (stream, rest);
        }
        assert!(stream.read_buf(&mut rest).await.expect("greeted") > 0, "closed");
    }
}

async fn listen(mut stream: TcpStream, mut bytes: Vec<u8>, seen: Arc<Seen>) {
    loop {
        while let Some(length) = frame(&bytes) {
            let (start, end) = length;
            if bytes[start..end].starts_with(WANTED) {
                seen.count();
            }
            bytes.drain(..end);
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// Where the payload of the first frame begins and ends, if all of it is there. A server's has no mask.
fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let short = usize::from(*bytes.get(1)? & 127);
    let (start, length) = match short {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize),
        short => (2, short),
    };
    (bytes.len() >= start + length).then_some((start, start + length))
}

impl Seen {
    fn count(&self) {
        let count = 1 + self.events.fetch_add(1, Ordering::SeqCst) - self.before.load(Ordering::SeqCst);
        if count == self.size.div_ceil(2) {
            self.half.store(now(), Ordering::SeqCst);
        }
        if count == self.size {
            self.last.store(now(), Ordering::SeqCst);
        }
        if count >= self.size {
            self.changed.notify_one();
        }
    }
}
