//! One model as lists show it: what its manifest says, and the main figures of its report.
//! Touch it when lists are to show another figure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::manifest::{Kind, Manifest};

/// A model in a list.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ModelEntry {
    /// The name of its folder, by which it is asked for.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// `genre` or `gate`.
    pub role: String,
    /// `window` or `encoder-head`.
    pub kind: String,
    /// What it tells apart, in the order of its output.
    pub labels: Vec<String>,
    /// Seconds of a whole window.
    pub window_s: f64,
    /// Seconds of sound before its first answer.
    pub first_window_s: f64,
    /// Seconds from one answer to the next.
    pub stride_s: f64,
    /// The rate to which it has sound resampled, in hertz.
    pub sample_rate: u32,
    /// Bands of its mel picture.
    pub bands: usize,
    /// Weights; absent where the report does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// Whether an encoder trained on other data is part of it.
    pub pretrained: bool,
    /// Whether another model's answers were training targets.
    pub distilled: bool,
    /// What it was trained on, in one line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub training_data: String,
    /// Below this probability of its best label nothing is named.
    pub abstain_below: f32,
    /// Share of clips named rightly, 0 to 1, on the artist-disjoint split if that was measured; absent where the report
    /// does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// The same of each split that was measured.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub splits: BTreeMap<String, SplitAccuracy>,
    /// Whether the daemon's configuration names it.
    pub configured: bool,
    /// Whether it has sessions at present.
    pub loaded: bool,
    /// Whether it has a `report.json`.
    pub has_report: bool,
}

/// The main figure of a split.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct SplitAccuracy {
    /// Share of clips named rightly, 0 to 1.
    pub accuracy: f64,
    /// Number of clips.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
}

/// The split whose artists are in one part only.
const ARTIST_DISJOINT: &str = "fault_filtered";

impl ModelEntry {
    /// What the manifest says of the model in the folder `id`.
    pub(super) fn of(manifest: &Manifest, id: &str) -> Self {
        let seconds = |columns: usize| columns as f64 * manifest.features.hop_seconds();
        Self {
            id: id.to_owned(),
            title: manifest.title.clone(),
            role: manifest.role.to_string(),
            kind: match manifest.kind {
                Kind::Window => "window".into(),
                Kind::EncoderHead => "encoder-head".into(),
            },
            labels: manifest.labels.clone(),
            window_s: seconds(manifest.window.frames),
            first_window_s: seconds(manifest.window.first),
            stride_s: seconds(manifest.window.stride),
            sample_rate: manifest.features.sample_rate,
            bands: manifest.features.n_mels,
            parameters: None,
            pretrained: manifest.pretrained,
            distilled: manifest.distilled,
            training_data: manifest.training_data.clone(),
            abstain_below: manifest.calibration.abstain_below,
            accuracy: None,
            splits: BTreeMap::new(),
            configured: false,
            loaded: false,
            has_report: false,
        }
    }

    /// Adds what a report says; of one that is no JSON nothing.
    pub(super) fn add_figures(&mut self, report: &[u8]) {
        let Ok(report) = serde_json::from_slice::<Value>(report) else { return };
        self.parameters = report["facts"]["parameters"].as_u64().or_else(|| report["weights"].as_u64());
        for (name, split) in report["splits"].as_object().into_iter().flatten() {
            if let Some(accuracy) = split["accuracy"].as_f64() {
                self.splits.insert(name.clone(), SplitAccuracy { accuracy, n: split["n"].as_u64() });
            }
        }
        let main = self.splits.get(ARTIST_DISJOINT).or_else(|| self.splits.values().next());
        self.accuracy = main.map(|split| split.accuracy);
    }
}
