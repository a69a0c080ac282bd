//! A subscriber's place in the log and what comes next for it, whichever way it is sent: WebSocket and SSE only carry.
//! Touch it when resuming, or the order of what a subscriber gets, changes; what comes from the history is in `past`.

mod past;

use std::collections::VecDeque;
use std::sync::Arc;

use super::archive::Archive;
use super::filter::Filter;
use super::message::{self, GapReason};
use super::request::Subscribe;
use crate::history::{Position, Selection};
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Served {
    /// The item is this event.
    Event(Position),
    /// The item is no event, but nothing up to this place follows it any more.
    UpTo(Position),
    /// The item is no event and moves nobody on.
    Nothing,
}

/// How far everything has been looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// In the history of an earlier run.
    Past(Position),
    /// Up to this `seq` of this run.
    Now(u64),
}

/// A cursor that lies before us.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("since is {asked}, but the newest event is {latest}; subscribe without since, or with a smaller one")]
pub(super) struct FutureCursor {
    asked: u64,
    latest: u64,
}

/// A subscription: a filter and a cursor into the log, and at most one batch of what follows it.
#[derive(Debug)]
pub(super) struct Feed {
    hub: Arc<Hub>,
    archive: Option<Archive>,
    /// Of this run.
    epoch: Arc<str>,
    filter: Filter,
    /// The filter in the words of the history.
    wanted: Arc<Selection>,
    place: Place,
    waiting: VecDeque<Item>,
    entries: Vec<Arc<Entry>>,
}

impl Feed {
    /// Begins where `since` wants it: after it if its epoch is known, else with a snapshot.
    pub(super) fn new(
        hub: Arc<Hub>,
        archive: Option<Archive>,
        wish: Subscribe,
    ) -> Result<Self, FutureCursor> {
        let Subscribe { filter, since } = wish;
        let latest = hub.latest();
        let mut feed = Self {
            epoch: hub.epoch().into(),
            wanted: Arc::new(filter.selection()),
            place: Place::Now(latest),
            waiting: VecDeque::new(),
            entries: Vec::new(),
            hub,
            archive,
            filter,
        };
        match since {
            Some(since) if *since.epoch == *feed.epoch => {
                if since.seq > latest {
                    return Err(FutureCursor { asked: since.seq, latest });
                }
                feed.place = Place::Now(since.seq);
            }
            // Whether it is known shows when it is read.
            Some(since) => feed.place = Place::Past(Position { epoch: since.epoch.into(), seq: since.seq }),
            None => feed.begin_with_the_present(false),
        }
        Ok(feed)
    }

    /// Tells how things are, and before that a gap if something else was asked for.
    fn begin_with_the_present(&mut self, instead: bool) {
        let snapshot = self.hub.snapshot();
        if instead {
            let text = message::gap(&self.epoch, 1, snapshot.seq, GapReason::UnknownEpoch).into();
            // Only the snapshot moves the client on: cut off in between, it must get both again.
            self.waiting.push_back(Item { kind: "gap", text, served: Served::Nothing });
        }
        let text = message::snapshot(&self.hub, &snapshot, &self.filter).into();
        self.waiting.push_back(Item { kind: "snapshot", text, served: Served::UpTo(self.at(snapshot.seq)) });
        self.place = Place::Now(snapshot.seq);
    }

    /// The history is read no further; what memory has let go is then told as gone.
    pub(super) fn close_the_past(&mut self) {
        self.archive = None;
    }

    /// The place up to which nothing follows any more, once [`Self::take`] has given everything.
    pub(super) fn position(&self) -> Position {
        match &self.place {
            Place::Past(position) => position.clone(),
            Place::Now(seq) => self.at(*seq),
        }
    }

    /// The `seq` of this run up to which nothing follows any more.
    pub(super) fn seq(&self) -> u64 {
        match self.place {
            Place::Past(_) => 0,
            Place::Now(seq) => seq,
        }
    }

    /// Whether everything up to this `seq` of this run has been looked at, or will not be before long.
    pub(super) fn is_over(&self, seq: u64) -> bool {
        match self.place {
            Place::Past(_) => true,
            Place::Now(now) => now >= seq,
        }
    }

    /// Whether an earlier run is still being replayed.
    pub(super) fn is_past(&self) -> bool {
        matches!(self.place, Place::Past(_))
    }

    /// Reads on in the log, unless something still waits to be taken; true if there may be more. Waits for a disk at
    /// most, and only for what is no longer in memory.
    pub(super) async fn advance(&mut self) -> bool {
        if !self.waiting.is_empty() {
            return true;
        }
        let cursor = match &self.place {
            Place::Now(cursor) => *cursor,
            Place::Past(position) => {
                let position = position.clone();
                Box::pin(self.past(position)).await;
                return true;
            }
        };
        match self.hub.read(cursor, BATCH, &mut self.entries) {
            ReadResult::UpToDate => return false,
            ReadResult::Gap { from_seq, to_seq } => Box::pin(self.behind(from_seq, to_seq)).await,
            ReadResult::Events => {
                let more = self.entries.len() == BATCH;
                // Only frames are kept: an entry that leaves the log meanwhile is free at once.
                for entry in self.entries.drain(..) {
                    self.place = Place::Now(entry.seq());
                    if self.filter.passes(&entry) {
                        let text = entry.frame(self.filter.top_k);
                        let position = Position { epoch: Arc::clone(&self.epoch), seq: entry.seq() };
                        let served = Served::Event(position);
                        self.waiting.push_back(Item { kind: entry.type_name(), text, served });
                    }
                }
                return more;
            }
        }
        true
    }

    /// The next message, of what [`Self::advance`] has read.
    pub(super) fn take(&mut self) -> Option<Item> {
        self.waiting.pop_front()
    }

    fn at(&self, seq: u64) -> Position {
        Position { epoch: Arc::clone(&self.epoch), seq }
    }
}
