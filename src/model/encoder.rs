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
    /// Which sources a run is for.
    places: Vec<usize>,
    /// Of the sources of the last run those that it failed for.
    failed: Vec<Option<ModelError>>,
}

impl Encoder {
    pub(super) fn new(network: Network, state: Option<State>, patch: Patch, n_mels: usize) -> Self {
        let size = patch.frames * n_mels;
        let kept = vec![0.0; state.as_ref().map_or(0, size_of_state)];
        let shape = state.as_ref().map_or_else(Vec::new, |state| state.input.shape.clone());
        let (places, failed) = (Vec::with_capacity(1), Vec::with_capacity(1));
        Self { network, state, patch, n_mels, input: vec![0.0; size], kept, shape, places, failed }
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

    /// Appends to each source's embeddings that of its newest patch, unless [`done`](Self::done) has another answer. Of an
    /// error all sources are as if nothing had been computed for them before.
    pub(super) fn embed(&mut self, sources: &mut [&mut ModelState]) -> Result<(), ModelError> {
        self.failed.clear();
        self.failed.resize_with(sources.len(), || None);
        let mut places = std::mem::take(&mut self.places);
        let run = self.warm_up(sources, &mut places).and_then(|()| {
            places.clear();
            places.extend(0..sources.len());
            self.run(sources, &places, 0)
        });
        self.places = places;
        run
    }

    /// What came of the last run for the source at this place; told once.
    pub(super) fn done(&mut self, place: usize) -> Result<(), ModelError> {
        self.failed[place].take().map_or(Ok(()), Err)
    }

    /// Fills the state of the sources whose patch does not follow the one before by a stride. What is kept of any of them is
    /// valid again only when the run for the patches has succeeded, too.
    fn warm_up(
        &mut self,
        sources: &mut [&mut ModelState],
        places: &mut Vec<usize>,
    ) -> Result<(), ModelError> {
        let Some(runs) = self.state.as_ref().map(|state| state.warm_up) else { return Ok(()) };
        places.clear();
        for (place, source) in sources.iter_mut().enumerate() {
            let expected = source.columns.heard().checked_sub(self.patch.stride as u64);
            let kept = &mut source.encoder;
            if kept.heard.take().is_none_or(|before| Some(before) != expected) {
                kept.values.fill(0.0);
                places.push(place);
            }
        }
        if places.is_empty() {
            return Ok(());
        }
        (1..=runs).rev().try_for_each(|strides| self.run(sources, places, strides * self.patch.stride))
    }

    /// Runs the network for the sources at these places, whose newest patches lack so many columns at their end. What it keeps
    /// of each replaces what it kept before; where no column is missing, the embedding is appended.
    fn run(
        &mut self,
        sources: &mut [&mut ModelState],
        places: &[usize],
        missing: usize,
    ) -> Result<(), ModelError> {
        let rows = batch::rows(places.len());
        let (of_patch, silent) = (self.patch.frames * self.n_mels, missing * self.n_mels);
        batch::fill(&mut self.input, of_patch, places, |row, &place| {
            sources[place].columns.fill(row);
            row.copy_within(..of_patch - silent, silent);
            row[..silent].fill(0.0);
        });
        let of_state = self.state.as_ref().map_or(0, size_of_state);
        batch::fill(&mut self.kept, of_state, places, |row, &place| {
            row.copy_from_slice(&sources[place].encoder.values);
        });
        let shape = [rows, self.patch.frames, self.n_mels];
        let patches = TensorView { shape: &shape, values: &self.input };
        match &self.state {
            None => self.network.run_rows(&[patches])?,
            Some(state) => {
                self.shape[0] = rows * state.input.shape[0];
                self.network.run_rows(&[patches, TensorView { shape: &self.shape, values: &self.kept }])?;
            }
        }
        for (row, &place) in places.iter().enumerate() {
            // One that could not be warmed up has a state of no use.
            if self.failed[place].is_none()
                && let Err(error) = self.take(sources[place], row, rows, missing == 0)
            {
                self.failed[place] = Some(error);
            }
        }
        Ok(())
    }

    /// Takes what the last run gave for a source; if it was for a whole patch, the embedding, too.
    fn take(&self, source: &mut ModelState, row: usize, rows: usize, whole: bool) -> Result<(), ModelError> {
        let embedding = self.network.row(0, row, rows)?;
        if self.state.is_some() {
            source.encoder.values.copy_from_slice(self.network.row(1, row, rows)?);
        }
        if whole {
            source.embeddings.extend_from_slice(embedding);
            source.encoder.heard = self.state.is_some().then(|| source.columns.heard());
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
        encoder.embed(&mut [source]).and_then(|()| encoder.done(0)).expect("runs");
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
        let error =
            kept.embed(&mut [&mut one]).and_then(|()| kept.done(0)).expect_err("not a number").to_string();
        assert!(error.contains("encoder.onnx") && error.contains("not a number"), "{error}");
        // One stride on, but not after a patch that was computed.
        one.push(&columns(0, 187, kept.n_mels));
        other.push(&columns(0, 187, kept.n_mels));
        assert!(one.encoder.heard.is_none());
        let (one, other) = (embedded(&mut kept, &mut one), embedded(&mut alone, &mut other));
        assert!(difference(&one, &other) <= 1e-6, "{one:?} {other:?}");
    }
}
