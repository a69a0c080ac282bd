//! SIGHUP: what has changed in the configuration is carried out while everything else goes on, and an invalid file
//! changes nothing.

mod support;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use genrecast::event::{Event, EventBody, SourceState};
use support::daemon::Daemon;
use support::subscriber::{Subscriber, is_state, states};
use support::usage::Usage;
use support::{genrecast, music, write_wav};
use temp_dir::TempDir;

/// What the daemon says when it has read the configuration again.
const DONE: &str = "configuration read again";

/// A daemon with the quick model, its configuration in a folder of its own, and music to play.
struct World {
    place: TempDir,
    daemon: Daemon,
}

impl World {
    /// Starts with these lines after the fixed ones.
    fn start(text: &str) -> Self {
        let place = TempDir::new().expect("a folder");
        write_wav(&place.path().join("clip.wav"), 22_050, 1, &music(22_050, 20.0));
        let config = place.path().join("config.toml");
        std::fs::write(&config, Self::config(&place, text)).expect("written");
        let mut command = genrecast("run");
        command.args(["--runtime", "tract", "--config"]).arg(&config);
        let daemon = Daemon::start(&mut command);
        Self { place, daemon }
    }

    /// `CLIP` in the text stands for the path of the music.
    fn config(place: &TempDir, text: &str) -> String {
        let clip = place.path().join("clip.wav");
        format!("[model]\nid = \"toy-window\"\nfolder = \"tests/fixtures/models\"\n{text}")
            .replace("CLIP", &clip.display().to_string())
    }

    fn path(&self) -> PathBuf {
        self.place.path().join("config.toml")
    }

    /// Writes another configuration and has it read.
    fn reload(&mut self, text: &str) {
        std::fs::write(self.path(), Self::config(&self.place, text)).expect("written");
        self.daemon.signal(libc::SIGHUP);
    }
}

fn source(name: &str, query: &str) -> String {
    format!("[[source]]\nname = \"{name}\"\nuri = \"file:CLIP{query}\"\n")
}

/// Asserts that what is told of this source is uninterrupted: one start, no loss, each window a hop after the last.
fn undisturbed(events: &[Event], name: &str) {
    let its: Vec<&Event> = events.iter().filter(|event| event.source == name).collect();
    assert_eq!(states(its.iter().copied()), [SourceState::Starting, SourceState::Live], "{name}");
    assert!(!its.iter().any(|event| matches!(event.body, EventBody::SourceGap(_))), "{name}");
    let window = |event: &&Event| match &event.body {
        EventBody::Window(window) => Some((window.window.end_s, window.audio.skipped_hops)),
        _ => None,
    };
    let windows: Vec<_> = its.iter().filter_map(window).collect();
    assert!(windows.len() > 3, "{} windows", windows.len());
    for pair in windows.windows(2) {
        let ((before_s, _), (end_s, skipped)) = (pair[0], pair[1]);
        // On a busy machine an evaluation may be skipped; then it is told.
        let hop = 0.5 * (1.0 + skipped as f64);
        assert!((end_s - before_s - hop).abs() < 0.01, "{name}: from {before_s} s to {end_s} s");
    }
}

#[tokio::test]
async fn sources_come_go_and_change_while_the_others_play_on() {
    let stays = source("stays", "?loop=true&speed=4");
    let mut world = World::start(&format!("{stays}{}", source("goes", "?loop=true")));
    let mut subscriber = Subscriber::from_start(world.daemon.address).await;
    let started = |name: &'static str| {
        move |event: &Event| event.source == name && matches!(event.body, EventBody::Window(_))
    };
    let mut events = subscriber.events_until(started("goes")).await;

    world.reload(&format!("{}{stays}", source("comes", "?loop=true")));
    world.daemon.wait_for_line(DONE);
    events.extend(subscriber.events_until(started("comes")).await);
    let (_, told) = world.daemon.get("/v1/sources");
    let names = |told: &serde_json::Value| -> Vec<String> {
        let rows = told["sources"].as_array().expect("a list");
        rows.iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&told), ["comes", "stays"], "in the order of the configuration");
    let hello = Subscriber::connect(world.daemon.address, "").await.hello;
    assert_eq!(hello["sources"], serde_json::json!(["comes", "stays"]));
    let (_, now) = world.daemon.get("/v1/now");
    assert!(now["sources"].as_array().expect("a list").iter().all(|of| of["source"] != "goes"), "{now}");

    world.reload(&format!("{}{stays}", source("comes", "?loop=true&speed=3")));
    world.daemon.wait_for_line(DONE);
    let again = |event: &Event| event.source == "comes" && is_state(event, SourceState::Live);
    events.extend(subscriber.events_until(again).await);
    events.extend(subscriber.events_until(started("stays")).await);

    undisturbed(&events, "stays");
    let of = |name: &str| events.iter().filter(|event| event.source == name).cloned().collect::<Vec<_>>();
    use SourceState::{Ended, Live, Starting};
    assert_eq!(states(&of("goes")), [Starting, Live, Ended]);
    assert_eq!(states(&of("comes")), [Starting, Live, Ended, Starting, Live]);
    assert!(is_state(of("goes").last().expect("events"), Ended), "nothing comes of it afterwards");
    for (seq, event) in (1..).zip(&events) {
        assert_eq!(event.seq, seq);
    }
    world.daemon.end();
}

#[tokio::test]
async fn an_invalid_file_changes_nothing_and_is_told_with_line_and_key() {
    let stays = source("stays", "?loop=true&speed=4");
    let mut world = World::start(&stays);
    let mut subscriber = Subscriber::from_start(world.daemon.address).await;
    let broken = [
        ("[server]\nmax_clents = 3\n", vec!["line 5", "server.max_clents", "server.max_clients"]),
        ("[decide]\nminimum_seconds = -1\n", vec!["line 5", "decide.minimum_seconds", "0 to 600"]),
        ("[decide\n", vec!["line 4", "TOML"]),
        ("[log]\nlevel = \"no such=level=x\"\n", vec!["log.level"]),
        ("[[source]]\nuri = \"file:/no/such/file\"\n", vec!["/no/such/file"]),
        ("[[source]]\nuri = \"radio:x\"\n", vec!["line 5", "source.uri", "radio:x"]),
        ("[[source]]\nuri = \"mic:\"\nname = \"new\"\n", vec!["line 8", "source.name", "\"new\""]),
    ];
    for (text, parts) in broken {
        world.reload(&format!("{text}{}", source("new", "")));
        let line = world.daemon.wait_for_line("not read again");
        for part in parts {
            assert!(line.contains(part), "no {part:?} in: {line}");
        }
        let (_, health) = world.daemon.get("/healthz");
        assert!(health["detail"]["reload"]["error"].is_string(), "{health}");
    }
    std::fs::remove_file(world.path()).expect("removed");
    world.daemon.signal(libc::SIGHUP);
    assert!(world.daemon.wait_for_line("not read again").contains("config.toml"));
    let events = subscriber.events_until(|event| event.seq > 30).await;
    assert!(events.iter().all(|event| event.source == "stays"));
    undisturbed(&events, "stays");
    world.daemon.end();
}

#[tokio::test]
async fn each_change_is_told_as_applied_or_as_waiting_for_a_restart() {
    let stays = source("stays", "?loop=true&speed=4");
    let mut world = World::start(&format!("[log]\nlevel = \"info\"\n{stays}"));
    let changed = "[server]\nmax_clients = 7\n[events]\nkeep = 50\n[decide]\nminimum_seconds = 1.5\n[upload]\nenabled = false\nat_once = 2\n";
    world.reload(&format!("threads = 2\n{changed}[log]\nlevel = \"debug\"\n{stays}"));
    for part in [
        "applied: decide.minimum_seconds: 8.0 → 1.5",
        "applied: events.keep: 4000 → 50",
        "applied: log.level",
        "applied: server.max_clients: 1024 → 7",
        "applied: upload.enabled: true → false",
        "needs a restart: model.threads: 1 → 2",
        "needs a restart: upload.at_once: 1 → 2",
        DONE,
    ] {
        world.daemon.wait_for_line(part);
    }
    let hello = Subscriber::connect(world.daemon.address, "").await.hello;
    assert_eq!((&hello["limits"]["clients"], &hello["limits"]["log_events"]), (&7.into(), &50.into()));
    // Read again it is told again, until the daemon is restarted or the file is as it was.
    world.daemon.signal(libc::SIGHUP);
    world.daemon.wait_for_line("needs a restart: model.threads");
    world.reload(&stays);
    world.daemon.wait_for_line("applied: server.max_clients: 7 → 1024");
    world.daemon.wait_for_line(DONE);
    let (_, health) = world.daemon.get("/healthz");
    assert_eq!(health["detail"]["reload"]["needs_restart"], serde_json::json!([]));
    world.daemon.end();
}

/// What the daemon takes once every source has opened its file and the connection that asked for that is closed.
fn usage_playing(daemon: &Daemon) -> Usage {
    let live = |row: &serde_json::Value| row["state"] == "live";
    while !daemon.get("/v1/sources").1["sources"].as_array().expect("a list").iter().all(live) {}
    let (mut usage, mut same) = (Usage::of(daemon.pid()), 0);
    while same < 500 {
        let now = Usage::of(daemon.pid());
        same =
            if (now.threads, now.descriptors) == (usage.threads, usage.descriptors) { same + 1 } else { 0 };
        usage = now;
    }
    usage
}

/// Each of them adds a source or removes it again, beside one that plays at its own pace.
#[tokio::test]
async fn a_thousand_reloads_leave_no_gap_and_no_leak() {
    const LIMITS: &str = "[events]\nkeep = 500\n";
    let stays = source("stays", "?loop=true&speed=2");
    let both = format!("{LIMITS}{stays}{}", source("more", "?loop=true"));
    let alone = format!("{LIMITS}{stays}");
    let mut world = World::start(&both);
    let address = world.daemon.address;
    let mut subscriber = Subscriber::from_start(address).await;
    let all = tokio::spawn(async move {
        let end = |event: &Event| event.source == "end";
        subscriber.events_until(end).await
    });
    let began = Instant::now();
    let mut settled = None;
    for round in 0..500 {
        for text in [&alone, &both] {
            world.reload(text);
            world.daemon.wait_for_line(DONE);
        }
        if round == 100 {
            settled = Some(usage_playing(&world.daemon));
        }
    }
    let took = began.elapsed();
    let usage = usage_playing(&world.daemon);
    world.reload(&format!("{both}{}", source("end", "")));
    let events = all.await.expect("no panic");
    let settled = settled.expect("taken");
    println!("1000 reloads in {took:.1?}: {settled:?} after 200, {usage:?} after all");
    assert_eq!((usage.threads, usage.descriptors), (settled.threads, settled.descriptors));
    assert!(usage.resident < settled.resident + 4_096, "{} KiB, then {}", settled.resident, usage.resident);
    undisturbed(&events, "stays");
    for (seq, event) in (1..).zip(&events) {
        assert_eq!(event.seq, seq);
    }
    let more: Vec<&Event> = events.iter().filter(|event| event.source == "more").collect();
    let ends = states(more.iter().copied()).iter().filter(|state| **state == SourceState::Ended).count();
    assert_eq!(ends, 500);
    // Signals faster than they can be followed are one wish.
    let burst = Instant::now();
    while burst.elapsed() < Duration::from_millis(500) {
        world.daemon.signal(libc::SIGHUP);
    }
    world.daemon.wait_for_line(DONE);
    assert_eq!(world.daemon.get("/livez").0, 200);
    world.daemon.end();
}
