//! The microphone is unplugged while the sound server goes on, and plugged in again with another format; or it comes
//! later than the daemon. Touch it when the way back changes.

use std::time::{Duration, Instant};

use genrecast::event::SourceState;

use super::calm::{Watch, assert_settles};
use super::daemon::Daemon;
use super::recovery::{BACK_LIMIT, LIVE_LIMIT, LOSS_LIMIT, is_state};
use super::sound_server::SoundServer;

/// How long the microphone stays away.
const AWAY: Duration = Duration::from_secs(20);

/// Through the sound server's own protocol.
pub fn run() {
    come_and_go("mic:", &[44_100, 48_000]);
}

/// The same through ALSA, whose plug-in reports a removed source millions of times and converts rates itself.
pub fn through_alsa() {
    come_and_go("mic:default", &[48_000, 48_000]);
}

/// Unplugs it twice; it comes back with two channels at 44.1 kHz, then as it was. `heard` are the rates then heard.
fn come_and_go(source: &str, heard: &[u64; 2]) {
    let server = SoundServer::start();
    let mut daemon = Daemon::start_on(&server, &[source]);
    daemon.await_event(LIVE_LIMIT, "the first window", |event| event["type"] == "genre.window");
    let before = daemon.usage();
    for (format, heard) in [["rate=44100", "channels=2"], ["rate=48000", "channels=1"]].iter().zip(heard) {
        let watch = Watch::begin(&daemon);
        server.unplug();
        daemon.await_event(LOSS_LIMIT, "the microphone is stalled", |event| is_state(event, "stalled"));
        daemon.await_event(LOSS_LIMIT, "it is being opened again", |event| is_state(event, "reconnecting"));
        watch.until(AWAY, &mut daemon);
        server.plug_in("mic", format);
        let back = Instant::now();
        daemon.await_event(BACK_LIMIT, "a gap", |event| event["type"] == "source.gap");
        daemon.await_event(BACK_LIMIT, "it is live", |event| is_state(event, "live"));
        println!("  live {:.1} s after it was plugged in", back.elapsed().as_secs_f64());
        let window = daemon.await_event(LIVE_LIMIT, "a window", |event| event["type"] == "genre.window");
        assert_eq!(window["audio"]["native_hz"], *heard, "{window}");
        assert_settles(&daemon, before);
    }
    assert!(daemon.terminate(Duration::from_secs(10)).success());
}

/// A pattern that nothing fits, and a USB identity that no card has, are waited for.
pub fn comes_late() {
    let server = SoundServer::start();
    let mut daemon = Daemon::start_on(&server, &["mic:LAT?.mon*?channel=2&gain_db=3", "mic:usb=ffff:ffff"]);
    let watch = Watch::begin(&daemon);
    let source = await_other_than_starting(&daemon);
    assert_eq!(source.0, SourceState::Reconnecting, "{source:?}");
    assert!(source.1.is_some_and(|reason| reason.contains("LAT?.mon*") && reason.contains("mic.monitor")));
    watch.until(AWAY, &mut daemon);
    server.plug_in("late", &["rate=32000", "channels=2"]);
    let there = Instant::now();
    daemon.await_event(BACK_LIMIT, "it is live", |event| is_state(event, "live"));
    println!("  live {:.1} s after it was plugged in", there.elapsed().as_secs_f64());
    let window = daemon.await_event(LIVE_LIMIT, "a window", |event| event["type"] == "genre.window");
    assert_eq!(window["audio"]["native_hz"], 32_000, "{window}");
    assert!(daemon.terminate(Duration::from_secs(10)).success());
}

/// The microphone has one channel.
pub fn no_channel() {
    let server = SoundServer::start();
    let mut daemon = Daemon::start_on(&server, &["mic:?channel=2"]);
    let (state, reason) = await_other_than_starting(&daemon);
    assert_eq!(state, SourceState::Failed, "{reason:?}");
    assert!(reason.is_some_and(|reason| reason.contains("no channel 2: it has 1")));
    assert!(daemon.source().remedy.is_some_and(|remedy| remedy.contains("channel=mix")));
    assert!(daemon.terminate(Duration::from_secs(10)).success());
}

/// Asked for, because the event may have come before the subscriber did.
fn await_other_than_starting(daemon: &Daemon) -> (SourceState, Option<String>) {
    let begin = Instant::now();
    loop {
        let source = daemon.source();
        if source.state != SourceState::Starting || begin.elapsed() >= LOSS_LIMIT {
            return (source.state, source.reason);
        }
    }
}
