//! Feature settings: how sound becomes log-mel columns. Touch it when a model needs another transform.

use serde::Deserialize;

use super::{ManifestError, bad_value};

/// Everything that determines a log-mel column. The definitions are librosa's (`librosa.stft`,
/// `librosa.filters.mel`), so that models trained on its features hear the same here.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSettings {
    /// Sample rate the network hears, in Hz; every source is resampled to it.
    pub sample_rate: u32,
    /// Length of one STFT frame in samples; even.
    pub n_fft: usize,
    /// Samples from one frame to the next.
    pub hop: usize,
    /// Window applied to each frame.
    pub window: WindowFunction,
    /// How the two ends of a stream are padded so that frame 0 is centred on sample 0.
    pub pad: PaddingMode,
    /// Number of mel bands.
    pub n_mels: usize,
    /// Hz ↔ mel formula.
    pub mel_scale: MelScale,
    /// Scaling of each triangle.
    pub mel_norm: MelNorm,
    /// Lowest frequency in Hz.
    pub fmin: f64,
    /// Highest frequency in Hz.
    pub fmax: f64,
    /// Control of the level of the mel power, before its rounding.
    pub level: Option<LevelControl>,
    /// Rounding of the mel power before the logarithm.
    #[serde(default)]
    pub rounding: Rounding,
    /// The logarithm.
    pub log: LogScale,
    /// The resampler through which all sound went that the network was trained on: its response near half the sample
    /// rate is imitated, because a network hears what lies there.
    pub resampler: Option<SincResampler>,
}

/// A slow control of the level. Each column's mel power is multiplied by target / m, where m is the running mean of the
/// columns' means over the bands: m₀ = 0, mₜ = mₜ₋₁ + (own − mₜ₋₁) / min(t, columns), anew after a gap.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelControl {
    /// The mean power that sound is brought to.
    pub target: f64,
    /// Columns after which what came earlier counts less.
    pub columns: u32,
    /// The largest factor, which keeps the noise of silence from becoming loud.
    pub most: f64,
}

/// A resampler whose kernel is rolloff · sinc(rolloff · t) under a Kaiser window, t in samples of its output, as
/// resampy's are (<https://resampy.readthedocs.io>).
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SincResampler {
    /// Samples that the window spans to each side.
    pub zeros: u16,
    /// Shape of the Kaiser window.
    pub beta: f64,
    /// Cutoff as a share of half the output's rate.
    pub rolloff: f64,
}

/// Window of an STFT frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WindowFunction {
    /// Periodic Hann.
    Hann,
}

/// Padding of n_fft/2 samples at the stream's ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PaddingMode {
    /// Mirrored without repeating the edge sample (numpy's `reflect`).
    Reflect,
}

/// Hz ↔ mel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MelScale {
    /// Linear below 1 kHz, logarithmic above (Slaney's Auditory Toolbox).
    Slaney,
    /// 2595·log10(1 + f/700).
    Htk,
}

/// Scaling of the triangles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MelNorm {
    /// Each triangle has the same area: 2 / (right − left).
    Slaney,
    /// Each triangle peaks at 1.
    None,
}

/// Rounding of the mel power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rounding {
    /// As computed.
    #[default]
    None,
    /// To half precision, as models do whose training data were stored so.
    Float16,
}

/// The logarithm of a mel power S.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum LogScale {
    /// 10·log10(max(S, amin)): librosa's `power_to_db` with ref = 1 and no top_db.
    Db {
        /// Floor of the power.
        amin: f32,
    },
    /// log10(1 + scale·S).
    Log10 {
        /// Factor before the logarithm.
        scale: f32,
    },
}

impl FeatureSettings {
    /// Seconds from one column to the next.
    pub fn hop_seconds(&self) -> f64 {
        self.hop as f64 / f64::from(self.sample_rate)
    }

    /// Half a frame in seconds: how far a column reaches beyond its centre.
    pub fn reach_seconds(&self) -> f64 {
        self.n_fft as f64 / 2.0 / f64::from(self.sample_rate)
    }

    pub(super) fn check(&self) -> Result<(), ManifestError> {
        if !(4_000..=192_000).contains(&self.sample_rate) {
            return Err(bad_value("features.sample_rate", self.sample_rate, "4000 to 192000"));
        }
        if self.n_fft < 16 || self.n_fft > 65_536 || !self.n_fft.is_multiple_of(2) {
            return Err(bad_value("features.n_fft", self.n_fft, "an even number, 16 to 65536"));
        }
        if self.hop == 0 || self.hop > 8 * self.n_fft {
            return Err(bad_value("features.hop", self.hop, "1 to 8 times n_fft"));
        }
        if self.n_mels == 0 || self.n_mels > 1024 {
            return Err(bad_value("features.n_mels", self.n_mels, "1 to 1024"));
        }
        if let Some(LevelControl { target, columns, most }) = self.level
            && !((1e-6..=1e3).contains(&target)
                && (1..=1_000_000).contains(&columns)
                && (1.0..=1e9).contains(&most))
        {
            return Err(bad_value(
                "features.level",
                format!("target {target}, columns {columns}, most {most}"),
                "target 1e-6 to 1000, columns 1 to 1000000, most 1 to 1e9",
            ));
        }
        if let Some(SincResampler { zeros, beta, rolloff }) = self.resampler
            && !((1..=512).contains(&zeros)
                && (0.0..=50.0).contains(&beta)
                && rolloff > 0.0
                && rolloff <= 1.0)
        {
            return Err(bad_value(
                "features.resampler",
                format!("zeros {zeros}, beta {beta}, rolloff {rolloff}"),
                "zeros 1 to 512, beta 0 to 50, rolloff above 0 and at most 1",
            ));
        }
        if let Some(SincResampler { zeros, .. }) = self.resampler
            && self.n_fft * usize::from(zeros) > 1 << 20
        {
            // Every bin's response is a sum over the kernel, computed at each start.
            let found = self.n_fft * usize::from(zeros);
            return Err(bad_value("features.n_fft · features.resampler.zeros", found, "at most 1048576"));
        }
        let nyquist = f64::from(self.sample_rate) / 2.0;
        if !(self.fmin >= 0.0 && self.fmin < self.fmax && self.fmax <= nyquist) {
            return Err(bad_value(
                "features.fmin … fmax",
                format!("{} … {}", self.fmin, self.fmax),
                format!("0 ≤ fmin < fmax ≤ {nyquist}"),
            ));
        }
        match self.log {
            LogScale::Db { amin } if !(amin > 0.0 && amin.is_finite()) => {
                Err(bad_value("features.log.amin", amin, "a number above 0"))
            }
            LogScale::Log10 { scale } if !(scale > 0.0 && scale.is_finite()) => {
                Err(bad_value("features.log.scale", scale, "a number above 0"))
            }
            _ => Ok(()),
        }
    }
}
