//! One level for soft and loud sound: the mel power over a slow running mean of itself.
//! Touch it when models need another control of their level.

use crate::manifest::LevelControl;

/// Scales each column by target / mean, where the mean is that of the mel power heard so far, in which earlier columns
/// count less after `columns` of them. It looks at no later column, so that a stream and a file give the same.
pub(super) struct LevelControlState {
    settings: LevelControl,
    /// Columns heard, at most `columns`.
    heard: u32,
    /// Running mean of the mel power; in double precision, as Python computes it.
    mean: f64,
}

impl LevelControlState {
    pub(super) fn new(settings: LevelControl) -> Self {
        Self { settings, heard: 0, mean: 0.0 }
    }

    /// Brings one column of mel power to the level.
    pub(super) fn apply(&mut self, column: &mut [f32]) {
        let LevelControl { target, columns, most } = self.settings;
        let own = column.iter().map(|&value| f64::from(value)).sum::<f64>() / column.len() as f64;
        self.heard = (self.heard + 1).min(columns);
        self.mean += (own - self.mean) / f64::from(self.heard);
        let factor = (target / self.mean.max(target / most)) as f32;
        column.iter_mut().for_each(|value| *value *= factor);
    }

    /// Forgets what was heard.
    pub(super) fn reset(&mut self) {
        *self = Self::new(self.settings);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: LevelControl = LevelControl { target: 0.3, columns: 50, most: 1e4 };

    fn brought(control: &mut LevelControlState, values: &[f32]) -> Vec<f32> {
        values
            .iter()
            .map(|&value| {
                let mut column = [value, 3.0 * value];
                control.apply(&mut column);
                assert!((column[1] - 3.0 * column[0]).abs() <= 1e-6 * column[1], "bands keep their ratio");
                column[0]
            })
            .collect()
    }

    #[test]
    fn soft_sound_is_heard_as_loud() {
        let values: Vec<f32> = (0..200).map(|i| 0.1 + (i * 7 % 13) as f32).collect();
        let soft: Vec<f32> = values.iter().map(|v| v * 0.01).collect();
        let loud = brought(&mut LevelControlState::new(SETTINGS), &values);
        let soft = brought(&mut LevelControlState::new(SETTINGS), &soft);
        for (a, b) in loud.iter().zip(&soft) {
            assert!((a - b).abs() <= 1e-5 * a, "{a} {b}");
        }
        // The mean of both bands is twice the first one's value.
        let mean = loud[100..].iter().sum::<f32>() / 100.0;
        assert!((mean - 0.15).abs() < 0.01, "{mean}");
    }

    #[test]
    fn silence_stays_silent_and_reset_forgets() {
        let mut control = LevelControlState::new(SETTINGS);
        assert_eq!(brought(&mut control, &[0.0, 0.0]), [0.0, 0.0]);
        let limited = brought(&mut control, &[1e-9])[0];
        assert!((limited - 1e-5).abs() < 1e-9, "at most 10 000 times: {limited}");
        control.reset();
        let first = brought(&mut control, &[5.0]);
        assert!((first[0] - 0.15).abs() < 1e-6, "{first:?}");
    }
}
