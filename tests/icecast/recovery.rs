//! A station that goes away and comes back. Touch it when it can go away in another way.

use std::time::{Duration, Instant};

use super::feed::{CODECS, Feed};
use super::listener::Listener;
use super::station::Station;
use super::support::{genrecast, music, toy, write_wav};

const SECONDS_20: Duration = Duration::from_secs(20);

/// A station that broadcasts half a minute of something like music as MP3, and a daemon that hears it.
fn on_the_air() -> (Station, std::path::PathBuf, temp_dir::TempDir, Feed, Listener) {
    let place = temp_dir::TempDir::new().expect("a directory");
    let clip = place.child("clip.wav");
    write_wav(&clip, 44_100, 1, &music(44_100, 30.0));
    let station = Station::start();
    let feed = Feed::start(&station, &clip, &CODECS[0], "");
    station.wait_for_mount("mp3");
    let mut command = genrecast("run");
    toy(command.args(["--runtime", "tract"]));
    let mut listener = Listener::start(command, &[("station", station.url("mp3"))]);
    listener.wait_for(Duration::from_secs(30), "a window", |event| event["type"] == "genre.window");
    (station, clip, place, feed, listener)
}

/// Killed for twenty seconds.
pub fn killed() {
    let (mut station, clip, _place, feed, mut listener) = on_the_air();
    station.kill();
    drop(feed);
    let killed = Instant::now();
    let (told, event) = listener.wait_for_state(Duration::from_secs(15), &["reconnecting"]);
    println!("    told {:.1?} after it was killed: {}", told - killed, event["reason"]);
    std::thread::sleep(SECONDS_20.saturating_sub(killed.elapsed()));
    station.restart();
    let _feed = Feed::start(&station, &clip, &CODECS[0], "");
    station.wait_for_mount("mp3");
    let back = Instant::now();
    let (live, _) = listener.wait_for_state(Duration::from_secs(10), &["live"]);
    println!("    live {:.1?} after its return", live.saturating_duration_since(back));
    let is_gap = |event: &serde_json::Value| event["type"] == "source.gap";
    let gap = match listener.seen.iter().rev().find(|(_, event)| is_gap(event)) {
        Some((_, gap)) => gap.clone(),
        None => listener.wait_for(Duration::from_secs(5), "the gap", is_gap).1,
    };
    let lost = gap["to_s"].as_f64().expect("a number") - gap["from_s"].as_f64().expect("a number");
    println!("    a gap of {lost:.1} s: {}", gap["reason"]);
    assert!((10.0..40.0).contains(&lost), "{gap}");
    listener.wait_for(Duration::from_secs(30), "a window", |event| event["type"] == "genre.window");
}

/// Its process is held: the connection stays, and nothing comes.
pub fn half_open() {
    let (station, _clip, _place, _feed, mut listener) = on_the_air();
    station.signal(libc::SIGSTOP);
    let held = Instant::now();
    let (told, event) = listener.wait_for_state(Duration::from_secs(15), &["stalled", "reconnecting"]);
    println!("    noticed after {:.1?}: {}", told - held, event["reason"]);
    station.signal(libc::SIGCONT);
    listener.wait_for_state(Duration::from_secs(30), &["live"]);
}
