//! The ONNX files of a model and the shapes they must have. Touch it when a new kind of model is served.

use serde::Deserialize;

use super::{Kind, Manifest, ManifestError, Normalise, State, bad_value, state, taggram};

/// One ONNX file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkFile {
    /// File name inside the model's folder.
    pub file: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// The tensor it takes.
    pub input: Tensor,
    /// The tensor it gives.
    pub output: Tensor,
    /// What it keeps from one run to the next (an encoder only).
    pub state: Option<State>,
}

impl NetworkFile {
    /// Every tensor it takes, in the order in which they are given to it.
    pub fn inputs(&self) -> impl Iterator<Item = &Tensor> {
        [&self.input].into_iter().chain(self.state.as_ref().map(|state| &state.input))
    }

    /// Every tensor it gives, in the order in which they are taken from it.
    pub fn outputs(&self) -> impl Iterator<Item = &Tensor> {
        [&self.output].into_iter().chain(self.state.as_ref().map(|state| &state.output))
    }
}

/// Name and shape of a tensor of f32; a dimension of 0 is free.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tensor {
    /// Name in the ONNX graph.
    pub name: String,
    /// Dimensions, batch first.
    pub shape: Vec<usize>,
}

/// What one run of an encoder takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// Columns of a patch.
    pub frames: usize,
    /// Columns from one patch to the next.
    pub stride: usize,
    /// Numbers the encoder gives for a patch.
    pub embedding: usize,
}

impl Patch {
    /// How many patches a window of `frames` columns holds.
    pub fn count(&self, frames: usize) -> usize {
        (frames - self.frames) / self.stride + 1
    }
}

fn expect_shape(key: &str, tensor: &Tensor, expected: &[usize]) -> Result<(), ManifestError> {
    if tensor.shape == expected {
        return Ok(());
    }
    Err(bad_value(key, format!("{:?}", tensor.shape), format!("{expected:?}")))
}

fn absent(manifest: &Manifest, key: &str, is_absent: bool) -> Result<(), ManifestError> {
    if is_absent {
        return Ok(());
    }
    Err(bad_value(key, "a table", format!("none in a model of kind {:?}", manifest.kind)))
}

fn no_state(key: &str, network: &NetworkFile) -> Result<(), ManifestError> {
    if network.state.is_none() {
        return Ok(());
    }
    Err(bad_value(&format!("{key}.state"), "a table", "none: only an encoder hears a patch after another"))
}

fn present<'a, T>(key: &str, value: &'a Option<T>) -> Result<&'a T, ManifestError> {
    value.as_ref().ok_or_else(|| bad_value(key, "nothing", "a table"))
}

pub(super) fn check_window(manifest: &Manifest) -> Result<(), ManifestError> {
    debug_assert_eq!(manifest.kind, Kind::Window);
    absent(manifest, "encoder", manifest.encoder.is_none())?;
    absent(manifest, "head", manifest.head.is_none())?;
    absent(manifest, "patch", manifest.patch.is_none())?;
    absent(manifest, "taggram", manifest.taggram.is_none())?;
    let network = present("network", &manifest.network)?;
    no_state("network", network)?;
    let (frames, mels) = (manifest.window.frames, manifest.features.n_mels);
    expect_shape("network.input.shape", &network.input, &[1, frames, mels])?;
    expect_shape("network.output.shape", &network.output, &[1, manifest.labels.len()])
}

pub(super) fn check_encoder_head(manifest: &Manifest) -> Result<(), ManifestError> {
    absent(manifest, "network", manifest.network.is_none())?;
    let patch = present("patch", &manifest.patch)?;
    let encoder = present("encoder", &manifest.encoder)?;
    let head = present("head", &manifest.head)?;
    no_state("head", head)?;
    let window = manifest.window;
    if patch.frames == 0 || window.first != patch.frames {
        return Err(bad_value("window.first", window.first, format!("patch.frames ({})", patch.frames)));
    }
    if !(1..=65_536).contains(&patch.embedding) {
        return Err(bad_value("patch.embedding", patch.embedding, "1 to 65536"));
    }
    if window.normalise != Normalise::None {
        return Err(bad_value(
            "window.normalise",
            "standardise",
            "none: an encoder hears patches, never the whole window",
        ));
    }
    if window.stride != patch.stride {
        return Err(bad_value("window.stride", window.stride, format!("patch.stride ({})", patch.stride)));
    }
    let mels = manifest.features.n_mels;
    expect_shape("encoder.input.shape", &encoder.input, &[1, patch.frames, mels])?;
    expect_shape("encoder.output.shape", &encoder.output, &[1, patch.embedding])?;
    state::check(encoder, patch)?;
    taggram::check(manifest.taggram, patch)?;
    expect_shape("head.input.shape", &head.input, &[1, 0, patch.embedding])?;
    expect_shape("head.output.shape", &head.output, &[1, manifest.labels.len()])
}
