//! What every kind of source works with: its specification, its counters, and whom it tells what.
//! Touch it when sources need something else from their owner.

use std::sync::Arc;
use std::time::SystemTime;

use super::ending::Ending;
use super::error::SourceError;
use super::ring::{RingReader, RingWriter, ring};
use super::stop::Stop;
use super::{Notice, SourceSpec, Stream};
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
        ring_for(self.spec.ring_seconds, rate, self.counters)
    }

    /// Tells that a continuous run begins, whose first sample belongs to `anchor`.
    pub(super) fn begin(&mut self, reader: RingReader, rate: SampleRate, anchor: SystemTime) {
        let pace = self.spec.uri.pace();
        (self.notify)(Notice::Stream(Stream { reader, rate, anchor, pace }));
    }
}

/// A ring for that many seconds.
pub(super) fn ring_for(
    seconds: f64,
    rate: SampleRate,
    counters: &Arc<SourceCounters>,
) -> (RingWriter, RingReader) {
    let capacity = usize::try_from(rate.samples(seconds)).unwrap_or(usize::MAX);
    ring(capacity, Arc::clone(counters))
}
