//! The streaming short-time Fourier transform, centred as librosa's: frame k is centred on sample k · hop, and
//! both ends of a stream are padded by reflection. Touch it when framing must change.

use std::f64::consts::PI;
use std::sync::Arc;

use realfft::num_complex::Complex64;
use realfft::{RealFftPlanner, RealToComplex};

use crate::manifest::FeatureSettings;

/// Power spectra of a stream of samples.
///
/// The transform runs in f64 as librosa's does: in f32 a quiet band under a loud tone is off by hundredths of a dB.
pub struct Stft {
    n_fft: usize,
    hop: usize,
    window: Vec<f64>,
    fft: Arc<dyn RealToComplex<f64>>,
    frame: Vec<f64>,
    spectrum: Vec<Complex64>,
    scratch: Vec<Complex64>,
    power: Vec<f32>,
    /// Padded samples that a coming frame or the reflection at the end still needs.
    samples: Vec<f32>,
    /// Where in `samples` the next frame begins; may lie beyond its end.
    next: usize,
    begun: bool,
}

impl Stft {
    /// Plans the transform and computes its window (periodic Hann).
    pub fn new(settings: &FeatureSettings) -> Self {
        let n_fft = settings.n_fft;
        let fft = RealFftPlanner::<f64>::new().plan_fft_forward(n_fft);
        let window = (0..n_fft).map(|n| 0.5 - 0.5 * (2.0 * PI * n as f64 / n_fft as f64).cos()).collect();
        Self {
            n_fft,
            hop: settings.hop,
            window,
            frame: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            power: vec![0.0; n_fft / 2 + 1],
            fft,
            samples: Vec::with_capacity(4 * n_fft),
            next: 0,
            begun: false,
        }
    }

    /// Takes samples and gives the power spectrum (n_fft/2 + 1 bins) of each frame that they complete.
    pub fn push(&mut self, mut samples: &[f32], mut sink: impl FnMut(&[f32])) {
        while !samples.is_empty() {
            let room = 3 * self.n_fft - self.samples.len();
            let (now, later) = samples.split_at(room.min(samples.len()));
            samples = later;
            self.samples.extend_from_slice(now);
            if !self.begun && self.samples.len() > self.n_fft / 2 {
                self.pad_start();
            }
            if self.begun {
                self.emit(&mut sink);
                self.compact();
            }
        }
    }

    /// Pads the end and gives the remaining frames; afterwards the transform is as new.
    pub fn finish(&mut self, mut sink: impl FnMut(&[f32])) {
        if !self.samples.is_empty() {
            let half = self.n_fft / 2;
            if self.begun {
                let last = self.samples.len() - 1;
                for back in 1..=half {
                    self.samples.push(self.samples[last - back]);
                }
            } else {
                self.samples = reflect_short(&self.samples, half);
            }
            self.emit(&mut sink);
        }
        self.reset();
    }

    /// Forgets everything heard.
    pub fn reset(&mut self) {
        self.samples.clear();
        self.next = 0;
        self.begun = false;
    }

    /// Puts the mirrored first samples before the stream.
    fn pad_start(&mut self) {
        let half = self.n_fft / 2;
        let heard = self.samples.len();
        self.samples.resize(heard + half, 0.0);
        self.samples.copy_within(0..heard, half);
        for back in 1..=half {
            self.samples[half - back] = self.samples[half + back];
        }
        self.begun = true;
    }

    fn emit(&mut self, sink: &mut impl FnMut(&[f32])) {
        while self.next + self.n_fft <= self.samples.len() {
            let heard = &self.samples[self.next..self.next + self.n_fft];
            for ((slot, sample), weight) in self.frame.iter_mut().zip(heard).zip(&self.window) {
                *slot = f64::from(*sample) * weight;
            }
            self.fft
                .process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch)
                // The buffers were made by this very plan.
                .expect("buffers of the planned length");
            for (power, bin) in self.power.iter_mut().zip(&self.spectrum) {
                *power = bin.norm_sqr() as f32;
            }
            sink(&self.power);
            self.next += self.hop;
        }
    }

    /// Drops what no coming frame needs, but keeps enough to mirror the end.
    fn compact(&mut self) {
        let kept_for_end = self.samples.len().saturating_sub(self.n_fft / 2 + 1);
        let drop = self.next.min(kept_for_end);
        if self.samples.len() >= 2 * self.n_fft {
            self.samples.copy_within(drop.., 0);
            self.samples.truncate(self.samples.len() - drop);
            self.next -= drop;
        }
    }
}

/// `numpy.pad(samples, half, mode="reflect")` for a stream shorter than the padding: mirrored again and again.
fn reflect_short(samples: &[f32], half: usize) -> Vec<f32> {
    let length = samples.len() as i64;
    let period = 2 * (length - 1);
    (-(half as i64)..length + half as i64)
        .map(|index| {
            if period == 0 {
                return samples[0];
            }
            let within = index.rem_euclid(period);
            samples[within.min(period - within) as usize]
        })
        .collect()
}
