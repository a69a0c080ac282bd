//! The frequency response of the resampler that a network's training data went through. Touch it when models need that
//! of another kind.

use std::f64::consts::PI;

use crate::manifest::SincResampler;

/// Points of the kernel in a sample of the resampler's output.
const STEPS: u32 = 64;

/// A resampler's kernel, of which the response is computed.
pub(super) struct Response {
    /// From its middle on: the kernel is even, so every point but the middle one counts twice.
    kernel: Vec<f64>,
}

impl Response {
    /// Computes the kernel, once for all frequencies.
    pub(super) fn new(resampler: &SincResampler) -> Self {
        let SincResampler { zeros, beta, rolloff } = *resampler;
        let (last, zeros) = (u32::from(zeros) * STEPS, f64::from(zeros));
        let highest = bessel_i0(beta);
        let point = |point: u32| {
            let time = f64::from(point) / f64::from(STEPS);
            let within = (1.0 - (time / zeros).powi(2)).max(0.0).sqrt();
            let twice = if point == 0 { 1.0 } else { 2.0 };
            twice * rolloff * sinc(rolloff * time) * bessel_i0(beta * within) / highest
        };
        Self { kernel: (0..=last).map(point).collect() }
    }

    /// Amplitude at `frequency`, in units of the output's rate.
    pub(super) fn amplitude(&self, frequency: f64) -> f64 {
        let turn = 2.0 * PI * frequency / f64::from(STEPS);
        let sum: f64 =
            self.kernel.iter().enumerate().map(|(at, value)| value * (turn * at as f64).cos()).sum();
        sum / f64::from(STEPS)
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The modified Bessel function of the first kind and order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut k = 1.0;
    while term > sum * f64::EPSILON {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_response_of_resampys_best_kaiser_filter() {
        let best =
            SincResampler { zeros: 64, beta: 14.769_656_459_379_492, rolloff: 0.947_593_716_739_959_6 };
        let best = Response::new(&best);
        // training.mel.response with the same settings, at Hz of an output at 16 kHz.
        for (hz, expected) in EXPECTED {
            let found = best.amplitude(hz / 16_000.0);
            assert!((found - expected).abs() < 1e-9, "{hz} Hz: {found}, expected {expected}");
        }
    }

    /// numpy's, to 12 digits.
    const EXPECTED: [(f64, f64); 5] = [
        (0.0, 0.999999998784),
        (7000.0, 0.999999614697),
        (7500.0, 0.700103151390),
        (7593.75, 0.466416996960),
        (8000.0, 0.001614925700),
    ];
}
