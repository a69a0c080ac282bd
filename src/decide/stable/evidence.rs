//! What speaks for a label: averages of the logarithm of its probability over two spans. Touch it when evidence is to
//! be weighed otherwise; `tools/sweep-stable-genre` measures what the weights do.
//!
//! Probabilities of overlapping windows are not independent, so they are averaged, not multiplied. Within one piece of
//! music a wrong answer stays wrong however long it is heard, while a sure one is seldom wrong: so what decides is how
//! sure the newest windows are (fast), and, only over many of them, which label is likelier at all (slow).

/// How evidence is weighed; evidence is a difference of natural logarithms of probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Weights {
    /// Time constant of the fast average in seconds.
    pub fast_seconds: f64,
    /// Lead in the fast average that makes a label the stable one.
    pub fast_evidence: f64,
    /// Time constant of the slow average in seconds.
    pub slow_seconds: f64,
    /// Lead in the slow average that makes a label the stable one.
    pub slow_evidence: f64,
}

/// Probabilities below it say no more than it does.
const FLOOR: f32 = 0.001;

/// Time constant of clarity in seconds: some pieces of music.
const LONG_SECONDS: f64 = 60.0;

/// Lead in the fast average that names the first label of all.
const FIRST_LEAD: f64 = 1.0;

/// Seconds that must have been heard before the first label is named.
const FIRST_SECONDS: f64 = 2.0;

/// Averages for one source.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    fast: Vec<f64>,
    slow: Vec<f64>,
    /// Average of the highest probability of each window; `None` before the first.
    clarity: Option<f64>,
    /// Seconds that the fast average has heard.
    heard_s: f64,
}

impl Evidence {
    /// Forgets everything.
    pub fn reset(&mut self) {
        self.fast.clear();
        self.slow.clear();
        self.clarity = None;
        self.heard_s = 0.0;
    }

    /// The newest windows are no longer what the next ones continue: speech or silence lay between.
    pub fn interrupt(&mut self) {
        self.fast.clear();
        self.heard_s = 0.0;
    }

    /// Takes the probabilities of a window that ends `seconds` after the one before.
    pub fn push(&mut self, p: &[f32], seconds: f64, weights: &Weights) {
        let logarithms = p.iter().map(|&p| logarithm(p));
        average(&mut self.fast, logarithms.clone(), seconds, weights.fast_seconds);
        average(&mut self.slow, logarithms, seconds, weights.slow_seconds);
        let top = f64::from(p.iter().copied().fold(0.0, f32::max));
        let clarity = self.clarity.get_or_insert(top);
        *clarity += fraction(seconds, LONG_SECONDS) * (top - *clarity);
        self.heard_s += seconds;
    }

    /// The label that is to follow `current`, if any; `credit` is what else speaks for a change.
    pub fn successor(&self, current: usize, credit: f64, weights: &Weights) -> Option<usize> {
        if self.heard_s >= weights.fast_seconds {
            let (label, lead) = lead(&self.fast, current)?;
            if lead >= weights.fast_evidence - credit {
                return Some(label);
            }
        }
        let (label, lead) = lead(&self.slow, current)?;
        (lead >= weights.slow_evidence).then_some(label)
    }

    /// The label to begin with, if one leads clearly and is as probable as `abstain_below`.
    pub fn first(&self, abstain_below: f32) -> Option<usize> {
        let (label, top) = highest(&self.fast)?;
        let second = self.fast.iter().enumerate().filter(|(other, _)| *other != label);
        let second = second.map(|(_, &value)| value).fold(f64::NEG_INFINITY, f64::max);
        let clear = self.heard_s >= FIRST_SECONDS && top - second >= FIRST_LEAD;
        (clear && top.exp() >= f64::from(abstain_below)).then_some(label)
    }

    /// True if for long no label has been as probable as that.
    pub fn is_unclear(&self, abstain_below: f32) -> bool {
        self.clarity.is_some_and(|clarity| clarity < f64::from(abstain_below))
    }

    /// `label` is the current one from now on: what led before leads no more, and how clear that was counts no more.
    pub fn settle(&mut self, label: usize) {
        let p = self.fast.get(label).copied().unwrap_or_default().exp();
        self.clarity = self.clarity.map(|clarity| clarity.max(p));
        if let Some(&level) = self.slow.get(label) {
            self.slow.iter_mut().for_each(|value| *value = value.min(level));
        }
    }
}

/// Natural logarithm, floored.
pub(super) fn logarithm(p: f32) -> f64 {
    f64::from(p.max(FLOOR)).ln()
}

/// The part of the way to a new value that an exponential average goes in so many seconds.
fn fraction(seconds: f64, constant: f64) -> f64 {
    1.0 - (-seconds / constant.max(f64::MIN_POSITIVE)).exp()
}

fn average(values: &mut Vec<f64>, new: impl Iterator<Item = f64>, seconds: f64, constant: f64) {
    if values.is_empty() {
        values.extend(new);
        return;
    }
    let part = fraction(seconds, constant);
    values.iter_mut().zip(new).for_each(|(value, new)| *value += part * (new - *value));
}

fn highest(values: &[f64]) -> Option<(usize, f64)> {
    values.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))
}

/// The best label other than `current`, and by how much it leads.
fn lead(values: &[f64], current: usize) -> Option<(usize, f64)> {
    let base = *values.get(current)?;
    let others = values.iter().copied().enumerate().filter(|(label, _)| *label != current);
    others.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(label, value)| (label, value - base))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIGHTS: Weights =
        Weights { fast_seconds: 1.0, fast_evidence: 3.0, slow_seconds: 20.0, slow_evidence: 2.0 };

    fn heard(evidence: &mut Evidence, p: &[f32], seconds: u32, current: Option<usize>) -> Option<u32> {
        (1..=seconds).find(|_| {
            evidence.push(p, 1.0, &WEIGHTS);
            current.is_some_and(|current| evidence.successor(current, 0.0, &WEIGHTS).is_some())
        })
    }

    #[test]
    fn a_sure_label_follows_at_once_and_a_likelier_one_in_time() {
        let mut evidence = Evidence::default();
        heard(&mut evidence, &[0.9, 0.1], 60, None);
        assert_eq!(evidence.first(0.4), Some(0));
        evidence.settle(0);
        let mut sure = evidence.clone();
        assert!(heard(&mut sure, &[0.01, 0.99], 60, Some(0)).is_some_and(|second| second <= 3));
        let mut likelier = evidence.clone();
        // ln(0.93 / 0.07) is 2.6: never enough for the fast one.
        assert!(heard(&mut likelier, &[0.07, 0.93], 120, Some(0)).is_some_and(|second| second >= 20));
        assert_eq!(heard(&mut evidence, &[0.3, 0.7], 600, Some(0)), None, "ln(7/3) is below both");
    }

    #[test]
    fn nothing_probable_is_unclear() {
        let mut evidence = Evidence::default();
        assert!(!evidence.is_unclear(0.4), "nothing was heard");
        heard(&mut evidence, &[0.9, 0.1, 0.0], 10, None);
        heard(&mut evidence, &[0.34, 0.33, 0.33], 60, None);
        assert!(!evidence.is_unclear(0.4));
        heard(&mut evidence, &[0.34, 0.33, 0.33], 120, None);
        assert!(evidence.is_unclear(0.4));
        assert_eq!(evidence.first(0.3), None, "no label leads");
    }
}
