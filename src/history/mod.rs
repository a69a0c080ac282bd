//! The history: every logged event in one SQLite file, so that a replay reaches beyond the memory of the hub and over
//! restarts. Touch it when who may read or write it changes.
//!
//! One thread writes ([`Recorder`]): a cursor into the hub's log, like any subscriber, so no publisher ever waits for a
//! disk. Everybody else reads ([`History`]) over connections of their own, page by page, and blocks meanwhile.
//! Whatever happens to the file, events go on: what was missed is caught up from the hub's log as far as that
//! reaches, and the rest is a hole that a replay tells.

mod codec;
mod epochs;
mod error;
mod folder;
mod json;
mod moment;
mod page;
mod prune;
mod reader;
mod recorder;
mod schema;
mod segments;
mod select;
mod shared;
mod status;
mod store;
mod table;
#[cfg(test)]
mod tests;

pub use error::HistoryError;
pub use folder::FILE_NAME;
pub use json::{cut_top, top_p};
pub use moment::moment;
pub use page::{EpochEnd, EpochPage, Item, MissingReason, Page, Position, Record};
pub use reader::Reader;
pub use recorder::{Recorder, Stop};
pub use segments::{Segment, SegmentPage};
pub use select::Selection;
pub use shared::History;
pub use status::{Status, StatusKind};
pub use table::{EVENT_COLUMNS, SEGMENT_COLUMNS, SegmentRow, csv_head, event_csv, segment_csv, segment_json};

/// How much is kept; whichever bound is met first lets the oldest go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Oldest age of an event, in days.
    pub keep_days: u32,
    /// Bytes that the database may take, its log of changes (at most 64 MiB, mostly 4) not counted.
    pub keep_bytes: u64,
    /// A ceiling that the file never goes beyond, even where the oldest cannot be let go in time; recording then fails
    /// as on a full disk.
    pub ceiling_bytes: u64,
}

impl Limits {
    /// With a ceiling that leaves room for what comes while the oldest is let go.
    pub fn new(keep_days: u32, keep_bytes: u64) -> Self {
        Self { keep_days, keep_bytes, ceiling_bytes: keep_bytes.saturating_add(CEILING_MARGIN) }
    }
}

impl Default for Limits {
    /// 30 days in 1 GiB.
    fn default() -> Self {
        Self::new(30, 1 << 30)
    }
}

/// Bytes between what is kept and what is never exceeded.
const CEILING_MARGIN: u64 = 64 << 20;
