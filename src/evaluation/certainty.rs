//! Whether a model knows how sure it is: likelihood, calibration, accuracy among the surest clips.
//! Touch it when certainty is to be judged by more.

use serde::Serialize;

use super::{ScoredClip, Share, leader};

/// Accuracy among the clips of which the model is surest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Coverage {
    /// Share of the clips that are answered: those with the highest leading p; part of a clip counts as a whole one.
    pub coverage: f64,
    /// Share of these that are named rightly.
    pub accuracy: f64,
}

/// The probability that leads.
pub(super) fn top(clip: &ScoredClip) -> f64 {
    clip.p.get(leader(&clip.p)).copied().map_or(0.0, f64::from)
}

pub(super) fn nll(clips: &[ScoredClip]) -> f64 {
    let losses = clips.iter().map(|clip| -f64::from(clip.p[clip.genre]).max(1e-12).ln());
    losses.sum::<f64>() / clips.len() as f64
}

/// Of answers, each with the probability that led and whether it was right.
pub(super) fn ece(answers: impl ExactSizeIterator<Item = (f64, bool)>, bins: usize) -> f64 {
    let count = answers.len() as f64;
    // Of each bin the sum of (right − p), from which its weighted distance follows.
    let mut excess = vec![0.0; bins];
    for (top, right) in answers {
        let bin = ((top * bins as f64) as usize).min(bins - 1);
        excess[bin] += f64::from(u8::from(right)) - top;
    }
    excess.iter().map(|sum| sum.abs()).sum::<f64>() / count
}

pub(super) fn risk_coverage(clips: &[ScoredClip]) -> Vec<Coverage> {
    let mut surest: Vec<&ScoredClip> = clips.iter().collect();
    // A stable sort: of equally sure clips the earlier ones come first.
    surest.sort_by(|a, b| top(b).total_cmp(&top(a)));
    let at = |tenths: usize| {
        let answered = &surest[..(clips.len() * tenths).div_ceil(10)];
        let accuracy = Share::of(answered, |clip| clip.is_right())?.value();
        Some(Coverage { coverage: tenths as f64 / 10.0, accuracy })
    };
    (1..=10).filter_map(at).collect()
}
