//! Models of an encoder, run once a new patch, and a head over the cached embeddings: a hop costs only what is
//! new. Touch it when the cache must hold something else.

use super::{Classifier, ColumnHistory, ModelError, ModelState, Network};
use crate::manifest::{Manifest, Patch};

/// Encoder: patch → embedding. Head: the newest embeddings → logits.
pub(super) struct EncoderHead {
    encoder: Network,
    head: Network,
    patch: Patch,
    /// Most embeddings the head hears.
    count: usize,
    n_mels: usize,
    input: Vec<f32>,
}

impl EncoderHead {
    pub(super) fn new(manifest: &Manifest, encoder: Network, head: Network) -> Self {
        // The manifest's check made sure that a model of this kind has a patch.
        let patch = manifest.patch.unwrap_or(Patch { frames: 1, stride: 1, embedding: 1 });
        let n_mels = manifest.features.n_mels;
        Self {
            encoder,
            head,
            patch,
            count: patch.count(manifest.window.frames),
            n_mels,
            input: vec![0.0; patch.frames * n_mels],
        }
    }
}

impl Classifier for EncoderHead {
    fn new_state(&self) -> ModelState {
        ModelState {
            columns: ColumnHistory::new(self.patch.frames, self.n_mels),
            embeddings: Vec::with_capacity((self.count + 1) * self.patch.embedding),
        }
    }

    fn push(&mut self, state: &mut ModelState, columns: &[f32], last: bool) -> Result<(), ModelError> {
        state.push(columns);
        let on_grid = state.heard() >= self.patch.frames as u64
            && (state.heard() - self.patch.frames as u64).is_multiple_of(self.patch.stride as u64);
        if columns.is_empty() || !(on_grid || last) {
            return Ok(());
        }
        state.columns.fill(&mut self.input);
        let embedding = self.encoder.run(&self.input, &[1, self.patch.frames, self.n_mels])?;
        let size = self.patch.embedding;
        if state.embeddings.len() >= self.count * size {
            state.embeddings.drain(..size);
        }
        state.embeddings.extend_from_slice(embedding);
        Ok(())
    }

    fn evaluate(&mut self, state: &ModelState) -> Result<&[f32], ModelError> {
        let patches = state.embeddings.len() / self.patch.embedding;
        self.head.run(&state.embeddings, &[1, patches, self.patch.embedding])
    }
}
