//! The score of a whole clip. Touch it when a clip's answer is to be formed otherwise; `training/evaluate.py`
//! forms it in the same way.

use super::Outcome;

/// Mean of p over the full windows, else the last provisional p.
#[derive(Debug, Clone, Default)]
pub struct ClipScore {
    sum: Vec<f64>,
    full: u64,
    provisional: Vec<f32>,
}

impl ClipScore {
    /// Takes the outcomes of a clip one after the other.
    pub fn push(&mut self, outcome: &Outcome) {
        if outcome.provisional {
            self.provisional.clone_from(&outcome.p);
            return;
        }
        self.sum.resize(outcome.p.len(), 0.0);
        for (sum, &p) in self.sum.iter_mut().zip(&outcome.p) {
            *sum += f64::from(p);
        }
        self.full += 1;
    }

    /// The probabilities; `None` if the clip had no window at all.
    pub fn result(&self) -> Option<Vec<f32>> {
        if self.full > 0 {
            return Some(self.sum.iter().map(|sum| (sum / self.full as f64) as f32).collect());
        }
        (!self.provisional.is_empty()).then(|| self.provisional.clone())
    }
}
