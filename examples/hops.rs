//! Runs a part of the line for a number of hops of fixed noise and ends: what `tools/count-instructions` counts under
//! valgrind. Touch it when a part is added.
//!
//!     hops PART MODEL_FOLDER RATE HOPS
//!
//! PART is `ring`, `resampler`, `log-mel`, `front` (all of these), `back` (state and decision around a model that
//! computes nothing), `whole` (front and back with the model, by ONNX Runtime if its library is found, else tract),
//! `incremental` (the model alone, of columns that are given) or `window` (the same, but each hop hears its whole window
//! anew).

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use genrecast::features::{LogMel, Resampler};
use genrecast::manifest::Manifest;
use genrecast::model::{
    Classifier, DeviceChoice, Model, ModelError, ModelState, Runtime, RuntimeChoice, RuntimeSettings,
};
use genrecast::pipeline::{Back, DecideSettings, Front};
use genrecast::source::ring;
use genrecast::units::SampleRate;

/// Samples that a source writes at a time.
const PERIOD: usize = 480;

/// Hops before the others: they fill any window of 30 s, and are the same however many follow.
const WARM_UP: usize = 64;

/// Knows its columns and always says the same.
struct Deaf {
    frames: usize,
    n_mels: usize,
    logits: Vec<f32>,
}

impl Classifier for Deaf {
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

    fn evaluate(&mut self, _state: &ModelState) -> Result<&[f32], ModelError> {
        Ok(&self.logits)
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [part, folder, rate, hops] = arguments.as_slice() else {
        bail!("expected PART MODEL_FOLDER RATE HOPS, got {arguments:?}");
    };
    let folder = Path::new(folder);
    let manifest = Manifest::parse(&std::fs::read_to_string(folder.join("manifest.toml"))?)?;
    let rate = SampleRate::new(rate.parse()?).context("a rate above 0")?;
    let hops: usize = hops.parse()?;
    match part.as_str() {
        "ring" => run_ring(&manifest, rate, hops),
        "resampler" => run_resampler(&manifest, rate, hops)?,
        "log-mel" => run_log_mel(&manifest, hops),
        "front" => run_front(&manifest, rate, hops)?,
        "back" => run_back(&manifest, hops)?,
        "whole" => run_whole(folder, rate, hops)?,
        "incremental" => run_incremental(folder, hops)?,
        "window" => run_window(folder, hops)?,
        other => {
            bail!("expected ring, resampler, log-mel, front, back, whole, incremental or window, got {other}")
        }
    }
    Ok(())
}

fn noise(length: usize) -> Vec<f32> {
    let mut state = 1u32;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32
        })
        .collect()
}

/// Samples of a hop at this rate.
fn hop_of(manifest: &Manifest, rate: f64) -> usize {
    (manifest.window.stride as f64 * manifest.features.hop_seconds() * rate).round() as usize
}

fn run_ring(manifest: &Manifest, rate: SampleRate, hops: usize) {
    let (mut writer, mut reader) = ring(rate.hz() as usize, Arc::default());
    let (period, mut out) = (noise(PERIOD), vec![0.0; 4096]);
    for _ in 0..(WARM_UP + hops) * hop_of(manifest, f64::from(rate.hz())) / PERIOD {
        writer.write(&period);
        black_box(reader.read(&mut out));
    }
}

fn run_resampler(manifest: &Manifest, rate: SampleRate, hops: usize) -> Result<()> {
    let to = SampleRate::new(manifest.features.sample_rate).context("a rate above 0")?;
    let mut resampler = Resampler::new(rate, to)?;
    let chunk = noise(resampler.chunk());
    for _ in 0..(WARM_UP + hops) * hop_of(manifest, f64::from(rate.hz())) / chunk.len() {
        black_box(resampler.process(&chunk));
    }
    Ok(())
}

fn run_log_mel(manifest: &Manifest, hops: usize) {
    let mut log_mel = LogMel::new(&manifest.features);
    let samples = noise(hop_of(manifest, f64::from(manifest.features.sample_rate)));
    for _ in 0..WARM_UP + hops {
        log_mel.push(&samples, |column| {
            black_box(column);
        });
    }
}

fn run_front(manifest: &Manifest, rate: SampleRate, hops: usize) -> Result<()> {
    let mut front = Front::new(manifest, rate)?;
    let samples = noise(hop_of(manifest, f64::from(rate.hz())));
    let mut done = 0;
    while done < WARM_UP + hops {
        front.push(&samples, |block| {
            black_box(block);
            done += 1;
        });
    }
    Ok(())
}

fn run_back(manifest: &Manifest, hops: usize) -> Result<()> {
    let frames = manifest.window.frames;
    let logits = noise(manifest.labels.len());
    let mut deaf = Deaf { frames, n_mels: manifest.features.n_mels, logits };
    let mut back = Back::new(manifest, &deaf, &DecideSettings::default());
    // All hops take the second block of a front: the first one is longer.
    let rate = SampleRate::new(manifest.features.sample_rate).context("a rate above 0")?;
    let mut front = Front::new(manifest, rate)?;
    let first =
        hop_of(manifest, f64::from(rate.hz())) * manifest.window.first.div_ceil(manifest.window.stride);
    let (mut failed, mut blocks) = (None, 0);
    front.push(&noise(2 * first), |block| {
        blocks += 1;
        if blocks == 2 {
            for _ in 0..WARM_UP + hops {
                failed = back.push(&mut deaf, block, true).inspect(|outcome| _ = black_box(outcome)).err();
            }
        }
    });
    failed.map_or(Ok(()), |error| Err(error.into()))
}

/// A model and its runtime, one thread on the CPU.
fn open(folder: &Path) -> Result<(Model, Box<dyn Classifier>)> {
    let model = Model::load(folder)?;
    let library = std::env::var_os("GENRECAST_TEST_ONNXRUNTIME").filter(|path| !path.is_empty());
    let runtime = Runtime::start(&RuntimeSettings {
        runtime: RuntimeChoice::Auto,
        device: DeviceChoice::Cpu,
        library: library.map(PathBuf::from),
        threads: 1,
    })?;
    println!("{}", runtime.name());
    let classifier = model.classifier(&runtime)?;
    Ok((model, classifier))
}

fn run_incremental(folder: &Path, hops: usize) -> Result<()> {
    let (model, mut classifier) = open(folder)?;
    let (window, n_mels) = (model.manifest.window, model.manifest.features.n_mels);
    let mut state = classifier.new_state();
    classifier.push(&mut state, &noise(window.first * n_mels), false)?;
    let block = noise(window.stride * n_mels);
    for _ in 0..WARM_UP + hops {
        classifier.push(&mut state, &block, false)?;
        black_box(classifier.evaluate(&state)?);
    }
    Ok(())
}

fn run_window(folder: &Path, hops: usize) -> Result<()> {
    let (model, mut classifier) = open(folder)?;
    let (window, n_mels) = (model.manifest.window, model.manifest.features.n_mels);
    let columns = noise(window.frames * n_mels);
    let (first, later) = columns.split_at(window.first * n_mels);
    // What is done only once is done by the first.
    for _ in 0..1 + hops {
        let mut state = classifier.new_state();
        for block in std::iter::once(first).chain(later.chunks_exact(window.stride * n_mels)) {
            classifier.push(&mut state, block, false)?;
        }
        black_box(classifier.evaluate(&state)?);
    }
    Ok(())
}

fn run_whole(folder: &Path, rate: SampleRate, hops: usize) -> Result<()> {
    let (model, mut classifier) = open(folder)?;
    let mut back = Back::new(&model.manifest, &*classifier, &DecideSettings::default());
    let mut front = Front::new(&model.manifest, rate)?;
    let samples = noise(hop_of(&model.manifest, f64::from(rate.hz())));
    let (mut done, mut failed) = (0, None);
    while done < WARM_UP + hops && failed.is_none() {
        front.push(&samples, |block| {
            // The runtime opens what it needs at the first evaluation of each shape.
            let evaluate = done + 2 >= WARM_UP;
            failed =
                back.push(&mut *classifier, block, evaluate).inspect(|outcome| _ = black_box(outcome)).err();
            done += 1;
        });
    }
    failed.map_or(Ok(()), |error| Err(error.into()))
}
