//! `genre.window`: what one classified window tells. Touch it when a window gets a new field.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Track;
use crate::decide::Heard;

/// A classified window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GenreWindow {
    /// Which stretch of the stream was classified.
    pub window: WindowSpan,
    /// True until a whole window has been heard since the stream began or was interrupted.
    pub provisional: bool,
    /// What the newest hop is.
    pub state: SignalState,
    /// Labels by falling probability, as many as were asked for (`top_k`); the probabilities of all labels sum to 1.
    #[schemars(length(min = 1))]
    pub top: Vec<LabelScore>,
    /// What the daemon stands by.
    pub stable: Stable,
    /// About the audio since the previous window of this source.
    pub audio: AudioReport,
    /// How long things took.
    pub timing: Timing,
    /// What made the scores.
    pub model: Arc<ModelInfo>,
    /// The announced track; absent if the source announces none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub track: Option<Arc<Track>>,
}

/// Bounds of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WindowSpan {
    /// Wall-clock time of the first sample.
    pub start: Timestamp,
    /// Wall-clock time of the last sample.
    pub end: Timestamp,
    /// Seconds of the stream before the window.
    #[schemars(range(min = 0.0))]
    pub start_s: f64,
    /// Seconds of the stream up to the window's end.
    #[schemars(range(min = 0.0))]
    pub end_s: f64,
    /// How long it is: `end_s - start_s`.
    #[schemars(range(min = 0.0))]
    pub seconds: f64,
}

/// What the newest hop of audio is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalState {
    /// Music.
    Music,
    /// Somebody speaks.
    Speech,
    /// Somebody speaks over music.
    Mixed,
    /// Something can be heard that is neither.
    Noise,
    /// Nothing can be heard; `audio.silence` tells why.
    Silence,
    /// Something can be heard, and no gate tells what: it is off, or has heard less than a second.
    Signal,
}

/// What kind of silence it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// There are samples, but below the threshold of quiet.
    Quiet,
    /// Every sample is exactly zero: muted, unplugged, or a dead stream that still delivers.
    DigitalZero,
}

impl From<Heard> for SignalState {
    fn from(heard: Heard) -> Self {
        match heard {
            Heard::Music => Self::Music,
            Heard::Speech => Self::Speech,
            Heard::Mixed => Self::Mixed,
            Heard::Noise => Self::Noise,
            Heard::Quiet | Heard::DigitalZero => Self::Silence,
            Heard::Signal => Self::Signal,
        }
    }
}

impl Silence {
    /// The kind of silence that was heard, if it was one.
    pub fn of(heard: Heard) -> Option<Self> {
        match heard {
            Heard::Quiet => Some(Self::Quiet),
            Heard::DigitalZero => Some(Self::DigitalZero),
            _ => None,
        }
    }
}

/// A label and its calibrated probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LabelScore {
    /// One of the model's labels.
    pub label: String,
    /// Calibrated probability.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub p: f32,
}

impl LabelScore {
    /// Labels by falling probability; equal ones keep the order of the model.
    pub fn ranked(labels: &[String], p: &[f32]) -> Vec<Self> {
        let mut ranked: Vec<Self> =
            labels.iter().zip(p).map(|(label, &p)| Self { label: label.clone(), p }).collect();
        ranked.sort_by(|a, b| b.p.total_cmp(&a.p));
        ranked
    }
}

/// The genre that the daemon stands by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stable {
    /// One of the model's labels, `unknown` while nothing is sure enough, or `silence`.
    pub label: String,
    /// Since when (wall clock).
    pub since: Timestamp,
    /// `seq` of the `genre.changed` that began it; absent before the first change.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since_seq: Option<u64>,
}

/// What happened to the audio since the previous window of the same source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AudioReport {
    /// Sample rate of the source before resampling, in hertz.
    pub native_hz: u32,
    /// Level (root mean square) in decibels re full scale; absent for digital zero.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rms_dbfs: Option<f32>,
    /// What kind of silence `state` means, if it is `silence`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub silence: Option<Silence>,
    /// Samples at full scale.
    pub clipped: u64,
    /// Milliseconds of audio lost.
    pub gap_ms: u64,
    /// Evaluations skipped because the model was behind.
    pub skipped_hops: u64,
}

/// How long things took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Timing {
    /// From the moment the window's last sample was due until publication.
    pub capture_to_emit_ms: u64,
    /// Spent in the model.
    pub infer_ms: u64,
}

/// The model that made the scores and where it really runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelInfo {
    /// Folder name of the model.
    pub id: String,
    /// SHA-256 of its ONNX file (for encoder and head: of both, encoder first).
    pub sha256: String,
    /// `cpu` or `cuda`.
    pub device: String,
    /// `onnxruntime` or `tract`.
    pub runtime: String,
}
