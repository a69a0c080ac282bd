//! `[[source]]`: the keys of a source, as they are written. Touch it when a source gets one; `sources.rs` reads them.

use serde::Deserialize;

/// `[[source]]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SourceConfig {
    /// Name in events; absent: made from the URI.
    pub name: Option<String>,
    /// What to listen to.
    pub uri: String,
    /// The program of a source `exec:` and its arguments, instead of behind the colon.
    pub command: Option<Vec<String>>,
    /// Louder or softer, in decibels; wins over the URI's.
    pub gain_db: Option<f64>,
    /// `mix`, or the number of the channel that is heard; wins over the URI's.
    pub channel: Option<ChannelName>,
    /// `live` or `off`, of a station or a program; wins over the URI's.
    pub pace: Option<String>,
    /// Instead of `decide.quiet_dbfs`.
    pub quiet_dbfs: Option<f32>,
    /// Instead of `decide.abstain_below`.
    pub abstain_below: Option<f32>,
    /// Least time between two windows, in seconds.
    pub hop_seconds: Option<f64>,
    /// Instead of `model.id`.
    pub model: Option<String>,
    /// Seconds of audio that may wait in memory.
    #[serde(default = "default_ring_seconds")]
    pub ring_seconds: f64,
}

/// A channel as it is written: a number or a word.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum ChannelName {
    /// Counted from 1.
    Number(u8),
    /// `mix`.
    Word(String),
}

impl std::fmt::Display for ChannelName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Word(word) => word.fmt(f),
        }
    }
}

fn default_ring_seconds() -> f64 {
    SourceConfig::DEFAULT_RING_SECONDS
}

impl SourceConfig {
    /// Default of `ring_seconds`, as in the shipped file.
    pub const DEFAULT_RING_SECONDS: f64 = 4.0;
}
