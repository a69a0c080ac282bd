//! The second half of the pipeline: blocks of mel columns → scores → what the daemon stands by.
//! Touch it when an outcome must tell more.

use super::MelBlock;
use super::attention::Attention;
use crate::decide::{
    self, EndedTrack, Gate, GateSettings, Heard, Segment, StableChange, StableGenre, StableSettings, Tracks,
};
use crate::features::Level;
use crate::manifest::Manifest;
use crate::model::{Classifier, ModelError, ModelState};

/// Settings of the decisions; what the manifest says stands where these say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DecideSettings {
    /// Thresholds of the gate.
    pub gate: GateSettings,
    /// When the stable genre changes; what the manifest knows of it is taken from there.
    pub stable: StableSettings,
    /// Overrides the manifest's threshold of "unknown".
    pub abstain_below: Option<f32>,
}

impl DecideSettings {
    fn stable(&self, manifest: &Manifest) -> StableSettings {
        StableSettings {
            abstain_below: self.abstain_below.unwrap_or(manifest.calibration.abstain_below),
            lag_seconds: f64::from(manifest.calibration.lag_seconds),
            ..self.stable
        }
    }
}

/// A classified window.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Stream time of the window's first sample in seconds.
    pub start_s: f64,
    /// Stream time of its last sample in seconds.
    pub end_s: f64,
    /// True until a full window has been heard.
    pub provisional: bool,
    /// What the newest hop is.
    pub heard: Heard,
    /// True if nothing has been heard for some time.
    pub silent: bool,
    /// Calibrated probabilities in the order of the manifest's labels.
    pub p: Vec<f32>,
    /// Level of the audio since the previous outcome, or of the last audio there was.
    pub level: Level,
    /// The stable genre, after this window.
    pub stable: Segment,
    /// Present if this window changed it or its start.
    pub changed: Option<StableChange>,
}

/// One source's scores and decisions.
pub struct Back {
    state: ModelState,
    gate: Gate,
    /// With a model for the gate only.
    attention: Option<Attention>,
    stable: StableGenre,
    tracks: Tracks,
    lag_seconds: f64,
    grid: Grid,
    /// Columns of this stretch that were heard and forgotten.
    forgotten: u64,
    temperature: f32,
    level: Level,
    /// The newest one, written again by each evaluation, so that a hop needs nothing from the heap. Its `heard` and `level`
    /// are those of the newest hop with native samples; the end of a stream may flush columns without any.
    outcome: Outcome,
}

/// What is needed to tell where a window lies.
#[derive(Clone, Copy)]
struct Grid {
    frames: u64,
    /// Samples from a column to the next, and those that the first one reaches back, at the rate of the features.
    hop: u64,
    reach: u64,
    rate: f64,
}

impl Back {
    /// For a source that has not been heard.
    pub fn new(manifest: &Manifest, classifier: &dyn Classifier, settings: &DecideSettings) -> Self {
        let stable = StableGenre::new(settings.stable(manifest));
        Self {
            state: classifier.new_state(),
            gate: Gate::new(settings.gate),
            attention: None,
            tracks: Tracks::default(),
            lag_seconds: f64::from(manifest.calibration.lag_seconds),
            grid: Grid {
                frames: manifest.window.frames as u64,
                hop: manifest.features.hop as u64,
                reach: manifest.features.n_fft as u64 / 2,
                rate: f64::from(manifest.features.sample_rate),
            },
            forgotten: 0,
            temperature: manifest.calibration.temperature,
            level: Level::default(),
            outcome: Outcome {
                start_s: 0.0,
                end_s: 0.0,
                provisional: true,
                heard: Heard::Signal,
                silent: false,
                p: Vec::with_capacity(manifest.labels.len()),
                level: Level::default(),
                stable: stable.current(),
                changed: None,
            },
            stable,
        }
    }

    /// Lets a model tell music from what is none.
    pub fn with_gate(
        self,
        manifest: &Manifest,
        classifier: &dyn Classifier,
        settings: &DecideSettings,
    ) -> Self {
        let gate = Gate::with_labels(settings.gate, &manifest.labels);
        Self { gate, attention: Some(Attention::new(manifest, classifier)), ..self }
    }

    /// Goes on by other settings; what was heard and what is stable stay.
    pub fn decide_by(&mut self, manifest: &Manifest, settings: &DecideSettings) {
        self.gate.set(settings.gate);
        self.stable.set(settings.stable(manifest));
    }

    /// Takes a block's columns for the gate, before [`push`](Self::push) takes the block.
    ///
    /// # Errors
    /// [`ModelError::Inference`] if the runtime fails.
    pub fn listen(&mut self, gate: &mut dyn Classifier, block: MelBlock<'_>) -> Result<(), ModelError> {
        match &mut self.attention {
            Some(attention) => attention.hear(gate, block.gate, &mut self.gate),
            None => Ok(()),
        }
    }

    /// Takes a block; with `evaluate` it also classifies the window that ends with it, which can be read until the next
    /// call. What the model caches is computed either way, so a skipped evaluation changes no later one.
    ///
    /// # Errors
    /// [`ModelError::Inference`] if the runtime fails.
    pub fn push(
        &mut self,
        classifier: &mut dyn Classifier,
        block: MelBlock<'_>,
        evaluate: bool,
    ) -> Result<Option<&Outcome>, ModelError> {
        if !self.takes(block) {
            return Ok(None);
        }
        classifier.push(&mut self.state, block.columns, block.last)?;
        if !evaluate || !classifier.is_ready(&self.state) {
            return Ok(None);
        }
        let logits = classifier.evaluate(&self.state)?;
        decide::probabilities(logits, self.temperature, &mut self.outcome.p);
        Ok(Some(self.conclude(block)))
    }

    /// Takes a block's level; false if there is nothing to hear in it.
    pub(super) fn takes(&mut self, block: MelBlock<'_>) -> bool {
        self.level = self.level.and(&block.level);
        !block.columns.is_empty()
    }

    /// The state that a classifier takes a block's columns into.
    pub(super) fn state(&mut self) -> &mut ModelState {
        &mut self.state
    }

    /// The same, to be evaluated, if there is something to judge.
    pub(super) fn ready(&self, classifier: &dyn Classifier) -> Option<&ModelState> {
        classifier.is_ready(&self.state).then_some(&self.state)
    }

    /// The state of the gate's model, if there is something to judge.
    pub(super) fn attends(&self, classifier: &dyn Classifier) -> Option<&ModelState> {
        self.attention.as_ref()?.ready(classifier)
    }

    /// The gate, with what its model has heard.
    pub(super) fn attention(&mut self) -> Option<(&mut Attention, &mut Gate)> {
        self.attention.as_mut().map(|attention| (attention, &mut self.gate))
    }

    /// Judges the window that ends with `block`.
    pub(super) fn judge(&mut self, block: MelBlock<'_>, logits: &[f32]) {
        decide::probabilities(logits, self.temperature, &mut self.outcome.p);
        self.conclude(block);
    }

    /// The newest outcome.
    pub(super) fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// What comes of the probabilities in `outcome`.
    fn conclude(&mut self, block: MelBlock<'_>) -> &Outcome {
        let outcome = &mut self.outcome;
        let level = std::mem::take(&mut self.level);
        if level.samples > 0 {
            outcome.level = level;
            outcome.heard = self.gate.judge(level.rms_dbfs());
        } else {
            // It is still as loud as it was last, but no sample is to be counted twice.
            outcome.level.clipped = 0;
        }
        let columns = self.state.heard();
        outcome.start_s = block.origin_s + self.grid.start(self.forgotten, columns);
        outcome.end_s = block.end_s;
        outcome.provisional = columns < self.grid.frames;
        outcome.changed = self.stable.push(&outcome.p, outcome.heard, block.end_s);
        outcome.stable = self.stable.current();
        outcome.silent = self.stable.is_silent();
        self.tracks.push(&outcome.p, outcome.heard, block.end_s, self.lag_seconds);
        outcome
    }

    /// Takes a block in the place of [`listen`](Self::listen) and [`push`](Self::push) and computes nothing, because there
    /// is no time for it. False if the block was not taken: before its first answer a source is heard in full.
    pub fn leave_out(
        &mut self,
        classifier: &mut dyn Classifier,
        gate: Option<&mut (dyn Classifier + 'static)>,
        block: MelBlock<'_>,
    ) -> bool {
        if block.last || !classifier.is_ready(&self.state) {
            return false;
        }
        self.level = self.level.and(&block.level);
        classifier.leave_out(&mut self.state, block.columns);
        if let (Some(attention), Some(gate)) = (&mut self.attention, gate) {
            attention.leave_out(gate, block.gate);
        }
        true
    }

    /// The source announced another title at stream time `at_s`, or that there is none; gives the track that it ends.
    pub fn announce(&mut self, title: Option<String>, at_s: f64) -> Option<EndedTrack> {
        let before = self.tracks.title().map(str::to_owned);
        let ended = self.tracks.announce(title, at_s);
        if self.tracks.title() != before.as_deref() {
            self.stable.title(at_s);
        }
        ended
    }

    /// Forgets the audio heard, but not what is stable: after a gap a new stretch begins at stream time `at_s`.
    pub fn restart(&mut self, classifier: &dyn Classifier, at_s: f64) {
        self.forget(classifier, at_s);
        self.forgotten = 0;
    }

    /// Forgets the audio heard within a stretch that goes on, because the model failed at stream time `at_s`.
    pub fn forget(&mut self, classifier: &dyn Classifier, at_s: f64) {
        self.stable.interrupted(at_s);
        self.tracks.interrupted(at_s);
        self.forgotten += self.state.heard();
        self.state = classifier.new_state();
        self.level = Level::default();
        self.gate.forget();
        self.attention.iter_mut().for_each(Attention::forget);
    }
}

impl Grid {
    /// Where the window begins, in seconds since the stretch began.
    fn start(&self, forgotten: u64, columns: u64) -> f64 {
        let first = forgotten + columns.saturating_sub(self.frames);
        // Counted in samples and divided once, so that it is the number nearest to the truth.
        (first * self.hop).saturating_sub(self.reach) as f64 / self.rate
    }
}
