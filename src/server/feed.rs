//! A subscriber's place in the log and what comes next for it, whichever way it is sent: WebSocket and SSE only carry.
//! Touch it when resuming, or the order of what a subscriber gets, changes.

use std::collections::VecDeque;
use std::sync::Arc;

use super::filter::Filter;
use super::message::{self, GapReason};
use super::request::Subscribe;
use crate::hub::{Entry, Hub, ReadResult, Utf8Bytes};

/// Entries looked at before others get their turn: enough for few locks, few enough to hold on to while a client is
/// slow.
const BATCH: usize = 32;

/// A message for a subscriber.
#[derive(Debug)]
pub(super) struct Item {
    /// Its `type`.
    pub(super) kind: &'static str,
    /// Its JSON, in one line.
    pub(super) text: Utf8Bytes,
    pub(super) served: Served,
}

/// Where a subscriber is that has got an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Served {
    /// The item is the event with this `seq`.
    Event(u64),
    /// The item is no event, but nothing up to this `seq` follows it any more.
    UpTo(u64),
    /// The item is no event and moves nobody on.
    Nothing,
}

/// A cursor that lies before us.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("since is {asked}, but the newest event is {latest}; subscribe without since, or with a smaller one")]
pub(super) struct FutureCursor {
    asked: u64,
    latest: u64,
}

/// A subscription: a filter and a cursor into the hub's log, and at most one batch of what follows it.
#[derive(Debug)]
pub(super) struct Feed {
    hub: Arc<Hub>,
    filter: Filter,
    /// Looked at up to this `seq`.
    cursor: u64,
    waiting: VecDeque<Item>,
    entries: Vec<Arc<Entry>>,
}

impl Feed {
    /// Begins where `since` wants it: after it if it is of this epoch, else with a snapshot.
    pub(super) fn new(hub: Arc<Hub>, wish: Subscribe) -> Result<Self, FutureCursor> {
        let Subscribe { filter, since } = wish;
        let mut waiting = VecDeque::new();
        let cursor = match &since {
            Some(since) if since.epoch == hub.epoch() => {
                let latest = hub.latest();
                if since.seq > latest {
                    return Err(FutureCursor { asked: since.seq, latest });
                }
                since.seq
            }
            other => {
                let snapshot = hub.snapshot();
                let served = Served::UpTo(snapshot.seq);
                if other.is_some() {
                    let text = message::gap(&hub, 1, snapshot.seq, GapReason::UnknownEpoch).into();
                    // Only the snapshot moves the client on: cut off in between, it must get both again.
                    waiting.push_back(Item { kind: "gap", text, served: Served::Nothing });
                }
                let text = message::snapshot(&hub, &snapshot, &filter).into();
                waiting.push_back(Item { kind: "snapshot", text, served });
                snapshot.seq
            }
        };
        Ok(Self { hub, filter, cursor, waiting, entries: Vec::new() })
    }

    /// The `seq` up to which nothing follows any more, once [`Self::take`] has given everything.
    pub(super) fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Reads on in the log, unless something still waits to be taken; true if there may be more.
    pub(super) fn advance(&mut self) -> bool {
        if !self.waiting.is_empty() {
            return true;
        }
        match self.hub.read(self.cursor, BATCH, &mut self.entries) {
            ReadResult::UpToDate => return false,
            ReadResult::Gap { from_seq, to_seq } => {
                let text = message::gap(&self.hub, from_seq, to_seq, GapReason::Evicted).into();
                self.waiting.push_back(Item { kind: "gap", text, served: Served::UpTo(to_seq) });
                self.cursor = to_seq;
            }
            ReadResult::Events => {
                // Only frames are kept: an entry that leaves the log meanwhile is free at once.
                for entry in self.entries.drain(..) {
                    self.cursor = entry.seq();
                    if self.filter.passes(&entry) {
                        let text = entry.frame(self.filter.top_k);
                        let served = Served::Event(entry.seq());
                        self.waiting.push_back(Item { kind: entry.type_name(), text, served });
                    }
                }
            }
        }
        true
    }

    /// The next message, of what [`Self::advance`] has read.
    pub(super) fn take(&mut self) -> Option<Item> {
        self.waiting.pop_front()
    }
}
