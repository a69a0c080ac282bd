//! What waits for the next runs of a `model-K` thread: at most one block of a source, of as many sources as one run can be
//! for. On a CPU that is one. Nothing waits for a round to be full: it takes what is there. Touch it when sources are to
//! be put together otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::board::Row;
use super::work::Block;

/// A block that waits for its turn.
pub(super) struct Waiting {
    pub source: Arc<Row>,
    pub block: Block,
    /// Whether the window that ends with it is to be classified.
    pub evaluate: bool,
}

/// Blocks of different sources.
pub(super) struct Round {
    waiting: Vec<Waiting>,
    most: usize,
}

impl Round {
    /// Of at most so many sources.
    pub fn new(most: usize) -> Self {
        Self { waiting: Vec::with_capacity(most), most }
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.waiting.len() >= self.most
    }

    /// Whether a block of that source waits: what comes next of it must come after.
    pub fn has(&self, source: &Row) -> bool {
        self.waiting.iter().any(|waiting| waiting.source.id == source.id)
    }

    pub fn add(&mut self, waiting: Waiting) {
        self.waiting.push(waiting);
    }

    /// Takes one that waits alone.
    pub fn alone(&mut self) -> Option<Waiting> {
        if self.waiting.len() == 1 { self.waiting.pop() } else { None }
    }

    /// Takes all, with what `tracks` has of each source; not those of sources that were given up meanwhile.
    pub fn take<'a, T>(&mut self, tracks: &'a mut BTreeMap<u64, T>) -> Vec<(Waiting, &'a mut T)> {
        self.waiting.retain(|waiting| !waiting.source.is_retired());
        self.waiting.sort_by_key(|waiting| waiting.source.id);
        let mut waiting = self.waiting.drain(..).peekable();
        tracks
            .iter_mut()
            .filter_map(|(id, track)| Some((waiting.next_if(|waiting| waiting.source.id == *id)?, track)))
            .collect()
    }
}
