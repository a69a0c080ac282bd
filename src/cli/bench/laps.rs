//! Where the time of a hop goes: its stages, and classifiers that tell what they take. Touch it with `Classifier`, whose
//! every method must be passed on here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use genrecast::model::{Classifier, ModelError, ModelState, Push, Told};
use serde::Serialize;

use super::clock::cpu;

/// CPU milliseconds of one hop in each stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct Stages {
    /// From the bytes of a file to mono samples.
    pub decode: f64,
    /// To the model's rate.
    pub resample: f64,
    /// Samples to mel columns, level and blocks.
    pub features: f64,
    /// The gate: its columns and its model.
    pub gate: f64,
    /// The genre's model.
    pub inference: f64,
    /// Probabilities, smoothing, the stable genre; the event, published and serialised for one subscriber.
    pub decide: f64,
}

impl Stages {
    pub fn sum(&self) -> f64 {
        self.decode + self.resample + self.features + self.gate + self.inference + self.decide
    }
}

/// CPU time within a classifier so far.
#[derive(Default)]
pub(super) struct Laps {
    push_ns: AtomicU64,
    evaluate_ns: AtomicU64,
}

impl Laps {
    /// What hearing new columns took, which every block needs.
    pub fn push(&self) -> Duration {
        Duration::from_nanos(self.push_ns.load(Ordering::Relaxed))
    }

    /// What answers took, which only windows need.
    pub fn evaluate(&self) -> Duration {
        Duration::from_nanos(self.evaluate_ns.load(Ordering::Relaxed))
    }
}

/// A classifier that tells what it takes.
pub(super) struct Timed {
    inner: Box<dyn Classifier>,
    laps: Arc<Laps>,
}

impl Timed {
    pub fn around(inner: Box<dyn Classifier>) -> (Box<dyn Classifier>, Arc<Laps>) {
        let laps = Arc::<Laps>::default();
        (Box::new(Self { inner, laps: Arc::clone(&laps) }), laps)
    }
}

fn add(to: &AtomicU64, since: Duration) {
    let took = cpu().saturating_sub(since).as_nanos();
    to.fetch_add(u64::try_from(took).unwrap_or(u64::MAX), Ordering::Relaxed);
}

impl Classifier for Timed {
    fn new_state(&self) -> ModelState {
        self.inner.new_state()
    }

    fn push(&mut self, state: &mut ModelState, columns: &[f32], last: bool) -> Result<(), ModelError> {
        let began = cpu();
        let done = self.inner.push(state, columns, last);
        add(&self.laps.push_ns, began);
        done
    }

    fn leave_out(&mut self, state: &mut ModelState, columns: &[f32]) {
        self.inner.leave_out(state, columns);
    }

    fn is_ready(&self, state: &ModelState) -> bool {
        self.inner.is_ready(state)
    }

    fn evaluate(&mut self, state: &ModelState) -> Result<&[f32], ModelError> {
        let began = cpu();
        let logits = self.inner.evaluate(state);
        add(&self.laps.evaluate_ns, began);
        logits
    }

    fn batch(&self) -> usize {
        self.inner.batch()
    }

    fn push_all(&mut self, heard: &mut [Push<'_>]) {
        let began = cpu();
        self.inner.push_all(heard);
        add(&self.laps.push_ns, began);
    }

    fn evaluate_all(&mut self, states: &[&ModelState], told: &mut Told<'_>) {
        let began = cpu();
        self.inner.evaluate_all(states, told);
        add(&self.laps.evaluate_ns, began);
    }
}
