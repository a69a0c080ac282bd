//! The streaming resampler, in chunks of a fixed size so that no split of the input changes the output.
//! Touch it when the quality of resampling must change; `tests/features.rs` measures it.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

use super::FeatureError;
use crate::units::{HIGHEST_RATE, LOWEST_RATE, SampleRate};

/// Length of a resampling block at the lower of the two rates. Longer blocks have a steeper filter and
/// more delay: with this one the response is flat to 0.1 dB up to 0.45 of the lower rate.
const BLOCK_AT_LOWER_RATE: usize = 320;

/// Chunk size when nothing is resampled: 10 ms at 44.1 kHz.
const PASS_THROUGH_CHUNK: usize = 441;

/// Mono resampler from a source's rate to a model's.
pub struct Resampler {
    fft: Option<Fft<f32>>,
    from: SampleRate,
    to: SampleRate,
    chunk: usize,
    output: Vec<f32>,
    padded: Vec<f32>,
    delay_left: usize,
    consumed: u64,
    produced: u64,
}

impl Resampler {
    /// Plans for one pair of rates.
    ///
    /// # Errors
    /// [`FeatureError::Rates`] if the pair cannot be served.
    pub fn new(from: SampleRate, to: SampleRate) -> Result<Self, FeatureError> {
        let refuse = |reason: String| FeatureError::Rates { from, to, reason };
        if !(LOWEST_RATE..=HIGHEST_RATE).contains(&from.hz()) {
            return Err(refuse(format!("rates from {LOWEST_RATE} to {HIGHEST_RATE} Hz are supported")));
        }
        let fft = if from == to {
            None
        } else {
            // The block at the higher rate is longer by the ratio of the rates.
            let block = BLOCK_AT_LOWER_RATE * (from.hz() as usize).div_ceil(to.hz().min(from.hz()) as usize);
            let fft = Fft::new_custom(
                from.hz() as usize,
                to.hz() as usize,
                block,
                1,
                1,
                WindowFunction::BlackmanHarris,
                FixedSync::Both,
            );
            Some(fft.map_err(|error| refuse(error.to_string()))?)
        };
        let (chunk, room, delay) = match &fft {
            Some(fft) => (fft.input_frames_max(), fft.output_frames_max(), fft.output_delay()),
            None => (PASS_THROUGH_CHUNK, 0, 0),
        };
        Ok(Self {
            fft,
            from,
            to,
            chunk,
            output: vec![0.0; room],
            padded: vec![0.0; chunk],
            delay_left: delay,
            consumed: 0,
            produced: 0,
        })
    }

    /// The rate of what it gives.
    pub fn rate(&self) -> SampleRate {
        self.to
    }

    /// How many samples [`process`](Self::process) takes at a time.
    pub fn chunk(&self) -> usize {
        self.chunk
    }

    /// Delay at the output rate in samples; it is removed, so it only tells how much later samples come.
    pub fn delay(&self) -> usize {
        self.fft.as_ref().map_or(0, |fft| fft.output_delay())
    }

    /// Resamples exactly [`chunk`](Self::chunk) samples; a slice of another length is a bug of the caller.
    pub fn process<'a>(&'a mut self, chunk: &'a [f32]) -> &'a [f32] {
        assert_eq!(chunk.len(), self.chunk, "the caller feeds whole chunks");
        self.consumed += chunk.len() as u64;
        if self.fft.is_none() {
            self.produced += chunk.len() as u64;
            return chunk;
        }
        let range = self.run(Input::Given(chunk));
        self.produced += range.len() as u64;
        &self.output[range]
    }

    /// Takes the last samples (fewer than a chunk) and gives all that is still inside: after it the output
    /// is ⌈input · to / from⌉ samples long.
    pub fn finish(&mut self, rest: &[f32], mut sink: impl FnMut(&[f32])) {
        assert!(rest.len() < self.chunk, "the rest is less than a chunk");
        self.consumed += rest.len() as u64;
        if self.fft.is_none() {
            self.produced += rest.len() as u64;
            sink(rest);
            return;
        }
        let total = (u128::from(self.consumed) * u128::from(self.to.hz()))
            .div_ceil(u128::from(self.from.hz())) as u64;
        self.padded.fill(0.0);
        self.padded[..rest.len()].copy_from_slice(rest);
        while self.produced < total {
            let range = self.run(Input::Padded);
            let wanted = usize::try_from(total - self.produced).unwrap_or(usize::MAX);
            let end = range.start + range.len().min(wanted);
            sink(&self.output[range.start..end]);
            self.produced += (end - range.start) as u64;
            self.padded.fill(0.0);
        }
    }

    /// Forgets everything heard, as after construction.
    pub fn reset(&mut self) {
        if let Some(fft) = &mut self.fft {
            fft.reset();
        }
        self.delay_left = self.delay();
        self.consumed = 0;
        self.produced = 0;
    }

    fn run(&mut self, input: Input<'_>) -> std::ops::Range<usize> {
        let Some(fft) = &mut self.fft else { return 0..0 };
        let input = match input {
            Input::Given(chunk) => chunk,
            Input::Padded => &self.padded,
        };
        let room = self.output.len();
        let written = InterleavedSlice::new(input, 1, self.chunk)
            .ok()
            .zip(InterleavedSlice::new_mut(&mut self.output, 1, room).ok())
            .and_then(|(from, mut to)| fft.process_into_buffer(&from, &mut to, None).ok())
            .map(|(_, written)| written)
            // Chunk and room are the sizes that the resampler itself asked for in `new`.
            .expect("the resampler takes buffers of the sizes it named");
        let skipped = self.delay_left.min(written);
        self.delay_left -= skipped;
        skipped..written
    }
}

enum Input<'a> {
    Given(&'a [f32]),
    Padded,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rate_that_a_source_may_have_is_served() {
        let rate = |hz| SampleRate::new(hz).expect("not zero");
        for to in [16_000, 22_050] {
            for (hz, served) in [
                (LOWEST_RATE - 1, false),
                (LOWEST_RATE, true),
                (44_100, true),
                (HIGHEST_RATE, true),
                (HIGHEST_RATE + 1, false),
            ] {
                assert_eq!(Resampler::new(rate(hz), rate(to)).is_ok(), served, "{hz} to {to}");
            }
        }
    }
}
