//! When a segment really began: found in what was heard before and after it was told. Touch it when starts are to be
//! estimated otherwise.

use std::collections::VecDeque;

use super::evidence::logarithm;

/// Windows remembered, at most: two minutes of a hop of a second.
const CAPACITY: usize = 128;

/// A pause that ends so near to where the evidence turns is where the segment began, in seconds.
const NEAR_PAUSE: f64 = 8.0;

/// Remembers the newest windows.
#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    /// When each window ended.
    ends: VecDeque<f64>,
    /// Their probabilities, one window after the other.
    p: VecDeque<f32>,
    labels: usize,
    /// When the last pauses ended.
    pauses: VecDeque<f64>,
}

impl Past {
    /// Forgets everything.
    pub fn reset(&mut self) {
        self.ends.clear();
        self.p.clear();
        self.pauses.clear();
    }

    /// A window of music that ends at `end_s`.
    pub fn push(&mut self, p: &[f32], end_s: f64) {
        if self.labels != p.len() {
            self.reset();
            self.labels = p.len();
            self.ends.reserve(CAPACITY);
            self.p.reserve(CAPACITY * p.len());
        }
        if self.ends.len() == CAPACITY {
            self.ends.pop_front();
            self.p.drain(..self.labels);
        }
        self.ends.push_back(end_s);
        self.p.extend(p);
    }

    /// Speech or silence ended at `at_s`.
    pub fn pause_ended(&mut self, at_s: f64) {
        if self.pauses.len() == 8 {
            self.pauses.pop_front();
        }
        self.pauses.push_back(at_s);
    }

    /// Where the evidence turns from `from` (`None`: from any label) to `to`, among the windows that end after `after_s`;
    /// `lag_seconds` is how far the model is behind what plays. `None` if nothing of it is remembered.
    ///
    /// It is the place that leaves most evidence for `from` before it and most for `to` after it: the minimum of the sum
    /// of the logarithms of the ratio, as in Page's cumulative sum test (E. S. Page, Biometrika 41, 1954).
    pub fn turn(&self, from: Option<usize>, to: usize, after_s: f64, lag_seconds: f64) -> Option<f64> {
        let first = self.ends.iter().position(|&end_s| end_s > after_s)?;
        let (mut sum, mut least, mut turned) = (0.0, 0.0, *self.ends.get(first)?);
        for at in first..self.ends.len() {
            let p = |label| logarithm(self.p[at * self.labels + label]);
            let others = (0..self.labels).filter(|&label| label != to).map(p);
            let against = from.map_or_else(|| others.fold(f64::NEG_INFINITY, f64::max), p);
            sum += p(to) - against;
            if sum <= least {
                least = sum;
                turned = self.ends.get(at + 1).copied().unwrap_or(self.ends[at]);
            }
        }
        let began = (turned - lag_seconds).max(after_s);
        let pauses = self.pauses.iter().copied().filter(|&end_s| (end_s - began).abs() <= NEAR_PAUSE);
        let nearest = pauses.min_by(|a, b| (a - began).abs().total_cmp(&(b - began).abs()));
        Some(nearest.filter(|&end_s| end_s > after_s).unwrap_or(began))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Label 0 until `change_s`, label 1 from there on.
    fn past(change_s: f64, seconds: u32) -> Past {
        let mut past = Past::default();
        for second in 1..=seconds {
            let end_s = f64::from(second);
            past.push(if end_s <= change_s { &[0.9, 0.1] } else { &[0.2, 0.8] }, end_s);
        }
        past
    }

    #[test]
    fn the_turn_is_found_before_the_lag() {
        assert_eq!(past(40.0, 60).turn(Some(0), 1, 0.0, 4.0), Some(37.0));
        assert_eq!(past(40.0, 60).turn(None, 1, 0.0, 0.0), Some(41.0));
        assert_eq!(
            past(400.0, 500).turn(Some(0), 1, 0.0, 0.0),
            Some(401.0),
            "only what is remembered counts"
        );
        assert_eq!(past(40.0, 60).turn(Some(0), 1, 70.0, 0.0), None);
        assert_eq!(past(40.0, 60).turn(Some(0), 1, 39.0, 4.0), Some(39.0), "not before the segment it ends");
    }

    #[test]
    fn a_short_relapse_moves_the_turn_only_if_it_weighs_more() {
        let mut past = past(40.0, 50);
        past.push(&[0.99, 0.01], 51.0);
        assert_eq!(past.turn(Some(0), 1, 0.0, 0.0), Some(41.0));
        for second in 52..60 {
            past.push(&[0.99, 0.01], f64::from(second));
        }
        past.push(&[0.01, 0.99], 60.0);
        assert_eq!(past.turn(Some(0), 1, 0.0, 0.0), Some(60.0));
    }

    #[test]
    fn a_pause_nearby_is_where_it_began() {
        let mut past = past(40.0, 60);
        past.pause_ended(20.0);
        past.pause_ended(35.0);
        assert_eq!(past.turn(Some(0), 1, 0.0, 4.0), Some(35.0));
    }
}
