//! Chance: publishing, restarts, kills, short logs, letting go. What is read afterwards is the log, or told as missing.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Move {
    Publish {
        source: u8,
        windows: u16,
    },
    Settle,
    /// The daemon ends in order, and another one begins.
    Restart,
    Keep {
        bytes: u64,
    },
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        6 => (0..3_u8, 1..300_u16).prop_map(|(source, windows)| Move::Publish { source, windows }),
        2 => Just(Move::Settle),
        2 => Just(Move::Restart),
        1 => (100_000..400_000_u64).prop_map(|bytes| Move::Keep { bytes }),
    ];
    proptest::collection::vec(one, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn a_replay_is_the_log_or_says_what_is_missing(moves in moves(), keep in 20..400_usize) {
        let place = folder();
        let mut limits = Limits::default();
        let mut run = Run::begin(place.path(), limits, keep);
        // By epoch, what was published under each number.
        let mut log: Vec<(String, BTreeMap<u64, String>)> = vec![(run.hub.epoch().to_owned(), BTreeMap::new())];
        for one in moves {
            match one {
                Move::Publish { source, windows } => {
                    for n in 0..windows {
                        let name = ["a", "b", "c"][usize::from(source)];
                        let seq = run.hub.publish(name, window(0.3 + f32::from(n % 70) / 100.0));
                        let mut entries = Vec::new();
                        run.hub.read(seq - 1, 1, &mut entries);
                        let frame = entries[0].frame(usize::MAX).as_str().to_owned();
                        log.last_mut().expect("a run").1.insert(seq, frame);
                    }
                }
                Move::Settle => run.settle(),
                Move::Keep { bytes } => {
                    limits = Limits::new(30, bytes);
                    run.history.set_limits(limits);
                }
                Move::Restart => {
                    run.end();
                    run = Run::begin(place.path(), limits, keep);
                    log.push((run.hub.epoch().to_owned(), BTreeMap::new()));
                }
            }
        }
        run.settle();
        // What is let go while this reads is told, too; so a page may find less than the one before.
        let mut known = false;
        for (place, (epoch, published)) in log.iter().enumerate() {
            if run.history.epoch_page(epoch, 0, &Selection::default(), 1).expect("readable").is_none() {
                prop_assert!(!known, "an epoch is gone, but not the one before it");
                continue;
            }
            known = true;
            let (items, end) = replay(&run.history, epoch, 0, &Selection::default());
            let mut next = 1;
            for item in items {
                match item {
                    Item::Event(record) => {
                        prop_assert_eq!(record.position.seq, next);
                        prop_assert_eq!(&record.json, &published[&next]);
                        next += 1;
                    }
                    Item::Missing { from_seq, to_seq, .. } => {
                        prop_assert_eq!(from_seq, next);
                        next = to_seq + 1;
                    }
                }
            }
            prop_assert_eq!(next, published.len() as u64 + 1);
            prop_assert_eq!(end.complete, place + 1 < log.len());
            // Runs that published nothing are passed over.
            let last = log.len() - 1;
            let follows = |at: &usize| *at == last || !log[*at].1.is_empty();
            let next = (place + 1..log.len()).find(follows).map(|at| log[at].0.as_str());
            prop_assert_eq!(end.next.as_deref(), next);
        }
        prop_assert!(known, "the current epoch is always there");
    }
}
