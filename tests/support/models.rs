//! Models for tests that compute without the daemon: the fixtures and the shipped one, copies that are wrong on purpose,
//! and samples put through one. Touch it when a test needs another way to run a model.

use std::path::PathBuf;

use genrecast::manifest::NetworkFile;
use genrecast::model::{DeviceChoice, Model, Network, Runtime, RuntimeChoice, RuntimeSettings, find_model};
use genrecast::pipeline::{Back, DecideSettings, Front, Outcome, Pipeline};
use genrecast::units::{SampleIndex, SampleRate};
use sha2::{Digest, Sha256};

use super::{copy_model, onnxruntime, root};

/// The fixtures first, then what is shipped.
pub fn places() -> [PathBuf; 2] {
    [root().join("tests/fixtures/models"), root().join("models")]
}

pub fn model(id: &str) -> Model {
    Model::load(&find_model(id, &places()).expect("a model")).expect("a valid model")
}

pub fn tract() -> Runtime {
    Runtime::start(&RuntimeSettings { runtime: RuntimeChoice::Tract, ..Default::default() })
        .expect("tract is built in")
}

/// ONNX Runtime on the CPU, where its library is to be had.
pub fn library() -> Runtime {
    let settings = RuntimeSettings {
        runtime: RuntimeChoice::OnnxRuntime,
        device: DeviceChoice::Cpu,
        library: onnxruntime(),
        threads: 1,
    };
    Runtime::start(&settings).expect("ONNX Runtime starts")
}

/// Opens one network of a model.
pub fn open(runtime: &Runtime, model: &Model, file: &NetworkFile) -> Network {
    let bytes = std::fs::read(model.folder.join(&file.file)).expect("readable");
    Network::open(runtime, file, &bytes).expect("opens")
}

/// The encoder of a model for a patch by itself. That of `toy-stream`, which keeps a state, lies beside it without one.
pub fn encoder_without_state(model: &Model) -> NetworkFile {
    let mut encoder = model.manifest.encoder.clone().expect("an encoder");
    if encoder.state.take().is_some() {
        encoder.file = "plain.onnx".into();
    }
    encoder
}

/// A copy of a fixture, to be changed.
pub struct Copied {
    pub folder: PathBuf,
    _place: temp_dir::TempDir,
}

impl Copied {
    pub fn of(id: &str) -> Self {
        let place = temp_dir::TempDir::new().expect("a folder");
        Self { folder: copy_model(&places()[0].join(id), place.path()), _place: place }
    }

    /// Replaces the first `from` of the manifest.
    pub fn edit(self, from: &str, to: &str) -> Self {
        let path = self.folder.join("manifest.toml");
        let text = std::fs::read_to_string(&path).expect("readable");
        assert!(text.contains(from), "{from} in {text}");
        std::fs::write(path, text.replacen(from, to, 1)).expect("written");
        self
    }

    /// Writes a file of the model.
    pub fn write(self, file: &str, bytes: &[u8]) -> Self {
        std::fs::write(self.folder.join(file), bytes).expect("written");
        self
    }

    pub fn model(&self) -> Model {
        Model::load(&self.folder).expect("a valid model")
    }

    /// Why it is refused.
    pub fn refused(&self) -> String {
        match Model::load(&self.folder).and_then(|model| model.classifier(&tract()).map(drop)) {
            Ok(()) => panic!("accepted"),
            Err(error) => error.to_string(),
        }
    }
}

/// `toy-stream` with its stateless encoder.
pub fn toy_stream_without_state() -> Model {
    let original = model("toy-stream");
    let text = std::fs::read_to_string(original.folder.join("manifest.toml")).expect("readable");
    let state = text.lines().find(|line| line.starts_with("state = ")).expect("a state");
    let encoder = original.manifest.encoder.as_ref().expect("an encoder");
    let plain = std::fs::read(original.folder.join("plain.onnx")).expect("readable");
    let copied = Copied::of("toy-stream").edit(state, "").edit(&encoder.sha256, &sha256(&plain));
    copied.write(&encoder.file, &plain).model()
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A finite source of the model's own rate, in stretches with a gap of one sample between them, in blocks of these sizes.
pub fn play(
    model: &Model,
    runtime: &Runtime,
    stretches: &[Vec<f32>],
    blocks: &mut dyn Iterator<Item = usize>,
) -> Vec<Outcome> {
    let hz = model.manifest.features.sample_rate;
    let mut front =
        Front::new(&model.manifest, SampleRate::new(hz).expect("not zero")).expect("its own rate");
    let mut classifier = model.classifier(runtime).expect("opens");
    let mut back = Back::new(&model.manifest, &*classifier, &DecideSettings::default());
    let mut outcomes = Vec::new();
    let mut at = 0;
    for (index, stretch) in stretches.iter().enumerate() {
        if index > 0 {
            at += 1;
            front.restart(SampleIndex(at));
            back.restart(&*classifier, at as f64 / f64::from(hz));
        }
        let mut sink = |block: genrecast::pipeline::MelBlock<'_>| {
            outcomes.extend(back.push(&mut *classifier, block, true).expect("runs").cloned());
        };
        let mut rest = stretch.as_slice();
        while !rest.is_empty() {
            let (block, later) = rest.split_at(blocks.next().unwrap_or(usize::MAX).clamp(1, rest.len()));
            front.push(block, &mut sink);
            rest = later;
        }
        at += stretch.len() as u64;
        if index + 1 == stretches.len() {
            front.finish(&mut sink);
        }
    }
    outcomes
}

/// The largest difference between the probabilities of two runs, whose windows are the same.
pub fn largest_difference(one: &[Outcome], other: &[Outcome]) -> f32 {
    assert_eq!(one.len(), other.len(), "windows");
    let mut largest = 0.0_f32;
    for (one, other) in one.iter().zip(other) {
        assert_eq!(
            (one.start_s, one.end_s, one.provisional),
            (other.start_s, other.end_s, other.provisional)
        );
        largest = one.p.iter().zip(&other.p).map(|(a, b)| (a - b).abs()).fold(largest, f32::max);
    }
    largest
}

/// What a pipeline says of samples that come in blocks of these sizes; when there are no more sizes, of the whole rest.
pub fn outcomes_of(
    mut pipeline: Pipeline,
    samples: &[f32],
    mut blocks: impl Iterator<Item = usize>,
) -> Vec<Outcome> {
    let (mut outcomes, mut rest) = (Vec::new(), samples);
    while !rest.is_empty() {
        let (block, later) = rest.split_at(blocks.next().unwrap_or(usize::MAX).clamp(1, rest.len()));
        pipeline.push(block, |outcome| outcomes.push(outcome.clone())).expect("runs");
        rest = later;
    }
    pipeline.finish(|outcome| outcomes.push(outcome.clone())).expect("runs");
    outcomes
}
