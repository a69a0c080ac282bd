//! The sound server is killed under a live microphone and started again, three times: the daemon tells it, finds its
//! way back by itself, says what was lost, and leaves nothing behind. Touch it when the way back changes.

use std::time::{Duration, Instant};

use genrecast::event::SourceState;
use serde_json::Value;

use super::calm::{Watch, assert_settles};
use super::daemon::Daemon;
use super::sound_server::SoundServer;

pub const LIVE_LIMIT: Duration = Duration::from_secs(30);

/// How long the daemon may take to see that the microphone is lost.
pub const LOSS_LIMIT: Duration = Duration::from_secs(10);

/// How long it may take to hear again once it can.
pub const BACK_LIMIT: Duration = Duration::from_secs(10);

/// How long the sound server stays away.
const AWAY: Duration = Duration::from_secs(10);

pub fn run() {
    let mut server = SoundServer::start();
    let mut daemon = Daemon::start(&server);
    daemon.await_event(LIVE_LIMIT, "the first window", |event| event["type"] == "genre.window");
    let before = daemon.usage();
    for _ in 0..3 {
        die_once(&mut server, &mut daemon);
        assert_settles(&daemon, before);
    }
    let asked = Instant::now();
    let status = daemon.terminate(Duration::from_secs(10));
    println!("  ended {:.1} s after being asked to: {status}", asked.elapsed().as_secs_f64());
    assert!(status.success(), "{status}");
}

fn die_once(server: &mut SoundServer, daemon: &mut Daemon) {
    server.kill();
    let (killed, watch) = (Instant::now(), Watch::begin(daemon));
    daemon.await_event(LOSS_LIMIT, "the microphone is stalled", |event| is_state(event, "stalled"));
    let stalled = killed.elapsed();
    daemon.await_event(LOSS_LIMIT, "it is being opened again", |event| is_state(event, "reconnecting"));
    let reconnecting = killed.elapsed();
    watch.until(AWAY, daemon);

    server.restart();
    let back = Instant::now();
    let gap = daemon.await_event(BACK_LIMIT, "a gap", |event| event["type"] == "source.gap");
    daemon.await_event(BACK_LIMIT, "it is live", |event| is_state(event, "live"));
    let (live, lost) = (back.elapsed(), killed.elapsed());
    let window = daemon.await_event(LIVE_LIMIT, "a window", |event| event["type"] == "genre.window");
    println!(
        "  stalled told {:.1} s after the kill, reconnecting after {:.1} s; live {:.1} s after the server was back",
        stalled.as_secs_f64(),
        reconnecting.as_secs_f64(),
        live.as_secs_f64()
    );
    let seconds = |event: &Value, key: &str| event[key].as_f64().expect("a number");
    let (from_s, to_s) = (seconds(&gap, "from_s"), seconds(&gap, "to_s"));
    println!("  gap: {:.2} s told, {:.2} s from the kill to live", to_s - from_s, lost.as_secs_f64());
    assert!(live <= BACK_LIMIT, "{live:?}");
    assert!((to_s - from_s - lost.as_secs_f64()).abs() < 2.0, "{gap}");
    // A window begins on a whole sample.
    assert!(seconds(&window["window"], "start_s") >= to_s - 1e-3, "{window} after {gap}");
    assert!(window["audio"]["gap_ms"].as_u64() > Some(0), "{window}");
    assert_eq!(window["provisional"], true, "{window}");
}

/// The daemon is started before the sound server, as at boot.
pub fn server_comes_late() {
    let mut server = SoundServer::start();
    server.kill();
    let mut daemon = Daemon::start(&server);
    // Asked for, because the event may have come before the subscriber did.
    let begin = Instant::now();
    let mut source = daemon.source();
    while source.state == SourceState::Starting && begin.elapsed() < LOSS_LIMIT {
        source = daemon.source();
    }
    assert_eq!(source.state, SourceState::Reconnecting, "{:?}", source.reason);
    assert!(source.reason.is_some() && source.remedy.is_some(), "{:?}", source.remedy);
    server.restart();
    let there = Instant::now();
    daemon.await_event(BACK_LIMIT, "it is live", |event| is_state(event, "live"));
    println!("  live {:.1} s after the server was there", there.elapsed().as_secs_f64());
    daemon.await_event(LIVE_LIMIT, "a window", |event| event["type"] == "genre.window");
    assert!(daemon.terminate(Duration::from_secs(10)).success());
}

pub fn is_state(event: &Value, state: &str) -> bool {
    event["type"] == "source.state" && event["state"] == state
}
