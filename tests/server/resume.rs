//! Nothing lost, nothing twice: subscribers that come and go see the log, or are told what they miss of it.
//! Touch it when resuming changes.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use genrecast::history::{Item, Selection, cut_top};
use serde_json::{Value, json};
use temp_dir::TempDir;

use super::events::{changed, state, window};
use super::followers::{Got, over_sse, over_websocket};
use super::world::{Settings, World};

pub const EVENTS: u64 = 4_000;

/// Wishes, each followed over a WebSocket and over SSE.
const WISHES: u64 = 10;

/// Times that each subscriber breaks off and comes back.
pub const RECONNECTS: usize = 100;

/// Xorshift: chance that can be repeated.
pub struct Chance(u64);

impl Chance {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// What the event numbered `seq` is: its source, its type, and its best p.
fn facts(seq: u64) -> (&'static str, &'static str, Option<f32>) {
    let source = ["mic", "radio", "file"][(seq % 3) as usize];
    match seq % 7 {
        0 => (source, "source.state", None),
        1 => (source, "genre.changed", None),
        _ => (source, "genre.window", Some(0.3 + (seq % 50) as f32 / 100.0)),
    }
}

fn publish(world: &World, seq: u64) {
    let (source, kind, p) = facts(seq);
    let body = match (kind, p) {
        (_, Some(p)) => window(p),
        ("genre.changed", _) => changed(),
        _ => state(&seq.to_string()),
    };
    assert_eq!(world.hub.publish(source, body), seq);
}

#[derive(Debug, Clone)]
pub struct Wish {
    pub sources: Vec<&'static str>,
    pub types: Vec<&'static str>,
    pub min_p: f32,
    pub top_k: u64,
}

impl Wish {
    fn any(chance: &mut Chance) -> Self {
        let mut some = |of: &[&'static str]| -> Vec<&'static str> {
            let all: Vec<_> = of.iter().copied().filter(|_| chance.below(2) == 0).collect();
            if all.is_empty() { of.to_vec() } else { all }
        };
        Self {
            sources: some(&["mic", "radio", "file"]),
            types: some(&["genre.window", "genre.changed", "source.state"]),
            min_p: chance.below(80) as f32 / 100.0,
            top_k: 1 + chance.below(5),
        }
    }

    fn wants(&self, seq: u64) -> bool {
        let (source, kind, p) = facts(seq);
        self.sources.contains(&source) && self.types.contains(&kind) && p.is_none_or(|p| p >= self.min_p)
    }

    /// The wish as a query.
    pub fn query(&self) -> String {
        let (sources, types) = (self.sources.join(","), self.types.join(","));
        let (min_p, top_k) = (self.min_p, self.top_k);
        format!("?sources={sources}&types={types}&min_p={min_p}&top_k={top_k}")
    }

    /// The wish as a message.
    pub fn message(&self, since: &str) -> Value {
        json!({
            "type": "subscribe", "sources": self.sources, "types": self.types,
            "min_p": self.min_p, "top_k": self.top_k, "since": since,
        })
    }
}

/// What one subscriber got in the end.
struct Outcome {
    wish: Wish,
    over: &'static str,
    got: Got,
}

/// All subscribers at once, while a plain thread publishes.
///
/// A log that keeps less than `burst` events has moved on before anyone could read it.
async fn everyone(keep: usize, burst: u64, folder: Option<&Path>) -> (Arc<World>, Vec<Outcome>) {
    let change = |settings: &mut Settings| settings.live.heartbeat = Duration::from_millis(20);
    let world = Arc::new(match folder {
        Some(folder) => World::recording(folder, keep, change).await,
        None => World::with(keep, change).await,
    });
    *world.sources.0.lock().expect("not poisoned") = vec!["mic", "radio", "file"];
    let mut tasks = Vec::new();
    for number in 1..=WISHES {
        let seed = 0x9E37_79B9_7F4A_7C15 ^ number;
        let wish = Wish::any(&mut Chance(seed));
        let (here, mine, mut chance) = (Arc::clone(&world), wish.clone(), Chance(seed));
        tasks.push(tokio::spawn(async move {
            let got = over_websocket(&here, &mine, &mut chance).await;
            Outcome { wish: mine, over: "WebSocket", got }
        }));
        let (here, mut chance) = (Arc::clone(&world), Chance(!seed));
        tasks.push(tokio::spawn(async move {
            let got = over_sse(&here, &wish, &mut chance).await;
            Outcome { wish, over: "SSE", got }
        }));
    }
    let publisher = {
        let world = Arc::clone(&world);
        thread::spawn(move || {
            for seq in 1..=EVENTS {
                // A recorder that this machine gives no time for would have a hole, which is another test's.
                while world.unrecorded() > keep as u64 / 2 {
                    thread::sleep(Duration::from_millis(5));
                }
                publish(&world, seq);
                // The pace of publishing, so that the subscribers' comings and goings fall in between.
                if seq % burst == 0 {
                    thread::sleep(Duration::from_micros(500) * burst as u32);
                }
            }
        })
    };
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.expect("no panic"));
    }
    publisher.join().expect("no panic");
    (world, outcomes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_reconnects_each_over_websocket_and_sse_lose_nothing_and_repeat_nothing() {
    let (world, outcomes) = everyone(20_000, 1, None).await;
    let mut log = Vec::new();
    world.hub.read(0, usize::MAX, &mut log);
    assert_eq!(log.len() as u64, EVENTS);
    let mut broken_off_within = 0;
    for Outcome { wish, over, got } in outcomes {
        assert_eq!(got.gone, [0; 0], "{over} {wish:?}");
        let wanted = log.iter().filter(|entry| wish.wants(entry.seq()));
        let expected: Vec<_> =
            wanted.map(|entry| entry.frame(wish.top_k as usize).as_str().to_owned()).collect();
        assert!(got.seen == expected, "{over} {wish:?}: {} of {}", got.seen.len(), expected.len());
        assert!(got.reconnects >= RECONNECTS);
        broken_off_within += got.within;
    }
    let all = 2 * WISHES as usize * RECONNECTS;
    assert!(broken_off_within > all / 2, "only {broken_off_within} of {all} broke off in the middle");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_small_log_has_lost_is_told_exactly() {
    let (_world, outcomes) = everyone(20, 100, None).await;
    let mut lost = 0;
    for Outcome { wish, over, got } in outcomes {
        let seqs = got.seen.iter().map(|text| {
            let message: Value = serde_json::from_str(text).expect("JSON");
            message["seq"].as_u64().expect("a number")
        });
        let seen: BTreeSet<u64> = seqs.collect();
        let gaps: BTreeSet<u64> = got.gone.iter().copied().collect();
        assert_eq!(gaps.len(), got.gone.len(), "{over}: no gap is told twice");
        assert!(seen.is_disjoint(&gaps));
        for seq in (1..=EVENTS).filter(|seq| wish.wants(*seq)) {
            assert!(
                seen.contains(&seq) || gaps.contains(&seq),
                "{over}: {seq} is neither seen nor told as gone"
            );
        }
        assert!(seen.iter().all(|seq| wish.wants(*seq)));
        lost += gaps.len();
    }
    assert!(lost > 0, "the log was meant to be too small for someone");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_small_log_has_lost_comes_from_the_history() {
    let folder = TempDir::new().expect("a folder");
    // Whoever stays away for longer than a second or so is behind it.
    let (world, outcomes) = everyone(2_500, 1, Some(folder.path())).await;
    world.settle().await;
    let history = &world.history.as_ref().expect("it records").history;
    let mut log = Vec::new();
    let mut after = 0;
    loop {
        let page = history.epoch_page(world.hub.epoch(), after, &Selection::default(), 500);
        let page = page.expect("readable").expect("known");
        log.extend(page.items.into_iter().map(|item| match item {
            Item::Event(record) => record,
            missing => panic!("{missing:?}"),
        }));
        after = page.up_to;
        if page.end.is_some() {
            break;
        }
    }
    assert_eq!(log.len() as u64, EVENTS);
    assert!(world.hub.oldest() > EVENTS / 4, "the log was meant to be too small");
    for Outcome { wish, over, got } in outcomes {
        assert_eq!(got.gone, [0; 0], "{over} {wish:?}");
        let wanted = log.iter().filter(|record| wish.wants(record.position.seq));
        let expected: Vec<_> = wanted.map(|record| cut_top(&record.json, wish.top_k as usize)).collect();
        assert!(got.seen == expected, "{over} {wish:?}: {} of {}", got.seen.len(), expected.len());
    }
    // Somebody who begins when it is over reads most of it from there.
    let mut late = world.client(&format!("?since={}:0&top_k=4", world.hub.epoch())).await;
    for record in &log {
        let text = loop {
            let text = late.text().await;
            if !text.contains(r#""type":"heartbeat""#) {
                break text;
            }
        };
        assert_eq!(text, record.json);
    }
}
