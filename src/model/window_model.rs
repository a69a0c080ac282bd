//! Models that take the whole window. Touch it when the network must see the window otherwise.

use super::{Classifier, ModelError, ModelState, Network, TensorView, Told, batch};
use crate::manifest::{Manifest, Normalise};

/// One network over the newest `frames` columns.
pub(super) struct WindowModel {
    network: Network,
    normalise: Normalise,
    frames: usize,
    n_mels: usize,
    /// The windows of the sources that a run is for.
    input: Vec<f32>,
}

impl WindowModel {
    pub(super) fn new(manifest: &Manifest, network: Network) -> Self {
        let (frames, n_mels) = (manifest.window.frames, manifest.features.n_mels);
        Self {
            network,
            normalise: manifest.window.normalise,
            frames,
            n_mels,
            input: vec![0.0; frames * n_mels],
        }
    }
}

impl Classifier for WindowModel {
    fn new_state(&self) -> ModelState {
        ModelState::new(self.frames, self.n_mels)
    }

    fn push(&mut self, state: &mut ModelState, columns: &[f32], _last: bool) -> Result<(), ModelError> {
        state.push(columns);
        Ok(())
    }

    fn leave_out(&mut self, state: &mut ModelState, columns: &[f32]) {
        state.push(columns);
    }

    fn evaluate(&mut self, state: &ModelState) -> Result<&[f32], ModelError> {
        self.run(&[state])?;
        self.network.row(0, 0, 1)
    }

    fn batch(&self) -> usize {
        self.network.batch()
    }

    fn evaluate_all(&mut self, states: &[&ModelState], told: &mut Told<'_>) {
        let places: Vec<usize> = (0..states.len()).collect();
        for several in places.chunks(self.network.batch()) {
            let run = self.run(&states[several[0]..][..several.len()]);
            for (row, &place) in several.iter().enumerate() {
                let rows = batch::rows(several.len());
                told(
                    place,
                    if run.is_ok() { self.network.row(0, row, rows) } else { self.evaluate(states[place]) },
                );
            }
        }
    }
}

impl WindowModel {
    fn run(&mut self, states: &[&ModelState]) -> Result<(), ModelError> {
        let (normal, frames, n_mels) = (self.normalise, self.frames, self.n_mels);
        batch::fill(&mut self.input, frames * n_mels, states, |window, state| {
            state.columns.fill(window);
            normalise(normal, window);
        });
        let shape = [batch::rows(states.len()), frames, n_mels];
        self.network.run_rows(&[TensorView { shape: &shape, values: &self.input }])
    }
}

fn normalise(how: Normalise, window: &mut [f32]) {
    let Normalise::Standardise { floor_db } = how else { return };
    let floor = window.iter().copied().fold(f32::NEG_INFINITY, f32::max) - floor_db;
    window.iter_mut().for_each(|value| *value = value.max(floor));
    let count = window.len() as f64;
    let mean = sum(window, |value| value) / count;
    let variance = sum(window, |value| (value - mean).powi(2)) / count;
    let scale = 1.0 / (variance.sqrt() + 1e-6);
    window.iter_mut().for_each(|value| *value = ((f64::from(*value) - mean) * scale) as f32);
}

/// The sum of `term` of each value, in lanes that do not wait for each other.
fn sum(values: &[f32], term: impl Fn(f64) -> f64) -> f64 {
    const LANES: usize = 16;
    let (whole, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in whole {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += term(f64::from(value));
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|&value| term(f64::from(value))).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standardising_clips_the_floor_and_survives_silence() {
        let mut window = [0.0, -10.0, -200.0, -20.0];
        normalise(Normalise::Standardise { floor_db: 80.0 }, &mut window);
        // numpy: x = maximum([0, -10, -200, -20], -80); (x - x.mean()) / x.std()
        let expected = [0.883_53, 0.562_25, -1.686_74, 0.240_96];

        for (value, wanted) in window.iter().zip(expected) {
            assert!((value - wanted).abs() < 1e-4, "{window:?}");
        }
        let mut silence = [-100.0; 8];
        normalise(Normalise::Standardise { floor_db: 80.0 }, &mut silence);
        assert!(silence.iter().all(|value| value.abs() < 1e-3), "{silence:?}");
    }
}
