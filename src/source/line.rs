//! What every kind of source works with: its specification, its counters, and whom it tells what.
//! Touch it when sources need something else from their owner.

use std::sync::Arc;
use std::time::SystemTime;

use super::ending::Ending;
use super::error::SourceError;
use super::ring::{RingReader, RingWriter, ring};
use super::stop::Stop;
use super::{Missing, Notice, SourceSpec, Stream};
use crate::event::SourceState;
use crate::stats::SourceCounters;
use crate::units::SampleRate;

/// The surroundings of a running source.
pub(super) struct Line<'a> {
    pub(super) spec: &'a SourceSpec,
    pub(super) counters: &'a Arc<SourceCounters>,
    pub(super) stop: &'a Stop,
    pub(super) notify: &'a mut dyn FnMut(Notice),
    pub(super) wake: &'a dyn Fn(),
}

/// How a source came to its end without failing.
pub(super) enum Outcome {
    /// Played to its end.
    Ended(Ending),
    /// Told to stop.
    Stopped,
}

impl Line<'_> {
    /// Tells a state and, where there is one, its reason.
    pub(super) fn tell(&mut self, state: SourceState, reason: Option<String>) {
        (self.notify)(Notice::State { state, reason, remedy: None });
    }

    /// Tells a state with its reason and, where a person can do something about it, what.
    pub(super) fn tell_trouble(&mut self, state: SourceState, reason: String, remedy: Option<String>) {
        (self.notify)(Notice::State { state, reason: Some(reason), remedy });
    }

    /// Tells that the source is given up.
    pub(super) fn fail(&mut self, error: &SourceError) {
        self.tell_trouble(SourceState::Failed, error.to_string(), error.remedy());
    }

    /// A ring as large as the specification says.
    pub(super) fn ring(&self, rate: SampleRate) -> (RingWriter, RingReader) {
        let capacity = capacity(self.spec.ring_seconds, self.spec.uri.pace(), rate);
        ring(capacity, Arc::clone(self.counters))
    }

    /// Tells that a continuous run begins, whose first sample belongs to `anchor`.
    pub(super) fn begin(&mut self, reader: RingReader, rate: SampleRate, anchor: SystemTime) {
        self.begin_after(None, reader, rate, anchor);
    }

    /// As [`begin`](Self::begin), after something that was broadcast but could not be had.
    pub(super) fn begin_after(
        &mut self,
        missing: Option<Missing>,
        reader: RingReader,
        rate: SampleRate,
        anchor: SystemTime,
    ) {
        let pace = self.spec.uri.pace();
        (self.notify)(Notice::Stream(Stream { reader, rate, anchor, pace, missing }));
    }
}

/// The most samples for which a ring is made larger because its source is fast: 64 MiB.
const LARGEST: usize = 16 * 1024 * 1024;

/// Samples of a ring that holds what comes in so many seconds of the wall clock, so that a source faster than real
/// time leaves its reader as much time as any other.
pub(super) fn capacity(seconds: f64, pace: Option<f64>, rate: SampleRate) -> usize {
    let samples = |seconds| usize::try_from(rate.samples(seconds)).unwrap_or(usize::MAX);
    let fast = samples(seconds * pace.unwrap_or(1.0)).min(LARGEST);
    fast.max(samples(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_of_a_fast_source_is_larger_within_bounds() {
        let rate = SampleRate::new(44_100).expect("not zero");
        assert_eq!(capacity(4.0, Some(1.0), rate), 176_400);
        assert_eq!(capacity(4.0, Some(20.0), rate), 3_528_000);
        assert_eq!(capacity(4.0, Some(0.001), rate), 176_400);
        assert_eq!(capacity(4.0, None, rate), 176_400);
        assert_eq!(capacity(4.0, Some(1000.0), rate), LARGEST);
        let highest = SampleRate::new(768_000).expect("not zero");
        assert_eq!(capacity(60.0, Some(1.0), highest), 46_080_000, "what was asked for is not made smaller");
    }
}
