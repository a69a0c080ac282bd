//! What a reader gets: pages of events in the order in which they were published, and what is missing between them.
//! Touch it when a page is to tell more.

use std::sync::Arc;

use jiff::Timestamp;

/// A place in the history: after this event, or before the first of its epoch (`seq` 0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// ULID of the daemon's run.
    pub epoch: Arc<str>,
    /// Sequence number within it.
    pub seq: u64,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}

/// An event as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which one.
    pub position: Position,
    /// Name of its source.
    pub source: Arc<str>,
    /// Its `type`.
    pub kind: Arc<str>,
    /// When it was published.
    pub time: Timestamp,
    /// The event as subscribers got it who asked for every label.
    pub json: String,
}

/// Why events are not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingReason {
    /// They were too old, or there were too many.
    Pruned,
    /// They could not be written while there was time.
    NotRecorded,
    /// They were written, but the file is damaged at their place.
    Damaged,
}

/// A piece of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An event.
    Event(Record),
    /// Events of the epoch that are not there, both ends included, whatever was asked for.
    Missing {
        /// The first one.
        from_seq: u64,
        /// The last one.
        to_seq: u64,
        /// Why.
        reason: MissingReason,
    },
}

/// A stretch of one epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochPage {
    /// By rising `seq`.
    pub items: Vec<Item>,
    /// Everything up to this `seq` has been looked at: go on after it.
    pub up_to: u64,
    /// What comes then, if there is no more of this epoch.
    pub end: Option<EpochEnd>,
}

/// What is known at the end of what was recorded of an epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochEnd {
    /// The last `seq` that is known.
    pub last_seq: u64,
    /// True if that run ended in order, so that nothing came after `last_seq`; false while it goes on, or after a crash.
    pub complete: bool,
    /// The next run that was recorded.
    pub next: Option<Arc<str>>,
}

/// A stretch over all epochs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// In the order of publication.
    pub records: Vec<Record>,
    /// Go on after it; `None` when there is no more.
    pub next: Option<Position>,
}
