//! What subscribers that never read cost the daemon and the others: memory each, and the others' delivery latency.
//! Touch it when a bar on slow subscribers changes. It runs the real binary on files played at speed, with a full log,
//! and prints rounds without and with such subscribers in turn, so that the noise is known:
//! `cargo bench --bench slow_subscribers`. Without `--bench` among its arguments it only tries itself out, briefly.

#[path = "support/deliveries.rs"]
mod deliveries;
#[path = "../tests/support/mod.rs"]
mod support;

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use support::daemon::Daemon;
use support::usage::Usage;
use support::{music, toy, write_wav};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Bars: RSS in MB for each subscriber that never reads, and p99 with them by p99 without.
const MOST_MB: f64 = 1.0;
const MOST_RATIO: f64 = 1.2;

/// Subscribers whose deliveries are timed.
const READERS: usize = 10;

/// Sources of some 100 windows a second each.
const SOURCES: usize = 2;

struct Plan {
    keep: usize,
    never_readers: usize,
    rounds: usize,
    /// How long each phase is measured.
    measured: Duration,
    /// How long it is left alone before.
    settled: Duration,
}

const FULL: Plan = Plan {
    keep: 20_000,
    never_readers: 20,
    rounds: 15,
    measured: Duration::from_secs(4),
    settled: Duration::from_secs(1),
};

const BRIEF: Plan = Plan {
    keep: 1_000,
    never_readers: 5,
    rounds: 1,
    measured: Duration::from_secs(1),
    settled: Duration::from_millis(500),
};

#[derive(Debug, Clone, Copy)]
enum Transport {
    WebSocket,
    Sse,
}

/// What one phase showed.
#[derive(Debug, Clone, Copy)]
struct Phase {
    rss_mb: f64,
    p50_ms: f64,
    p99_ms: f64,
}

#[tokio::main]
async fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let plan = if full { FULL } else { BRIEF };
    let place = temp_dir::TempDir::new().expect("a folder");
    let clip = place.path().join("clip.wav");
    write_wav(&clip, 16_000, 1, &music(16_000, 60.0));
    let config = place.path().join("config.toml");
    std::fs::write(&config, format!("[events]\nkeep = {}\n", plan.keep)).expect("written");
    let mut command = support::genrecast("run");
    command.arg("--config").arg(&config);
    if let Some(library) = support::onnxruntime() {
        command.args(["--runtime", "onnxruntime"]).env("GENRECAST_MODEL__ONNXRUNTIME", library);
    }
    for _ in 0..SOURCES {
        command.args(["--source", &format!("file:{}?speed=100&loop=true", clip.display())]);
    }
    let daemon = Daemon::start(toy(&mut command));
    let epoch = daemon.get("/healthz").1["hub"]["epoch"].as_str().expect("an epoch").to_owned();
    let (latencies, mut timed) = mpsc::unbounded_channel();
    let readers: Vec<_> = (0..READERS)
        .map(|_| tokio::spawn(deliveries::time(windows(daemon.address), latencies.clone())))
        .collect();
    while latest(&daemon) < plan.keep as u64 * 11 / 10 {
        sleep(Duration::from_millis(200)).await;
    }
    let runtime = daemon.get("/healthz").1["model"]["runtime"].to_string();
    println!(
        "on {runtime}; log full: {} events kept, {} subscribers never read, {READERS} do",
        plan.keep, plan.never_readers
    );
    let mut failed = false;
    for transport in [Transport::WebSocket, Transport::Sse] {
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..plan.rounds {
            without.push(phase(&daemon, &plan, &mut timed).await);
            let deaf: Vec<_> =
                (0..plan.never_readers).map(|_| never_read(daemon.address, &epoch, transport)).collect();
            with.push(phase(&daemon, &plan, &mut timed).await);
            drop(deaf);
        }
        failed |= !report(transport, &plan, &without, &with) && full;
    }
    readers.iter().for_each(JoinHandle::abort);
    daemon.end();
    assert!(!failed, "a bar is missed: see above");
    if !full {
        println!("Success");
    }
}

/// One phase, after it has settled.
async fn phase(daemon: &Daemon, plan: &Plan, timed: &mut mpsc::UnboundedReceiver<f64>) -> Phase {
    sleep(plan.settled).await;
    while timed.try_recv().is_ok() {}
    sleep(plan.measured).await;
    let mut ms: Vec<f64> = std::iter::from_fn(|| timed.try_recv().ok()).collect();
    ms.sort_by(f64::total_cmp);
    assert!(ms.len() > 100, "only {} deliveries were seen", ms.len());
    let share = |share: f64| ms[((ms.len() - 1) as f64 * share) as usize];
    Phase {
        rss_mb: Usage::of(daemon.pid()).resident as f64 / 1024.0,
        p50_ms: share(0.5),
        p99_ms: share(0.99),
    }
}

/// Prints the rounds; true if both bars are held.
fn report(transport: Transport, plan: &Plan, without: &[Phase], with: &[Phase]) -> bool {
    println!("{transport:?}: without: RSS MB, p50, p99 ms; with {}: the same", plan.never_readers);
    for (without, with) in without.iter().zip(with) {
        println!(
            "  {:8.1} {:7.2} {:7.2}   {:8.1} {:7.2} {:7.2}",
            without.rss_mb, without.p50_ms, without.p99_ms, with.rss_mb, with.p50_ms, with.p99_ms
        );
    }
    let rounds = || without.iter().zip(with);
    let each =
        median(rounds().map(|(without, with)| (with.rss_mb - without.rss_mb) / plan.never_readers as f64));
    let p99 = |phases: &[Phase]| median(phases.iter().map(|phase| phase.p99_ms));
    let ratio = p99(with) / p99(without);
    let spread = |phases: &[Phase]| {
        let all: Vec<_> = phases.iter().map(|phase| phase.p99_ms).collect();
        all.iter().copied().fold(0.0, f64::max) / all.iter().copied().fold(f64::MAX, f64::min)
    };
    println!(
        "  RSS for each: {each:.3} MB (at most {MOST_MB}); p99 with / without: {ratio:.2} (at most {MOST_RATIO}; \
         p99 without varies by itself by {:.2}, with by {:.2})",
        spread(without),
        spread(with)
    );
    each <= MOST_MB && ratio <= MOST_RATIO
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn latest(daemon: &Daemon) -> u64 {
    daemon.get("/healthz").1["hub"]["latest_seq"].as_u64().expect("a number")
}

/// The address of all windows.
fn windows(address: SocketAddr) -> String {
    format!("ws://{address}/v1/events?types=genre.window")
}

/// A subscriber of everything that is kept, in a variant of its own, which never reads a byte.
fn never_read(address: SocketAddr, epoch: &str, transport: Transport) -> TcpStream {
    let kind = match transport {
        Transport::WebSocket => {
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        }
        Transport::Sse => "Accept: text/event-stream\r\n",
    };
    let mut stream = TcpStream::connect(address).expect("connects");
    let head = format!("GET /v1/events?top_k=2&since={epoch}:0 HTTP/1.1\r\nHost: {address}\r\n{kind}\r\n");
    stream.write_all(head.as_bytes()).expect("written");
    stream
}
