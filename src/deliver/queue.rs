//! What waits for one output: a cursor into the hub's log and the wanted events behind it, at most so many. Touch it when
//! what is dropped, or how that is told, changes.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;

use super::Selection;
use crate::event::PROTOCOL_VERSION;
use crate::hub::{Entry, Hub, ReadResult};

/// Events read from the hub in one go.
const BATCH: usize = 64;

/// What waits: an event, or word of those that are lost.
#[derive(Debug, Clone)]
pub(super) enum Item {
    Event(Arc<Entry>),
    Gap(Gap),
}

/// Events that do not come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "gap")]
pub(super) struct Gap {
    v: u32,
    epoch: Arc<str>,
    pub from_seq: u64,
    pub to_seq: u64,
    pub reason: Reason,
    /// How many of those between are lost; the others were not wanted, or came.
    pub dropped: u64,
}

/// Why events do not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reason {
    /// The queue was full; the oldest went.
    QueueFull,
    /// Whoever was told of it refused it.
    Refused,
    /// The hub had let it go before it was read.
    Evicted,
}

/// The queue of one output.
pub(super) struct Queue {
    hub: Arc<Hub>,
    epoch: Arc<str>,
    selection: Selection,
    limit: usize,
    /// Everything up to this `seq` has been read.
    cursor: u64,
    /// Never two gaps side by side.
    waiting: VecDeque<Item>,
    /// How many of those that wait are events.
    events: usize,
    /// Lost so far.
    dropped: u64,
    read: Vec<Arc<Entry>>,
}

impl Queue {
    /// Reads what follows `after`, and holds at most `limit` events, one at least.
    pub fn new(hub: Arc<Hub>, selection: Selection, limit: usize, after: u64) -> Self {
        Self {
            epoch: hub.epoch().into(),
            hub,
            selection,
            limit: limit.max(1),
            cursor: after,
            waiting: VecDeque::new(),
            events: 0,
            dropped: 0,
            read: Vec::new(),
        }
    }

    /// Wants these from now on; what waits already stays wanted.
    pub fn set(&mut self, selection: Selection, limit: usize) {
        (self.selection, self.limit) = (selection, limit.max(1));
        self.shorten();
    }

    /// Takes what is new out of the hub's log. Takes no time to speak of and waits for nobody.
    pub fn fill(&mut self) {
        let mut read = std::mem::take(&mut self.read);
        loop {
            match self.hub.read(self.cursor, BATCH, &mut read) {
                ReadResult::UpToDate => break,
                ReadResult::Gap { from_seq, to_seq } => {
                    self.cursor = to_seq;
                    let gap = self.gap(from_seq, to_seq, Reason::Evicted, to_seq - from_seq + 1);
                    self.dropped += gap.dropped;
                    match self.waiting.back_mut() {
                        Some(Item::Gap(last)) => last.take_in(&gap),
                        _ => self.waiting.push_back(Item::Gap(gap)),
                    }
                }
                ReadResult::Events => {
                    for entry in read.drain(..) {
                        self.cursor = entry.seq();
                        if self.selection.passes(&entry) {
                            self.waiting.push_back(Item::Event(entry));
                            self.events += 1;
                            self.shorten();
                        }
                    }
                }
            }
        }
        self.read = read;
    }

    /// The oldest that waits.
    pub fn take(&mut self) -> Option<Item> {
        let item = self.waiting.pop_front()?;
        self.events -= usize::from(matches!(item, Item::Event(_)));
        Some(item)
    }

    /// Lets one that was taken wait again, before all others.
    pub fn put_back(&mut self, item: Item) {
        match item {
            Item::Gap(gap) => self.tell_first(gap),
            Item::Event(_) => {
                self.events += 1;
                self.waiting.push_front(item);
                self.shorten();
            }
        }
    }

    /// Gives up one that was taken. A gap that is refused is not told any more.
    pub fn refuse(&mut self, item: Item) {
        if let Item::Event(entry) = item {
            self.lose(&entry, Reason::Refused);
        }
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.events
    }

    /// Whether nothing waits, not even word of a loss.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many are lost so far.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Drops the oldest until the bound holds.
    fn shorten(&mut self) {
        while self.events > self.limit {
            match self.waiting.pop_front() {
                Some(Item::Event(entry)) => {
                    self.events -= 1;
                    self.lose(&entry, Reason::QueueFull);
                }
                Some(Item::Gap(gap)) => {
                    // Never two gaps side by side, so an event follows.
                    if let Some(Item::Event(entry)) = self.waiting.pop_front() {
                        self.events -= 1;
                        self.lose(&entry, Reason::QueueFull);
                    }
                    self.tell_first(gap);
                }
                None => break,
            }
        }
    }

    fn lose(&mut self, entry: &Entry, reason: Reason) {
        self.dropped += 1;
        let gap = self.gap(entry.seq(), entry.seq(), reason, 1);
        self.tell_first(gap);
    }

    fn tell_first(&mut self, gap: Gap) {
        match self.waiting.front_mut() {
            Some(Item::Gap(first)) => first.take_in(&gap),
            _ => self.waiting.push_front(Item::Gap(gap)),
        }
    }

    fn gap(&self, from_seq: u64, to_seq: u64, reason: Reason, dropped: u64) -> Gap {
        Gap { v: PROTOCOL_VERSION, epoch: Arc::clone(&self.epoch), from_seq, to_seq, reason, dropped }
    }
}

impl Gap {
    /// Tells of both; the reason of the newer loss stands for both.
    fn take_in(&mut self, other: &Self) {
        if other.to_seq > self.to_seq {
            self.reason = other.reason;
        }
        self.from_seq = self.from_seq.min(other.from_seq);
        self.to_seq = self.to_seq.max(other.to_seq);
        self.dropped += other.dropped;
    }
}

impl Item {
    /// What identifies it for ever: `EPOCH:SEQ` of an event.
    pub fn id(&self) -> String {
        match self {
            Self::Event(entry) => format!("{}:{}", entry.event().epoch, entry.seq()),
            Self::Gap(gap) => format!("{}:gap-{}-{}", gap.epoch, gap.from_seq, gap.to_seq),
        }
    }

    /// As JSON, a window with so many labels.
    pub fn json(&self, top_k: usize) -> bytes::Bytes {
        match self {
            Self::Event(entry) => entry.frame(top_k).into(),
            Self::Gap(gap) => serde_json::to_vec(gap).unwrap_or_default().into(),
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
