//! One event to thousands of WebSocket subscribers: the daemon's server, which filters for each, beside a plain axum broadcast
//! with the same buffers and, if GENRECAST_BENCH_PYTHON names an interpreter that has it, `websockets` in Python. Each is a
//! process of its own; all are asked in turns within one run, by clients on the same cores: `tools/bench-peers fan-out`.
//! Touch it when a bar on fan-out changes. Without `--bench` among its arguments it only tries itself out, briefly.

#[path = "fan_out/clients.rs"]
mod clients;
#[allow(dead_code)]
#[path = "../tests/server/events.rs"]
mod events;
#[path = "fan_out/plain.rs"]
mod plain;
#[path = "fan_out/process.rs"]
mod process;
#[path = "fan_out/served.rs"]
mod served;

use std::time::Duration;

use clients::Clients;
use process::Process;

/// Bars, at 5,000: milliseconds until the last has it, the same by plain axum's, and RSS of a subscriber in KiB.
const MOST_MS: f64 = 100.0;
const MOST_RATIO: f64 = 1.2;
const MOST_KIB: f64 = 10.0;

/// How long a server is left alone before its turn.
const REST: Duration = Duration::from_millis(150);

/// What a round of one server showed.
#[derive(Clone, Copy)]
struct Round {
    /// Until half of them had it, and until the last had it, in milliseconds.
    half_ms: f64,
    last_ms: f64,
}

struct Contender {
    process: Process,
    clients: Clients,
    /// Of each subscriber, in KiB.
    rss_kib: f64,
    rounds: Vec<Round>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "--serve") {
        return match arguments[place + 1].as_str() {
            "genrecast" => served::run(),
            "axum" => plain::run(),
            other => panic!("no server {other}"),
        };
    }
    let full = arguments.iter().any(|argument| argument == "--bench");
    let (sizes, rounds): (&[usize], _) = if full { (&[1000, 5000, 10_000], 40) } else { (&[50], 2) };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut held = true;
    for &size in sizes {
        // The clients are one process, and each of three servers has as many.
        if 3 * size > descriptors() {
            println!(
                "skipped: {size} subscribers, for which this process may have too few descriptors (ulimit -n)"
            );
            continue;
        }
        let contenders = runtime.block_on(measured(size, rounds));
        let holds = report(size, &contenders);
        held &= holds || !full || size != 5000;
    }
    assert!(held, "a bar is missed: see above");
    if !full {
        println!("Success");
    }
}

/// Starts all, connects all, and lets them take turns.
async fn measured(size: usize, rounds: usize) -> Vec<Contender> {
    let mut contenders = Vec::new();
    for mut process in process::all() {
        let before = process.rss_kib();
        let clients = Clients::connect(process.port, process.path, size).await;
        process.publish();
        clients.all_have(1).await;
        let rss_kib = (process.rss_kib() - before) / size as f64;
        contenders.push(Contender { process, clients, rss_kib, rounds: Vec::new() });
    }
    let count = contenders.len();
    // The first rounds fill caches and do not count.
    for round in 0..rounds + 2 {
        for turn in 0..count {
            // Each round begins with another one, so that none always follows the same.
            let contender = &mut contenders[(round + turn) % count];
            tokio::time::sleep(REST).await;
            contender.clients.forget();
            let published = contender.process.publish();
            contender.clients.all_have(round + 2).await;
            let ms = |nanos: u64| nanos.saturating_sub(published) as f64 / 1e6;
            let (half, last) = contender.clients.times();
            if round >= 2 {
                contender.rounds.push(Round { half_ms: ms(half), last_ms: ms(last) });
            }
        }
    }
    for contender in &mut contenders {
        contender.rss_kib = contender.rss_kib.max(contender.process.grown_kib() / size as f64);
    }
    contenders
}

/// Prints a table; true if the bars are held.
fn report(size: usize, contenders: &[Contender]) -> bool {
    println!("\n{size} subscribers, {} rounds in turns, {}", contenders[0].rounds.len(), load());
    println!(
        "| | half of them have it after ms (median) | the last after ms (median) | range | RSS KiB a subscriber |"
    );
    println!("|---|---|---|---|---|");
    let median = |contender: &Contender, of: fn(&Round) -> f64| {
        let mut values: Vec<f64> = contender.rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    for contender in contenders {
        let lasts = || contender.rounds.iter().map(|round| round.last_ms);
        println!(
            "| {} | {:.1} | {:.1} | {:.1}–{:.1} | {:.1} |",
            contender.process.name,
            median(contender, |round| round.half_ms),
            median(contender, |round| round.last_ms),
            lasts().fold(f64::MAX, f64::min),
            lasts().fold(0.0, f64::max),
            contender.rss_kib,
        );
    }
    let (ours, axum) = (&contenders[0], &contenders[1]);
    let last = median(ours, |round| round.last_ms);
    let ratio = last / median(axum, |round| round.last_ms);
    println!(
        "genrecast by axum: {ratio:.2} (at most {MOST_RATIO}); its last after {last:.1} ms (at most {MOST_MS}), \
         {:.1} KiB each (at most {MOST_KIB})",
        ours.rss_kib
    );
    last <= MOST_MS && ratio <= MOST_RATIO && ours.rss_kib <= MOST_KIB
}

/// How many descriptors a process may have.
fn descriptors() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(usize::MAX)
}

fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("load {}", load.split(' ').next().unwrap_or("unknown"))
}
