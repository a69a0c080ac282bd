//! What calibration error chance alone makes: few clips show one even of a perfectly calibrated model.
//! Touch it when another level than 95 % is wanted.

use super::{ScoredClip, certainty};

/// How often the answers are drawn.
const DRAWS: usize = 4000;

/// Vigna's SplitMix64: a short generator that is good enough for drawing answers, and the same everywhere.
struct SplitMix64(u64);

impl SplitMix64 {
    /// Uniform in 0 to 1, without 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The quantile of the calibration error that a perfectly calibrated model with the same probabilities would show. In each
/// draw every clip is right with the probability of its leading label.
pub(super) fn ece_if_calibrated(clips: &[ScoredClip], bins: usize, quantile: f64) -> f64 {
    let tops: Vec<f64> = clips.iter().map(certainty::top).collect();
    let mut random = SplitMix64(0);
    let mut draw = || certainty::ece(tops.iter().map(|&top| (top, random.next() < top)), bins);
    let mut errors: Vec<f64> = (0..DRAWS).map(|_| draw()).collect();
    errors.sort_by(f64::total_cmp);
    // Between two draws by linear interpolation, as numpy does.
    let place = quantile * (DRAWS - 1) as f64;
    let (below, above) = (errors[place.floor() as usize], errors[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clips(p: &[[f32; 2]]) -> Vec<ScoredClip> {
        p.iter().map(|p| ScoredClip { genre: 0, p: p.to_vec(), windows: Vec::new() }).collect()
    }

    #[test]
    fn one_clip_is_right_as_often_as_it_says() {
        // Right with 0.9 (an error of 0.1), wrong with 0.1 (an error of 0.9).
        let one = clips(&[[0.9, 0.1]]);
        assert!((ece_if_calibrated(&one, 15, 0.5) - 0.1).abs() < 1e-6);
        assert!((ece_if_calibrated(&one, 15, 0.95) - 0.9).abs() < 1e-6);
    }

    #[test]
    fn it_is_what_numpy_finds() {
        // training.metrics.ece_if_calibrated with 100,000 draws: 0.1380, 0.1382 and 0.1389 for three seeds.
        let p: Vec<[f32; 2]> =
            (0..100).map(|at| [0.5 + at as f32 / 250.0, 0.5 - at as f32 / 250.0]).collect();
        let found = ece_if_calibrated(&clips(&p), 15, 0.95);
        assert!((found - 0.1384).abs() < 0.003, "{found}");
    }
}
