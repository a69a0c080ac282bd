//! Calibrated probabilities. Touch it when another calibration than a temperature is stored in manifests.

/// Writes softmax(logits / temperature) to `p`, in place of what it held; computed in f64 so that it sums to 1 within
/// f32's rounding.
pub fn probabilities(logits: &[f32], temperature: f32, p: &mut Vec<f32>) {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |&logit: &f32| ((f64::from(logit) - f64::from(top)) / f64::from(temperature)).exp();
    let sum: f64 = logits.iter().map(weight).sum();
    p.clear();
    p.extend(logits.iter().map(|logit| (weight(logit) / sum) as f32));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    fn probabilities(logits: &[f32], temperature: f32) -> Vec<f32> {
        let mut p = vec![7.0];
        super::probabilities(logits, temperature, &mut p);
        p
    }

    #[test]
    fn a_higher_temperature_is_less_certain() {
        let sharp = probabilities(&[2.0, 1.0, 0.0], 1.0);
        let soft = probabilities(&[2.0, 1.0, 0.0], 2.0);
        assert!((sharp[0] - 0.665_241).abs() < 1e-6);
        assert!(soft[0] < sharp[0]);
    }

    proptest! {
        #[test]
        fn they_sum_to_one_and_keep_the_order(
            logits in prop::collection::vec(-50f32..50.0, 2..20), temperature in 0.1f32..10.0
        ) {
            let p = probabilities(&logits, temperature);
            let sum: f64 = p.iter().map(|&value| f64::from(value)).sum();
            prop_assert!((sum - 1.0).abs() < 1e-5);
            for (a, pa) in logits.iter().zip(&p) {
                for (b, pb) in logits.iter().zip(&p) {
                    prop_assert!(a < b || pa >= pb);
                }
            }
        }
    }
}
