//! From samples at the model's rate to log-mel columns: STFT, filterbank, level, rounding, logarithm.
//! Touch it to add a logarithm or a rounding.

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::level_control::LevelControlState;
use super::log::log10;
use super::{MelFilterbank, Stft};
use crate::manifest::{FeatureSettings, LogScale, Rounding};

/// Log-mel columns of a stream of samples.
pub struct LogMel {
    stft: Stft,
    last: LastSteps,
}

/// What happens to a power spectrum.
struct LastSteps {
    filterbank: MelFilterbank,
    level: Option<LevelControlState>,
    rounding: Rounding,
    log: LogScale,
    half: Vec<f16>,
    column: Vec<f32>,
}

impl LogMel {
    /// Allocates everything the settings need.
    pub fn new(settings: &FeatureSettings) -> Self {
        Self {
            stft: Stft::new(settings),
            last: LastSteps {
                filterbank: MelFilterbank::new(settings),
                level: settings.level.map(LevelControlState::new),
                rounding: settings.rounding,
                log: settings.log,
                half: vec![f16::ZERO; settings.n_mels],
                column: vec![0.0; settings.n_mels],
            },
        }
    }

    /// Takes samples and gives each column (`n_mels` values, lowest band first) that they complete.
    pub fn push(&mut self, samples: &[f32], mut sink: impl FnMut(&[f32])) {
        self.stft.push(samples, |power| sink(self.last.column(power)));
    }

    /// Ends the stream: gives the columns that the padding at its end completes.
    pub fn finish(&mut self, mut sink: impl FnMut(&[f32])) {
        self.stft.finish(|power| sink(self.last.column(power)));
    }

    /// Forgets everything heard.
    pub fn reset(&mut self) {
        self.stft.reset();
        if let Some(level) = &mut self.last.level {
            level.reset();
        }
    }
}

impl LastSteps {
    fn column(&mut self, power: &[f32]) -> &[f32] {
        self.filterbank.apply(power, &mut self.column);
        if let Some(level) = &mut self.level {
            level.apply(&mut self.column);
        }
        if self.rounding == Rounding::Float16 {
            // What is louder than a half can say stays the loudest that it can.
            self.column.iter_mut().for_each(|value| *value = value.min(f16::MAX.to_f32_const()));
            self.half.convert_from_f32_slice(&self.column);
            self.half.convert_to_f32_slice(&mut self.column);
        }
        match self.log {
            LogScale::Db { amin } => {
                self.column.iter_mut().for_each(|value| *value = 10.0 * log10(value.max(amin)))
            }
            LogScale::Log10 { scale } => {
                self.column.iter_mut().for_each(|value| *value = log10(1.0 + scale * *value))
            }
        }
        &self.column
    }
}
