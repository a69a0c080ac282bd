//! The gate's part of [`Back`](super::Back): its columns → probabilities of its labels, at the end of each block. Touch it
//! when the gate's model is to be run otherwise.

use crate::decide::{self, Gate};
use crate::manifest::Manifest;
use crate::model::{Classifier, ModelError, ModelState, Push};

/// What the gate's model has heard of one source.
pub(super) struct Attention {
    state: ModelState,
    /// The state of a source that has heard nothing.
    fresh: ModelState,
    /// Columns before the first answer, and from one answer to the next.
    first: usize,
    stride: usize,
    n_mels: usize,
    hop_seconds: f64,
    temperature: f32,
    /// Columns heard since the last answer.
    since: usize,
    p: Vec<f32>,
}

impl Attention {
    /// For a source that has not been heard.
    pub fn new(manifest: &Manifest, classifier: &dyn Classifier) -> Self {
        Self {
            state: classifier.new_state(),
            fresh: classifier.new_state(),
            first: manifest.window.first,
            stride: manifest.window.stride,
            n_mels: manifest.features.n_mels,
            hop_seconds: manifest.features.hop_seconds(),
            temperature: manifest.calibration.temperature,
            since: 0,
            p: Vec::with_capacity(manifest.labels.len()),
        }
    }

    /// Takes the columns (`[frames, n_mels]`) of a block and tells `gate` the answers. One comes at the end of the block, so
    /// that it is about the newest sound; a longer block is heard in pieces of about a stride, and where blocks are short an
    /// answer waits until half a stride has been heard, so that the cost a second hardly depends on them.
    pub fn hear(
        &mut self,
        classifier: &mut dyn Classifier,
        columns: &[f32],
        gate: &mut Gate,
    ) -> Result<(), ModelError> {
        for piece in 0..self.pieces(columns) {
            let heard = self.piece(columns, piece);
            let answers = heard.last;
            classifier.push(heard.state, heard.columns, answers)?;
            if answers && classifier.is_ready(&self.state) {
                self.answer(classifier.evaluate(&self.state)?, gate);
            }
        }
        Ok(())
    }

    /// In how many pieces a block's columns are heard.
    pub fn pieces(&self, columns: &[f32]) -> usize {
        ((columns.len() / self.n_mels + self.stride / 2) / self.stride).max(1)
    }

    /// One of them, to be taken by a classifier: `last` if it is to be followed by an answer, because an encoder runs off its
    /// own grid where a block says that it is the last.
    pub fn piece<'a>(&'a mut self, columns: &'a [f32], piece: usize) -> Push<'a> {
        let (count, pieces) = (columns.len() / self.n_mels, self.pieces(columns));
        let (from, to) = (piece * count / pieces, (piece + 1) * count / pieces);
        self.since += to - from;
        let heard = self.state.heard() as usize + (to - from);
        let last = heard >= self.first && self.since >= self.stride.div_ceil(2);
        let columns = &columns[from * self.n_mels..to * self.n_mels];
        Push { state: &mut self.state, columns, last, done: Ok(()) }
    }

    /// The state to be evaluated, if there is something to judge.
    pub fn ready(&self, classifier: &dyn Classifier) -> Option<&ModelState> {
        classifier.is_ready(&self.state).then_some(&self.state)
    }

    /// Tells `gate` the answer to what was heard since the last one.
    pub fn answer(&mut self, logits: &[f32], gate: &mut Gate) {
        decide::probabilities(logits, self.temperature, &mut self.p);
        gate.hear(&self.p, self.since as f64 * self.hop_seconds);
        self.since = 0;
    }

    /// Takes the columns of a block and computes nothing: the next answer stands for their time, too.
    pub fn leave_out(&mut self, classifier: &mut dyn Classifier, columns: &[f32]) {
        self.since += columns.len() / self.n_mels;
        classifier.leave_out(&mut self.state, columns);
    }

    /// Forgets the audio heard.
    pub fn forget(&mut self) {
        self.state.clone_from(&self.fresh);
        self.since = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{GateSettings, Heard};

    /// Hears music where the newest column is above zero, else speech.
    struct Sign;

    impl Classifier for Sign {
        fn new_state(&self) -> ModelState {
            ModelState::new(68, 24)
        }

        fn push(&mut self, state: &mut ModelState, columns: &[f32], _last: bool) -> Result<(), ModelError> {
            state.push(columns);
            Ok(())
        }

        fn leave_out(&mut self, state: &mut ModelState, columns: &[f32]) {
            state.push(columns);
        }

        fn evaluate(&mut self, state: &ModelState) -> Result<&[f32], ModelError> {
            let music = state.columns.newest().last().is_some_and(|value| *value > 0.0);
            Ok(if music { &[5.0, 0.0, 0.0, 0.0] } else { &[0.0, 5.0, 0.0, 0.0] })
        }
    }

    #[test]
    fn after_blocks_that_were_left_out_the_newest_sound_decides() {
        let manifest = Manifest::parse(include_str!("../../models/gate-speech-music/manifest.toml"));
        let manifest = manifest.expect("a gate");
        // So slow that a block of a second more or less changes nothing.
        let settings = GateSettings { smoothing_seconds: 8.0, ..GateSettings::default() };
        let judged = |blocks: usize| {
            let mut gate = Gate::with_labels(settings, &manifest.labels);
            let mut attention = Attention::new(&manifest, &Sign);
            for _ in 0..20 {
                attention.hear(&mut Sign, &[1.0; 98 * 24], &mut gate).expect("it never fails");
            }
            (0..blocks).for_each(|_| attention.leave_out(&mut Sign, &[-1.0; 98 * 24]));
            attention.hear(&mut Sign, &[-1.0; 98 * 24], &mut gate).expect("it never fails");
            assert_eq!(attention.since, 0);
            gate.judge(Some(-20.0))
        };
        assert_eq!(judged(0), Heard::Music);
        assert_eq!(judged(7), Heard::Speech);
    }
}
