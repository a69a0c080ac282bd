//! The manifest of a model: what it wants to hear, in which pieces, and what its answer means.
//! Shared by `features/` (which obeys it) and `model/` (which loads by it). Touch it when models need to say something new.

mod features;
mod network;
mod role;
mod state;
mod taggram;
mod window;

use serde::Deserialize;

pub use features::{
    FeatureSettings, LevelControl, LogScale, MelNorm, MelScale, PaddingMode, Rounding, SincResampler,
    WindowFunction,
};
pub use network::{NetworkFile, Patch, Tensor};
pub use role::Role;
pub use state::State;
pub use taggram::Taggram;
pub use window::{Normalise, Window};

/// A manifest that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML, a key is missing, unknown or of the wrong type.
    #[error("the manifest cannot be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A value that contradicts another or cannot be served.
    #[error("the manifest says {key} = {value}, expected {expected}")]
    Value {
        /// Dotted key.
        key: String,
        /// What stands there.
        value: String,
        /// What could stand there.
        expected: String,
    },
}

pub(crate) fn bad_value(
    key: &str,
    value: impl std::fmt::Display,
    expected: impl std::fmt::Display,
) -> ManifestError {
    ManifestError::Value { key: key.to_owned(), value: value.to_string(), expected: expected.to_string() }
}

/// `models/ID/manifest.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format: 1.
    pub schema: u32,
    /// The model's name, also that of its folder.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// How the network is cut.
    pub kind: Kind,
    /// What it is for.
    #[serde(default)]
    pub role: Role,
    /// What it tells apart, in the order of its output.
    pub labels: Vec<String>,
    /// True if an encoder trained on other data is part of it.
    #[serde(default)]
    pub pretrained: bool,
    /// True if another model's answers were training targets.
    #[serde(default)]
    pub distilled: bool,
    /// What it was trained on, in one line.
    #[serde(default)]
    pub training_data: String,
    /// How sound becomes mel columns.
    pub features: FeatureSettings,
    /// How columns become windows.
    pub window: Window,
    /// The network of a window model.
    pub network: Option<NetworkFile>,
    /// What one run of the encoder takes.
    pub patch: Option<Patch>,
    /// The encoder of an encoder+head model: patch → embedding.
    pub encoder: Option<NetworkFile>,
    /// What of an embedding can be had without the encoder.
    pub taggram: Option<Taggram>,
    /// The head of an encoder+head model: sequence of embeddings → logits.
    pub head: Option<NetworkFile>,
    /// From logits to probabilities.
    pub calibration: Calibration,
    /// A recorded window that proves the runtime right.
    pub golden: Golden,
    /// Figures for people; nothing is computed from them.
    #[serde(default)]
    pub scores: toml::Table,
}

/// How the network is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One network takes the whole window.
    Window,
    /// An encoder runs once a new patch, a head over the cached embeddings.
    EncoderHead,
}

/// From logits to probabilities: p = softmax(logits / temperature).
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Fitted on held-out clips; 1 leaves the logits as they are.
    pub temperature: f32,
    /// A top probability below this is "unknown".
    pub abstain_below: f32,
    /// Seconds by which the answers are behind what plays: until a new genre leads, at the median.
    #[serde(default)]
    pub lag_seconds: f32,
}

/// A recorded window and what the model said to it on the CPU.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// Raw little-endian f32, `[frames, mels]`, columns before normalisation.
    pub file: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Calibrated probabilities in the order of the labels.
    pub p: Vec<f32>,
    /// Largest difference of a probability that passes, at most 0.01.
    pub tolerance: f32,
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// [`ManifestError`] names the key, what stands there and what could.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), ManifestError> {
        if self.schema != 1 {
            return Err(bad_value("schema", self.schema, "1"));
        }
        if self.labels.len() < 2 {
            return Err(bad_value("labels", self.labels.len(), "at least two labels"));
        }
        let mut sorted: Vec<_> = self.labels.iter().collect();
        sorted.sort();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(bad_value("labels", twice[0], "each label once"));
        }
        if self.golden.p.len() != self.labels.len() {
            return Err(bad_value(
                "golden.p",
                self.golden.p.len(),
                format!("{} values, one a label", self.labels.len()),
            ));
        }
        let t = self.calibration.temperature;
        if !(t.is_finite() && t > 0.0) {
            return Err(bad_value("calibration.temperature", t, "a number above 0"));
        }
        if !(0.0..=1.0).contains(&self.calibration.abstain_below) {
            return Err(bad_value("calibration.abstain_below", self.calibration.abstain_below, "0 to 1"));
        }
        if !(0.0..=60.0).contains(&self.calibration.lag_seconds) {
            return Err(bad_value("calibration.lag_seconds", self.calibration.lag_seconds, "0 to 60"));
        }
        // Beyond 0.01 the self-test would prove nothing.
        let tolerance = self.golden.tolerance;
        if !(tolerance > 0.0 && tolerance <= 0.01) {
            return Err(bad_value("golden.tolerance", tolerance, "a number above 0, at most 0.01"));
        }
        role::check(self)?;
        self.features.check()?;
        self.window.check()?;
        match self.kind {
            Kind::Window => network::check_window(self),
            Kind::EncoderHead => network::check_encoder_head(self),
        }
    }
}
