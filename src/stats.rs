//! Atomic counters that every thread may bump and the server may read at any time.
//! Touch it to count something new; a counter only ever grows.

mod histogram;

use std::sync::atomic::{AtomicU64, Ordering};

pub use histogram::{BOUNDS_S, DurationCounts, Durations};

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

/// Lines that were kept out of the log, because there were too many of their kind.
pub static LOG_LINES_LEFT_OUT: Counter = Counter(AtomicU64::new(0));

/// What one source has done since the daemon started.
#[derive(Debug, Default)]
pub struct SourceCounters {
    /// Samples (mono, native rate) that entered the ring.
    pub samples: Counter,
    /// Samples that found the ring full and were dropped.
    pub samples_lost: Counter,
    /// Errors the audio system reported to the stream's error callback.
    pub device_errors: Counter,
    /// Those of them that say that the audio system lost samples: its buffer was not read in time.
    pub xruns: Counter,
    /// How often it has delivered again after it had been away.
    pub reconnects: Counter,
    /// `genre.window` events published.
    pub windows: Counter,
    /// Hops whose evaluation was skipped because the model was behind.
    pub skipped_hops: Counter,
    /// A gauge: every how manyth hop is evaluated; 0 before the first.
    pub hop_lengthening: Counter,
    /// `source.gap` events published.
    pub gaps: Counter,
    /// Milliseconds of audio that they told as lost.
    pub gap_ms: Counter,
    /// A gauge: milliseconds of a station's audio that have come and are not played yet.
    pub behind_live_ms: Counter,
    /// A gauge: samples that wait in the ring, as its reader saw last.
    pub ring_samples: Counter,
    /// A gauge: samples that have room in the ring; 0 before the first.
    pub ring_capacity: Counter,
    /// How long the model took for each window.
    pub inference: Durations,
    /// From the last sound of each window to its event; of paced sources only.
    pub capture_to_emit: Durations,
}
