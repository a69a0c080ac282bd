//! `genre.changed`, `segment.corrected`: segments of one stable genre. Touch it when a segment gets a new field.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The stable genre changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GenreChanged {
    /// What was stable before; absent at the first change of a stream.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<EndedSegment>,
    /// What is stable now.
    pub to: BegunSegment,
}

/// The segment that is stable now began at another time than was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SegmentCorrected {
    /// `seq` of the `genre.changed` that told it.
    #[schemars(range(min = 1))]
    pub segment_seq: u64,
    /// Its stable label: one of the model's, `unknown` or `silence`.
    pub label: String,
    /// When it began, as was told; the segment before it ended then.
    pub told: Timestamp,
    /// When it began, as is known now.
    pub start: Timestamp,
}

/// A segment that has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EndedSegment {
    /// Its stable label: one of the model's, `unknown` or `silence`.
    pub label: String,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// Mean probability of the label over the segment; absent for `unknown` and `silence`.
    #[schemars(range(min = 0.0, max = 1.0))]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub confidence: Option<f32>,
}

/// A segment that has begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BegunSegment {
    /// Its stable label: one of the model's, `unknown` or `silence`.
    pub label: String,
    /// When it began.
    pub start: Timestamp,
}
