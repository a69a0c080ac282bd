//! What one model says of a clip, and how it is gathered while the clip is heard.
//! Touch it when the answer must tell more; its keys are a contract.

use schemars::JsonSchema;
use serde::Serialize;

use super::judge::{ClipVerdict, Judge, Reservation};
use super::segments::{ClipSegment, Segments, name};
use crate::event::{LabelScore, ModelInfo, SignalState, Silence};
use crate::manifest::Manifest;
use crate::pipeline::{DecideSettings, Outcome};

/// What one model says of a clip.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ClipAnswer {
    /// The model, and where it ran.
    pub model: ModelInfo,
    /// What people are told.
    pub verdict: ClipVerdict,
    /// The likeliest labels over the whole clip, by falling probability.
    pub top: Vec<LabelScore>,
    /// The stable genre over the clip, as a live source would have told it in the end.
    pub segments: Vec<ClipSegment>,
    /// Every window.
    pub windows: Vec<ClipWindow>,
}

/// A window of a clip.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ClipWindow {
    /// Where it begins, in seconds.
    pub start_s: f64,
    /// Where it ends, in seconds.
    pub end_s: f64,
    /// True until a whole window has been heard.
    pub provisional: bool,
    /// What its newest hop is.
    pub state: SignalState,
    /// What kind of silence, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silence: Option<Silence>,
    /// The likeliest labels, by falling probability.
    pub top: Vec<LabelScore>,
    /// What is stable with this window.
    pub stable: String,
}

/// Gathers what one model says.
#[derive(Debug)]
pub struct Notes {
    labels: Vec<String>,
    top: usize,
    judge: Judge,
    windows: Vec<ClipWindow>,
    segments: Segments,
}

impl Notes {
    /// For the model of that manifest; `top` is how many labels are told of each window and of the whole.
    pub fn new(manifest: &Manifest, decide: &DecideSettings, top: usize) -> Self {
        Self {
            labels: manifest.labels.clone(),
            top,
            judge: Judge::new(manifest, decide),
            windows: Vec::new(),
            segments: Segments::default(),
        }
    }

    /// Takes the windows one after the other, each with the seconds by which it is moved.
    pub fn push(&mut self, outcome: &Outcome, offset_s: f64) {
        self.segments.push(outcome, offset_s);
        self.windows.push(ClipWindow {
            start_s: outcome.start_s + offset_s,
            end_s: outcome.end_s + offset_s,
            provisional: outcome.provisional,
            state: outcome.heard.into(),
            silence: Silence::of(outcome.heard),
            top: self.ranked(&outcome.p),
            stable: name(&self.labels, outcome.stable.verdict),
        });
    }

    /// The answer for a clip of that length, of which `model` gave the probabilities `p`.
    pub fn answer(self, model: ModelInfo, p: &[f32], duration_s: f64) -> (ClipAnswer, Option<Reservation>) {
        let top = self.ranked(p);
        let reservation = self.judge.reservation(&top, &self.windows, duration_s);
        let answer = ClipAnswer {
            model,
            verdict: ClipVerdict::of(&top, reservation.as_ref()),
            top,
            segments: self.segments.ended(&self.labels, duration_s),
            windows: self.windows,
        };
        (answer, reservation)
    }

    fn ranked(&self, p: &[f32]) -> Vec<LabelScore> {
        let mut ranked = LabelScore::ranked(&self.labels, p);
        ranked.truncate(self.top);
        ranked
    }
}
