//! Clients that are to be refused, each from an address of its own, as fast as one client that means harm needs to be.
//! Touch it when there is another attack.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{interval, sleep, timeout};

/// Requests a second of whoever asks and is refused.
const ASKS: u32 = 200;

/// Connections whose head never ends, and how often each sends a byte.
const ENDLESS: usize = 200;
const DRIP: Duration = Duration::from_millis(100);

/// What is done.
#[derive(Debug, Clone)]
pub enum Attack {
    /// Asks without or with a wrong token, or from a foreign place; with these headers, expecting this status.
    Asks(&'static str, &'static str, u16),
    /// Opens so many connections as fast as it goes, and holds them.
    Connections(usize),
    /// Sends heads that never end.
    Endless,
}

/// How often each status was answered; 0 stands for a connection that was closed without one.
#[derive(Debug, Clone, Default)]
pub struct Outcome(BTreeMap<u16, usize>, Vec<u16>);

impl Attack {
    /// Every one.
    pub fn all(connections: usize) -> [Self; 6] {
        [
            Self::Asks("no token", "Host: localhost\r\n", 401),
            Self::Asks(
                "a wrong token",
                "Host: localhost\r\nAuthorization: Bearer wrong-wrong-wrong-wrong\r\n",
                401,
            ),
            Self::Asks("a foreign Origin", "Host: localhost\r\nOrigin: http://evil.example\r\n", 403),
            Self::Asks("a foreign Host", "Host: evil.example\r\n", 403),
            Self::Connections(connections),
            Self::Endless,
        ]
    }

    /// Goes on until it is stopped.
    pub fn run(&self, at: SocketAddr, stop: &AtomicBool) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            match self {
                Self::Asks(_, headers, status) => asks(at, headers, *status, stop).await,
                Self::Connections(most) => connections(at, *most, stop).await,
                Self::Endless => endless(at, stop).await,
            }
        })
    }
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asks(what, ..) => write!(f, "{what}"),
            Self::Connections(most) => write!(f, "{most} connections"),
            Self::Endless => write!(f, "heads that never end"),
        }
    }
}

impl Outcome {
    fn expecting(statuses: &[u16]) -> Self {
        Self(BTreeMap::new(), statuses.to_vec())
    }

    fn count(&mut self, status: u16) {
        *self.0.entry(status).or_default() += 1;
    }

    /// Both together.
    pub fn and(mut self, other: &Self) -> Self {
        for (status, count) in &other.0 {
            *self.0.entry(*status).or_default() += count;
        }
        self.1.clone_from(&other.1);
        self
    }

    /// Whether nothing else was answered than what refuses, and that was.
    pub fn is_refused(&self) -> bool {
        !self.0.is_empty() && self.0.keys().all(|status| self.1.contains(status))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.0.iter().map(|(status, count)| match status {
            0 => format!("{count} closed"),
            1 => format!("{count} held"),
            status => format!("{count} × {status}"),
        });
        f.write_str(&parts.collect::<Vec<_>>().join(", "))
    }
}

async fn connect(from: u8, at: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, from), 0)))?;
    socket.connect(at).await
}

/// The status that is answered within this time; 0 if the connection is closed, 1 if nothing comes.
async fn status(stream: &mut TcpStream, limit: Duration) -> u16 {
    let mut begin = [0; 12];
    match timeout(limit, stream.read_exact(&mut begin)).await {
        Ok(Ok(_)) => {
            std::str::from_utf8(&begin[9..]).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0)
        }
        Ok(Err(_)) => 0,
        Err(_) => 1,
    }
}

async fn asks(at: SocketAddr, headers: &str, expected: u16, stop: &AtomicBool) -> Outcome {
    let mut outcome = Outcome::expecting(&[expected]);
    let head =
        format!("GET /v1/events HTTP/1.1\r\n{headers}Accept: text/event-stream\r\nConnection: close\r\n\r\n");
    let mut ticks = interval(Duration::from_secs(1) / ASKS);
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        let Ok(mut stream) = connect(2, at).await else { continue };
        if stream.write_all(head.as_bytes()).await.is_ok() {
            outcome.count(status(&mut stream, Duration::from_secs(10)).await);
        }
    }
    outcome
}

async fn connections(at: SocketAddr, most: usize, stop: &AtomicBool) -> Outcome {
    let mut held = Vec::with_capacity(most);
    while held.len() < most && !stop.load(Ordering::Relaxed) {
        match connect(3, at).await {
            Ok(stream) => held.push(stream),
            Err(_) => sleep(Duration::from_millis(1)).await,
        }
    }
    while !stop.load(Ordering::Relaxed) {
        sleep(Duration::from_millis(20)).await;
    }
    // Those that were let in are cut off after ten seconds without a head.
    let mut outcome = Outcome::expecting(&[429, 0, 1]);
    for stream in &mut held {
        outcome.count(status(stream, Duration::from_millis(1)).await);
    }
    outcome
}

async fn endless(at: SocketAddr, stop: &AtomicBool) -> Outcome {
    let mut outcome = Outcome::expecting(&[408, 431, 0, 1]);
    let mut streams = Vec::new();
    let mut ticks = interval(DRIP);
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        while streams.len() < ENDLESS {
            let Ok(mut stream) = connect(4, at).await else { break };
            let long = if streams.len() % 10 == 0 { 60_000 } else { 100 };
            let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}", "x".repeat(long));
            let _ = stream.write_all(head.as_bytes()).await;
            streams.push(stream);
        }
        let mut going = Vec::new();
        for mut stream in streams.drain(..) {
            match stream.write_all(b"x").await {
                // Nothing has come, not even an end.
                Ok(()) if stream.readable().now_or_never().is_none() => going.push(stream),
                _ => outcome.count(status(&mut stream, Duration::from_millis(1)).await),
            }
        }
        streams = going;
    }
    for stream in &mut streams {
        outcome.count(status(stream, Duration::from_millis(1)).await);
    }
    outcome
}
