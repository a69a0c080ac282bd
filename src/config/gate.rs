//! `[gate]`: what tells music from speech and noise. Touch it when the gate gets another key.

use serde::Deserialize;

use crate::decide::GateSettings;

/// `[gate]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct GateConfig {
    /// Folder name of the model, or [`GateConfig::OFF`].
    pub model: String,
    /// Time constant of the smoothing, in seconds.
    pub smoothing_seconds: f64,
    /// Added to the log-odds of music.
    pub music_log_odds: f32,
}

impl GateConfig {
    /// Instead of a model: every sound counts as music.
    pub const OFF: &'static str = "off";

    /// The model that is to be loaded.
    pub fn model(&self) -> Option<&str> {
        (self.model != Self::OFF).then_some(self.model.as_str())
    }

    /// What the pipeline is told, beside the threshold of quiet.
    pub(super) fn settings(&self, quiet_dbfs: f32) -> GateSettings {
        GateSettings {
            quiet_dbfs,
            smoothing_seconds: self.smoothing_seconds,
            music_log_odds: self.music_log_odds,
        }
    }

    /// The first key that is out of bounds, and why.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        if !(0.0..=600.0).contains(&self.smoothing_seconds) {
            let got = self.smoothing_seconds;
            return Some(("gate.smoothing_seconds", format!("expected 0 to 600 seconds, got {got}")));
        }
        if !(-20.0..=20.0).contains(&self.music_log_odds) {
            return Some(("gate.music_log_odds", format!("expected -20 to 20, got {}", self.music_log_odds)));
        }
        None
    }
}
