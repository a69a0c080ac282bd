//! Mel columns as bytes, for pictures of what a model hears while it plays. Touch it when pictures are too dark or too bright.

use crate::manifest::{FeatureSettings, LogScale, MelNorm};

/// How far below the top a picture in decibels reaches.
const RANGE_DB: f64 = 90.0;

/// How many times the mean power the loudest bands of a column have where a control of the level holds the mean.
const CREST: f64 = 100.0;

/// Power of a band of a full-scale sine over that of the loudest bands of music.
const HEADROOM: f64 = 10.0;

/// Weight of the narrowest triangle, where each has the same area: 2 / width in hertz, of some 50 Hz.
const NARROWEST: f64 = 0.04;

/// The linear scale between the ends of which a value becomes 0 to 255, for columns that some settings make.
#[derive(Debug, Clone, PartialEq)]
pub struct MelScaleBytes {
    /// What is 0, and everything below it, in the unit of the model's columns.
    pub low: f32,
    /// What is 255, and everything above it.
    pub high: f32,
    /// The unit: what was done to the power `S` of a mel band.
    pub unit: String,
}

impl MelScaleBytes {
    /// The scale for columns of these settings. Its top is about the loudest band of loud music.
    pub fn new(settings: &FeatureSettings) -> Self {
        let peak = match (settings.level, settings.mel_norm) {
            (Some(level), _) => level.target * CREST,
            (None, MelNorm::Slaney) => full_scale(settings) * NARROWEST / HEADROOM,
            (None, MelNorm::None) => full_scale(settings) / HEADROOM,
        };
        let (low, high, unit) = match settings.log {
            LogScale::Db { amin } => {
                let high = (10.0 * peak.log10()).round();
                let floor = (10.0 * f64::from(amin).log10()).round();
                ((high - RANGE_DB).max(floor).min(high - 1.0), high, "10·log10(S) dB".to_owned())
            }
            LogScale::Log10 { scale } => {
                let high = (1.0 + f64::from(scale) * peak).log10();
                (0.0, (high * 10.0).round() / 10.0, format!("log10(1 + {scale}·S)"))
            }
        };
        Self { low: low as f32, high: high as f32, unit }
    }

    /// Adds a column's bytes.
    pub fn push(&self, column: &[f32], bytes: &mut Vec<u8>) {
        let factor = 255.0 / (self.high - self.low);
        // What is no number becomes 0.
        bytes.extend(column.iter().map(|value| ((value - self.low) * factor).round() as u8));
    }
}

/// Power of a sine of amplitude 1 in its bin, under a Hann window.
fn full_scale(settings: &FeatureSettings) -> f64 {
    (settings.n_fft as f64 / 4.0).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn scale(text: &str) -> MelScaleBytes {
        MelScaleBytes::new(&Manifest::parse(text).expect("valid").features)
    }

    #[test]
    fn each_kind_of_logarithm_has_its_unit_and_its_ends() {
        let db = scale(include_str!("../../models/cnn/manifest.toml"));
        assert_eq!(db.unit, "10·log10(S) dB");
        assert!(db.high > 20.0 && db.high < 40.0 && db.high - db.low == 90.0, "{db:?}");
        let log = scale(include_str!("../../models/musicnn-crnn/manifest.toml"));
        assert_eq!((log.unit.as_str(), log.low, log.high), ("log10(1 + 10000·S)", 0.0, 5.5));
    }

    #[test]
    fn values_between_the_ends_are_linear_and_those_beyond_are_the_ends() {
        let scale = MelScaleBytes { low: -80.0, high: 0.0, unit: String::new() };
        let mut bytes = vec![7];
        scale.push(
            &[-90.0, -80.0, -40.0, -0.1, 0.0, 9.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY],
            &mut bytes,
        );
        assert_eq!(bytes, [7, 0, 0, 128, 255, 255, 255, 0, 255, 0]);
    }
}
