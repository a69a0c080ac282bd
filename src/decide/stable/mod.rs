//! The stable genre: what the daemon stands by, and since when. Touch it to change when the daemon changes its mind.

mod evidence;
mod settings;
mod start;
#[cfg(test)]
mod tests;

use super::Heard;
use evidence::Evidence;
pub use settings::StableSettings;
use start::Past;

/// How long a new title speaks for a change, in seconds after it.
const TITLE_SECONDS: f64 = 20.0;

/// The shortest pause after which the newest windows continue nothing, in seconds.
const SHORTEST_PAUSE: f64 = 3.0;

/// How long after it was told a segment's start is looked at again, in seconds.
const CORRECT_AFTER: f64 = 20.0;

/// A smaller difference is not worth telling, in seconds.
const SMALLEST_CORRECTION: f64 = 1.5;

/// What the daemon stands by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The label of this index.
    Label(usize),
    /// Nothing is certain enough.
    Unknown,
    /// Nothing can be heard.
    Silence,
}

/// A stretch of one verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// The verdict.
    pub verdict: Verdict,
    /// Stream time at which it began.
    pub since_s: f64,
    /// Mean probability of the label; `None` for [`Verdict::Unknown`] and [`Verdict::Silence`].
    pub confidence: Option<f32>,
}

/// What a window changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StableChange {
    /// Another verdict.
    Changed {
        /// The segment that ended; `None` at the first change.
        from: Option<Segment>,
        /// The segment that began; it also ends the one before.
        to: Segment,
    },
    /// The current segment began at another time than was told.
    Corrected {
        /// Stream time that was told.
        told_s: f64,
        /// The segment, with its better start.
        segment: Segment,
    },
}

/// Tracks the stable genre of one source.
pub struct StableGenre {
    settings: StableSettings,
    evidence: Evidence,
    past: Past,
    current: Segment,
    confidence: Mean,
    changed_before: bool,
    /// When the current segment was told, and from which label it was; `None` when its start is settled.
    told: Option<(f64, Option<usize>)>,
    /// Start of the segment before the current one.
    previous_since_s: f64,
    told_last_s: f64,
    /// Until when a title speaks for a change.
    title_until_s: f64,
    music_last_s: f64,
    heard_last_s: f64,
    time_s: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: u64,
}

impl StableGenre {
    /// Unknown until something is certain.
    pub fn new(settings: StableSettings) -> Self {
        Self {
            settings,
            evidence: Evidence::default(),
            past: Past::default(),
            current: Segment { verdict: Verdict::Unknown, since_s: 0.0, confidence: None },
            confidence: Mean::default(),
            changed_before: false,
            told: None,
            previous_since_s: 0.0,
            told_last_s: f64::NEG_INFINITY,
            title_until_s: f64::NEG_INFINITY,
            music_last_s: 0.0,
            heard_last_s: 0.0,
            time_s: 0.0,
        }
    }

    /// Goes on by other settings, from the next window on.
    pub fn set(&mut self, settings: StableSettings) {
        self.settings = settings;
    }

    /// What is stable now.
    pub fn current(&self) -> Segment {
        self.current
    }

    /// Whether nothing has been heard for [`StableSettings::silence_seconds`].
    pub fn is_silent(&self) -> bool {
        let silent_s = self.time_s - self.heard_last_s;
        silent_s > 0.0 && silent_s >= self.settings.silence_seconds
    }

    /// Audio was lost and goes on at `at_s`: what happened meanwhile is not known, so it counts for nothing. What is
    /// stable stays so.
    pub fn interrupted(&mut self, at_s: f64) {
        self.evidence.interrupt();
        self.past.reset();
        self.told = None;
        self.music_last_s = at_s;
        self.heard_last_s = at_s;
        self.time_s = at_s;
    }

    /// Another title was announced at `at_s`. Titles come early, late or wrong, so it only makes a change likelier.
    pub fn title(&mut self, at_s: f64) {
        self.title_until_s = self.title_until_s.max(at_s + TITLE_SECONDS);
    }

    /// Takes the probabilities of a window that ends at `end_s` and what its newest hop is.
    pub fn push(&mut self, p: &[f32], heard: Heard, end_s: f64) -> Option<StableChange> {
        let elapsed = (end_s - self.time_s).max(0.0);
        self.time_s = end_s;
        if !heard.is_silent() {
            self.heard_last_s = end_s;
        } else if end_s - self.heard_last_s >= self.settings.pause_seconds {
            return self.silence();
        }
        // Speech, noise and short silences say nothing of the genre: what is stable stays so.
        if !heard.is_music() {
            return None;
        }
        self.music(p, elapsed, end_s)
    }

    fn music(&mut self, p: &[f32], elapsed: f64, end_s: f64) -> Option<StableChange> {
        let pause_end_s = end_s - elapsed;
        if pause_end_s - self.music_last_s >= SHORTEST_PAUSE {
            self.evidence.interrupt();
            self.past.pause_ended(pause_end_s);
        }
        self.music_last_s = end_s;
        let weights = self.settings.weights();
        let current = match self.current.verdict {
            Verdict::Label(label) => Some(label),
            Verdict::Unknown | Verdict::Silence => None,
        };
        self.evidence.push(p, elapsed, &weights);
        self.past.push(p, end_s);
        let Some(label) = current else {
            let first = self.evidence.first(self.settings.abstain_below)?;
            return Some(self.change_to(first, None, end_s));
        };
        self.confidence.sum += f64::from(p[label]);
        self.confidence.count += 1;
        if end_s - self.told_last_s >= self.settings.minimum_seconds {
            let credit = if end_s < self.title_until_s { self.settings.title_evidence } else { 0.0 };
            if let Some(successor) = self.evidence.successor(label, credit, &weights) {
                return Some(self.change_to(successor, Some(label), end_s));
            }
            if self.evidence.is_unclear(self.settings.abstain_below) {
                return Some(self.change(Verdict::Unknown, end_s));
            }
        }
        self.correction(label, end_s)
    }

    fn silence(&mut self) -> Option<StableChange> {
        self.evidence.reset();
        self.past.reset();
        // A pause so long is the end of a segment, not a boundary within one.
        self.music_last_s = self.time_s;
        (self.current.verdict != Verdict::Silence).then(|| self.change(Verdict::Silence, self.heard_last_s))
    }

    fn change_to(&mut self, label: usize, from: Option<usize>, end_s: f64) -> StableChange {
        let since_s = self.current.since_s;
        let turn = match (from, self.changed_before) {
            // The first genre of a stream was there from its first sample.
            (None, false) => Some(since_s),
            _ => self.past.turn(from, label, since_s, self.settings.lag_seconds),
        };
        self.evidence.settle(label);
        let change = self.change(Verdict::Label(label), turn.unwrap_or(end_s));
        self.told = from.map(|_| (end_s, from));
        change
    }

    fn change(&mut self, to: Verdict, start_s: f64) -> StableChange {
        let confidence = match self.current.verdict {
            Verdict::Label(_) if self.confidence.count > 0 => {
                Some((self.confidence.sum / self.confidence.count as f64) as f32)
            }
            _ => None,
        };
        let from = self.changed_before.then_some(Segment { confidence, ..self.current });
        self.previous_since_s = self.current.since_s;
        self.current = Segment { verdict: to, since_s: start_s.max(self.current.since_s), confidence: None };
        self.confidence = Mean::default();
        self.changed_before = true;
        self.told = None;
        self.told_last_s = self.time_s;
        StableChange::Changed { from, to: self.current }
    }

    /// Looks once more, some time after it was told, when the current segment began.
    fn correction(&mut self, label: usize, end_s: f64) -> Option<StableChange> {
        let (told_s, from) = self.told?;
        if end_s - told_s < CORRECT_AFTER {
            return None;
        }
        self.told = None;
        let start_s = self.past.turn(from, label, self.previous_since_s, self.settings.lag_seconds)?;
        let told_s = self.current.since_s;
        if (start_s - told_s).abs() < SMALLEST_CORRECTION {
            return None;
        }
        self.current.since_s = start_s;
        Some(StableChange::Corrected { told_s, segment: self.current })
    }
}
