//! What the benches share: noise that is the same everywhere, and the models of this repository.
//! Touch it when a bench needs another input; docs/BENCHMARKS.md says how to read the results.

// Every bench uses its own part of this.
#![allow(dead_code)]

pub mod cpu_time;
pub mod inference;

use std::path::Path;

use genrecast::manifest::{FeatureSettings, Manifest};
use genrecast::model::{Model, Runtime, RuntimeChoice, RuntimeSettings};
use genrecast::units::SampleRate;

/// The two feature sets: those of the shipped model, and musicnn's.
pub const SETS: [(&str, &str); 2] = [
    ("2048/1708, 128 mels, 22.05 kHz", "models/cnn"),
    ("512/256, 96 mels, 16 kHz", "tests/fixtures/models/toy-encoder"),
];

/// Folders of the models that are measured.
pub const MODELS: [&str; 6] = [
    "models/musicnn-crnn",
    "models/crnn",
    "models/cnn",
    "tests/fixtures/models/toy-window",
    "tests/fixtures/models/toy-encoder",
    "tests/fixtures/models/toy-stream",
];

/// White noise of full scale ±0.5 (a linear congruential generator's upper bits).
pub fn noise(length: usize) -> Vec<f32> {
    let mut state = 1u32;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32
        })
        .collect()
}

pub fn rate(hz: u32) -> SampleRate {
    SampleRate::new(hz).expect("not zero")
}

pub fn manifest(folder: &str) -> Manifest {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join("manifest.toml");
    let text = std::fs::read_to_string(path).expect("a manifest of this repository");
    Manifest::parse(&text).expect("valid")
}

pub fn features(folder: &str) -> FeatureSettings {
    manifest(folder).features
}

pub fn model(folder: &str) -> Model {
    Model::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("a model of this repository")
}

/// The compiled-in runtime; `None` in a build without it.
pub fn tract() -> Option<Runtime> {
    let settings = RuntimeSettings { runtime: RuntimeChoice::Tract, threads: 1, ..Default::default() };
    Runtime::start(&settings).ok()
}

/// ONNX Runtime on one thread of the CPU; `None` where its library is not found.
pub fn onnxruntime() -> Option<Runtime> {
    let library = std::env::var_os("GENRECAST_TEST_ONNXRUNTIME").filter(|path| !path.is_empty());
    let settings = RuntimeSettings {
        runtime: RuntimeChoice::OnnxRuntime,
        device: genrecast::model::DeviceChoice::Cpu,
        library: library.map(Into::into),
        threads: 1,
    };
    Runtime::start(&settings).inspect_err(|why| eprintln!("skipped: {why}")).ok()
}
