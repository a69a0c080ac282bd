//! The models and their runtime, from which each `model-K` thread gets sessions that have proved themselves.
//! Touch it when sessions are to be opened or shared otherwise.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::board::Expects;
use crate::catalogue::Catalogue;
use crate::event::ModelInfo;
use crate::hearing::Ears;
use crate::model::{Classifier, Model, ModelError, Runtime};
use crate::pipeline::{self, Classifiers, Manifests};
use crate::source::SourceSpec;

/// Models with sessions that have proved themselves.
pub(super) struct Opened {
    pub models: Models,
    /// One for each `model-K` thread.
    pub classifiers: Vec<Classifiers>,
    /// How many threads `dsp-K` are to feed them.
    pub workers: usize,
}

/// Where sessions come from.
pub(super) struct Models {
    model: Arc<Model>,
    gate: Option<Arc<Model>>,
    runtime: Runtime,
}

impl Models {
    pub fn new(model: Model, gate: Option<Model>, runtime: Runtime) -> Self {
        Self { model: Arc::new(model), gate: gate.map(Arc::new), runtime }
    }

    /// The same models, for clips.
    pub fn ears(&self) -> Ears {
        Ears { model: Arc::clone(&self.model), gate: self.gate.clone(), runtime: self.runtime.clone() }
    }

    /// Names of the models.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        [&self.model].into_iter().chain(&self.gate).map(|model| model.manifest.id.as_str())
    }

    /// Another model in the place of the configured one, with the same gate.
    pub fn other(&self, id: &str, catalogue: &Catalogue) -> Result<Self, ModelError> {
        let model = Arc::new(catalogue.load(id)?);
        Ok(Self { model, gate: self.gate.clone(), runtime: self.runtime.clone() })
    }

    /// Opens sessions for so many workers.
    pub fn open(self, workers: usize) -> Result<Opened, ModelError> {
        let classifiers = (0..self.sessions(workers)).map(|_| self.prove()).collect::<Result<_, _>>()?;
        Ok(Opened { models: self, classifiers, workers })
    }

    /// Opens sessions for these sources: the configured model, then those that sources have in its place.
    pub fn open_for(self, sources: &[SourceSpec], catalogue: &Catalogue) -> Result<Vec<Opened>, ModelError> {
        let count = |id: Option<&str>| sources.iter().filter(|spec| spec.model.as_deref() == id).count();
        let own: BTreeSet<&str> = sources.iter().filter_map(|spec| spec.model.as_deref()).collect();
        let others: Vec<_> = own
            .into_iter()
            .map(|id| self.other(id, catalogue)?.open(super::workers(count(Some(id)))))
            .collect::<Result<_, _>>()?;
        let configured = self.open(super::workers(count(None)))?;
        Ok([configured].into_iter().chain(others).collect())
    }

    /// What is expected of a source that the model hears.
    pub fn expects(&self) -> Expects {
        let (window, column_s) = (&self.model.manifest.window, self.model.manifest.features.hop_seconds());
        let time = |columns: usize| Duration::from_secs_f64(columns as f64 * column_s);
        Expects::new(time(window.stride), time(window.first))
    }

    /// How many sessions serve so many workers: a GPU is shared.
    pub fn sessions(&self, workers: usize) -> usize {
        if self.runtime.device() == "cuda" { 1 } else { workers }
    }

    /// Opens sessions and lets them prove themselves on their golden windows.
    pub fn prove(&self) -> Result<Classifiers, ModelError> {
        let gate = self.gate.as_deref().map(|gate| self.proved(gate)).transpose()?;
        Ok(Classifiers { genre: self.proved(&self.model)?, gate })
    }

    fn proved(&self, model: &Model) -> Result<Box<dyn Classifier>, ModelError> {
        let mut classifier = model.classifier(&self.runtime)?;
        pipeline::self_test(model, &mut *classifier, &self.runtime)?;
        Ok(classifier)
    }

    pub fn manifests(&self) -> Manifests {
        let gate = self.gate.as_ref().map(|gate| gate.manifest.clone());
        Manifests { genre: self.model.manifest.clone(), gate }
    }

    /// What events say of the genre's model.
    pub fn info(&self) -> ModelInfo {
        self.model.info(&self.runtime)
    }

    /// The same of the gate's.
    pub fn gate(&self) -> Option<ModelInfo> {
        self.gate.as_ref().map(|gate| gate.info(&self.runtime))
    }

    /// What a person should know about the choice of runtime.
    pub fn note(&self) -> Option<&str> {
        self.runtime.note()
    }
}
