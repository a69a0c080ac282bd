//! Models of an encoder, run once a new patch, and a head over the cached embeddings: a hop costs only what is
//! new. Touch it when the cache must hold something else.

use super::encoder::Encoder;
use super::{Classifier, ColumnHistory, ModelError, ModelState, Network, TensorView};
use crate::manifest::{Manifest, Patch};

/// Encoder: patch → embedding. Head: the newest embeddings → logits.
pub(super) struct EncoderHead {
    encoder: Encoder,
    head: Network,
    patch: Patch,
    /// Most embeddings the head hears.
    count: usize,
    n_mels: usize,
}

impl EncoderHead {
    pub(super) fn new(manifest: &Manifest, encoder: Network, head: Network) -> Self {
        // The manifest's check made sure that a model of this kind has a patch.
        let patch = manifest.patch.unwrap_or(Patch { frames: 1, stride: 1, embedding: 1 });
        let n_mels = manifest.features.n_mels;
        let state = manifest.encoder.as_ref().and_then(|encoder| encoder.state.clone());
        Self {
            encoder: Encoder::new(encoder, state, patch, n_mels),
            head,
            patch,
            count: patch.count(manifest.window.frames),
            n_mels,
        }
    }
}

impl EncoderHead {
    /// How many whole patches, a stride apart, lie within so many columns.
    fn patches_within(&self, columns: u64) -> u64 {
        let (frames, stride) = (self.patch.frames as u64, self.patch.stride as u64);
        columns.checked_sub(frames).map_or(0, |rest| 1 + rest / stride)
    }
}

impl Classifier for EncoderHead {
    fn new_state(&self) -> ModelState {
        ModelState {
            columns: ColumnHistory::new(self.patch.frames, self.n_mels),
            embeddings: Vec::with_capacity((self.count + 1) * self.patch.embedding),
            encoder: self.encoder.new_state(),
        }
    }

    fn push(&mut self, state: &mut ModelState, columns: &[f32], last: bool) -> Result<(), ModelError> {
        let before = self.patches_within(state.heard());
        state.push(columns);
        // Blocks end where a patch does, but for those that come after a state was made in the middle of a stream.
        if columns.is_empty() || !(last || self.patches_within(state.heard()) > before) {
            return Ok(());
        }
        let embedding = self.encoder.embed(state)?;
        let size = self.patch.embedding;
        if state.embeddings.len() >= self.count * size {
            state.embeddings.drain(..size);
        }
        state.embeddings.extend_from_slice(embedding);
        Ok(())
    }

    /// A runtime may end the process over an empty sequence, as ONNX Runtime does.
    fn is_ready(&self, state: &ModelState) -> bool {
        !state.embeddings.is_empty()
    }

    fn evaluate(&mut self, state: &ModelState) -> Result<&[f32], ModelError> {
        let patches = state.embeddings.len() / self.patch.embedding;
        let shape = [1, patches, self.patch.embedding];
        let sequence = TensorView { shape: &shape, values: &state.embeddings };
        Ok(&self.head.run(&[sequence])?[0])
    }
}
