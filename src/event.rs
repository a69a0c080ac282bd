//! The wire types of `genrecast.v1`: every logged event, as it stands in the JSON that subscribers get.
//! Touch it to add an event or a field; within v1 changes are additive only.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Version of the event format, the `v` of each event.
pub const PROTOCOL_VERSION: u32 = 1;

/// The stable label while no label reaches the calibrated threshold.
pub const UNKNOWN: &str = "unknown";

/// The stable label while nothing can be heard.
pub const SILENCE: &str = "silence";

/// A logged event: it has a sequence number and is kept for replay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The kind of event and what only that kind has; `type` stands first in the JSON.
    #[serde(flatten)]
    pub body: EventBody,
    /// [`PROTOCOL_VERSION`].
    pub v: u32,
    /// ULID of this run of the daemon.
    pub epoch: String,
    /// From 1, unique within an epoch, never reused.
    pub seq: u64,
    /// Name of the source.
    pub source: String,
    /// Wall-clock time of publication.
    pub time: Timestamp,
}

/// What kinds of events there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum EventBody {
    /// One window was classified.
    #[serde(rename = "genre.window")]
    Window(Box<GenreWindow>),
    /// The stable genre changed.
    #[serde(rename = "genre.changed")]
    Changed(GenreChanged),
    /// A source changed its state.
    #[serde(rename = "source.state")]
    SourceState(SourceStateChange),
    /// Audio was lost.
    #[serde(rename = "source.gap")]
    SourceGap(SourceGap),
}

impl EventBody {
    /// Every value of `type` that a logged event can have.
    pub const TYPES: [&'static str; 4] = ["genre.window", "genre.changed", "source.state", "source.gap"];

    /// The `type` of this event.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Window(_) => Self::TYPES[0],
            Self::Changed(_) => Self::TYPES[1],
            Self::SourceState(_) => Self::TYPES[2],
            Self::SourceGap(_) => Self::TYPES[3],
        }
    }
}

/// A classified window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenreWindow {
    /// Which stretch of the stream was classified.
    pub window: WindowSpan,
    /// True until a whole window has been heard since the stream began or was interrupted.
    pub provisional: bool,
    /// What the newest hop sounds like.
    pub state: SignalState,
    /// Labels by falling probability; the probabilities of all labels sum to 1.
    pub top: Vec<LabelScore>,
    /// What the daemon stands by.
    pub stable: Stable,
    /// About the audio since the previous window of this source.
    pub audio: AudioReport,
    /// How long things took.
    pub timing: Timing,
    /// What made the scores.
    pub model: Arc<ModelInfo>,
}

/// Bounds of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowSpan {
    /// Wall-clock time of the first sample.
    pub start: Timestamp,
    /// Wall-clock time of the last sample.
    pub end: Timestamp,
    /// Seconds of the stream before the window.
    pub start_s: f64,
    /// Seconds of the stream up to the window's end.
    pub end_s: f64,
    /// `end_s - start_s`.
    pub seconds: f64,
}

/// What the newest hop of audio is, as far as its samples tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalState {
    /// Something can be heard.
    Signal,
    /// There are samples, but below the threshold of quiet.
    Quiet,
    /// Every sample is exactly zero: muted, unplugged, or a dead stream that still delivers.
    DigitalZero,
}

/// A label and its calibrated probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelScore {
    /// One of the model's labels.
    pub label: String,
    /// Calibrated probability, 0 to 1.
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stable {
    /// A label, [`UNKNOWN`] or [`SILENCE`].
    pub label: String,
    /// Since when (wall clock).
    pub since: Timestamp,
    /// The `genre.changed` that began it; absent before the first change.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since_seq: Option<u64>,
}

/// What happened to the audio since the previous window of the same source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AudioReport {
    /// Sample rate of the source before resampling.
    pub native_hz: u32,
    /// RMS level re full scale; absent for digital zero.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rms_dbfs: Option<f32>,
    /// Samples at full scale.
    pub clipped: u64,
    /// Milliseconds of audio lost.
    pub gap_ms: u64,
    /// Evaluations skipped because the model was behind.
    pub skipped_hops: u64,
}

/// How long things took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// From the moment the window's last sample was due until publication.
    pub capture_to_emit_ms: u64,
    /// Spent in the model.
    pub infer_ms: u64,
}

/// The model that made the scores and where it really runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// The stable genre changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenreChanged {
    /// What was stable before; absent at the first change of a stream.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<EndedSegment>,
    /// What is stable now.
    pub to: BegunSegment,
}

/// A segment that has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndedSegment {
    /// Its stable label.
    pub label: String,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// Mean smoothed probability of the label over the segment; absent for [`UNKNOWN`] and [`SILENCE`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub confidence: Option<f32>,
}

/// A segment that has begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BegunSegment {
    /// Its stable label.
    pub label: String,
    /// When it began.
    pub start: Timestamp,
}

/// A source changed its state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceStateChange {
    /// The state it is in now.
    pub state: SourceState,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// What a person can do about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub remedy: Option<String>,
}

/// States of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Being opened.
    Starting,
    /// Samples flow.
    Live,
    /// Samples flow, but nothing can be heard.
    Silent,
    /// No samples come although the source is open.
    Stalled,
    /// Lost; being opened again.
    Reconnecting,
    /// Given up.
    Failed,
    /// A finite source was played to its end.
    Ended,
}

/// Audio that never reached the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceGap {
    /// Stream time at which the loss begins, in seconds.
    pub from_s: f64,
    /// Stream time at which audio goes on, in seconds.
    pub to_s: f64,
    /// The same as wall-clock time.
    pub from: Timestamp,
    /// The same as wall-clock time.
    pub to: Timestamp,
    /// Why, in words.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_stands_first_and_floats_are_shortest() {
        let event = Event {
            body: EventBody::Changed(GenreChanged {
                from: Some(EndedSegment {
                    label: "jazz".into(),
                    start: Timestamp::UNIX_EPOCH,
                    end: Timestamp::UNIX_EPOCH,
                    confidence: Some(0.1),
                }),
                to: BegunSegment { label: "blues".into(), start: Timestamp::UNIX_EPOCH },
            }),
            v: PROTOCOL_VERSION,
            epoch: "01J".into(),
            seq: 7,
            source: "mic".into(),
            time: Timestamp::UNIX_EPOCH,
        };
        let json = serde_json::to_string(&event).expect("serialises");
        assert!(json.starts_with(r#"{"type":"genre.changed","#), "{json}");
        assert!(json.contains(r#""confidence":0.1}"#), "{json}");
        let back: Event = serde_json::from_str(&json).expect("parses");
        assert_eq!(back, event);
        assert_eq!(event.body.type_name(), "genre.changed");
    }
}
