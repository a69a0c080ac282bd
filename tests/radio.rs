//! The real daemon on more than fifty stations that do everything wrong at once: each must end in a state with a reason,
//! none in a crash, a hang or in memory that grows. Touch it when the daemon is to survive something else.

mod support;

#[path = "radio/audio.rs"]
mod audio;
#[path = "radio/cases.rs"]
mod cases;
#[path = "radio/server.rs"]
mod server;

use std::time::{Duration, Instant};

use serde_json::Value;
use support::daemon::Daemon;
use support::usage::Usage;
use support::{genrecast, toy};

/// How long all of them may take until they have told what is wrong: three times the limit for the first audio.
const SETTLED: Duration = Duration::from_secs(120);

/// How long memory is watched then, while most of them are tried again and again.
const WATCHED: Duration = Duration::from_secs(20);

/// What memory may grow by meanwhile, in KiB: less than the smallest bomb holds.
const GROWTH: u64 = 16 * 1024;

#[test]
fn fifty_broken_stations_end_in_a_clear_state() {
    let cases = cases::all();
    assert!(cases.len() >= 50, "{} cases", cases.len());
    let server = server::Server::start(&cases);
    let place = temp_dir::TempDir::new().expect("a directory");
    let path = place.child("config.toml");
    let sources: String = cases
        .iter()
        .map(|case| {
            format!("[[source]]\nname = {:?}\nuri = \"http://{}/{}\"\n", case.name, server.at, case.name)
        })
        .collect();
    std::fs::write(&path, sources).expect("written");
    let mut command = genrecast("run");
    toy(command.arg("--config").arg(&path).args(["--runtime", "tract"]));
    let daemon = Daemon::start(&mut command);

    let begin = Instant::now();
    loop {
        let told = daemon.get("/v1/sources").1;
        let open: Vec<_> = cases.iter().filter_map(|case| is_unclear(case, &told)).collect();
        if open.is_empty() {
            break;
        }
        assert!(begin.elapsed() < SETTLED, "not told in time:\n{}", open.join("\n"));
        std::thread::sleep(Duration::from_millis(200));
    }
    let settled = begin.elapsed();
    let before = Usage::of(daemon.pid());
    std::thread::sleep(WATCHED);
    let after = Usage::of(daemon.pid());
    println!("{} stations told after {settled:.1?}; {before:?}, {WATCHED:?} later {after:?}", cases.len());
    assert!(after.resident < before.resident + GROWTH, "{before:?} {after:?}");
    assert!(after.descriptors < before.descriptors + 40, "{before:?} {after:?}");
    assert_eq!(daemon.get("/livez").0, 200);
    daemon.end();
}

/// What a station has told, unless that is what is expected of it.
fn is_unclear(case: &cases::Case, told: &Value) -> Option<String> {
    let sources = told["sources"].as_array().expect("a list");
    let source = sources.iter().find(|source| source["name"] == case.name).expect("it is listed");
    let (state, reason) =
        (source["state"].as_str().unwrap_or("none"), source["reason"].as_str().unwrap_or("none"));
    let is_clear = case.states.contains(&state)
        && case.says.iter().any(|part| reason.contains(part))
        && (state == "ended" || source["remedy"].is_string());
    (!is_clear)
        .then(|| format!("{}: {state}: {reason} (expected {:?}: {:?})", case.name, case.states, case.says))
}
