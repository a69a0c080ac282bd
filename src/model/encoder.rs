//! The encoder: patch → embedding, with what it keeps from one patch to the next, so that it computes only what is
//! new. Touch it when an encoder must keep something otherwise.

use super::{ModelError, ModelState, Network, TensorView};
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
    input: Vec<f32>,
    /// What a run hears that only fills the state.
    early: Vec<f32>,
}

impl Encoder {
    pub(super) fn new(network: Network, state: Option<State>, patch: Patch, n_mels: usize) -> Self {
        let size = patch.frames * n_mels;
        Self { network, state, patch, n_mels, input: vec![0.0; size], early: vec![0.0; size] }
    }

    /// The state of a source that has heard nothing.
    pub(super) fn new_state(&self) -> EncoderState {
        let size = self.state.as_ref().map_or(0, |state| state.input.shape.iter().product());
        EncoderState { values: vec![0.0; size], heard: None }
    }

    /// The embedding of the newest patch of a source, valid until the next call.
    pub(super) fn embed(&mut self, source: &mut ModelState) -> Result<&[f32], ModelError> {
        source.columns.fill(&mut self.input);
        let shape = [1, self.patch.frames, self.n_mels];
        let patch = TensorView { shape: &shape, values: &self.input };
        let Some(state) = &self.state else { return Ok(&self.network.run(&[patch])?[0]) };
        let kept = &mut source.encoder;
        let heard = source.columns.heard();
        // It is valid again only when the last of these runs has succeeded.
        let follows = kept.heard.take().is_some_and(|before| before + self.patch.stride as u64 == heard);
        if !follows {
            kept.values.fill(0.0);
            for missing in (1..=state.warm_up).rev().map(|strides| strides * self.patch.stride) {
                let (silent, seen) = self.early.split_at_mut(missing * self.n_mels);
                silent.fill(0.0);
                seen.copy_from_slice(&self.input[..seen.len()]);
                run(&mut self.network, TensorView { shape: &shape, values: &self.early }, state, kept)?;
            }
        }
        let embedding = run(&mut self.network, patch, state, kept)?;
        kept.heard = Some(heard);
        Ok(embedding)
    }
}

/// Runs an encoder on a patch with what it kept, which what it keeps now replaces; gives the embedding.
fn run<'a>(
    network: &'a mut Network,
    patch: TensorView<'_>,
    state: &State,
    kept: &mut EncoderState,
) -> Result<&'a [f32], ModelError> {
    let before = TensorView { shape: &state.input.shape, values: &kept.values };
    let outputs = network.run(&[patch, before])?;
    std::mem::swap(&mut kept.values, &mut outputs[1]);
    Ok(&outputs[0])
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
            let (one, other) = (kept.embed(&mut one).expect("runs"), alone.embed(&mut other).expect("runs"));
            assert!(difference(one, other) <= 1e-6, "after {heard}: {one:?} {other:?}");
        }
    }

    #[test]
    fn what_a_failed_run_left_is_not_used() {
        let (mut kept, mut alone) = encoders();
        let (mut one, mut other) = (heard_nothing(&kept), heard_nothing(&alone));
        one.push(&columns(0, 187, kept.n_mels));
        kept.embed(&mut one).expect("runs");
        one.push(&vec![f32::NAN; 61 * kept.n_mels]);
        let error = kept.embed(&mut one).expect_err("not a number").to_string();
        assert!(error.contains("encoder.onnx") && error.contains("not a number"), "{error}");
        // One stride on, but not after a patch that was computed.
        one.push(&columns(0, 187, kept.n_mels));
        other.push(&columns(0, 187, kept.n_mels));
        assert!(one.encoder.heard.is_none());
        let (one, other) = (kept.embed(&mut one).expect("runs"), alone.embed(&mut other).expect("runs"));
        assert!(difference(one, other) <= 1e-6, "{one:?} {other:?}");
    }
}
