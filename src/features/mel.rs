//! The mel filterbank as librosa defines it (`librosa.filters.mel`), kept as bands without their zeros.
//! Touch it when another mel scale or normalisation is asked for.

use std::ops::Range;

use super::response::Response;
use crate::manifest::{FeatureSettings, MelNorm, MelScale};

/// Bins that are summed side by side, which compilers turn into one instruction.
const LANES: usize = 4;

/// Triangular filters over a power spectrum.
pub struct MelFilterbank {
    bands: Vec<Band>,
    /// Those of one band after the other, each filled up with zeros to whole lanes where the spectrum is wide enough.
    weights: Vec<[f32; LANES]>,
    /// What does not fill lanes, of bands as wide as the spectrum.
    rest: Vec<f32>,
}

struct Band {
    first_bin: usize,
    weights: Range<usize>,
    rest: Range<usize>,
}

impl MelFilterbank {
    /// Computes the triangles.
    pub fn new(settings: &FeatureSettings) -> Self {
        let scale = settings.mel_scale;
        let (low, high) = (hz_to_mel(scale, settings.fmin), hz_to_mel(scale, settings.fmax));
        let n = settings.n_mels;
        let edges: Vec<f64> =
            (0..n + 2).map(|i| mel_to_hz(scale, low + (high - low) * i as f64 / (n + 1) as f64)).collect();
        // What the training data's resampler left of each bin's power.
        let response = settings.resampler.as_ref().map(Response::new);
        let heard = |bin: usize| {
            let frequency = bin as f64 / settings.n_fft as f64;
            response.as_ref().map_or(1.0, |response| response.amplitude(frequency).powi(2))
        };
        let heard: Vec<f64> = (0..=settings.n_fft / 2).map(heard).collect();
        let bin_hz = f64::from(settings.sample_rate) / settings.n_fft as f64;
        let mut bands = Vec::with_capacity(n);
        let (mut weights, mut rest) = (Vec::new(), Vec::new());
        for edge in edges.windows(3) {
            let (left, centre, right) = (edge[0], edge[1], edge[2]);
            let area = match settings.mel_norm {
                MelNorm::Slaney => 2.0 / (right - left),
                MelNorm::None => 1.0,
            };
            let mut band: Vec<f32> = Vec::new();
            let mut first_bin = 0;
            for (bin, heard) in heard.iter().enumerate() {
                let hz = bin as f64 * bin_hz;
                let weight = ((hz - left) / (centre - left)).min((right - hz) / (right - centre));
                if weight > 0.0 {
                    if band.is_empty() {
                        first_bin = bin;
                    }
                    band.push((weight * area * heard) as f32);
                }
            }
            let begin = (weights.len(), rest.len());
            let bins = settings.n_fft / 2 + 1;
            band.resize(band.len().next_multiple_of(LANES).min(bins), 0.0);
            // A band at the upper end is filled up at its front instead.
            let beyond = (first_bin + band.len()).saturating_sub(bins);
            band.rotate_right(beyond);
            first_bin -= beyond;
            let (lanes, left) = band.as_chunks();
            weights.extend_from_slice(lanes);
            rest.extend_from_slice(left);
            bands.push(Band { first_bin, weights: begin.0..weights.len(), rest: begin.1..rest.len() });
        }
        Self { bands, weights, rest }
    }

    /// Writes the power in each band to `mel`, which has one place a band.
    pub fn apply(&self, power: &[f32], mel: &mut [f32]) {
        for (value, band) in mel.iter_mut().zip(&self.bands) {
            let weights = &self.weights[band.weights.clone()];
            let (bins, _) = power[band.first_bin..].as_chunks::<LANES>();
            let mut sums = [0.0; LANES];
            for (weights, bins) in weights.iter().zip(bins) {
                for ((sum, weight), bin) in sums.iter_mut().zip(weights).zip(bins) {
                    *sum += weight * bin;
                }
            }
            *value = (sums[0] + sums[2]) + (sums[1] + sums[3]);
            if !band.rest.is_empty() {
                let bins = &power[band.first_bin + LANES * weights.len()..];
                let rest = self.rest[band.rest.clone()].iter().zip(bins);
                *value += rest.map(|(weight, bin)| weight * bin).sum::<f32>();
            }
        }
    }
}

// Slaney's Auditory Toolbox: 200/3 Hz a mel up to 1 kHz, then 27 steps a factor of 6.4.
const LINEAR_HZ_PER_MEL: f64 = 200.0 / 3.0;
const BREAK_HZ: f64 = 1000.0;
const LOG_STEPS: f64 = 27.0;
const LOG_FACTOR: f64 = 6.4;

fn hz_to_mel(scale: MelScale, hz: f64) -> f64 {
    match scale {
        MelScale::Htk => 2595.0 * (1.0 + hz / 700.0).log10(),
        MelScale::Slaney if hz < BREAK_HZ => hz / LINEAR_HZ_PER_MEL,
        MelScale::Slaney => {
            BREAK_HZ / LINEAR_HZ_PER_MEL + (hz / BREAK_HZ).ln() / (LOG_FACTOR.ln() / LOG_STEPS)
        }
    }
}

fn mel_to_hz(scale: MelScale, mel: f64) -> f64 {
    let break_mel = BREAK_HZ / LINEAR_HZ_PER_MEL;
    match scale {
        MelScale::Htk => 700.0 * (10f64.powf(mel / 2595.0) - 1.0),
        MelScale::Slaney if mel < break_mel => mel * LINEAR_HZ_PER_MEL,
        MelScale::Slaney => BREAK_HZ * ((mel - break_mel) * LOG_FACTOR.ln() / LOG_STEPS).exp(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    #[test]
    fn every_bin_counts_with_its_weight() {
        let text = include_str!("../../tests/fixtures/models/toy-window/manifest.toml");
        let mut settings = Manifest::parse(text).expect("a fixture").features;
        // Wide and narrow bands, bands at both ends, and one as wide as the spectrum.
        for (n_fft, n_mels) in [(512, 96), (512, 3), (64, 40), (20, 1), (16, 1), (16, 4)] {
            (settings.n_fft, settings.n_mels) = (n_fft, n_mels);
            let filterbank = MelFilterbank::new(&settings);
            let mut mel = vec![0.0; n_mels];
            let low = hz_to_mel(settings.mel_scale, 0.0);
            let high = hz_to_mel(settings.mel_scale, settings.fmax);
            let edge =
                |i: usize| mel_to_hz(settings.mel_scale, low + (high - low) * i as f64 / (n_mels + 1) as f64);
            for bin in 0..=n_fft / 2 {
                let mut power = vec![0.0; n_fft / 2 + 1];
                power[bin] = 1.0;
                filterbank.apply(&power, &mut mel);
                let hz = bin as f64 * f64::from(settings.sample_rate) / n_fft as f64;
                for (band, &value) in mel.iter().enumerate() {
                    let (left, centre, right) = (edge(band), edge(band + 1), edge(band + 2));
                    let triangle = ((hz - left) / (centre - left)).min((right - hz) / (right - centre));
                    let expected = triangle.max(0.0) * 2.0 / (right - left);
                    assert!((f64::from(value) - expected).abs() < 1e-8, "{n_fft} {n_mels} {band} {bin}");
                }
            }
        }
    }

    #[test]
    fn the_scales_are_inverses() {
        for scale in [MelScale::Slaney, MelScale::Htk] {
            for hz in [0.0, 440.0, 999.9, 1000.0, 11_025.0] {
                let back = mel_to_hz(scale, hz_to_mel(scale, hz));
                assert!((back - hz).abs() < 1e-9 * (1.0 + hz), "{scale:?} {hz} {back}");
            }
        }
    }
}
