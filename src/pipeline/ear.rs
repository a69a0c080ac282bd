//! The gate's part of [`Front`](super::Front): the same samples → the columns that the gate's model wants. Touch it when
//! more can be shared with the genre's model.

use crate::features::{FeatureError, LogMel, Resampler};
use crate::manifest::Manifest;
use crate::units::SampleRate;

/// Columns for the gate, gathered until the next block of the genre's takes them along.
pub(super) struct Ear {
    /// `None` where the genre's model hears at the same rate, so that its resampled samples serve both.
    resampler: Option<Resampler>,
    /// Native samples that do not fill a chunk of the resampler yet.
    pending: Vec<f32>,
    log_mel: LogMel,
    columns: Vec<f32>,
}

impl Ear {
    /// Plans for a source at `rate` whose samples are resampled to `shared` for the genre's model, and blocks of
    /// `seconds`.
    pub fn new(
        gate: &Manifest,
        rate: SampleRate,
        shared: SampleRate,
        seconds: f64,
    ) -> Result<Self, FeatureError> {
        let settings = &gate.features;
        // The manifest's rate was checked to be at least 4000 Hz.
        let wanted = SampleRate::new(settings.sample_rate).unwrap_or(shared);
        let resampler = (wanted != shared).then(|| Resampler::new(rate, wanted)).transpose()?;
        let columns = (seconds / settings.hop_seconds()).ceil() as usize + 2;
        Ok(Self {
            pending: Vec::with_capacity(resampler.as_ref().map_or(0, Resampler::chunk)),
            resampler,
            log_mel: LogMel::new(settings),
            columns: Vec::with_capacity(columns * settings.n_mels),
        })
    }

    /// Takes native samples, and the same ones as they were resampled for the genre's model.
    pub fn push(&mut self, mut native: &[f32], resampled: &[f32]) {
        let columns = &mut self.columns;
        let mut keep = |column: &[f32]| columns.extend_from_slice(column);
        let Some(resampler) = &mut self.resampler else { return self.log_mel.push(resampled, keep) };
        let chunk = resampler.chunk();
        while !native.is_empty() {
            let (now, later) = native.split_at((chunk - self.pending.len()).min(native.len()));
            native = later;
            self.pending.extend_from_slice(now);
            if self.pending.len() == chunk {
                self.log_mel.push(resampler.process(&self.pending), &mut keep);
                self.pending.clear();
            }
        }
    }

    /// Takes the last native samples of a stream, and gives the columns that its end completes. What the genre's resampler
    /// still holds comes by [`push`](Self::push) before.
    pub fn finish(&mut self, native: &[f32]) {
        self.push(native, &[]);
        let columns = &mut self.columns;
        let mut keep = |column: &[f32]| columns.extend_from_slice(column);
        let log_mel = &mut self.log_mel;
        if let Some(resampler) = &mut self.resampler {
            resampler.finish(&self.pending, |samples| log_mel.push(samples, &mut keep));
        }
        log_mel.finish(keep);
    }

    /// What was gathered since [`taken`](Self::taken).
    pub fn columns(&self) -> &[f32] {
        &self.columns
    }

    /// The columns were given away.
    pub fn taken(&mut self) {
        self.columns.clear();
    }

    /// Forgets everything heard.
    pub fn reset(&mut self) {
        self.resampler.iter_mut().for_each(Resampler::reset);
        self.log_mel.reset();
        self.pending.clear();
        self.columns.clear();
    }
}
