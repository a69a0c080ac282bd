//! The hub's log: whatever is published and read, in whatever order, reads and gaps together are the log.
//! Touch it when the log keeps or tells something else.

#[path = "server/events.rs"]
mod events;

use std::sync::Arc;
use std::thread;

use events::{changed, state, window};
use genrecast::hub::{Entry, Hub, HubLimits, ReadResult};
use proptest::prelude::*;

const ROOMY: HubLimits = HubLimits { events: 20_000, bytes: 64 << 20 };

fn all(hub: &Hub) -> Vec<Arc<Entry>> {
    let mut out = Vec::new();
    hub.read(hub.oldest() - 1, usize::MAX, &mut out);
    out
}

#[derive(Debug, Clone)]
enum Step {
    Publish(usize),
    Read { reader: usize, max: usize, top_k: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..400_usize).prop_map(Step::Publish),
        (0..3_usize, 1..9_usize, 0..7_usize).prop_map(|(reader, max, top_k)| Step::Read {
            reader,
            max,
            top_k
        }),
    ];
    prop::collection::vec(step, 0..200)
}

/// A reader that checks, seq by seq, that it is told of every event once: as itself or as part of a gap.
#[derive(Default)]
struct Reader {
    cursor: u64,
}

impl Reader {
    fn read(&mut self, hub: &Hub, max: usize, top_k: usize) -> ReadResult {
        let mut out = Vec::new();
        let latest = hub.latest();
        let result = hub.read(self.cursor, max, &mut out);
        match result {
            ReadResult::Gap { from_seq, to_seq } => {
                assert!(out.is_empty());
                assert_eq!(from_seq, self.cursor + 1);
                assert!(to_seq >= from_seq);
                self.cursor = to_seq;
            }
            ReadResult::Events => {
                assert!(!out.is_empty() && out.len() <= max);
                for entry in out {
                    self.cursor += 1;
                    assert_eq!(entry.seq(), self.cursor);
                    let json: serde_json::Value = serde_json::from_str(&entry.frame(top_k)).expect("JSON");
                    assert_eq!(json["seq"], self.cursor);
                }
            }
            // Others may publish meanwhile.
            ReadResult::UpToDate => assert!(self.cursor >= latest),
        }
        result
    }
}

proptest! {
    #[test]
    fn reads_and_gaps_are_the_log(events in 1..12_usize, bytes in 500..20_000_usize, steps in steps()) {
        let hub = Hub::new(HubLimits { events, bytes });
        let mut readers: [Reader; 3] = Default::default();
        let mut published = 0;
        for step in steps {
            match step {
                Step::Publish(size) => {
                    let body = if size % 2 == 0 { state(&"x".repeat(size)) } else { window(0.5) };
                    published += 1;
                    prop_assert_eq!(hub.publish("mic", body), published);
                    let kept = hub.latest() + 1 - hub.oldest();
                    prop_assert!(kept >= 1 && kept <= events as u64);
                    prop_assert!(kept == 1 || hub.bytes() <= bytes);
                }
                Step::Read { reader, max, top_k } => { readers[reader].read(&hub, max, top_k); }
            }
        }
        for reader in &mut readers {
            while reader.read(&hub, 3, 2) != ReadResult::UpToDate {}
            prop_assert_eq!(reader.cursor, published);
        }
    }
}

#[test]
fn many_publishers_make_one_order() {
    let hub = Hub::new(ROOMY);
    let mut told = hub.watch();
    thread::scope(|scope| {
        for name in ["a", "b", "c", "d"] {
            let hub = &hub;
            scope.spawn(move || {
                for n in 0..500 {
                    hub.publish(name, state(&n.to_string()));
                }
            });
        }
        // Reads while it is written.
        let mut reader = Reader::default();
        while reader.cursor < 2_000 {
            reader.read(&hub, 64, 1);
        }
    });
    assert_eq!(*told.borrow_and_update(), 2_000);
    let log = all(&hub);
    assert_eq!(log.len(), 2_000);
    for name in ["a", "b", "c", "d"] {
        let of = log.iter().filter(|entry| entry.source() == name);
        let reasons: Vec<_> = of
            .map(|entry| {
                let json: serde_json::Value = serde_json::from_str(&entry.frame(1)).expect("JSON");
                json["reason"].as_str().expect("a reason").to_owned()
            })
            .collect();
        let expected: Vec<_> = (0..500).map(|n| n.to_string()).collect();
        assert_eq!(reasons, expected, "{name}");
    }
    let times: Vec<_> = log.iter().map(|entry| entry.event().time).collect();
    assert!(times.iter().all(|time| time.subsec_nanosecond() % 1_000_000 == 0));
}

#[test]
fn each_variant_is_serialised_once() {
    let hub = Hub::new(ROOMY);
    for _ in 0..50 {
        hub.publish("mic", window(0.7));
        hub.publish("mic", changed());
    }
    assert_eq!(hub.frames_serialised(), 0, "nothing is, before it is asked for");
    let read = || -> Vec<_> {
        let frames = all(&hub).into_iter().map(|entry| {
            // Variants 2, 4 and "more than there are", which is 4 again.
            [2, 4, 99].map(|top_k| entry.frame(top_k).as_str().as_ptr() as usize)
        });
        frames.collect()
    };
    let seen: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(read)).collect();
        threads.into_iter().map(|t| t.join().expect("no panic")).collect()
    });
    assert!(seen.iter().all(|frames| *frames == seen[0]), "all share the same bytes");
    assert_eq!(hub.frames_serialised(), 50 * 2 + 50);
}

#[test]
fn frames_count_into_the_bytes_only_while_logged() {
    let limits = HubLimits { events: 10, bytes: 64 << 20 };
    let hub = Hub::new(limits);
    for _ in 0..10 {
        hub.publish("mic", window(0.7));
    }
    let before = hub.bytes();
    let old = all(&hub);
    let frames: usize = old.iter().map(|entry| entry.frame(1).len()).sum();
    assert_eq!(hub.bytes(), before + frames);
    for _ in 0..10 {
        hub.publish("mic", window(0.7));
    }
    assert_eq!(hub.bytes(), before);
    // A slow reader still holds what has been evicted.
    assert!(old.iter().all(|entry| !entry.frame(3).is_empty()));
    assert_eq!(hub.bytes(), before);
}

#[test]
fn windows_are_cut_to_top_k_and_stay_true() {
    let hub = Hub::new(ROOMY);
    hub.publish("mic", window(0.7));
    let entry = all(&hub).remove(0);
    for (top_k, labels) in [(0, 1), (1, 1), (3, 3), (4, 4), (5, 4)] {
        let event: genrecast::event::Event = serde_json::from_str(&entry.frame(top_k)).expect("an event");
        let genrecast::event::EventBody::Window(window) = event.body else {
            panic!("a window");
        };
        assert_eq!(window.top.len(), labels);
        assert_eq!(window.top[0].p, 0.7);
        assert_eq!((event.seq, event.epoch.as_str()), (1, hub.epoch()));
    }
    assert_eq!((entry.top_p(), entry.type_name()), (Some(0.7), "genre.window"));
}

#[test]
fn snapshots_outlive_eviction() {
    let hub = Hub::new(HubLimits { events: 2, bytes: 64 << 20 });
    hub.publish("b", state("first"));
    hub.publish("b", window(0.4));
    hub.publish("a", state("other"));
    for _ in 0..5 {
        hub.publish("a", changed());
    }
    let snapshot = hub.snapshot();
    assert_eq!((snapshot.seq, hub.oldest()), (8, 7));
    let seqs: Vec<_> = snapshot
        .sources
        .iter()
        .map(|of| {
            let seq = |entry: &Option<Arc<Entry>>| entry.as_ref().map(|entry| entry.seq());
            (&*of.source, seq(&of.state), seq(&of.window))
        })
        .collect();
    assert_eq!(seqs, [("a", Some(3), None), ("b", Some(1), Some(2))]);
}

#[test]
fn every_start_has_an_epoch_of_its_own() {
    let (one, other) = (Hub::new(ROOMY), Hub::new(ROOMY));
    assert_ne!(one.epoch(), other.epoch());
    assert_eq!(one.epoch().len(), 26);
    assert_eq!((one.oldest(), one.latest()), (1, 0));
}
