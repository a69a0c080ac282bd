//! Which events a subscriber wants.
//! Touch it when there is a new filter; a filter sees an entry's key facts, never its JSON.

use std::collections::BTreeSet;

use crate::event::EventBody;
use crate::history::Selection;
use crate::hub::Entry;

/// What a subscriber asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Filter {
    /// Names of sources; `None` for all. A name may be of a source that comes later.
    pub(super) sources: Option<BTreeSet<String>>,
    /// One bit for each place in [`EventBody::TYPES`].
    pub(super) types: u32,
    /// Windows whose best p is lower are left out; everything else passes.
    pub(super) min_p: f32,
    /// Labels in a window.
    pub(super) top_k: usize,
}

impl Filter {
    /// The bits of all types.
    pub(super) const ALL_TYPES: u32 = (1 << EventBody::TYPES.len()) - 1;

    pub(super) fn passes(&self, entry: &Entry) -> bool {
        self.types & (1 << entry.type_index()) != 0
            && entry.top_p().is_none_or(|p| p >= self.min_p)
            && self.wants(entry.source())
    }

    /// The sources and types, in the words of the history; the rest is for whoever reads it.
    pub(super) fn selection(&self) -> Selection {
        let wanted = EventBody::TYPES.iter().enumerate().filter(|(place, _)| self.types & (1 << place) != 0);
        let types = wanted.map(|(_, name)| (*name).to_owned()).collect();
        Selection {
            sources: self.sources.as_ref().map(|sources| sources.iter().cloned().collect()),
            types: (self.types != Self::ALL_TYPES).then_some(types),
            ..Selection::default()
        }
    }

    /// The names that are wanted and not among these.
    pub(super) fn unknown(&self, known: &[String]) -> Vec<String> {
        let wanted = self.sources.iter().flatten();
        wanted.filter(|name| !known.contains(name)).cloned().collect()
    }

    /// Whether a source is wanted. Of snapshots nothing else counts: they tell how things are, whatever types of events
    /// are wanted.
    pub(super) fn wants(&self, source: &str) -> bool {
        self.sources.as_ref().is_none_or(|sources| sources.contains(source))
    }
}
