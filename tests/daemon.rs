//! A running daemon as its subscribers and its supervisor see it: events from start to end, states, shutdown.

mod support;

use std::io::Write;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use genrecast::event::{Event, EventBody, SILENCE, SignalState, Silence, SourceState};
use support::daemon::Daemon;
use support::subscriber::{Subscriber, is_state, states};
use support::windows::of_source;
use support::{music, toy, with_tract, write_wav};
use temp_dir::TempDir;

/// Music of so many seconds as `clip.wav` in a folder of its own, as a source with this query.
fn clip(seconds: f64, query: &str) -> (TempDir, String) {
    let place = TempDir::new().expect("a folder");
    let path = place.path().join("clip.wav");
    write_wav(&path, 22_050, 1, &music(22_050, seconds));
    let source = format!("file:{}{query}", path.display());
    (place, source)
}

/// A daemon with the small, quick model.
fn toy_daemon(source: &str) -> Daemon {
    Daemon::start(toy(&mut with_tract("run")).args(["--source", source]))
}

#[tokio::test]
async fn a_finite_file_is_told_from_start_to_end_and_the_daemon_serves_on() {
    let (_place, source) = clip(7.0, "?speed=20");
    let daemon = Daemon::on(&[&source]);
    let mut subscriber = Subscriber::from_start(daemon.address).await;
    let hello = subscriber.hello.clone();
    assert_eq!((&hello["v"], &hello["sources"]), (&1.into(), &serde_json::json!(["clip"])));
    for key in ["version", "epoch", "oldest_seq", "latest_seq", "limits"] {
        assert!(!hello[key].is_null(), "{key} in {hello}");
    }
    assert_eq!(hello["labels"].as_array().map(Vec::len), Some(10));
    assert_eq!((&hello["model"]["runtime"], &hello["model"]["device"]), (&"tract".into(), &"cpu".into()));

    let events = subscriber.events_until_ended(1).await;
    assert_eq!(states(&events), [SourceState::Starting, SourceState::Live, SourceState::Ended]);
    for (seq, event) in (1..).zip(&events) {
        assert_eq!((event.seq, event.v, event.source.as_str()), (seq, 1, "clip"));
        assert_eq!(hello["epoch"], event.epoch);
    }
    let windows = of_source(&events, "clip");
    assert!(windows.len() >= 4, "{}", windows.len());
    assert!(windows.iter().all(|window| window.provisional && window.top.len() == 10));
    assert_eq!(windows.last().expect("a window").end_s, 7.0);

    // Somebody who comes later gets the picture.
    let mut late = Subscriber::connect(daemon.address, "?top_k=3").await;
    let snapshot = late.message().await;
    assert_eq!((&snapshot["type"], &snapshot["seq"]), (&"snapshot".into(), &events.len().into()));
    let of = &snapshot["sources"][0];
    assert_eq!((&of["source"], &of["state"]["state"]), (&"clip".into(), &"ended".into()));
    assert_eq!(of["window"]["window"]["end_s"], 7.0);
    assert_eq!(of["window"]["top"].as_array().map(Vec::len), Some(3));
    assert_eq!(daemon.get("/livez").0, 200);
    assert_eq!(daemon.get("/readyz"), (200, serde_json::json!({"ready": true})));
    let (status, now) = daemon.get("/v1/now?top_k=3");
    assert_eq!((status, &now["seq"], &now["epoch"]), (200, &snapshot["seq"], &snapshot["epoch"]));
    for field in ["source", "state", "window"] {
        assert_eq!(now["sources"][0][field], of[field]);
    }
    let (row, window) = (&now["sources"][0]["info"], &of["window"]);
    assert_eq!((&row["stable"], &row["rms_dbfs"]), (&window["stable"], &window["audio"]["rms_dbfs"]));
    assert_eq!((&row["last_window"], &row["last_audio"]), (&window["time"], &window["window"]["end"]));
    assert_eq!(row["since"], of["state"]["time"]);
    let (status, sources) = daemon.get("/v1/sources");
    let row = &sources["sources"][0];
    assert_eq!((status, &row["state"], &row["native_hz"]), (200, &"ended".into(), &22_050.into()));
    assert_eq!(row["counters"]["windows"], windows.len());
    assert_eq!(row["counters"]["samples"], 7 * 22_050);
    assert_eq!(daemon.get("/healthz").1["model"], hello["model"]);
    daemon.end();
}

#[tokio::test]
async fn a_window_event_has_every_field_of_the_contract() {
    let (_place, source) = clip(5.0, "?speed=max");
    let daemon = Daemon::on(&[&source]);
    let mut subscriber = Subscriber::from_start(daemon.address).await;
    let mut windows = 0;
    loop {
        let message = subscriber.message().await;
        if message["state"] == "ended" {
            break;
        }
        if message["type"] != "genre.window" {
            continue;
        }
        windows += 1;
        for path in [
            "/v",
            "/epoch",
            "/seq",
            "/source",
            "/time",
            "/window/start",
            "/window/end",
            "/window/start_s",
            "/window/end_s",
            "/window/seconds",
            "/provisional",
            "/state",
            "/top/0/label",
            "/top/0/p",
            "/stable/label",
            "/stable/since",
            "/audio/native_hz",
            "/audio/rms_dbfs",
            "/audio/clipped",
            "/audio/gap_ms",
            "/audio/skipped_hops",
            "/timing/capture_to_emit_ms",
            "/timing/infer_ms",
            "/model/id",
            "/model/sha256",
            "/model/device",
            "/model/runtime",
        ] {
            assert!(message.pointer(path).is_some(), "no {path} in {message}");
        }
        let top = message["top"].as_array().expect("a list");
        let sum: f64 = top.iter().map(|score| score["p"].as_f64().expect("a number")).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
        assert_eq!(
            (&message["audio"]["native_hz"], &message["audio"]["gap_ms"]),
            (&22_050.into(), &0.into())
        );
    }
    assert!(windows >= 2, "{windows}");
}

#[tokio::test]
async fn digital_zero_quiet_and_signal_are_told_apart() {
    let place = TempDir::new().expect("a folder");
    let path = place.path().join("parts.wav");
    let rate = 44_100;
    let part = (8 * rate) as usize;
    let mut samples = music(rate, 32.0);
    samples[part..2 * part].fill(0.0);
    // Two steps of 16 bits up and down: about -84 dB.
    samples[2 * part..3 * part].iter_mut().enumerate().for_each(|(n, sample)| {
        *sample = if n / 50 % 2 == 0 { 2.0 } else { -2.0 } / 32_768.0;
    });
    write_wav(&path, rate, 1, &samples);
    let daemon = toy_daemon(&format!("file:{}?speed=max", path.display()));
    let mut subscriber = Subscriber::from_start(daemon.address).await;
    let events = subscriber.events_until_ended(1).await;

    // A hop is half a second; one that lies across two parts may be told as either.
    let mut seen = [0; 4];
    for window in of_source(&events, "parts") {
        let part = ((window.end_s - 0.01) / 8.0) as usize;
        if window.end_s - part as f64 * 8.0 < 0.6 {
            continue;
        }
        seen[part] += 1;
        let expected = [None, Some(Silence::DigitalZero), Some(Silence::Quiet), None][part];
        let state = if expected.is_some() { SignalState::Silence } else { SignalState::Signal };
        assert_eq!((window.state, window.silence), (state, expected), "at {} s", window.end_s);
    }
    assert!(seen.iter().all(|&count| count >= 10), "{seen:?}");

    use SourceState::{Ended, Live, Silent, Starting};
    // The silence is told again when its kind changes.
    assert_eq!(states(&events), [Starting, Live, Silent, Silent, Live, Ended]);
    let silent = events.iter().filter(|event| is_state(event, Silent));
    for (event, kind) in silent.zip(["zero", "quiet"]) {
        let EventBody::SourceState(change) = &event.body else { panic!("{event:?}") };
        assert!(change.reason.as_deref().is_some_and(|reason| reason.contains(kind)), "{change:?}");
        assert!(change.remedy.is_some());
    }
    let to_silence =
        |event: &&Event| matches!(&event.body, EventBody::Changed(change) if change.to.label == SILENCE);
    let changes: Vec<_> = events.iter().filter(to_silence).collect();
    assert_eq!(changes.len(), 1);
    // A silence of up to fifteen seconds is a pause; from then on every window says so.
    let EventBody::Window(next) = &events[changes[0].seq as usize].body else { panic!() };
    assert_eq!((next.stable.label.as_str(), next.stable.since_seq), (SILENCE, Some(changes[0].seq)));
    assert!((23.0..24.6).contains(&next.window.end_s), "{}", next.window.end_s);
}

#[tokio::test]
async fn standard_input_is_played_to_its_end() {
    let mut daemon = toy_daemon("-?pcm=s16le&rate=22050&channels=1");
    let mut subscriber = Subscriber::from_start(daemon.address).await;
    let mut stdin = daemon.stdin.take().expect("piped");
    let second: Vec<u8> =
        music(22_050, 1.0).iter().flat_map(|s| ((s * 32_767.0) as i16).to_le_bytes()).collect();
    // Half a sample more than six seconds: the stray byte is told.
    for _ in 0..6 {
        stdin.write_all(&second).expect("taken");
    }
    let first = subscriber.events_until(|event| matches!(event.body, EventBody::Window(_))).await;
    assert_eq!(states(&first), [SourceState::Starting, SourceState::Live]);
    stdin.write_all(&[0]).expect("taken");
    drop(stdin);
    let rest = subscriber.events_until_ended(1).await;
    assert_eq!(of_source(&rest, "stdin").last().expect("a window").end_s, 6.0);
    let EventBody::SourceState(change) = &rest.last().expect("an event").body else { panic!() };
    assert!(change.reason.as_deref().is_some_and(|reason| reason.contains("inside a frame")), "{change:?}");
    assert_eq!(daemon.get("/readyz").0, 200);
    daemon.end();
}

#[tokio::test]
async fn a_hundred_subscribers_get_everything_and_1001_when_it_ends() {
    let (_place, source) = clip(7.0, "?loop=true");
    let daemon = toy_daemon(&source);
    let mut subscribers = join_all((0..100).map(|_| Subscriber::from_start(daemon.address))).await;
    join_all(
        subscribers
            .iter_mut()
            .map(|subscriber| subscriber.events_until(|event| matches!(event.body, EventBody::Window(_)))),
    )
    .await;
    let asked = Instant::now();
    daemon.signal(libc::SIGTERM);
    let heard = join_all(subscribers.into_iter().map(Subscriber::until_closed)).await;
    let told = asked.elapsed();
    for (texts, code) in &heard {
        assert_eq!(*code, 1001);
        assert_eq!(texts, &heard[0].0);
    }
    let mut daemon = daemon;
    assert_eq!(daemon.wait_for_exit(support::PATIENCE), Some(0));
    let took = asked.elapsed();
    println!("100 subscribers: 1001 to the last after {told:.1?}, exit after {took:.1?}");
    assert!(took <= Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let (_place, source) = clip(7.0, "?loop=true");
    let mut daemon = toy_daemon(&source);
    // It does not read, so it never answers the close frame, and the daemon gives it a second to do so.
    let _deaf = Subscriber::connect(daemon.address, "").await;
    daemon.signal(libc::SIGINT);
    daemon.wait_for_line("ending");
    let asked = Instant::now();
    daemon.signal(libc::SIGTERM);
    assert_eq!(daemon.wait_for_exit(support::PATIENCE), Some(128 + libc::SIGTERM));
    println!("second signal: {:.1?}", asked.elapsed());
}

#[tokio::test]
async fn a_source_in_full_flow_does_not_hold_up_the_end() {
    for (query, deaf) in
        [("?loop=true&speed=max", false), ("?loop=true&speed=max", true), ("?loop=true&speed=1000", false)]
    {
        let (_place, source) = clip(7.0, query);
        let daemon = Daemon::on(&[&source, &source]);
        let mut subscriber = Subscriber::from_start(daemon.address).await;
        let mut windows = 0;
        subscriber
            .events_until(|event| {
                windows += usize::from(matches!(event.body, EventBody::Window(_)));
                windows == 20
            })
            .await;
        // One that is still there does not read any more: it is waited for, but not for long.
        let subscriber = deaf.then_some(subscriber);
        println!("{query}, deaf subscriber {deaf}: ended in {:.3?}", daemon.end());
        drop(subscriber);
    }
}
