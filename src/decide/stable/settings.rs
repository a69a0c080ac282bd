//! When the stable genre changes. Touch it together with `[decide]` of the configuration.

use super::evidence::Weights;

/// How slowly the daemon changes its mind. Evidence is the natural logarithm of how many times likelier one label is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StableSettings {
    /// Span of the newest windows that can change the genre at once, in seconds.
    pub fast_seconds: f64,
    /// Evidence that they need for it.
    pub fast_evidence: f64,
    /// Span over which a label that is merely likelier replaces the stable one, in seconds.
    pub slow_seconds: f64,
    /// Evidence that it needs for it.
    pub slow_evidence: f64,
    /// Evidence for a change that a new title is by itself.
    pub title_evidence: f64,
    /// Shortest segment in seconds.
    pub minimum_seconds: f64,
    /// Nothing to hear for this long is told, in seconds.
    pub silence_seconds: f64,
    /// Up to this length it is a pause, which what is stable survives, in seconds.
    pub pause_seconds: f64,
    /// A top probability that stays below this is unknown.
    pub abstain_below: f32,
    /// How far the model's answers are behind what plays, in seconds.
    pub lag_seconds: f64,
}

impl Default for StableSettings {
    /// As in the shipped configuration; of a model nothing is known.
    fn default() -> Self {
        Self {
            fast_seconds: 0.5,
            fast_evidence: 4.1,
            slow_seconds: 20.0,
            slow_evidence: 3.0,
            title_evidence: 1.0,
            minimum_seconds: 8.0,
            silence_seconds: 5.0,
            pause_seconds: 15.0,
            abstain_below: 0.0,
            lag_seconds: 0.0,
        }
    }
}

impl StableSettings {
    pub(super) fn weights(&self) -> Weights {
        Weights {
            fast_seconds: self.fast_seconds,
            fast_evidence: self.fast_evidence,
            slow_seconds: self.slow_seconds,
            slow_evidence: self.slow_evidence,
        }
    }
}
