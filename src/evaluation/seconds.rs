//! Accuracy against how much has been heard. Touch it when other moments are to be told.

use serde::Serialize;

use super::{ScoredClip, ScoredWindow, Share};

/// The moments, in seconds since a clip began.
const MOMENTS: [u32; 7] = [3, 6, 9, 12, 18, 24, 30];

/// How far from a moment the window that stands for it may end, in seconds.
const NEAR_S: f64 = 1.0;

/// Accuracy of the windows that end about so many seconds after a clip's beginning.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SecondsHeard {
    /// The moment.
    pub seconds: u32,
    /// Share of the clips whose window is named rightly.
    pub accuracy: f64,
    /// Clips that have such a window.
    pub n: usize,
}

/// A moment near which no window of any clip ends is left out.
pub(super) fn seconds_heard(clips: &[ScoredClip]) -> Vec<SecondsHeard> {
    let at = |seconds: u32| {
        let right = |clip: &ScoredClip| Some(nearest(&clip.windows, f64::from(seconds))?.named == clip.genre);
        let heard: Vec<bool> = clips.iter().filter_map(right).collect();
        let accuracy = Share::of(&heard, |&right| right)?.value();
        Some(SecondsHeard { seconds, accuracy, n: heard.len() })
    };
    MOMENTS.into_iter().filter_map(at).collect()
}

/// The window that ends nearest to a moment, of two equally near the earlier.
fn nearest(windows: &[ScoredWindow], seconds: f64) -> Option<&ScoredWindow> {
    let distance = |window: &ScoredWindow| (window.end_s - seconds).abs();
    windows
        .iter()
        .filter(|window| distance(window) <= NEAR_S)
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
}
