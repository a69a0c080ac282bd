//! The models and their runtime, from which each `model-K` thread gets sessions that have proved themselves.
//! Touch it when sessions are to be opened or shared otherwise.

use std::sync::Arc;

use crate::event::ModelInfo;
use crate::hearing::Ears;
use crate::model::{Classifier, Model, ModelError, Runtime};
use crate::pipeline::{self, Classifiers, Manifests};

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
