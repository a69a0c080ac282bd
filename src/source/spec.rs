//! A source as it is configured. Touch it when a source gets a setting of its own.

use super::uri::SourceUri;

/// A source as it is configured.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSpec {
    /// How events call it.
    pub name: String,
    /// Where its audio comes from.
    pub uri: SourceUri,
    /// Name of the model that hears it; `None` for the configured one.
    pub model: Option<String>,
    /// How long its ring lets it go unread before samples are lost, in seconds of the wall clock. An unpaced source
    /// loses none: its ring holds that much audio.
    pub ring_seconds: f64,
    /// What is judged otherwise of it.
    pub own: Own,
}

/// What is judged otherwise of one source than of the others; `None` where it is as for all.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Own {
    /// Threshold of quiet in dB re full scale.
    pub quiet_dbfs: Option<f32>,
    /// Below this probability the stable genre is "unknown".
    pub abstain_below: Option<f32>,
    /// Least time between two windows, in seconds of the stream; the model's own stride is the shortest.
    pub hop_seconds: Option<f64>,
}
