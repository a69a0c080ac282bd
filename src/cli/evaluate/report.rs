//! What `evaluate` tells: the keys of `--json` are a contract, which `python -m training.evaluate --json` keeps, too.
//! Touch it when an evaluation has more to tell.

use genrecast::evaluation::{Measures, ScoredClip, measure};
use genrecast::event::ModelInfo;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::clips::{Clip, Passed};
use super::work::Answer;
use crate::cli::exit::Status;

/// An evaluation.
#[derive(Serialize)]
pub(super) struct Report {
    /// The folder.
    pub input: String,
    pub model: ModelInfo,
    #[serde(flatten)]
    pub measures: Measures,
    pub per_clip: Vec<ClipReport>,
    /// Clips that could not be heard.
    pub failed: Vec<Passed>,
    /// What is no clip.
    pub left_out: Vec<Passed>,
}

/// What is said of one clip.
#[derive(Serialize)]
pub(super) struct ClipReport {
    pub name: String,
    pub p: Probabilities,
    pub genre: String,
    /// What is missing or broken, if anything; the answer covers what could be heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
}

/// Labels with their probabilities: an object, in the order of the labels.
pub(super) struct Probabilities(Vec<(String, f32)>);

impl Serialize for Probabilities {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (label, p) in &self.0 {
            map.serialize_entry(label, p)?;
        }
        map.end()
    }
}

impl Report {
    /// Of the answers to these clips, if any of them could be heard.
    pub fn new(
        input: String,
        model: ModelInfo,
        labels: &[String],
        clips: Vec<Clip>,
        answers: Vec<Answer>,
        mut left_out: Vec<Passed>,
    ) -> Result<Self, Unheard> {
        let (mut per_clip, mut heard, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        let mut read = false;
        for (Clip { name, .. }, answer) in clips.into_iter().zip(answers) {
            match answer {
                Answer::Scored { scored, damage } => {
                    per_clip.push(ClipReport::new(name, labels, &scored, damage));
                    heard.push(scored);
                }
                Answer::Failed { reason, status } => {
                    read |= status != Status::Unreadable;
                    failed.push(Passed { name, reason });
                }
                Answer::NoClip(reason) => {
                    read = true;
                    left_out.push(Passed { name, reason });
                }
            }
        }
        match measure(labels, &heard) {
            Some(measures) => Ok(Self { input, model, measures, per_clip, failed, left_out }),
            None => Err(Unheard { failed, left_out, read }),
        }
    }

    /// Clips that were heard, but not whole.
    pub fn damaged(&self) -> impl Iterator<Item = (&str, &str)> {
        self.per_clip.iter().filter_map(|clip| Some((clip.name.as_str(), clip.damage.as_deref()?)))
    }
}

/// Why there is nothing to report.
pub(super) struct Unheard {
    pub failed: Vec<Passed>,
    pub left_out: Vec<Passed>,
    /// Whether any file could be read at all.
    pub read: bool,
}

impl ClipReport {
    fn new(name: String, labels: &[String], scored: &ScoredClip, damage: Option<String>) -> Self {
        let p = labels.iter().cloned().zip(scored.p.iter().copied()).collect();
        Self { name, p: Probabilities(p), genre: labels[scored.genre].clone(), damage }
    }
}
