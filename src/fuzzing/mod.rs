//! The short run of fuzzing, which needs no build of its own: every kept input, and a bounded number of changed ones, through
//! the same functions as the targets in `fuzz/`. The same seed every time; `tools/fuzz` is the long run, with coverage. Touch
//! it when there is another target.

mod change;
mod inputs;

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use crate::{config, manifest, server, source};
use change::Chance;
use inputs::{Input, inputs};

/// How long one input may take, however busy the machine is.
const LIMIT: Duration = Duration::from_secs(25);

/// Multiplies the number of changed inputs.
const TIMES: &str = "GENRECAST_TEST_FUZZ_TIMES";

/// Tries the kept inputs of a target and so many changed ones; none may make it panic, or take too long.
fn run(target: &str, rounds: usize, most_bytes: usize, body: fn(&[u8])) {
    let kept = inputs(target);
    assert!(!kept.is_empty(), "no inputs for {target}");
    for Input { name, bytes } in &kept {
        attempt(target, name, bytes, body);
    }
    let times = std::env::var(TIMES).ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    let mut chance = Chance::of(target);
    for round in 0..rounds * times {
        let begun = &kept[round % kept.len()];
        let changed = change::changed(&mut chance, &begun.bytes, &kept, most_bytes);
        attempt(target, &format!("{}, round {round}", begun.name), &changed, body);
    }
}

fn attempt(target: &str, name: &str, bytes: &[u8], body: fn(&[u8])) {
    let begun = Instant::now();
    let ended = catch_unwind(|| body(bytes));
    let took = begun.elapsed();
    if ended.is_ok() && took < LIMIT {
        return;
    }
    // It can be tried again from there: cargo fuzz run TARGET FILE.
    let file = std::env::temp_dir().join(format!("genrecast-fuzz-{target}-{}", std::process::id()));
    let written = std::fs::write(&file, bytes);
    let what = if ended.is_err() { "panics".to_owned() } else { format!("takes {took:?}") };
    panic!("{target} {what} on {name} ({} bytes, in {}: {written:?})", bytes.len(), file.display());
}

/// For what reads text: bytes that are none are left out, as a fuzzer does.
macro_rules! of_text {
    ($body:expr) => {
        |bytes: &[u8]| {
            if let Ok(text) = std::str::from_utf8(bytes) {
                let body: fn(&str) = $body;
                body(text);
            }
        }
    };
}

#[test]
fn messages() {
    run("message", 20_000, 8192, of_text!(server::fuzzing::message));
}

#[test]
fn queries() {
    run("query", 20_000, 8192, of_text!(server::fuzzing::query_of));
}

#[test]
fn token_files() {
    run("tokens", 20_000, 8192, of_text!(server::fuzzing::tokens));
}

#[test]
fn configurations() {
    run(
        "config",
        600,
        16_384,
        of_text!(|text| {
            if !inputs::may_resolve_a_name(text) {
                let _ = config::from_text(text.to_owned());
            }
        }),
    );
}

#[test]
fn manifests() {
    run("manifest", 3_000, 8192, of_text!(|text| drop(manifest::Manifest::parse(text))));
}

#[test]
fn addresses_of_sources() {
    run("uri", 20_000, 8192, of_text!(source::fuzzing::uri));
}

#[test]
fn playlists() {
    run("playlist", 10_000, 8192, source::fuzzing::playlist);
}

#[test]
fn titles_of_stations() {
    run("icy", 10_000, 8192, source::fuzzing::icy);
}

#[test]
fn playlists_of_live_streaming() {
    run("hls_playlist", 10_000, 8192, source::fuzzing::hls_playlist);
}

#[test]
fn segments_of_live_streaming() {
    run("hls_segment", 2_000, 65_536, source::fuzzing::hls_segment);
}

#[test]
fn files_and_streams_of_every_format() {
    run("decode", 1_000, 65_536, source::fuzzing::decode);
}
