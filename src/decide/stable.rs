//! The stable genre: smoothed probabilities with hysteresis. Touch it to change when the daemon changes its mind.

use super::Heard;

/// How slowly the daemon changes its mind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StableSettings {
    /// Time constant of the exponential smoothing of the probabilities, in seconds; 0 does not smooth.
    pub smoothing_seconds: f64,
    /// A new label must lead for this long before it becomes stable, in seconds.
    pub hold_seconds: f64,
    /// Nothing to hear for this long is silence, in seconds.
    pub silence_seconds: f64,
    /// A smoothed top probability below this is unknown.
    pub abstain_below: f32,
}

/// Smooths the probabilities of successive windows.
pub trait Smoother: Send {
    /// Takes the probabilities of a window that ends `seconds` after the one before, gives smoothed ones. `constant`
    /// is [`StableSettings::smoothing_seconds`].
    fn push(&mut self, p: &[f32], seconds: f64, constant: f64) -> &[f32];
    /// Forgets everything.
    fn reset(&mut self);
}

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
    /// Mean smoothed probability of the label; `None` for [`Verdict::Unknown`] and [`Verdict::Silence`].
    pub confidence: Option<f32>,
}

/// The stable genre changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StableChange {
    /// The segment that ended; `None` at the first change.
    pub from: Option<Segment>,
    /// The segment that began; it also ends the one before.
    pub to: Segment,
}

/// Tracks the stable genre of one source.
pub struct StableGenre {
    settings: StableSettings,
    smoother: Box<dyn Smoother>,
    current: Segment,
    confidence: Mean,
    changed_before: bool,
    /// A verdict that leads but is not stable yet, and since when.
    challenger: Option<(Verdict, f64)>,
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
            smoother: Box::new(Exponential::default()),
            settings,
            current: Segment { verdict: Verdict::Unknown, since_s: 0.0, confidence: None },
            confidence: Mean::default(),
            changed_before: false,
            challenger: None,
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

    /// Audio was lost and goes on at `at_s`: what happened meanwhile is not known, so it counts for nothing. What is
    /// stable stays so.
    pub fn interrupted(&mut self, at_s: f64) {
        self.challenger = None;
        self.heard_last_s = at_s;
        self.time_s = at_s;
    }

    /// Takes the probabilities of a window that ends at `end_s` and what its newest hop is.
    pub fn push(&mut self, p: &[f32], heard: Heard, end_s: f64) -> Option<StableChange> {
        let elapsed = (end_s - self.time_s).max(0.0);
        self.time_s = end_s;
        let leader = match heard {
            heard if heard.is_evidence() => {
                self.heard_last_s = end_s;
                self.leader(p, elapsed)
            }
            // Talk and noise say nothing about the music around them, and are no silence either.
            heard if !heard.is_silence() => {
                self.heard_last_s = end_s;
                self.current.verdict
            }
            _ if end_s - self.heard_last_s >= self.settings.silence_seconds => {
                self.smoother.reset();
                Verdict::Silence
            }
            // A pause is not yet silence, and what is in the window is still what was heard before it.
            _ => self.current.verdict,
        };
        self.judge(leader, end_s)
    }

    fn leader(&mut self, p: &[f32], elapsed: f64) -> Verdict {
        let smoothed = self.smoother.push(p, elapsed, self.settings.smoothing_seconds);
        let Some((label, &top)) = smoothed.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)) else {
            return Verdict::Unknown;
        };
        if let Verdict::Label(current) = self.current.verdict {
            self.confidence.sum += f64::from(smoothed[current]);
            self.confidence.count += 1;
        }
        if top < self.settings.abstain_below { Verdict::Unknown } else { Verdict::Label(label) }
    }

    fn judge(&mut self, leader: Verdict, end_s: f64) -> Option<StableChange> {
        if leader == self.current.verdict {
            self.challenger = None;
            return None;
        }
        let since_s = match self.challenger {
            Some((verdict, since_s)) if verdict == leader => since_s,
            _ => end_s,
        };
        self.challenger = Some((leader, since_s));
        // Silence has already lasted for its own time.
        if leader != Verdict::Silence && end_s - since_s < self.settings.hold_seconds {
            return None;
        }
        Some(self.change(leader, end_s))
    }

    fn change(&mut self, to: Verdict, end_s: f64) -> StableChange {
        let confidence = match self.current.verdict {
            Verdict::Label(_) if self.confidence.count > 0 => {
                Some((self.confidence.sum / self.confidence.count as f64) as f32)
            }
            _ => None,
        };
        let from = self.changed_before.then_some(Segment { confidence, ..self.current });
        self.current = Segment { verdict: to, since_s: end_s, confidence: None };
        self.confidence = Mean::default();
        self.changed_before = true;
        self.challenger = None;
        StableChange { from, to: self.current }
    }
}

/// Exponential smoothing by stream time, so that skipped windows do not slow it down.
#[derive(Default)]
struct Exponential {
    smoothed: Vec<f32>,
}

impl Smoother for Exponential {
    fn push(&mut self, p: &[f32], seconds: f64, constant: f64) -> &[f32] {
        if self.smoothed.len() != p.len() || constant <= 0.0 {
            self.smoothed.clear();
            self.smoothed.extend_from_slice(p);
            return &self.smoothed;
        }
        let keep = (-seconds / constant).exp() as f32;
        for (smoothed, new) in self.smoothed.iter_mut().zip(p) {
            *smoothed = keep * *smoothed + (1.0 - keep) * new;
        }
        &self.smoothed
    }

    fn reset(&mut self) {
        self.smoothed.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stable() -> StableGenre {
        StableGenre::new(StableSettings {
            smoothing_seconds: 2.0,
            hold_seconds: 3.0,
            silence_seconds: 5.0,
            abstain_below: 0.4,
        })
    }

    /// Feeds one window a second and returns the changes with their times.
    fn run(
        stable: &mut StableGenre,
        from_s: u32,
        seconds: u32,
        p: &[f32],
        heard: Heard,
    ) -> Vec<(f64, StableChange)> {
        (from_s + 1..=from_s + seconds)
            .filter_map(|s| stable.push(p, heard, f64::from(s)).map(|change| (f64::from(s), change)))
            .collect()
    }

    #[test]
    fn one_odd_window_changes_nothing_and_a_lasting_one_does() {
        let mut stable = stable();
        let first = run(&mut stable, 0, 10, &[0.9, 0.1], Heard::Signal);
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].1.from, None);
        assert_eq!(first[0].1.to.verdict, Verdict::Label(0));
        assert!(run(&mut stable, 10, 1, &[0.0, 1.0], Heard::Signal).is_empty());
        assert!(run(&mut stable, 11, 5, &[0.9, 0.1], Heard::Signal).is_empty());
        let changes = run(&mut stable, 16, 20, &[0.1, 0.9], Heard::Signal);
        assert_eq!(changes.len(), 1);
        let (at, change) = changes[0];
        assert!((19.0..=22.0).contains(&at), "{at}");
        let from = change.from.expect("a segment ended");
        assert_eq!(from.verdict, Verdict::Label(0));
        assert!(from.confidence.expect("a label has one") > 0.6);
    }

    #[test]
    fn what_was_lost_counts_neither_as_lead_nor_as_silence() {
        let mut stable = stable();
        run(&mut stable, 0, 10, &[0.9, 0.1], Heard::Signal);
        run(&mut stable, 10, 1, &[0.0, 1.0], Heard::Signal);
        stable.interrupted(71.0);
        assert!(run(&mut stable, 71, 1, &[0.0, 1.0], Heard::Signal).is_empty(), "a lead of one window");
        stable.interrupted(172.0);
        assert!(run(&mut stable, 172, 1, &[0.0, 1.0], Heard::Quiet).is_empty(), "a silence of one window");
    }

    #[test]
    fn nothing_certain_is_unknown_and_silence_needs_its_time() {
        let mut stable = stable();
        run(&mut stable, 0, 10, &[0.9, 0.1, 0.0], Heard::Signal);
        let unsure = run(&mut stable, 10, 20, &[0.34, 0.33, 0.33], Heard::Signal);
        assert_eq!(unsure.last().map(|(_, change)| change.to.verdict), Some(Verdict::Unknown));
        assert!(run(&mut stable, 30, 4, &[0.34, 0.33, 0.33], Heard::Quiet).is_empty());
        let silent = run(&mut stable, 34, 4, &[0.34, 0.33, 0.33], Heard::DigitalZero);
        assert_eq!(
            silent.first().map(|(at, change)| (*at, change.to.verdict)),
            Some((35.0, Verdict::Silence))
        );
        assert_eq!(stable.current().verdict, Verdict::Silence);
    }

    #[test]
    fn talk_and_noise_hold_what_is_stable_however_long_they_last() {
        let mut stable = stable();
        run(&mut stable, 0, 10, &[0.9, 0.1], Heard::Music);
        for (n, heard) in [Heard::Speech, Heard::Mixed, Heard::Noise].into_iter().enumerate() {
            assert!(run(&mut stable, 10 + 60 * n as u32, 60, &[0.0, 1.0], heard).is_empty());
        }
        assert_eq!(stable.current().verdict, Verdict::Label(0));
        assert_eq!(run(&mut stable, 190, 20, &[0.0, 1.0], Heard::Music).len(), 1);
        run(&mut stable, 210, 10, &[0.0, 1.0], Heard::Speech);
        let silent = run(&mut stable, 220, 10, &[0.0, 1.0], Heard::Quiet);
        assert_eq!(
            silent.first().map(|&(at, change)| (at, change.to.verdict)),
            Some((225.0, Verdict::Silence))
        );
    }
}
