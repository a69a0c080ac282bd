//! The listeners of one worker: opened on demand, self-tested as at the daemon's start, and the newest few kept.
//! Touch it when more or fewer are to be kept.

use std::sync::Arc;

use super::{MOST_MODELS, UploadError};
use crate::catalogue::{Catalogue, LoadedModel};
use crate::hearing::{Ears, Listener};
use crate::manifest::Role;
use crate::model::Model;
use crate::pipeline::DecideSettings;

/// Where listeners come from.
#[derive(Clone)]
pub struct Library {
    /// Which models there are.
    pub catalogue: Catalogue,
    /// What the daemon itself hears with: its models are not read again, and its gate serves every model.
    pub own: Ears,
}

/// A listener between two clips.
pub(super) struct Kept {
    id: String,
    pub listener: Listener,
    /// For as long as it is there.
    _loaded: LoadedModel,
}

/// The listeners of one worker.
pub(super) struct Keeper {
    library: Library,
    /// Used longest ago first.
    kept: Vec<Kept>,
}

impl Keeper {
    pub fn new(library: Library) -> Self {
        Self { library, kept: Vec::new() }
    }

    /// Listeners for these models, to be given back. After each that was opened `go_on` is asked.
    pub fn take(
        &mut self,
        models: &[String],
        decide: DecideSettings,
        go_on: impl Fn() -> Result<(), UploadError>,
    ) -> Result<Vec<Kept>, UploadError> {
        let mut taken = Vec::new();
        for id in models {
            let kept = match self.kept.iter().position(|kept| kept.id == *id) {
                Some(at) => self.kept.remove(at),
                None => self.open(id, decide)?,
            };
            taken.push(kept);
            go_on()?;
        }
        taken.iter_mut().for_each(|kept| kept.listener.decide_by(decide));
        Ok(taken)
    }

    /// Keeps them for the next clip, and lets go of the oldest.
    pub fn give_back(&mut self, taken: Vec<Kept>) {
        self.kept.extend(taken);
        let surplus = self.kept.len().saturating_sub(MOST_MODELS);
        self.kept.drain(..surplus);
    }

    fn open(&self, id: &str, decide: DecideSettings) -> Result<Kept, UploadError> {
        let Library { catalogue, own } = &self.library;
        let model = if own.model.manifest.id == id {
            Arc::clone(&own.model)
        } else {
            let no_such = |error: crate::catalogue::CatalogueError| UploadError::NoSuchModel {
                reason: error.to_string(),
            };
            Arc::new(Model::load(&catalogue.folder(id).map_err(no_such)?)?.of_role(Role::Genre)?)
        };
        let listener = Listener::open(Ears { model, ..own.clone() }, decide)?;
        Ok(Kept { id: id.to_owned(), listener, _loaded: catalogue.loaded().add(id) })
    }
}
