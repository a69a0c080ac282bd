//! Models of an encoder, run once a new patch, and a head over the cached embeddings: a hop costs only what is
//! new. Touch it when the cache must hold something else.

use super::encoder::Encoder;
use super::{Classifier, ColumnHistory, ModelError, ModelState, Network, Push, TensorView, Told, batch};
use crate::manifest::{Manifest, Patch};

/// Encoder: patch → embedding. Head: the newest embeddings → logits.
pub(super) struct EncoderHead {
    encoder: Encoder,
    head: Network,
    patch: Patch,
    /// Most embeddings the head hears.
    count: usize,
    n_mels: usize,
    /// The embeddings of the sources that a run of the head is for.
    sequences: Vec<f32>,
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
            sequences: Vec::new(),
        }
    }
}

impl EncoderHead {
    /// How many whole patches, a stride apart, lie within so many columns.
    fn patches_within(&self, columns: u64) -> u64 {
        let (frames, stride) = (self.patch.frames as u64, self.patch.stride as u64);
        columns.checked_sub(frames).map_or(0, |rest| 1 + rest / stride)
    }

    /// Hears the newest patch of one source.
    fn embed(&mut self, state: &mut ModelState) -> Result<(), ModelError> {
        self.encoder.embed(&mut [state]).and_then(|()| self.encoder.done(0))
    }

    /// Appends columns; true if there is a patch to be heard.
    fn takes(&self, state: &mut ModelState, columns: &[f32], last: bool) -> bool {
        let completes = self.completes(state, columns);
        !columns.is_empty() && (last || completes)
    }

    /// Appends columns; true if they complete a patch. Blocks end where one does, but for those that come after a state was
    /// made in the middle of a stream.
    fn completes(&self, state: &mut ModelState, columns: &[f32]) -> bool {
        let before = self.patches_within(state.heard());
        state.push(columns);
        self.patches_within(state.heard()) > before
    }

    /// The oldest embedding goes if there is one more than the head hears.
    fn let_go(&self, embeddings: &mut Vec<f32>) {
        if embeddings.len() > self.count * self.patch.embedding {
            embeddings.drain(..self.patch.embedding);
        }
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
        if self.takes(state, columns, last) {
            self.embed(state)?;
            self.let_go(&mut state.embeddings);
        }
        Ok(())
    }

    fn batch(&self) -> usize {
        self.encoder.batch().min(self.head.batch())
    }

    fn push_all(&mut self, heard: &mut [Push<'_>]) {
        let mut complete: Vec<_> = heard
            .iter_mut()
            .filter_map(|heard| self.takes(heard.state, heard.columns, heard.last).then_some(heard))
            .collect();
        for several in complete.chunks_mut(self.encoder.batch()) {
            let mut states: Vec<_> = several.iter_mut().map(|heard| &mut *heard.state).collect();
            match (self.encoder.embed(&mut states), &mut *several) {
                (Ok(()), several) => {
                    several.iter_mut().enumerate().for_each(|(n, heard)| heard.done = self.encoder.done(n));
                }
                (Err(error), [alone]) => alone.done = Err(error),
                (Err(_), several) => {
                    several.iter_mut().for_each(|heard| heard.done = self.embed(heard.state))
                }
            }
            several.iter_mut().for_each(|heard| self.let_go(&mut heard.state.embeddings));
        }
    }

    /// The newest embedding stands for the patch that was left out, too: the head takes them as one a stride, so they must
    /// be as many as strides went by. Before the first patch there is none.
    fn leave_out(&mut self, state: &mut ModelState, columns: &[f32]) {
        if self.completes(state, columns) && !state.embeddings.is_empty() {
            let newest = state.embeddings.len() - self.patch.embedding;
            state.embeddings.extend_from_within(newest..);
            self.let_go(&mut state.embeddings);
        }
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

    /// Those that are heard together must have heard the same number of patches, as all have once their windows are full.
    fn evaluate_all(&mut self, states: &[&ModelState], told: &mut Told<'_>) {
        let mut order: Vec<usize> = (0..states.len()).collect();
        order.sort_by_key(|&place| states[place].embeddings.len());
        for alike in order.chunk_by(|&a, &b| states[a].embeddings.len() == states[b].embeddings.len()) {
            for several in alike.chunks(self.head.batch()) {
                let length = states[several[0]].embeddings.len();
                batch::fill(&mut self.sequences, length, several, |row, &place| {
                    row.copy_from_slice(&states[place].embeddings);
                });
                let rows = batch::rows(several.len());
                let shape = [rows, length / self.patch.embedding, self.patch.embedding];
                let run = self.head.run_rows(&[TensorView { shape: &shape, values: &self.sequences }]);
                for (row, &place) in several.iter().enumerate() {
                    told(
                        place,
                        if run.is_ok() { self.head.row(0, row, rows) } else { self.evaluate(states[place]) },
                    );
                }
            }
        }
    }
}

#[cfg(all(test, feature = "tract"))]
mod tests {
    use std::path::Path;

    use crate::model::{Model, Runtime, RuntimeChoice, RuntimeSettings};

    #[test]
    fn the_newest_embedding_stands_for_patches_that_are_left_out() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models/toy-stream");
        let model = Model::load(&folder).expect("a fixture");
        let settings = RuntimeSettings { runtime: RuntimeChoice::Tract, ..RuntimeSettings::default() };
        let runtime = Runtime::start(&settings).expect("tract is compiled in");
        let mut classifier = model.classifier(&runtime).expect("opens");
        let mut state = classifier.new_state();
        let block = |columns: usize| (0..columns * 32).map(|n| (n as f32 * 0.37).sin()).collect::<Vec<_>>();
        // There is no newest before the first.
        classifier.leave_out(&mut state, &block(100));
        assert!(!classifier.is_ready(&state));
        classifier.push(&mut state, &block(87), false).expect("runs");
        let first = state.embeddings.clone();
        assert_eq!(first.len(), 16);
        // Off the grid no patch is complete.
        classifier.leave_out(&mut state, &block(30));
        assert_eq!(state.embeddings, first);
        classifier.leave_out(&mut state, &block(31));
        assert_eq!(state.embeddings, first.repeat(2));
        classifier.push(&mut state, &block(61), false).expect("runs");
        let newest = state.embeddings[32..].to_vec();
        assert!(newest.len() == 16 && newest != first);
        // The head hears four.
        (0..3).for_each(|_| classifier.leave_out(&mut state, &block(61)));
        assert_eq!((state.embeddings.clone(), state.embeddings.capacity()), (newest.repeat(4), 80));
    }
}
