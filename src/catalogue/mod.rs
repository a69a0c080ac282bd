//! Which models there are, as people and pages are told: what lies in their folders, and which of them are in use. It opens
//! no session. Touch it when a model is to be shown with something else of its folder.

mod entry;
mod loaded;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;

pub use entry::{ModelEntry, SplitAccuracy};
pub use loaded::{Loaded, LoadedModel};

use crate::manifest::{Manifest, Role};
use crate::model::{Model, ModelError, find_model, list_models};

/// The largest file that is handed on, in bytes: figures for a page, no data.
const LARGEST: u64 = 4 << 20;

/// Where models lie, and which are in use.
#[derive(Debug, Clone)]
pub struct Catalogue(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    places: Vec<PathBuf>,
    configured: Vec<String>,
    of_sources: Mutex<Vec<String>>,
    loaded: Loaded,
}

/// Every model there is.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ModelList {
    /// Those whose manifest can be read, by their names.
    pub models: Vec<ModelEntry>,
    /// Those whose manifest cannot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<BrokenModel>,
}

/// A folder that should be a model and is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BrokenModel {
    /// Its name.
    pub id: String,
    /// What is wrong with its manifest, in words.
    pub error: String,
}

/// Why something of a model cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// There is no model of that name.
    #[error("there is no model {id:?}; there are {}", .there.join(", "))]
    NoModel {
        /// What was asked for.
        id: String,
        /// What is there.
        there: Vec<String>,
    },
    /// The model has no such file.
    #[error("the model {id} has no {file}; it is what training writes beside the manifest")]
    NoFile {
        /// The model.
        id: String,
        /// The file.
        file: &'static str,
    },
    /// It cannot be read.
    #[error(
        "{file} of the model {id} cannot be read: {reason}; restore the model's folder from where it came"
    )]
    Unreadable {
        /// The model.
        id: String,
        /// The file.
        file: &'static str,
        /// Why, in words.
        reason: String,
    },
}

impl Catalogue {
    /// Models are looked for in these places, the first that has one wins; `configured` are those that the daemon's
    /// configuration names.
    pub fn new(places: Vec<PathBuf>, configured: Vec<String>) -> Self {
        let (of_sources, loaded) = (Mutex::default(), Loaded::default());
        Self(Arc::new(Inner { places, configured, of_sources, loaded }))
    }

    /// Sources are configured to be heard by these models, instead of those told before.
    pub fn sources_name(&self, models: impl IntoIterator<Item = String>) {
        *self.of_sources() = models.into_iter().collect();
    }

    fn of_sources(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.of_sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which models have sessions at present.
    pub fn loaded(&self) -> &Loaded {
        &self.0.loaded
    }

    /// Reads what there is. It waits for the disk.
    pub fn list(&self) -> ModelList {
        let mut list = ModelList { models: Vec::new(), broken: Vec::new() };
        for id in list_models(&self.0.places) {
            match self.entry(&id) {
                Ok(entry) => list.models.push(entry),
                Err(error) => list.broken.push(BrokenModel { id, error: error.to_string() }),
            }
        }
        list
    }

    /// The folder of a model.
    ///
    /// # Errors
    /// [`CatalogueError::NoModel`] unless one of the places has it under exactly this name.
    pub fn folder(&self, id: &str) -> Result<PathBuf, CatalogueError> {
        let there = list_models(&self.0.places);
        let known = there.iter().any(|known| known == id);
        find_model(id, &self.0.places)
            .ok()
            .filter(|_| known)
            .ok_or_else(|| CatalogueError::NoModel { id: id.to_owned(), there })
    }

    /// Loads a model of genres.
    ///
    /// # Errors
    /// [`ModelError`] if there is none of that name, it is broken, or it is for something else.
    pub fn load(&self, id: &str) -> Result<Model, ModelError> {
        Model::load(&find_model(id, &self.0.places)?)?.of_role(Role::Genre)
    }

    /// `report.json`, as training wrote it.
    ///
    /// # Errors
    /// [`CatalogueError`] if there is no such model, or it has none that can be read.
    pub fn report(&self, id: &str) -> Result<Vec<u8>, CatalogueError> {
        read(&self.folder(id)?, id, REPORT)
    }

    /// `CARD.md`: where the model comes from and how good it is.
    ///
    /// # Errors
    /// [`CatalogueError`] if there is no such model, or it has none that can be read.
    pub fn card(&self, id: &str) -> Result<Vec<u8>, CatalogueError> {
        read(&self.folder(id)?, id, "CARD.md")
    }

    fn entry(&self, id: &str) -> Result<ModelEntry, CatalogueError> {
        let folder = self.folder(id)?;
        let unreadable = |reason| CatalogueError::Unreadable { id: id.to_owned(), file: MANIFEST, reason };
        let text =
            String::from_utf8(read(&folder, id, MANIFEST)?).map_err(|error| unreadable(error.to_string()))?;
        let manifest = Manifest::parse(&text).map_err(|error| unreadable(error.to_string()))?;
        let mut entry = ModelEntry::of(&manifest, id);
        entry.configured = self.0.configured.iter().chain(&*self.of_sources()).any(|known| known == id);
        entry.loaded = self.0.loaded.has(id);
        entry.has_report = folder.join(REPORT).is_file();
        // A report that cannot be read is told to whoever asks for it.
        if let Ok(report) = read(&folder, id, REPORT) {
            entry.add_figures(&report);
        }
        Ok(entry)
    }
}

const MANIFEST: &str = "manifest.toml";
const REPORT: &str = "report.json";

fn read(folder: &Path, id: &str, file: &'static str) -> Result<Vec<u8>, CatalogueError> {
    let path = folder.join(file);
    if !path.is_file() {
        return Err(CatalogueError::NoFile { id: id.to_owned(), file });
    }
    let unreadable = |reason: String| CatalogueError::Unreadable { id: id.to_owned(), file, reason };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|opened| opened.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(unreadable(format!("it is larger than {LARGEST} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
