//! The gate's part of [`Back`](super::Back): its columns → probabilities of its labels, on its own grid. Touch it when the
//! gate's model is to be run otherwise.

use crate::decide::{self, Gate};
use crate::manifest::{Manifest, Window};
use crate::model::{Classifier, ModelError, ModelState};

/// What the gate's model has heard of one source.
pub(super) struct Attention {
    state: ModelState,
    /// The state of a source that has heard nothing.
    fresh: ModelState,
    window: Window,
    n_mels: usize,
    temperature: f32,
    /// Seconds from one answer to the next.
    stride_s: f64,
    p: Vec<f32>,
}

impl Attention {
    /// For a source that has not been heard.
    pub fn new(manifest: &Manifest, classifier: &dyn Classifier) -> Self {
        let window = manifest.window;
        Self {
            state: classifier.new_state(),
            fresh: classifier.new_state(),
            window,
            n_mels: manifest.features.n_mels,
            temperature: manifest.calibration.temperature,
            stride_s: window.stride as f64 * manifest.features.hop_seconds(),
            p: Vec::with_capacity(manifest.labels.len()),
        }
    }

    /// Takes columns (`[frames, n_mels]`, however many) and tells `gate` each answer that they complete. The model runs once
    /// a stride of its own, so blocks of any length give the same.
    pub fn hear(
        &mut self,
        classifier: &mut dyn Classifier,
        mut columns: &[f32],
        gate: &mut Gate,
    ) -> Result<(), ModelError> {
        while !columns.is_empty() {
            let missing = self.missing();
            let (now, later) = columns.split_at((missing * self.n_mels).min(columns.len()));
            columns = later;
            classifier.push(&mut self.state, now, false)?;
            if now.len() == missing * self.n_mels {
                decide::probabilities(classifier.evaluate(&self.state)?, self.temperature, &mut self.p);
                gate.hear(&self.p, self.stride_s);
            }
        }
        Ok(())
    }

    /// Columns until the next answer.
    fn missing(&self) -> usize {
        let (first, stride) = (self.window.first as u64, self.window.stride as u64);
        let heard = self.state.heard();
        let missing = first.checked_sub(heard).filter(|&missing| missing > 0);
        // At most a window's columns.
        missing.unwrap_or_else(|| stride - (heard - first) % stride) as usize
    }

    /// Forgets the audio heard.
    pub fn forget(&mut self) {
        self.state.clone_from(&self.fresh);
    }
}
