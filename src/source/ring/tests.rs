//! That what is read plus what is told lost is exactly what was written, in order, at exact places.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::source::mixdown::Mixer;
use crate::source::stop::{Stop, Stopped};

/// Follows a reader: every sample carries its own index, so any misplaced one shows.
#[derive(Default)]
struct Ledger {
    position: u64,
    losses: u64,
}

impl Ledger {
    /// Takes one read. True when the stream has ended.
    fn take(&mut self, read: Read, out: &[f32]) -> bool {
        match read {
            Read::Samples(n) => {
                for &sample in &out[..n] {
                    assert_eq!(sample, self.position as f32, "sample out of place");
                    self.position += 1;
                }
            }
            Read::Lost(n) => {
                assert!(n > 0, "a loss of nothing");
                self.position += n;
                self.losses += 1;
            }
            Read::Empty => (),
            Read::Ended => return true,
        }
        false
    }
}

fn numbered(from: u64, len: usize) -> Vec<f32> {
    (from..from + len as u64).map(|n| n as f32).collect()
}

#[test]
fn a_loss_lies_where_the_samples_are_missing() {
    let counters = Arc::new(SourceCounters::default());
    let (mut writer, mut reader) = ring(4, Arc::clone(&counters));
    let mut out = [0.0; 8];
    writer.write(&numbered(0, 6));
    assert_eq!(reader.read(&mut out[..2]), Read::Samples(2));
    // There is room again, but a hole must not be followed by samples before it has been told.
    writer.write(&numbered(6, 3));
    assert_eq!(reader.lag(), 2);
    assert_eq!(reader.read(&mut out), Read::Samples(2));
    assert_eq!(out[..2], [2.0, 3.0]);
    assert_eq!(reader.read(&mut out), Read::Lost(5));
    assert_eq!(reader.read(&mut out), Read::Empty);
    writer.write(&numbered(9, 1));
    drop(writer);
    assert_eq!(reader.read(&mut out), Read::Samples(1));
    assert_eq!(out[0], 9.0);
    assert_eq!(reader.read(&mut out), Read::Ended);
    assert_eq!(counters.samples.get(), 5);
    assert_eq!(counters.samples_lost.get(), 5);
}

#[test]
fn a_loss_at_the_very_end_is_told_before_the_end() {
    let (mut writer, mut reader) = ring(2, Arc::default());
    writer.write(&numbered(0, 5));
    drop(writer);
    let mut out = [0.0; 8];
    assert_eq!(reader.read(&mut out), Read::Samples(2));
    assert_eq!(reader.read(&mut out), Read::Lost(3));
    assert_eq!(reader.read(&mut out), Read::Ended);
    assert_eq!(reader.read(&mut out), Read::Ended);
}

#[test]
fn interleaved_frames_become_their_mean() {
    let (mut writer, mut reader) = ring(1024, Arc::default());
    let data: Vec<f32> = (0..600).flat_map(|n| [n as f32 - 1.0, n as f32 + 1.0]).collect();
    writer.write_interleaved(&data, &Mixer::mean(2), |x| x);
    writer.write_interleaved(&[f32::NAN, 1.0, f32::INFINITY, 1.0, 7.0], &Mixer::mean(2), |x| x);
    drop(writer);
    let mut out = [0.0; 1024];
    assert_eq!(reader.read(&mut out), Read::Samples(602));
    assert_eq!(out[..600], numbered(0, 600));
    assert_eq!(out[600..602], [0.0, 0.0]);
}

#[test]
fn a_waiting_writer_is_freed_by_stop_and_by_a_reader_that_goes() {
    for goes in [false, true] {
        let stop = Stop::new();
        let (mut writer, reader) = ring(2, Arc::default());
        let freed = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| writer.write_all(&numbered(0, 9), &stop, &|| ()));
            while reader.lag() < 2 {
                std::thread::yield_now();
            }
            if goes {
                drop(reader);
            } else {
                stop.stop();
            }
            waiting.join().expect("no panic")
        });
        assert_eq!(freed, Err(Stopped));
    }
}

proptest! {
    #[test]
    fn any_interleaving_keeps_the_account(
        capacity in 1usize..40,
        steps in prop::collection::vec((any::<bool>(), 0usize..50), 1..200),
    ) {
        let counters = Arc::new(SourceCounters::default());
        let (mut writer, mut reader) = ring(capacity, Arc::clone(&counters));
        let mut ledger = Ledger::default();
        let mut written = 0;
        let mut out = [0.0; 64];
        for (write, len) in steps {
            if write {
                writer.write(&numbered(written, len));
                written += len as u64;
            } else {
                let read = reader.read(&mut out[..len]);
                prop_assert_ne!(read, Read::Ended);
                ledger.take(read, &out);
            }
        }
        drop(writer);
        loop {
            let read = reader.read(&mut out);
            if ledger.take(read, &out) {
                break;
            }
        }
        prop_assert_eq!(ledger.position, written);
        prop_assert_eq!(counters.samples.get() + counters.samples_lost.get(), written);
    }
}

/// Small rings and uneven blocks, so that the two threads meet at the edges all the time.
#[test]
fn threads_keep_the_account_under_overrun() {
    const TOTAL: u64 = 4_000_000;
    for capacity in [1, 7, 64, 1000] {
        let counters = Arc::new(SourceCounters::default());
        let (mut writer, mut reader) = ring(capacity, Arc::clone(&counters));
        let mut ledger = Ledger::default();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let (mut written, mut turn) = (0, 0usize);
                while written < TOTAL {
                    turn += 1;
                    let len = (turn * 7919 % 97).min((TOTAL - written) as usize);
                    writer.write(&numbered(written, len));
                    written += len as u64;
                    if turn % 16 == 0 {
                        std::thread::yield_now();
                    }
                }
            });
            let mut out = [0.0; 61];
            let mut turn = 0usize;
            loop {
                turn += 1;
                let read = reader.read(&mut out[..1 + turn % 61]);
                if ledger.take(read, &out) {
                    break;
                }
            }
        });
        assert_eq!(ledger.position, TOTAL);
        assert_eq!(counters.samples.get() + counters.samples_lost.get(), TOTAL);
        assert!(counters.samples.get() > 0);
        if capacity < 64 {
            assert!(ledger.losses > 0, "nothing was lost: not a stress test");
        }
    }
}

#[test]
fn threads_lose_nothing_when_the_writer_waits() {
    const TOTAL: u64 = 2_000_000;
    for capacity in [1, 7, 1000] {
        let total = if capacity == 1 { TOTAL / 20 } else { TOTAL };
        let counters = Arc::new(SourceCounters::default());
        let (mut writer, mut reader) = ring(capacity, Arc::clone(&counters));
        let mut ledger = Ledger::default();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let stop = Stop::new();
                let (mut written, mut turn) = (0, 0usize);
                while written < total {
                    turn += 1;
                    let len = (turn * 7919 % 4096).min((total - written) as usize);
                    writer.write_all(&numbered(written, len), &stop, &|| ()).expect("nobody stops it");
                    written += len as u64;
                }
            });
            let mut out = [0.0; 333];
            loop {
                let read = reader.read(&mut out);
                if read == Read::Empty {
                    std::thread::yield_now();
                }
                if ledger.take(read, &out) {
                    break;
                }
            }
        });
        assert_eq!(ledger.position, total);
        assert_eq!(ledger.losses, 0);
        assert_eq!(counters.samples.get(), total);
    }
}
