//! What the samples themselves tell: digital zero, quiet, or something to hear. Touch it when the gate is to
//! tell more apart.

/// Thresholds of the gate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GateSettings {
    /// RMS level in dB re full scale below which a hop is quiet.
    pub quiet_dbfs: f32,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self { quiet_dbfs: -60.0 }
    }
}

/// What a hop of audio is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Something can be heard.
    Signal,
    /// Samples below the threshold.
    Quiet,
    /// Every sample is exactly zero.
    DigitalZero,
}

impl Heard {
    /// Whether it tells something of the genre.
    pub fn is_music(self) -> bool {
        matches!(self, Self::Signal)
    }

    /// Whether nothing can be heard.
    pub fn is_silent(self) -> bool {
        matches!(self, Self::Quiet | Self::DigitalZero)
    }
}

/// Tells hops apart by their level.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gate {
    settings: GateSettings,
}

impl Gate {
    /// A gate with these thresholds.
    pub fn new(settings: GateSettings) -> Self {
        Self { settings }
    }

    /// Judges a hop; `rms_dbfs` is `None` if every sample is exactly zero.
    pub fn judge(&self, rms_dbfs: Option<f32>) -> Heard {
        match rms_dbfs {
            None => Heard::DigitalZero,
            Some(level) if level < self.settings.quiet_dbfs => Heard::Quiet,
            Some(_) => Heard::Signal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_kinds_of_hop() {
        let gate = Gate::default();
        assert_eq!(gate.judge(None), Heard::DigitalZero);
        assert_eq!(gate.judge(Some(-75.0)), Heard::Quiet);
        assert_eq!(gate.judge(Some(-20.0)), Heard::Signal);
    }
}
