//! How good a model is: from the probabilities of clips whose genre is known to accuracy, confusion, calibration.
//! `training/metrics.py` has the same formulas; touch both together. It knows neither sound nor models.

mod certainty;
mod confusion;
mod seconds;
mod share;
mod simulation;

#[cfg(test)]
mod tests;

use serde::Serialize;

pub use certainty::Coverage;
pub use confusion::{Confusion, Genre};
pub use seconds::SecondsHeard;
pub use share::Share;

/// Equal bins of the probability that leads, for the calibration error.
const BINS: usize = 15;

/// A clip whose genre is known, and what a model says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredClip {
    /// Index of its genre among the labels.
    pub genre: usize,
    /// Probabilities in the order of the labels.
    pub p: Vec<f32>,
    /// Its windows, by rising end.
    pub windows: Vec<ScoredWindow>,
}

impl ScoredClip {
    /// Whether its genre leads.
    pub fn is_right(&self) -> bool {
        leader(&self.p) == self.genre
    }
}

/// What a model says of a clip when it has heard so much of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredWindow {
    /// Seconds heard.
    pub end_s: f64,
    /// Index of the label that leads.
    pub named: usize,
}

/// The figures. Accuracy is that of the label with the highest probability: nothing is ever "unknown" here.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measures {
    /// Share of the clips that are named rightly, 0 to 1.
    pub accuracy: f64,
    /// How many clips.
    pub n: usize,
    /// Wilson's score interval of the accuracy.
    pub accuracy_interval_95: [f64; 2],
    /// Mean F1 of the labels; a label with neither clips nor namings counts as 0.
    pub macro_f1: f64,
    /// Share of the clips whose genre is among the two labels that lead.
    pub top_2: f64,
    /// The same for three.
    pub top_3: f64,
    /// Mean −ln p of the true genre, where p is at least 1e-12.
    pub nll: f64,
    /// Expected calibration error: in each of 15 equal bins of the leading p, the distance of its mean from the accuracy,
    /// weighted by the clips of the bin.
    pub ece_15: f64,
    /// What it would stay below in 95 of 100 cases if the model with these probabilities were perfectly calibrated: few
    /// clips show an error by chance alone.
    pub ece_15_if_calibrated_95: f64,
    /// Figures of each label, in the order of the labels.
    #[serde(serialize_with = "confusion::by_label")]
    pub genres: Vec<Genre>,
    /// Who is taken for whom.
    pub confusion: Confusion,
    /// Accuracy among the surest clips.
    pub risk_coverage: Vec<Coverage>,
    /// Accuracy against the seconds heard.
    pub seconds_heard: Vec<SecondsHeard>,
}

/// Measures the answers to these clips, whose `p` have a value for each label; `None` if there are no clips.
pub fn measure(labels: &[String], clips: &[ScoredClip]) -> Option<Measures> {
    let right = Share::of(clips, ScoredClip::is_right)?;
    let confusion = Confusion::new(labels, clips);
    let genres = confusion.genres();
    let within = |k: usize| Share::of(clips, |clip| rank(&clip.p, clip.genre) < k).map_or(0.0, Share::value);
    let answers = clips.iter().map(|clip| (certainty::top(clip), clip.is_right()));
    Some(Measures {
        accuracy: right.value(),
        n: clips.len(),
        accuracy_interval_95: right.interval_95(),
        macro_f1: confusion::macro_f1(&genres),
        top_2: within(2),
        top_3: within(3),
        nll: certainty::nll(clips),
        ece_15: certainty::ece(answers, BINS),
        ece_15_if_calibrated_95: simulation::ece_if_calibrated(clips, BINS, 0.95),
        genres,
        confusion,
        risk_coverage: certainty::risk_coverage(clips),
        seconds_heard: seconds::seconds_heard(clips),
    })
}

/// Index of the highest value; of equal ones the first.
pub fn leader(p: &[f32]) -> usize {
    (1..p.len()).fold(0, |best, next| if p[next] > p[best] { next } else { best })
}

/// How many labels stand before this one: those with a higher value, and those before it with the same.
fn rank(p: &[f32], label: usize) -> usize {
    let before = |(at, value): (usize, &f32)| *value > p[label] || (*value == p[label] && at < label);
    p.iter().enumerate().filter(|&pair| before(pair)).count()
}
