//! How loud the source is, measured on its native samples. Touch it to measure something else of the raw signal.

/// A sample at or beyond this counts as clipped: the largest value of 16-bit PCM.
const FULL_SCALE: f32 = 32_767.0 / 32_768.0;

/// Level of a stretch of samples.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Level {
    /// Samples measured.
    pub samples: u64,
    /// Sum of their squares.
    pub energy: f64,
    /// Samples at full scale.
    pub clipped: u64,
    /// Samples that are not exactly zero.
    pub non_zero: u64,
}

impl Level {
    /// RMS level in dB re full scale; `None` if every sample is zero or there is none.
    pub fn rms_dbfs(&self) -> Option<f32> {
        (self.energy > 0.0).then(|| (10.0 * (self.energy / self.samples as f64).log10()) as f32)
    }

    /// This stretch and another one together.
    pub fn and(&self, other: &Self) -> Self {
        Self {
            samples: self.samples + other.samples,
            energy: self.energy + other.energy,
            clipped: self.clipped + other.clipped,
            non_zero: self.non_zero + other.non_zero,
        }
    }
}

/// Accumulates a [`Level`] until it is taken.
#[derive(Debug, Default)]
pub struct LevelMeter {
    level: Level,
}

impl LevelMeter {
    /// Measures some samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.level.samples += samples.len() as u64;
        for &sample in samples {
            self.level.energy += f64::from(sample) * f64::from(sample);
            self.level.clipped += u64::from(sample.abs() >= FULL_SCALE);
            self.level.non_zero += u64::from(sample != 0.0);
        }
    }

    /// The level since it was last taken.
    pub fn take(&mut self) -> Level {
        std::mem::take(&mut self.level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_quiet_and_clipped_are_told_apart() {
        let mut meter = LevelMeter::default();
        meter.push(&[0.0; 100]);
        let zero = meter.take();
        assert_eq!((zero.samples, zero.non_zero, zero.rms_dbfs()), (100, 0, None));
        meter.push(&[0.001; 100]);
        let quiet = meter.take();
        assert_eq!(quiet.non_zero, 100);
        assert!((quiet.rms_dbfs().expect("a level") + 60.0).abs() < 1e-3);
        meter.push(&[1.0, -1.0, 0.5, 0.0]);
        let loud = meter.take();
        assert_eq!((loud.clipped, loud.non_zero), (2, 3));
        assert_eq!(zero.and(&loud).samples, 104);
    }
}
