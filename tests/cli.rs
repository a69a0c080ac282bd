//! The command line, through the real binary: what it prints, what it refuses, and its exit statuses.
//! Touch the parts under `tests/cli/`, one a concern.

mod support;

#[path = "cli/bench.rs"]
mod bench;
#[path = "cli/check.rs"]
mod check;
#[path = "cli/classify.rs"]
mod classify;
#[path = "cli/configuration.rs"]
mod configuration;
#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/evaluate.rs"]
mod evaluate;
#[path = "cli/log.rs"]
mod log;
#[path = "cli/newcomer.rs"]
mod newcomer;
#[path = "cli/words.rs"]
mod words;

use support::{music, write_wav};
use temp_dir::TempDir;

/// A short piece of music as WAV in a folder of its own.
fn clip(seconds: f64) -> (TempDir, String) {
    let place = TempDir::new().expect("a folder");
    let path = place.path().join("clip.wav");
    write_wav(&path, 44_100, 2, &music(44_100, seconds));
    let path = path.to_str().expect("UTF-8").to_owned();
    (place, path)
}
