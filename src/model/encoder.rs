//! The encoder: patch → embedding, with what it keeps from one patch to the next, so that it computes only what is
//! new. Touch it when an encoder must keep something otherwise.

use super::{ModelError, ModelState, Network, TensorView, batch};
use crate::manifest::{Patch, State};

/// What an encoder keeps from one patch of a source to the next.
#[derive(Debug, Clone, Default)]
pub(crate) struct EncoderState {
    values: Vec<f32>,
    /// Columns heard when the values were computed; `None` if they are of no use.
    heard: Option<u64>,
}

/// An encoder's network and the patch that it hears.
pub(super) struct Encoder {
    network: Network,
    state: Option<State>,
    patch: Patch,
    n_mels: usize,
    /// The patches of the sources that a run is for, and what it keeps of each.
    input: Vec<f32>,
    kept: Vec<f32>,
    /// Of what it keeps.
    shape: Vec<usize>,
    /// What a run hears that only fills the state.
    early: Vec<f32>,
}

impl Encoder {
    pub(super) fn new(network: Network, state: Option<State>, patch: Patch, n_mels: usize) -> Self {
        let size = patch.frames * n_mels;
        let kept = vec![0.0; state.as_ref().map_or(0, size_of_state)];
        let shape = state.as_ref().map_or_else(Vec::new, |state| state.input.shape.clone());
        let (input, early) = (vec![0.0; size], vec![0.0; size]);
        Self { network, state, patch, n_mels, input, kept, shape, early }
    }

    /// The most sources that one run can be for.
    pub(super) fn batch(&self) -> usize {
        self.network.batch()
    }

    /// The state of a source that has heard nothing.
    pub(super) fn new_state(&self) -> EncoderState {
        let size = self.state.as_ref().map_or(0, size_of_state);
        EncoderState { values: vec![0.0; size], heard: None }
    }

    /// Appends to each source's embeddings that of its newest patch. Of an error all sources are as if nothing had been
    /// computed for them before.
    pub(super) fn embed(&mut self, sources: &mut [&mut ModelState]) -> Result<(), ModelError> {
        for source in &mut *sources {
            self.warm_up(source)?;
        }
        let (rows, of_state) = (batch::rows(sources.len()), self.state.as_ref().map_or(0, size_of_state));
        batch::fill(&mut self.input, self.patch.frames * self.n_mels, sources, |row, source| {
            source.columns.fill(row)
        });
        batch::fill(&mut self.kept, of_state, sources, |row, source| {
            row.copy_from_slice(&source.encoder.values)
        });
        let shape = [rows, self.patch.frames, self.n_mels];
        let patches = TensorView { shape: &shape, values: &self.input };
        let outputs = match &self.state {
            None => self.network.run(&[patches])?,
            Some(state) => {
                self.shape[0] = rows * state.input.shape[0];
                self.network.run(&[patches, TensorView { shape: &self.shape, values: &self.kept }])?
            }
        };
        for (place, source) in sources.iter_mut().enumerate() {
            let row = |length: usize| place * length..(place + 1) * length;
            source.embeddings.extend_from_slice(&outputs[0][row(self.patch.embedding)]);
            if self.state.is_some() {
                source.encoder.values.copy_from_slice(&outputs[1][row(of_state)]);
                source.encoder.heard = Some(source.columns.heard());
            }
        }
        Ok(())
    }

    /// Fills the state of a source whose patch does not follow the one before by a stride. What it has kept is valid again
    /// only when the run for the patch has succeeded, too.
    fn warm_up(&mut self, source: &mut ModelState) -> Result<(), ModelError> {
        let Some(state) = &self.state else { return Ok(()) };
        let kept = &mut source.encoder;
        let follows = kept
            .heard
            .take()
            .is_some_and(|before| before + self.patch.stride as u64 == source.columns.heard());
        if follows {
            return Ok(());
        }
        kept.values.fill(0.0);
        self.input.resize(self.patch.frames * self.n_mels, 0.0);
        source.columns.fill(&mut self.input);
        let shape = [1, self.patch.frames, self.n_mels];
        for missing in (1..=state.warm_up).rev().map(|strides| strides * self.patch.stride) {
            let (silent, seen) = self.early.split_at_mut(missing * self.n_mels);
            silent.fill(0.0);
            seen.copy_from_slice(&self.input[..seen.len()]);
            let early = TensorView { shape: &shape, values: &self.early };
            let before = TensorView { shape: &state.input.shape, values: &kept.values };
            let outputs = self.network.run(&[early, before])?;
            std::mem::swap(&mut kept.values, &mut outputs[1]);
        }
        Ok(())
    }
}

fn size_of_state(state: &State) -> usize {
    state.input.shape.iter().product()
}

#[cfg(all(test, feature = "tract"))]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::manifest::Manifest;
    use crate::model::{ColumnHistory, Runtime, RuntimeChoice, RuntimeSettings};

    /// The encoder of `toy-stream`, and the same one without a state.
    fn encoders() -> (Encoder, Encoder) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models/toy-stream");
        let text = std::fs::read_to_string(folder.join("manifest.toml")).expect("readable");
        let manifest = Manifest::parse(&text).expect("valid");
        let settings = RuntimeSettings { runtime: RuntimeChoice::Tract, ..RuntimeSettings::default() };
        let runtime = Runtime::start(&settings).expect("tract is compiled in");
        let (patch, n_mels) = (manifest.patch.expect("a patch"), manifest.features.n_mels);
        let mut file = manifest.encoder.expect("an encoder");
        let mut open = |name: &str| {
            let bytes = std::fs::read(folder.join(name)).expect("readable");
            let network = Network::open(&runtime, &file, &bytes).expect("opens");
            Encoder::new(network, file.state.take(), patch, n_mels)
        };
        (open("encoder.onnx"), open("plain.onnx"))
    }

    fn heard_nothing(encoder: &Encoder) -> ModelState {
        ModelState {
            columns: ColumnHistory::new(encoder.patch.frames, encoder.n_mels),
            embeddings: Vec::new(),
            encoder: encoder.new_state(),
        }
    }

    /// Columns from the `from`th on; no two are the same.
    fn columns(from: usize, count: usize, n_mels: usize) -> Vec<f32> {
        (from * n_mels..(from + count) * n_mels)
            .map(|n| 1.5 + (n as f32 * 0.37).sin() + (n % 7) as f32 * 0.1)
            .collect()
    }

    fn embedded(encoder: &mut Encoder, source: &mut ModelState) -> Vec<f32> {
        encoder.embed(&mut [source]).expect("runs");
        std::mem::take(&mut source.embeddings)
    }

    fn difference(one: &[f32], other: &[f32]) -> f32 {
        assert_eq!(one.len(), other.len());
        one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn embeddings_are_those_of_each_patch_by_itself_whatever_follows_what() {
        let (mut kept, mut alone) = encoders();
        let (mut one, mut other) = (heard_nothing(&kept), heard_nothing(&alone));
        let mut heard = 0;
        // The first patch, strides, a jump, a stride after it, a short rest.
        for count in [187, 61, 61, 61, 122, 61, 7] {
            let block = columns(heard, count, kept.n_mels);
            heard += count;
            one.push(&block);
            other.push(&block);
            let (one, other) = (embedded(&mut kept, &mut one), embedded(&mut alone, &mut other));
            assert!(difference(&one, &other) <= 1e-6, "after {heard}: {one:?} {other:?}");
        }
    }

    #[test]
    fn what_a_failed_run_left_is_not_used() {
        let (mut kept, mut alone) = encoders();
        let (mut one, mut other) = (heard_nothing(&kept), heard_nothing(&alone));
        one.push(&columns(0, 187, kept.n_mels));
        embedded(&mut kept, &mut one);
        one.push(&vec![f32::NAN; 61 * kept.n_mels]);
        let error = kept.embed(&mut [&mut one]).expect_err("not a number").to_string();
        assert!(error.contains("encoder.onnx") && error.contains("not a number"), "{error}");
        // One stride on, but not after a patch that was computed.
        one.push(&columns(0, 187, kept.n_mels));
        other.push(&columns(0, 187, kept.n_mels));
        assert!(one.encoder.heard.is_none());
        let (one, other) = (embedded(&mut kept, &mut one), embedded(&mut alone, &mut other));
        assert!(difference(&one, &other) <= 1e-6, "{one:?} {other:?}");
    }
}
