//! A file classified, replayed as fast as possible, played in real time or piped gives the same windows and scores.

mod support;

use std::io::Write;

use genrecast::event::{Event, EventBody, SourceState};
use support::daemon::Daemon;
use support::subscriber::{Subscriber, is_state, states};
use support::windows::{difference, of_report, of_source};
use support::{classify, music, toy, with_tract, write_wav};
use temp_dir::TempDir;

/// How far the scores of two ways may differ.
const SAME: f32 = 1e-6;

/// Clips of the lengths that matter: a full window and not one sample more than 29.98 s, and one far too short for it.
fn clips() -> (TempDir, Vec<(&'static str, String)>) {
    let place = TempDir::new().expect("a folder");
    let clips = [
        ("long", 44_100, 2, 29.98),
        ("long-mono", 22_050, 1, 29.98),
        ("short", 44_100, 2, 7.0),
        ("short-mono", 22_050, 1, 7.0),
    ]
    .map(|(name, rate, channels, seconds)| {
        let path = place.path().join(format!("{name}.wav"));
        write_wav(&path, rate, channels, &music(rate, seconds));
        (name, path.to_str().expect("UTF-8").to_owned())
    });
    (place, clips.into())
}

/// Plays all clips at once and compares; returns the events.
async fn plays_as_classified(query: &str) -> Vec<Event> {
    let (_place, clips) = clips();
    let sources: Vec<String> = clips.iter().map(|(_, path)| format!("file:{path}{query}")).collect();
    let daemon = Daemon::on(&sources.iter().map(String::as_str).collect::<Vec<_>>());
    let mut subscriber = Subscriber::from_start(daemon.address).await;
    let reports: Vec<_> = clips.iter().map(|(_, path)| classify(path, Vec::new())).collect();
    let events = subscriber.events_until_ended(clips.len()).await;
    drop(subscriber);
    daemon.end();
    for ((name, _), report) in clips.iter().zip(&reports) {
        let (classified, played) = (of_report(report), of_source(&events, name));
        let worst = difference(&classified, &played);
        println!("{name}{query}: {} windows, largest difference {worst:.1e}", played.len());
        assert!(worst <= SAME, "{name}: {worst}");
        let full = played.iter().filter(|window| !window.provisional).count();
        assert_eq!(full > 0, name.starts_with("long"), "{name}: {full} full windows");
        let states = states(events.iter().filter(|event| event.source == *name));
        assert_eq!(states, [SourceState::Starting, SourceState::Live, SourceState::Ended], "{name}");
    }
    events
}

#[tokio::test]
async fn as_fast_as_possible() {
    plays_as_classified("?speed=max").await;
}

#[tokio::test]
async fn in_real_time() {
    let mut windows = 0;
    for event in plays_as_classified("?speed=1").await {
        let EventBody::Window(told) = &event.body else { continue };
        // Nobody is told before it has been heard, and nothing was left out.
        assert!(event.time >= told.window.end, "{event:?}");
        assert_eq!((told.audio.gap_ms, told.audio.skipped_hops), (0, 0), "{event:?}");
        windows += 1;
    }
    assert!(windows >= 40, "{windows}");
}

#[tokio::test]
async fn through_a_pipe() {
    let (_place, clips) = clips();
    for (name, path) in &clips[2..] {
        let bytes = std::fs::read(path).expect("readable");
        let format = if name.ends_with("mono") { "rate=22050&channels=1" } else { "rate=44100&channels=2" };
        let raw = format!("-?pcm=s16le&{format}");
        for (source, bytes) in [("-", &bytes[..]), (raw.as_str(), &bytes[44..])] {
            let mut daemon = Daemon::on(&[source]);
            let mut subscriber = Subscriber::from_start(daemon.address).await;
            daemon.stdin.take().expect("piped").write_all(bytes).expect("taken");
            let events = subscriber.events_until_ended(1).await;
            let worst = difference(&of_report(&classify(path, Vec::new())), &of_source(&events, "stdin"));
            println!("{name} as {source}: largest difference {worst:.1e}");
            assert!(worst <= SAME, "{source}: {worst}");
        }
    }
}

#[tokio::test]
async fn a_loop_is_one_continuous_stream() {
    let (place, clips) = clips();
    let config = place.path().join("loop.toml");
    let uri = format!("file:{}?speed=20&loop=true", clips[3].1);
    let text = format!("[[source]]\nname = \"again\"\nuri = {uri:?}\nring_seconds = 60.0\n");
    std::fs::write(&config, text).expect("written");
    let mut command = support::genrecast("run");
    command.args(["--runtime", "tract", "--config"]).arg(&config);
    let daemon = Daemon::start(toy(&mut command));
    let mut subscriber = Subscriber::from_start(daemon.address).await;
    let events = subscriber
        .events_until(|event| matches!(&event.body, EventBody::Window(told) if told.window.end_s > 30.0))
        .await;
    let windows = of_source(&events, "again");
    // Four times round: nothing but the first two states and windows, one every stride of 31 frames.
    let stride_s = 31.0 * 256.0 / 16_000.0;
    for pair in windows.windows(2) {
        assert!((pair[1].end_s - pair[0].end_s - stride_s).abs() < 1e-6, "{pair:?}");
        assert!(pair[0].provisional || !pair[1].provisional, "{pair:?}");
    }
    let others = events.iter().filter(|event| {
        !matches!(event.body, EventBody::Window(_) | EventBody::Changed(_))
            && !is_state(event, SourceState::Starting)
            && !is_state(event, SourceState::Live)
    });
    assert_eq!(others.count(), 0);
    drop(subscriber);
    daemon.end();
}

#[tokio::test]
async fn two_sources_keep_their_own_order_and_names() {
    let (place, clips) = clips();
    let config = place.path().join("two.toml");
    let source =
        |name: &str, path: &str| format!("[[source]]\nname = {name:?}\nuri = \"file:{path}?speed=max\"\n");
    std::fs::write(&config, source("left", &clips[0].1) + &source("right", &clips[2].1)).expect("written");
    let mut command = support::genrecast("run");
    let daemon = Daemon::start(command.args(["--runtime", "tract", "--config"]).arg(&config));
    let mut subscriber = Subscriber::from_start(daemon.address).await;
    assert_eq!(subscriber.hello["sources"], serde_json::json!(["left", "right"]));
    let events = subscriber.events_until_ended(2).await;
    for (seq, event) in (1..).zip(&events) {
        assert_eq!(event.seq, seq);
        assert!(["left", "right"].contains(&event.source.as_str()), "{event:?}");
    }
    for (name, (_, path)) in [("left", &clips[0]), ("right", &clips[2])] {
        let windows = of_source(&events, name);
        assert!(windows.windows(2).all(|pair| pair[0].end_s < pair[1].end_s));
        assert!(difference(&of_report(&classify(path, Vec::new())), &windows) <= SAME, "{name}");
    }
    // Who wants one of them gets that one only.
    let epoch = subscriber.hello["epoch"].as_str().expect("an epoch");
    let query = format!("?since={epoch}:0&sources=right&types=genre.window&top_k=10");
    let mut right = Subscriber::connect(daemon.address, &query).await;
    let wanted = of_source(&events, "right");
    let last = wanted.last().expect("a window").end_s;
    let heard = right
        .events_until(|event| matches!(&event.body, EventBody::Window(told) if told.window.end_s == last))
        .await;
    assert_eq!(of_source(&heard, "right"), wanted);
    assert_eq!(heard.len(), wanted.len());
    // The same file twice gets two names.
    let twice = format!("file:{}?speed=max", clips[3].1);
    let daemon = Daemon::start(toy(&mut with_tract("run")).args(["--source", &twice, "--source", &twice]));
    let subscriber = Subscriber::connect(daemon.address, "").await;
    assert_eq!(subscriber.hello["sources"], serde_json::json!(["short-mono", "short-mono-2"]));
}
