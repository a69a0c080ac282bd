//! The proof that a model computes what it should on the runtime and device in use: its golden window must give
//! the recorded probabilities. Touch it with the manifest's `[golden]`.

use crate::decide;
use crate::model::{Classifier, Model, ModelError, Runtime};

/// Largest difference that passes on CUDA, whose sums are ordered otherwise than the CPU's.
const CUDA_TOLERANCE: f32 = 1e-3;

/// Runs the golden window and compares; gives the largest difference.
///
/// # Errors
/// [`ModelError::SelfTest`] names the label that differs most; [`ModelError::Inference`] if the runtime fails.
pub fn self_test(
    model: &Model,
    classifier: &mut dyn Classifier,
    runtime: &Runtime,
) -> Result<f32, ModelError> {
    let manifest = &model.manifest;
    let mut state = classifier.new_state();
    let n_mels = manifest.features.n_mels;
    let mut rest = model.golden.as_slice();
    let mut wanted = manifest.window.first * n_mels;
    // In blocks as live ones come, because an encoder runs once a block.
    while !rest.is_empty() {
        let (block, later) = rest.split_at(wanted.min(rest.len()));
        classifier.push(&mut state, block, later.is_empty())?;
        rest = later;
        wanted = manifest.window.stride * n_mels;
    }
    let mut p = Vec::new();
    decide::probabilities(classifier.evaluate(&state)?, manifest.calibration.temperature, &mut p);
    let tolerance = match runtime.device() {
        "cuda" => manifest.golden.tolerance.max(CUDA_TOLERANCE),
        _ => manifest.golden.tolerance,
    };
    let differences = p.iter().zip(&manifest.golden.p).map(|(actual, expected)| (actual - expected).abs());
    let (worst, difference) =
        differences.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, f32::INFINITY));
    if difference <= tolerance {
        return Ok(difference);
    }
    Err(ModelError::SelfTest {
        id: manifest.id.clone(),
        runtime: runtime.name().into(),
        device: runtime.device().into(),
        label: manifest.labels[worst].clone(),
        expected: manifest.golden.p[worst],
        actual: p[worst],
        tolerance,
    })
}
