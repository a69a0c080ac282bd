//! The model and its runtime, from which each `model-K` thread gets a session that has proved itself.
//! Touch it when sessions are to be opened or shared otherwise.

use crate::event::ModelInfo;
use crate::manifest::Manifest;
use crate::model::{Classifier, Model, ModelError, Runtime};
use crate::pipeline;

/// Where sessions come from.
pub(super) struct Models {
    model: Model,
    runtime: Runtime,
}

impl Models {
    pub fn new(model: Model, runtime: Runtime) -> Self {
        Self { model, runtime }
    }

    /// How many sessions serve so many workers: a GPU is shared.
    pub fn sessions(&self, workers: usize) -> usize {
        if self.runtime.device() == "cuda" { 1 } else { workers }
    }

    /// Opens a session and lets it prove itself on the golden window.
    pub fn prove(&self) -> Result<Box<dyn Classifier>, ModelError> {
        let mut classifier = self.model.classifier(&self.runtime)?;
        pipeline::self_test(&self.model, &mut *classifier, &self.runtime)?;
        Ok(classifier)
    }

    pub fn manifest(&self) -> &Manifest {
        &self.model.manifest
    }

    /// What events say of the model.
    pub fn info(&self) -> ModelInfo {
        self.model.info(&self.runtime)
    }

    /// What a person should know about the choice of runtime.
    pub fn note(&self) -> Option<&str> {
        self.runtime.note()
    }
}
