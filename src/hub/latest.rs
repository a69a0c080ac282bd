//! What is newest of each source, for those who join now.
//! Touch it when a snapshot is to hold more. A source stays until it is forgotten, so this is as long as there are sources.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::entry::Entry;
use crate::event::EventBody;

/// What is newest of every source.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The `seq` up to which the snapshot holds; what is live begins after it.
    pub seq: u64,
    /// By name of source.
    pub sources: Vec<SourceLatest>,
}

/// What is newest of one source.
#[derive(Debug, Clone)]
pub struct SourceLatest {
    /// Name of the source.
    pub source: Arc<str>,
    /// Its newest `source.state`.
    pub state: Option<Arc<Entry>>,
    /// Its newest `genre.window`.
    pub window: Option<Arc<Entry>>,
}

#[derive(Debug, Default)]
pub(super) struct Latest(BTreeMap<Arc<str>, SourceLatest>);

impl Latest {
    pub(super) fn take(&mut self, entry: &Arc<Entry>) {
        let place = match &entry.event().body {
            EventBody::SourceState(_) => |of: &mut SourceLatest, new| of.state = Some(new),
            EventBody::Window(_) => |of: &mut SourceLatest, new| of.window = Some(new),
            _ => return,
        };
        if let Some(of) = self.0.get_mut(entry.source()) {
            place(of, Arc::clone(entry));
            return;
        }
        let source: Arc<str> = entry.source().into();
        let mut of = SourceLatest { source: Arc::clone(&source), state: None, window: None };
        place(&mut of, Arc::clone(entry));
        self.0.insert(source, of);
    }

    pub(super) fn forget(&mut self, source: &str) -> Option<SourceLatest> {
        self.0.remove(source)
    }

    pub(super) fn to_vec(&self) -> Vec<SourceLatest> {
        self.0.values().cloned().collect()
    }
}
