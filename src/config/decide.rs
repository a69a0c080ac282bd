//! `[decide]`: when a hop is quiet and when the stable genre changes. Touch it when decisions get a key.

use serde::Deserialize;

use crate::decide::{GateSettings, StableSettings};
use crate::pipeline::DecideSettings;

/// `[decide]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DecideConfig {
    /// Threshold of quiet in dB re full scale.
    pub quiet_dbfs: f32,
    /// Span of the newest windows in seconds.
    pub fast_seconds: f64,
    /// What they need to change the genre at once.
    pub fast_evidence: f64,
    /// Span of many windows in seconds.
    pub slow_seconds: f64,
    /// What they need to change the genre.
    pub slow_evidence: f64,
    /// What a new title counts.
    pub title_evidence: f64,
    /// Shortest segment in seconds.
    pub minimum_seconds: f64,
    /// Length of silence that is told, in seconds.
    pub silence_seconds: f64,
    /// Longest pause in the music, in seconds.
    pub pause_seconds: f64,
    /// Threshold of "unknown".
    pub abstain_below: Option<f32>,
}

impl DecideConfig {
    /// What the pipeline is told, but for the gate's model.
    pub(super) fn settings(&self) -> DecideSettings {
        DecideSettings {
            gate: GateSettings { quiet_dbfs: self.quiet_dbfs, ..GateSettings::default() },
            stable: StableSettings {
                fast_seconds: self.fast_seconds,
                fast_evidence: self.fast_evidence,
                slow_seconds: self.slow_seconds,
                slow_evidence: self.slow_evidence,
                title_evidence: self.title_evidence,
                minimum_seconds: self.minimum_seconds,
                silence_seconds: self.silence_seconds,
                pause_seconds: self.pause_seconds,
                ..StableSettings::default()
            },
            abstain_below: self.abstain_below,
        }
    }

    /// The first key that is out of bounds, and why.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        for (key, seconds) in [
            ("decide.fast_seconds", self.fast_seconds),
            ("decide.slow_seconds", self.slow_seconds),
            ("decide.minimum_seconds", self.minimum_seconds),
            ("decide.silence_seconds", self.silence_seconds),
            ("decide.pause_seconds", self.pause_seconds),
        ] {
            if !(0.0..=600.0).contains(&seconds) {
                return Some((key, format!("expected 0 to 600 seconds, got {seconds}")));
            }
        }
        for (key, evidence) in [
            ("decide.fast_evidence", self.fast_evidence),
            ("decide.slow_evidence", self.slow_evidence),
            ("decide.title_evidence", self.title_evidence),
        ] {
            if !(0.0..=20.0).contains(&evidence) {
                return Some((key, format!("expected 0 to 20, got {evidence}")));
            }
        }
        if !(-200.0..=0.0).contains(&self.quiet_dbfs) {
            return Some(("decide.quiet_dbfs", format!("expected -200 to 0 dB, got {}", self.quiet_dbfs)));
        }
        let p = self.abstain_below.filter(|p| !(0.0..=1.0).contains(p))?;
        Some(("decide.abstain_below", format!("expected 0 to 1, got {p}")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, SHIPPED};
    use super::*;

    #[test]
    fn the_shipped_file_has_the_defaults_of_the_code() {
        let config: Config = toml::from_str(SHIPPED).expect("valid");
        assert_eq!(config.decisions(), DecideSettings::default());
    }
}
