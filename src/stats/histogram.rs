//! A histogram of durations that any thread may add to: some atomics, no lock and no heap.
//! Touch it when durations are to be sorted otherwise.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets, in seconds: from what a small model takes to what nobody waits for.
pub const BOUNDS_S: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Durations, sorted into buckets; each adds up since the start.
#[derive(Debug, Default)]
pub struct Durations {
    /// How many fell between the bound before (not included) and this one; the last are beyond all bounds.
    buckets: [AtomicU64; BOUNDS_S.len() + 1],
    nanoseconds: AtomicU64,
}

/// What a histogram holds at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DurationCounts {
    /// As many as there are bounds, and one more for what is beyond them. Not cumulative.
    pub buckets: [u64; BOUNDS_S.len() + 1],
    /// Seconds of all of them together.
    pub sum_s: f64,
}

impl Durations {
    /// Adds one. Real-time safe: two atomic additions.
    pub fn record(&self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let bucket = BOUNDS_S.partition_point(|bound| *bound < seconds);
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// What there is now. One that is added meanwhile may be in the sum and not yet in a bucket, or the reverse.
    pub fn counts(&self) -> DurationCounts {
        DurationCounts {
            buckets: std::array::from_fn(|index| self.buckets[index].load(Ordering::Relaxed)),
            sum_s: self.nanoseconds.load(Ordering::Relaxed) as f64 / 1e9,
        }
    }
}

impl DurationCounts {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_falls_below_the_first_bound_that_holds_it() {
        let durations = Durations::default();
        for (milliseconds, bucket) in [(0, 0), (1, 0), (2, 1), (10, 3), (11, 4), (10_000, 12), (10_001, 13)] {
            let before = durations.counts().buckets[bucket];
            durations.record(Duration::from_millis(milliseconds));
            assert_eq!(durations.counts().buckets[bucket], before + 1, "{milliseconds} ms");
        }
        let counts = durations.counts();
        assert_eq!(counts.count(), 7);
        assert!((counts.sum_s - 20.025).abs() < 1e-9, "{}", counts.sum_s);
    }

    #[test]
    fn bounds_rise() {
        assert!(BOUNDS_S.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
