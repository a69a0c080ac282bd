//! Nothing lost, nothing twice: subscribers that come and go see the log, or are told what they miss of it.
//! Touch it when resuming changes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::events::{changed, state, window};
use super::world::{Client, World};

const EVENTS: u64 = 2_000;
const SUBSCRIBERS: u64 = 20;
const DISCONNECTS: usize = 10;

/// Xorshift: chance that can be repeated.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
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

struct Wish {
    sources: Vec<&'static str>,
    types: Vec<&'static str>,
    min_p: f32,
    top_k: u64,
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

    async fn connect(&self, world: &World, since: &str, by_query: bool) -> Client {
        if by_query {
            let (sources, types) = (self.sources.join(","), self.types.join(","));
            let (min_p, top_k) = (self.min_p, self.top_k);
            let query = format!("?sources={sources}&types={types}&min_p={min_p}&top_k={top_k}&since={since}");
            return world.client(&query).await;
        }
        let mut client = world.client("").await;
        let wish = json!({
            "type": "subscribe", "sources": self.sources, "types": self.types,
            "min_p": self.min_p, "top_k": self.top_k, "since": since,
        });
        client.say(wish).await;
        client
    }
}

/// Follows the whole log with many disconnects; returns the frames seen, and the seqs told as gone.
async fn follow(world: &World, wish: &Wish, chance: &mut Chance) -> (Vec<String>, Vec<u64>) {
    let (mut seen, mut gone, mut cursor) = (Vec::new(), Vec::new(), 0);
    let mut disconnects = 0;
    while disconnects < DISCONNECTS || cursor < EVENTS {
        let since = format!("{}:{cursor}", world.hub.epoch());
        let by_query = chance.below(2) == 0;
        let mut client = wish.connect(world, &since, by_query).await;
        let last = disconnects >= DISCONNECTS;
        let mut left = chance.below(60);
        while (left > 0 || last) && cursor < EVENTS {
            left = left.saturating_sub(1);
            let text = client.text().await;
            let message: Value = serde_json::from_str(&text).expect("JSON");
            let number = |field: &str| message[field].as_u64().expect("a number");
            match message["type"].as_str() {
                Some("heartbeat") => cursor = number("cursor"),
                Some("gap") => {
                    assert_eq!(message["reason"], "evicted");
                    gone.extend(number("from_seq")..=number("to_seq"));
                    cursor = number("to_seq");
                }
                _ => {
                    assert!(number("seq") > cursor, "{text}");
                    cursor = number("seq");
                    seen.push(text);
                }
            }
        }
        disconnects += 1;
        // Half of them say good-bye, half just vanish.
        if chance.below(2) == 0 {
            client.send(Message::Close(None)).await;
        }
    }
    (seen, gone)
}

/// All subscribers at once, while a plain thread publishes.
///
/// A log that keeps less than `burst` events has moved on before anyone could read it.
async fn everyone(keep: usize, burst: u64) -> (Arc<World>, Vec<(Wish, Vec<String>, Vec<u64>)>) {
    let world =
        Arc::new(World::with(keep, |settings| settings.live.heartbeat = Duration::from_millis(20)).await);
    let tasks: Vec<_> = (1..=SUBSCRIBERS)
        .map(|number| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                let mut chance = Chance(0x9E37_79B9_7F4A_7C15 ^ number);
                let wish = Wish::any(&mut chance);
                let (seen, gone) = follow(&world, &wish, &mut chance).await;
                (wish, seen, gone)
            })
        })
        .collect();
    let publisher = {
        let world = Arc::clone(&world);
        thread::spawn(move || {
            for seq in 1..=EVENTS {
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
async fn two_hundred_disconnects_lose_nothing_and_repeat_nothing() {
    let (world, outcomes) = everyone(20_000, 1).await;
    let mut log = Vec::new();
    world.hub.read(0, usize::MAX, &mut log);
    assert_eq!(log.len() as u64, EVENTS);
    for (wish, seen, gone) in outcomes {
        assert_eq!(gone, [0; 0]);
        let wanted = log.iter().filter(|entry| wish.wants(entry.seq()));
        let expected: Vec<_> =
            wanted.map(|entry| entry.frame(wish.top_k as usize).as_str().to_owned()).collect();
        assert_eq!(seen, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_small_log_has_lost_is_told_exactly() {
    let (_world, outcomes) = everyone(20, 100).await;
    let mut lost = 0;
    for (wish, seen, gone) in outcomes {
        let seqs = seen.iter().map(|text| {
            let message: Value = serde_json::from_str(text).expect("JSON");
            message["seq"].as_u64().expect("a number")
        });
        let seen: BTreeSet<u64> = seqs.collect();
        let gaps: BTreeSet<u64> = gone.iter().copied().collect();
        assert_eq!(gaps.len(), gone.len(), "no gap is told twice");
        assert!(seen.is_disjoint(&gaps));
        for seq in (1..=EVENTS).filter(|seq| wish.wants(*seq)) {
            assert!(seen.contains(&seq) || gaps.contains(&seq), "{seq} is neither seen nor told as gone");
        }
        assert!(seen.iter().all(|seq| wish.wants(*seq)));
        lost += gaps.len();
    }
    assert!(lost > 0, "the log was meant to be too small for someone");
}
