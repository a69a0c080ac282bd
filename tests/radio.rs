//! The real daemon on more than fifty stations that do everything wrong at once: each must end in a state with a reason,
//! none in a crash, a hang or in memory that grows. Touch it when the daemon is to survive something else.

mod support;

#[path = "radio/audio.rs"]
mod audio;
#[path = "radio/cases.rs"]
mod cases;
#[path = "radio/server.rs"]
mod server;
#[path = "radio/streams.rs"]
mod streams;
#[path = "radio/tls.rs"]
mod tls;

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
    let mut open: Vec<_> = cases.iter().collect();
    loop {
        // Some give a second of audio at each try, so they are not in one state for long.
        let told = daemon.get("/v1/sources").1;
        open.retain(|case| is_unclear(case, &told).is_some());
        if open.is_empty() {
            break;
        }
        let unclear =
            || open.iter().filter_map(|case| is_unclear(case, &told)).collect::<Vec<_>>().join("\n");
        assert!(begin.elapsed() < SETTLED, "not told in time:\n{}", unclear());
        std::thread::sleep(Duration::from_millis(100));
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

#[test]
fn https_is_heard_from_whom_the_system_trusts_only() {
    let song = audio::fixture("mono.flac");
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: audio/flac\r\nContent-Length: {}\r\n\r\n", song.len());
    let server = tls::Secure::start([head.as_bytes(), &song].concat());
    let place = temp_dir::TempDir::new().expect("a directory");
    let trusted = place.child("trusted.pem");
    std::fs::write(&trusted, &server.certificate).expect("written");
    let source = format!("https://me:secret@localhost:{}/song.flac", server.port);
    let told = |trusted: Option<&std::path::Path>, state: &str| {
        let mut command = genrecast("run");
        toy(command.args(["--config", "config.toml", "--runtime", "tract", "--source", &source]));
        if let Some(path) = trusted {
            command.env("SSL_CERT_FILE", path);
        }
        let daemon = Daemon::start(&mut command);
        let begin = Instant::now();
        loop {
            let source = daemon.get("/v1/sources").1["sources"][0].clone();
            if source["state"] == state {
                assert!(!source.to_string().contains("secret"), "{source}");
                return source;
            }
            assert!(begin.elapsed() < support::PATIENCE, "{source}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    told(Some(&trusted), "ended");
    let source = told(None, "reconnecting");
    let reason = source["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("certificate") && reason.contains("…@localhost"), "{reason}");
}
