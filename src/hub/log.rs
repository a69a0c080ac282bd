//! The bounded log: consecutive events, evicted from the front.
//! Touch it when what is kept, or what a reader is told about the rest, changes.

use std::collections::VecDeque;
use std::sync::Arc;

use super::HubLimits;
use super::entry::{Entry, Meter};

/// What a read found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadResult {
    /// Events were appended; there may be more.
    Events,
    /// There is nothing after the cursor yet.
    UpToDate,
    /// The log has moved past the cursor: these events (both ends included) can no longer be read.
    Gap {
        /// The first that is gone.
        from_seq: u64,
        /// The last that is gone.
        to_seq: u64,
    },
}

#[derive(Debug)]
pub(super) struct Log {
    limits: HubLimits,
    meter: Arc<Meter>,
    entries: VecDeque<Arc<Entry>>,
    latest: u64,
}

impl Log {
    pub(super) fn new(limits: HubLimits, meter: Arc<Meter>) -> Self {
        Self { limits, meter, entries: VecDeque::new(), latest: 0 }
    }

    pub(super) fn limits(&self) -> HubLimits {
        self.limits
    }

    /// Returns what the new bounds evict, to be freed outside the lock.
    pub(super) fn set_limits(&mut self, limits: HubLimits) -> Vec<Arc<Entry>> {
        self.limits = limits;
        let evicted = self.trim();
        self.entries.shrink_to(limits.events.saturating_add(1));
        evicted
    }

    pub(super) fn latest(&self) -> u64 {
        self.latest
    }

    pub(super) fn oldest(&self) -> u64 {
        self.latest + 1 - self.entries.len() as u64
    }

    /// Appends the entry whose `seq` is `latest + 1`; returns what had to go for it.
    pub(super) fn push(&mut self, entry: Arc<Entry>) -> Vec<Arc<Entry>> {
        self.latest = entry.seq();
        self.entries.push_back(entry);
        self.trim()
    }

    /// Evicts until the bounds hold, all but the newest; returns what was evicted, to be freed outside the lock.
    pub(super) fn trim(&mut self) -> Vec<Arc<Entry>> {
        let mut evicted = Vec::new();
        while self.entries.len() > 1 && self.over() {
            if let Some(entry) = self.entries.pop_front() {
                entry.leave();
                evicted.push(entry);
            }
        }
        evicted
    }

    fn over(&self) -> bool {
        self.entries.len() > self.limits.events || self.meter.bytes() > self.limits.bytes
    }

    pub(super) fn read(&self, after: u64, max: usize, out: &mut Vec<Arc<Entry>>) -> ReadResult {
        let oldest = self.oldest();
        if after >= self.latest {
            return ReadResult::UpToDate;
        }
        if after + 1 < oldest {
            return ReadResult::Gap { from_seq: after + 1, to_seq: oldest - 1 };
        }
        let skip = (after + 1 - oldest) as usize;
        out.extend(self.entries.range(skip..).take(max).cloned());
        ReadResult::Events
    }
}
