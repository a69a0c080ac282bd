//! What clients that are refused cost the others: delivery latency of ten subscribers, with and without an attack at the same
//! time. Touch it when a bar on hostile clients changes. It runs the real binary on files played at speed, asks for a token,
//! and prints rounds without and with each attack in turn, so that the noise is known:
//! `cargo bench --bench hostile_clients`. Without `--bench` among its arguments it only tries itself out, briefly.

#[path = "hostile/attacks.rs"]
mod attacks;
#[path = "support/deliveries.rs"]
mod deliveries;
#[path = "../tests/support/mod.rs"]
mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use attacks::{Attack, Outcome};
use support::daemon::Daemon;
use support::usage::Usage;
use support::{music, toy, write_wav};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Bar: p99 with an attack by p99 without.
const MOST_RATIO: f64 = 1.5;

/// Subscribers whose deliveries are timed.
const READERS: usize = 10;

/// Sources of some 100 windows a second each.
const SOURCES: usize = 2;

const TOKEN: &str = "bench-bench-bench-bench";

struct Plan {
    rounds: usize,
    /// Connections of the one who has too many.
    connections: usize,
    /// How long each phase is measured.
    measured: Duration,
}

const FULL: Plan = Plan { rounds: 5, connections: 10_000, measured: Duration::from_secs(3) };
const BRIEF: Plan = Plan { rounds: 1, connections: 500, measured: Duration::from_secs(1) };

#[tokio::main]
async fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let plan = if full { FULL } else { BRIEF };
    let place = temp_dir::TempDir::new().expect("a folder");
    let clip = place.path().join("clip.wav");
    write_wav(&clip, 16_000, 1, &music(16_000, 60.0));
    let token = place.path().join("token");
    std::fs::write(&token, TOKEN).expect("written");
    let mut command = support::genrecast("run");
    command.env("GENRECAST_SERVER__TOKEN_FILE", &token).env("GENRECAST_LOG__LEVEL", "warn,genrecast=info");
    if let Some(library) = support::onnxruntime() {
        command.args(["--runtime", "onnxruntime"]).env("GENRECAST_MODEL__ONNXRUNTIME", library);
    }
    for _ in 0..SOURCES {
        command.args(["--source", &format!("file:{}?speed=100&loop=true", clip.display())]);
    }
    let daemon = Daemon::start(toy(&mut command));
    let (latencies, mut timed) = mpsc::unbounded_channel();
    for _ in 0..READERS {
        tokio::spawn(read(daemon.address, latencies.clone()));
    }
    sleep(plan.measured).await;
    println!("{READERS} subscribers of {SOURCES} sources; p50 and p99 in ms without, and with the attack");
    let mut failed = false;
    for attack in Attack::all(plan.connections) {
        let (mut without, mut with, mut outcome) = (Vec::new(), Vec::new(), Outcome::default());
        for _ in 0..plan.rounds {
            without.push(phase(&mut timed, plan.measured).await);
            let stop = Arc::new(AtomicBool::new(false));
            let (at, on_stop, of) = (daemon.address, Arc::clone(&stop), attack.clone());
            // With a thread and a runtime of its own, so that it holds up no reader.
            let attacking = std::thread::spawn(move || of.run(at, &on_stop));
            with.push(phase(&mut timed, plan.measured).await);
            stop.store(true, Ordering::Relaxed);
            outcome = outcome.and(&attacking.join().expect("no panic"));
            sleep(plan.measured / 4).await;
        }
        let usage = Usage::of(daemon.pid());
        for ((p50, p99), (with_p50, with_p99)) in without.iter().zip(&with) {
            println!("  {p50:7.2} {p99:7.2}   {with_p50:7.2} {with_p99:7.2}");
        }
        let p99 = |phases: &[(f64, f64)]| median(phases.iter().map(|phase| phase.1));
        let ratio = p99(&with) / p99(&without);
        println!(
            "{attack}: {outcome}; p99 {:.2} without, {:.2} with: {ratio:.2} (at most {MOST_RATIO}); {usage:?}",
            p99(&without),
            p99(&with)
        );
        assert!(outcome.is_refused(), "{attack} was answered otherwise than by a refusal: {outcome}");
        failed |= ratio > MOST_RATIO;
    }
    daemon.end();
    if full && failed {
        println!("a bar was missed");
        std::process::exit(1);
    }
    if !full {
        println!("Success");
    }
}

/// p50 and p99 of what comes in this time.
async fn phase(timed: &mut mpsc::UnboundedReceiver<f64>, measured: Duration) -> (f64, f64) {
    while timed.try_recv().is_ok() {}
    sleep(measured).await;
    let mut all: Vec<f64> = std::iter::from_fn(|| timed.try_recv().ok()).collect();
    assert!(all.len() > 20, "only {} events came", all.len());
    all.sort_by(f64::total_cmp);
    (all[all.len() / 2], all[all.len() * 99 / 100])
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Times what a subscriber with the token gets.
async fn read(address: SocketAddr, latencies: mpsc::UnboundedSender<f64>) {
    let url = format!("ws://{address}/v1/events?types=genre.window");
    let mut request = url.into_client_request().expect("a URL");
    request.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse().expect("a value"));
    deliveries::time(request, latencies).await;
}
