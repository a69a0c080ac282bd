//! The client of `genrecast listen` against the real server.
//! Touch it when the command's behaviour changes.

use std::io::{self, Read, Write};
use std::time::Duration;

use genrecast::client::{ClientError, ExitReason, ListenOptions, Output, run};
use serde_json::Value;
use tokio::sync::{mpsc as tokio_mpsc, watch};
use tokio::time::timeout;

use super::events::window;
use super::world::{PATIENCE, World};

/// Hands each line on; fails as a closed pipe does once nobody takes them.
struct Lines {
    line: Vec<u8>,
    to: tokio_mpsc::UnboundedSender<Value>,
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        while let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.line.drain(..=end).collect();
            let value = serde_json::from_slice(&line).expect("one JSON a line");
            let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
            self.to.send(value).map_err(gone)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lines() -> (Output, tokio_mpsc::UnboundedReceiver<Value>) {
    let (to, from) = tokio_mpsc::unbounded_channel();
    let line = Vec::new();
    (Output::lines(Lines { line, to }), from)
}

fn options(world: &World) -> ListenOptions {
    ListenOptions {
        url: world.at.to_string(),
        since: Some(format!("{}:0", world.hub.epoch())),
        ..ListenOptions::default()
    }
}

async fn take(from: &mut tokio_mpsc::UnboundedReceiver<Value>) -> Value {
    timeout(PATIENCE, from.recv()).await.expect("a line in time").expect("a line")
}

#[tokio::test(flavor = "multi_thread")]
async fn it_follows_over_a_restart_and_stops_when_told() {
    let heartbeat = |settings: &mut super::world::Settings| {
        settings.live.heartbeat = Duration::from_millis(20);
    };
    let world = World::with(100, heartbeat).await;
    let (output, mut from) = lines();
    let (stop, stopped) = watch::channel(false);
    let listening = tokio::spawn(run(options(&world), output, stopped));
    world.hub.publish("mic", window(0.5));
    world.hub.publish("mic", window(0.6));
    for (kind, seq) in [("hello", None), ("genre.window", Some(1)), ("genre.window", Some(2))] {
        let line = take(&mut from).await;
        assert_eq!((line["type"].as_str(), line["seq"].as_u64()), (Some(kind), seq));
    }
    let at = world.at;
    world.end().await;
    let world = World::at(at, 100, heartbeat).await;
    for kind in ["hello", "gap", "snapshot"] {
        assert_eq!(take(&mut from).await["type"], kind);
    }
    world.hub.publish("mic", window(0.7));
    let line = take(&mut from).await;
    assert_eq!(line["epoch"], world.hub.epoch());
    stop.send_replace(true);
    let ended = timeout(PATIENCE, listening).await.expect("ends");
    assert_eq!(ended.expect("no panic").expect("no error"), ExitReason::Stopped);
}

#[tokio::test]
async fn a_reader_that_goes_ends_it_quietly() {
    let world = World::start().await;
    let (output, from) = lines();
    drop(from);
    let (_stop, stopped) = watch::channel(false);
    let ended = timeout(PATIENCE, run(options(&world), output, stopped)).await;
    assert_eq!(ended.expect("ends").expect("no error"), ExitReason::ReaderGone);
}

#[tokio::test]
async fn what_cannot_go_on_is_an_error_that_says_why() {
    let world = World::start().await;
    let ended = async |options: ListenOptions| {
        let (output, _from) = lines();
        let (_stop, stopped) = watch::channel(false);
        let ended = timeout(PATIENCE, run(options, output, stopped)).await;
        ended.expect("ends").expect_err("an error")
    };
    let mut unknown = options(&world);
    unknown.types = vec!["genre.guess".into()];
    let error = ended(unknown).await.to_string();
    assert!(error.contains("genre.changed"), "{error}");

    let mut future = options(&world);
    future.since = Some(format!("{}:99", world.hub.epoch()));
    assert!(matches!(ended(future).await, ClientError::Refused { code, .. } if code == "future_cursor"));

    let options = options(&world);
    world.end().await;
    assert!(matches!(ended(options).await, ClientError::Unreachable { .. }));
}

#[tokio::test]
async fn the_live_view_draws_and_restores_the_cursor() {
    let world = World::start().await;
    world.hub.publish("mic", window(0.75));
    let (mut reader, writer) = io::pipe().expect("a pipe");
    let keys = std::fs::File::open("/dev/null").expect("opens");
    let term = console::Term::read_write_pair(keys, writer);
    let (to, mut from) = tokio_mpsc::unbounded_channel();
    let reading = std::thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(read @ 1..) = reader.read(&mut part) {
            let _ = to.send(part[..read].to_vec());
        }
    });
    let (stop, stopped) = watch::channel(false);
    let mut options = options(&world);
    options.since = None;
    let listening = tokio::spawn(run(options, Output::live(term), stopped));
    let mut shown = Vec::new();
    let text = |shown: &[u8]| String::from_utf8_lossy(shown).into_owned();
    while !text(&shown).contains("75 %") {
        let part = timeout(PATIENCE, from.recv()).await.expect("drawn in time");
        shown.extend(part.expect("something is drawn"));
    }
    let seen = text(&shown);
    assert!(seen.contains("\x1b[?25l"), "the cursor is hidden");
    assert!(seen.contains("JAZZ"));
    stop.send_replace(true);
    let ended = timeout(PATIENCE, listening).await.expect("ends");
    assert_eq!(ended.expect("no panic").expect("no error"), ExitReason::Stopped);
    reading.join().expect("no panic");
    while let Some(part) = from.recv().await {
        shown.extend(part);
    }
    assert!(text(&shown).ends_with("\x1b[?25h"), "the cursor is back");
}
