//! What uploads cost those who listen live: capture-to-emit of paced sources, without and with fifty clients that send clips at
//! once. Touch it when a bar on uploads changes. It runs the real binary and prints rounds without and with in turn, so that
//! the noise is known: `cargo bench --bench uploads`. Without `--bench` among its arguments it only tries itself out, briefly.

#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use support::daemon::Daemon;
use support::{toy, with_tract};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// Bar: p99 with uploads by p99 without.
const MOST_RATIO: f64 = 1.5;

/// Paced sources, each so many times as fast as it plays.
const SOURCES: usize = 2;
const SPEED: f64 = 4.0;

const CLIENTS: usize = 50;
const CLIP: &str = "demo/reel.ogg";

struct Plan {
    rounds: usize,
    /// How long each phase is measured.
    measured: Duration,
    /// How long it is left alone before.
    settled: Duration,
}

const FULL: Plan = Plan { rounds: 10, measured: Duration::from_secs(10), settled: Duration::from_secs(2) };
const BRIEF: Plan = Plan { rounds: 1, measured: Duration::from_secs(2), settled: Duration::from_millis(500) };

#[tokio::main]
async fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let plan = if full { FULL } else { BRIEF };
    let source = format!("file:{CLIP}?speed={SPEED}&loop=true");
    let mut command = match support::onnxruntime() {
        Some(library) => {
            let mut command = support::genrecast("run");
            command.args(["--runtime", "onnxruntime"]).env("GENRECAST_MODEL__ONNXRUNTIME", library);
            command
        }
        None => with_tract("run"),
    };
    if !full {
        toy(&mut command);
    }
    for _ in 0..SOURCES {
        command.args(["--source", &source]);
    }
    let daemon = Daemon::start(&mut command);
    let model = daemon.get("/healthz").1["model"].to_string();
    println!("{model}; {SOURCES} sources at {SPEED} times their speed, {CLIENTS} clients that send {CLIP}");
    let (latencies, mut timed) = mpsc::unbounded_channel();
    let listening = tokio::spawn(listen(daemon.address, latencies));
    let clip: Arc<[u8]> = std::fs::read(CLIP).expect("the demo is there").into();
    let (mut without, mut with, mut answers) = (Vec::new(), Vec::new(), BTreeMap::new());
    // Until a whole window has been heard.
    sleep(if full { Duration::from_secs(10) } else { Duration::from_secs(1) }).await;
    for round in 1..=plan.rounds {
        let quiet = phase(&plan, &mut timed).await;
        let mut clients = JoinSet::new();
        let until = Instant::now() + plan.settled + plan.measured;
        (0..CLIENTS).for_each(|_| drop(clients.spawn(send_until(daemon.address, Arc::clone(&clip), until))));
        let busy = phase(&plan, &mut timed).await;
        println!(
            "{round:4}: p50 {:6.1}, p99 {:6.1} ms without; {:6.1}, {:6.1} ms with",
            share(&quiet, 0.5),
            share(&quiet, 0.99),
            share(&busy, 0.5),
            share(&busy, 0.99)
        );
        without.extend(quiet);
        with.extend(busy);
        for statuses in clients.join_all().await {
            statuses.into_iter().for_each(|status| *answers.entry(status).or_insert(0u32) += 1);
        }
    }
    listening.abort();
    daemon.end();
    let ratio = share(&with, 0.99) / share(&without, 0.99);
    println!(
        "{} and {} windows; answers {answers:?}; p50 {:.1} and {:.1} ms; p99 {:.1} and {:.1} ms: {ratio:.2} (at most {MOST_RATIO})",
        without.len(),
        with.len(),
        share(&without, 0.5),
        share(&with, 0.5),
        share(&without, 0.99),
        share(&with, 0.99)
    );
    assert!(answers.keys().all(|status| [200, 503].contains(status)), "{answers:?}");
    assert!(answers.contains_key(&200), "no clip was classified: {answers:?}");
    assert!(!full || ratio <= MOST_RATIO, "the bar is missed");
    if !full {
        println!("Success");
    }
}

/// What came in one phase, after it has settled, in milliseconds.
async fn phase(plan: &Plan, timed: &mut mpsc::UnboundedReceiver<f64>) -> Vec<f64> {
    sleep(plan.settled).await;
    while timed.try_recv().is_ok() {}
    sleep(plan.measured).await;
    let ms: Vec<f64> = std::iter::from_fn(|| timed.try_recv().ok()).collect();
    assert!(!ms.is_empty(), "no window came");
    ms
}

fn share(ms: &[f64], share: f64) -> f64 {
    let mut ms = ms.to_vec();
    ms.sort_by(f64::total_cmp);
    ms[((ms.len() - 1) as f64 * share) as usize]
}

/// Tells of each window how long after its last sample was captured it was published.
async fn listen(address: SocketAddr, latencies: mpsc::UnboundedSender<f64>) {
    let url = format!("ws://{address}/v1/events?types=genre.window");
    let (mut socket, _) = connect_async(url).await.expect("connects");
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let event: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        if let Some(ms) = event["timing"]["capture_to_emit_ms"].as_f64() {
            let _ = latencies.send(ms);
        }
    }
}

/// Sends the clip again and again; the statuses of the answers.
async fn send_until(address: SocketAddr, clip: Arc<[u8]>, until: Instant) -> Vec<u16> {
    let mut statuses = Vec::new();
    while Instant::now() < until {
        match send(address, &clip).await {
            Ok(status) => statuses.push(status),
            // A refusal that comes while the clip is still being sent may be lost with it.
            Err(_) => statuses.push(503),
        }
        sleep(Duration::from_millis(500)).await;
    }
    statuses
}

async fn send(address: SocketAddr, clip: &[u8]) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(address).await?;
    let head = format!(
        "POST /v1/classify HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        clip.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(clip).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let status = answer.get(9..12).and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
    status.ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
}
