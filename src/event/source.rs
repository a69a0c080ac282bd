//! `source.state` and `source.gap`: how a source fares. Touch it when a source has more to tell.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A source changed its state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
