//! What a hop is: music or not, as the gate's model tells, and whether there is anything to hear at all, as its level
//! tells. Touch it when the gate is to tell more apart.

/// Settings of the gate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GateSettings {
    /// RMS level in dB re full scale below which a hop is quiet.
    pub quiet_dbfs: f32,
    /// Time constant of the exponential smoothing of the model's probabilities, in seconds; 0 does not smooth.
    pub smoothing_seconds: f64,
    /// Added to the log-odds of music: above 0 what is doubtful is rather music.
    pub music_log_odds: f32,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self { quiet_dbfs: -60.0, smoothing_seconds: 0.8, music_log_odds: 0.0 }
    }
}

/// What a hop of audio is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Something can be heard, and nothing tells what: there is no model, or it has not heard enough yet.
    Signal,
    /// Music.
    Music,
    /// Somebody speaks.
    Speech,
    /// Somebody speaks over music.
    Mixed,
    /// Neither music nor speech.
    Noise,
    /// Samples below the threshold.
    Quiet,
    /// Every sample is exactly zero.
    DigitalZero,
}

impl Heard {
    /// Whether it tells something of the genre.
    pub fn is_music(self) -> bool {
        matches!(self, Self::Signal | Self::Music)
    }

    /// Whether nothing can be heard.
    pub fn is_silent(self) -> bool {
        matches!(self, Self::Quiet | Self::DigitalZero)
    }

    /// What a gate's label means; a manifest has no other label in a model of that role.
    fn of_label(label: &str) -> Self {
        match label {
            "music" => Self::Music,
            "speech" => Self::Speech,
            "mixed" => Self::Mixed,
            "noise" => Self::Noise,
            _ => Self::Signal,
        }
    }
}

/// Tells hops apart.
#[derive(Debug, Clone)]
pub struct Gate {
    settings: GateSettings,
    /// What each of the model's labels means.
    labels: Vec<Heard>,
    /// Smoothed probabilities of the labels; empty until the model has heard enough.
    smoothed: Vec<f32>,
}

impl Gate {
    /// A gate that goes by the level alone.
    pub fn new(settings: GateSettings) -> Self {
        Self { settings, labels: Vec::new(), smoothed: Vec::new() }
    }

    /// A gate with a model of these labels.
    pub fn with_labels(settings: GateSettings, labels: &[String]) -> Self {
        let labels: Vec<_> = labels.iter().map(|label| Heard::of_label(label)).collect();
        Self { settings, smoothed: Vec::with_capacity(labels.len()), labels }
    }

    /// Goes on by other settings.
    pub fn set(&mut self, settings: GateSettings) {
        self.settings = settings;
    }

    /// Takes the model's probabilities, `seconds` after those before.
    pub fn hear(&mut self, p: &[f32], seconds: f64) {
        let constant = self.settings.smoothing_seconds;
        if self.smoothed.len() != p.len() || constant <= 0.0 {
            self.smoothed.clear();
            self.smoothed.extend_from_slice(p);
            return;
        }
        let keep = (-seconds / constant).exp() as f32;
        for (smoothed, new) in self.smoothed.iter_mut().zip(p) {
            *smoothed = keep * *smoothed + (1.0 - keep) * new;
        }
    }

    /// Forgets what was heard.
    pub fn forget(&mut self) {
        self.smoothed.clear();
    }

    /// Judges a hop; `rms_dbfs` is `None` if every sample is exactly zero.
    pub fn judge(&self, rms_dbfs: Option<f32>) -> Heard {
        match rms_dbfs {
            None => Heard::DigitalZero,
            Some(level) if level < self.settings.quiet_dbfs => Heard::Quiet,
            Some(_) => self.likeliest(),
        }
    }

    fn likeliest(&self) -> Heard {
        let lean = self.settings.music_log_odds.exp();
        let weighed = self.labels.iter().zip(&self.smoothed).map(|(&label, &p)| match label {
            Heard::Music => (label, p * lean),
            _ => (label, p),
        });
        weighed.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(Heard::Signal, |(label, _)| label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<String> {
        ["music", "speech", "mixed", "noise"].map(str::to_owned).to_vec()
    }

    #[test]
    fn the_level_alone_tells_three_kinds_of_hop() {
        let gate = Gate::new(GateSettings::default());
        assert_eq!(gate.judge(None), Heard::DigitalZero);
        assert_eq!(gate.judge(Some(-75.0)), Heard::Quiet);
        assert_eq!(gate.judge(Some(-20.0)), Heard::Signal);
    }

    #[test]
    fn the_model_tells_what_can_be_heard_once_it_has_heard_enough() {
        let mut gate = Gate::with_labels(GateSettings::default(), &labels());
        assert_eq!(gate.judge(Some(-20.0)), Heard::Signal);
        gate.hear(&[0.1, 0.7, 0.1, 0.1], 1.0);
        assert_eq!(gate.judge(Some(-20.0)), Heard::Speech);
        assert_eq!(gate.judge(None), Heard::DigitalZero, "silence is silence whatever the model says");
        gate.forget();
        assert_eq!(gate.judge(Some(-20.0)), Heard::Signal);
    }

    #[test]
    fn smoothing_keeps_a_narrow_lead_from_flipping_it() {
        let settings = GateSettings { smoothing_seconds: 2.0, ..Default::default() };
        let mut gate = Gate::with_labels(settings, &labels());
        gate.hear(&[1.0, 0.0, 0.0, 0.0], 1.0);
        // e^(-1/2) = 0.607 of the old one stays.
        gate.hear(&[0.0, 1.0, 0.0, 0.0], 1.0);
        assert_eq!(gate.judge(Some(-20.0)), Heard::Music);
        gate.hear(&[0.0, 1.0, 0.0, 0.0], 1.0);
        assert_eq!(gate.judge(Some(-20.0)), Heard::Speech);
        gate.set(GateSettings { smoothing_seconds: 0.0, ..settings });
        gate.hear(&[0.0, 0.0, 0.6, 0.4], 1.0);
        assert_eq!(gate.judge(Some(-20.0)), Heard::Mixed);
    }

    #[test]
    fn what_is_doubtful_is_music_where_that_is_wanted() {
        let settings = GateSettings { music_log_odds: 1.0, ..Default::default() };
        let mut gate = Gate::with_labels(settings, &labels());
        gate.hear(&[0.2, 0.0, 0.5, 0.3], 1.0);
        assert_eq!(gate.judge(Some(-20.0)), Heard::Music, "0.2 · e = 0.54");
        gate.hear(&[0.1, 0.0, 0.6, 0.3], 10.0);
        assert_eq!(gate.judge(Some(-20.0)), Heard::Mixed);
    }
}
