//! The first half of the pipeline: samples of one source → blocks of mel columns on the model's grid.
//! Touch it when the grid of windows or the end of a stream must change.

use super::ear::Ear;
use crate::features::{FeatureError, Level, LevelMeter, LogMel, Resampler};
use crate::manifest::Manifest;
use crate::units::{SampleIndex, SampleRate};

/// Columns that are new since the previous block of the same stretch.
#[derive(Debug, Clone, Copy)]
pub struct MelBlock<'a> {
    /// `[frames, n_mels]`, frame-major; empty only when a stream ends exactly on the grid.
    pub columns: &'a [f32],
    /// Columns that are new for the gate, in the form of its model; empty without one.
    pub gate: &'a [f32],
    /// Stream time of the first sample of this uninterrupted stretch, in seconds.
    pub origin_s: f64,
    /// Stream time up to which audio has been heard, in seconds.
    pub end_s: f64,
    /// Level of the native samples since the previous block.
    pub level: Level,
    /// True for the last block of a stream, which may be short.
    pub last: bool,
}

/// Samples of one source → [`MelBlock`]s. Any split of the samples gives the same blocks.
pub struct Front {
    rate: SampleRate,
    resampler: Resampler,
    log_mel: LogMel,
    pending: Vec<f32>,
    heard: u64,
    meter: LevelMeter,
    grid: Grid,
    ear: Option<Ear>,
}

/// Collects columns until a block is whole.
struct Grid {
    columns: Vec<f32>,
    n_mels: usize,
    first: usize,
    stride: usize,
    hop_seconds: f64,
    /// Half an STFT frame: how far a column reaches beyond its centre.
    reach_seconds: f64,
    /// Columns given away in earlier blocks of this stretch.
    given: u64,
    origin_s: f64,
    /// Where the stream ends, once that is known.
    limit_s: f64,
}

impl Front {
    /// Plans for a source at `rate` and the model of `manifest`.
    ///
    /// # Errors
    /// [`FeatureError`] if the source's rate cannot be resampled.
    pub fn new(manifest: &Manifest, rate: SampleRate) -> Result<Self, FeatureError> {
        let settings = &manifest.features;
        // The manifest's rate was checked to be at least 4000 Hz.
        let model_rate = SampleRate::new(settings.sample_rate).unwrap_or(rate);
        let resampler = Resampler::new(rate, model_rate)?;
        let window = manifest.window;
        Ok(Self {
            rate,
            log_mel: LogMel::new(settings),
            pending: Vec::with_capacity(resampler.chunk()),
            resampler,
            heard: 0,
            meter: LevelMeter::default(),
            grid: Grid {
                columns: Vec::with_capacity(settings.n_mels * window.first.max(window.stride)),
                n_mels: settings.n_mels,
                first: window.first,
                stride: window.stride,
                hop_seconds: settings.hop_seconds(),
                reach_seconds: settings.reach_seconds(),
                given: 0,
                origin_s: 0.0,
                limit_s: f64::INFINITY,
            },
            ear: None,
        })
    }

    /// Gives columns for a gate too.
    ///
    /// # Errors
    /// [`FeatureError`] if the source's rate cannot be resampled for it.
    pub fn with_gate(self, gate: &Manifest) -> Result<Self, FeatureError> {
        let shared = self.resampler.rate();
        let block = self.grid.first.max(self.grid.stride);
        let seconds = block as f64 * self.grid.hop_seconds + self.grid.reach_seconds;
        let ear = Some(Ear::new(gate, self.rate, shared, seconds)?);
        Ok(Self { ear, ..self })
    }

    /// Takes mono samples at the source's rate.
    pub fn push(&mut self, samples: &[f32], sink: impl FnMut(MelBlock<'_>)) {
        self.push_watched(samples, |_, _| {}, sink);
    }

    /// As [`push`](Self::push); and `watch` gets each column as soon as it is computed, with its number in this stretch, which
    /// counts from 0.
    pub fn push_watched(
        &mut self,
        mut samples: &[f32],
        mut watch: impl FnMut(u64, &[f32]),
        mut sink: impl FnMut(MelBlock<'_>),
    ) {
        let chunk = self.resampler.chunk();
        while !samples.is_empty() {
            let missing = chunk - self.pending.len();
            let (now, later) = samples.split_at(missing.min(samples.len()));
            samples = later;
            self.pending.extend_from_slice(now);
            if self.pending.len() == chunk {
                self.heard += chunk as u64;
                self.meter.push(&self.pending);
                let (grid, meter, ear) = (&mut self.grid, &mut self.meter, &mut self.ear);
                let resampled = self.resampler.process(&self.pending);
                // The gate's first, so that a block holds all that is known up to its end.
                if let Some(ear) = ear {
                    ear.push(&self.pending, resampled);
                }
                self.log_mel.push(resampled, |column| {
                    watch(grid.next(), column);
                    grid.push(column, meter, ear, &mut sink);
                });
                self.pending.clear();
            }
        }
    }

    /// Ends a finite stream: flushes the resampler and the STFT and gives the last block.
    pub fn finish(&mut self, sink: impl FnMut(MelBlock<'_>)) {
        self.finish_watched(|_, _| {}, sink);
    }

    /// As [`finish`](Self::finish), and `watch` gets the last columns as in [`push_watched`](Self::push_watched).
    pub fn finish_watched(&mut self, mut watch: impl FnMut(u64, &[f32]), mut sink: impl FnMut(MelBlock<'_>)) {
        self.heard += self.pending.len() as u64;
        self.meter.push(&self.pending);
        let (grid, meter, log_mel, ear) = (&mut self.grid, &mut self.meter, &mut self.log_mel, &mut self.ear);
        grid.limit_s = grid.origin_s + self.rate.seconds(self.heard);
        self.resampler.finish(&self.pending, |samples| {
            if let Some(ear) = ear {
                ear.push(&[], samples);
            }
            log_mel.push(samples, |column| {
                watch(grid.next(), column);
                grid.push(column, meter, ear, &mut sink);
            })
        });
        if let Some(ear) = ear {
            ear.finish(&self.pending);
        }
        log_mel.finish(|column| {
            watch(grid.next(), column);
            grid.push(column, meter, ear, &mut sink);
        });
        sink(MelBlock {
            columns: &grid.columns,
            gate: ear.as_ref().map_or(&[], Ear::columns),
            origin_s: grid.origin_s,
            end_s: grid.limit_s,
            level: meter.take(),
            last: true,
        });
        self.restart(SampleIndex::default());
    }

    /// Stream time up to which audio has been given away in blocks, in seconds.
    pub fn delivered_s(&self) -> f64 {
        self.grid.delivered_s()
    }

    /// Forgets everything heard: the next sample begins a new stretch at `origin`.
    pub fn restart(&mut self, origin: SampleIndex) {
        self.resampler.reset();
        self.log_mel.reset();
        self.ear.iter_mut().for_each(Ear::reset);
        self.pending.clear();
        self.heard = 0;
        self.meter.take();
        self.grid.columns.clear();
        self.grid.given = 0;
        self.grid.origin_s = self.rate.seconds(origin.0);
        self.grid.limit_s = f64::INFINITY;
    }
}

impl Grid {
    /// The number of the column that comes next.
    fn next(&self) -> u64 {
        self.given + (self.columns.len() / self.n_mels) as u64
    }

    /// How far the newest column that was given away reaches.
    fn delivered_s(&self) -> f64 {
        let Some(last) = self.given.checked_sub(1) else { return self.origin_s };
        (self.origin_s + last as f64 * self.hop_seconds + self.reach_seconds).min(self.limit_s)
    }

    fn push(
        &mut self,
        column: &[f32],
        meter: &mut LevelMeter,
        ear: &mut Option<Ear>,
        sink: &mut impl FnMut(MelBlock<'_>),
    ) {
        self.columns.extend_from_slice(column);
        let wanted = if self.given == 0 { self.first } else { self.stride };
        if self.columns.len() < wanted * self.n_mels {
            return;
        }
        self.given += wanted as u64;
        sink(MelBlock {
            columns: &self.columns,
            gate: ear.as_ref().map_or(&[], Ear::columns),
            origin_s: self.origin_s,
            end_s: self.delivered_s(),
            level: meter.take(),
            last: false,
        });
        self.columns.clear();
        ear.iter_mut().for_each(Ear::taken);
    }
}
