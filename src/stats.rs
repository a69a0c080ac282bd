//! Atomic counters that every thread may bump and the server may read at any time.
//! Touch it to count something new; a counter only ever grows.

use std::sync::atomic::{AtomicU64, Ordering};

/// A counter that is bumped without a lock and read without stopping anyone.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`. Real-time safe.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The value now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Replaces the value: for gauges such as "when was the last one".
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

/// What one source has done since the daemon started.
#[derive(Debug, Default)]
pub struct SourceCounters {
    /// Samples (mono, native rate) that entered the ring.
    pub samples: Counter,
    /// Samples that found the ring full and were dropped.
    pub samples_lost: Counter,
    /// Errors the audio system reported to the stream's error callback.
    pub device_errors: Counter,
    /// `genre.window` events published.
    pub windows: Counter,
    /// Hops whose evaluation was skipped because the model was behind.
    pub skipped_hops: Counter,
    /// `source.gap` events published.
    pub gaps: Counter,
    /// A gauge: milliseconds of a station's audio that have come and are not played yet.
    pub behind_live_ms: Counter,
}
