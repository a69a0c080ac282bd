//! The proof that a model computes what it should on the runtime and device in use: its golden window must give
//! the recorded probabilities. Touch it with the manifest's `[golden]`.

use crate::decide;
use crate::model::{Classifier, Model, ModelError, Push, Runtime};

/// Largest difference that passes on CUDA, whose sums are ordered otherwise than the CPU's.
const CUDA_TOLERANCE: f32 = 1e-3;

/// Runs the golden window, alone and where the network takes several sources also beside others, and compares; gives the largest
/// difference.
///
/// # Errors
/// [`ModelError::SelfTest`] names the label that differs most; [`ModelError::Inference`] if the runtime fails.
pub fn self_test(
    model: &Model,
    classifier: &mut dyn Classifier,
    runtime: &Runtime,
) -> Result<f32, ModelError> {
    let mut state = classifier.new_state();
    for (block, last) in blocks(model) {
        classifier.push(&mut state, block, last)?;
    }
    let alone = compared(model, runtime, classifier.evaluate(&state)?)?;
    Ok(alone.max(together(model, classifier, runtime)?))
}

/// The golden window in blocks as live ones come, because an encoder runs once a block; and whether each is the last.
fn blocks(model: &Model) -> impl Iterator<Item = (&[f32], bool)> {
    let (window, n_mels) = (&model.manifest.window, model.manifest.features.n_mels);
    let (mut rest, mut wanted) = (model.golden.as_slice(), window.first * n_mels);
    let stride = window.stride * n_mels;
    std::iter::from_fn(move || {
        let (block, later) = rest.split_at(std::mem::replace(&mut wanted, stride).min(rest.len()));
        rest = later;
        (!block.is_empty()).then_some((block, later.is_empty()))
    })
}

/// The same beside other sources in the same runs, the last of which has the golden window again: a network that only says
/// that it takes several would mix them. Nothing if runs are for one source.
fn together(model: &Model, classifier: &mut dyn Classifier, runtime: &Runtime) -> Result<f32, ModelError> {
    let count = classifier.batch();
    if count == 1 {
        return Ok(0.0);
    }
    let mut states: Vec<_> = (0..count).map(|_| classifier.new_state()).collect();
    let golden = |place: usize| place == 0 || place + 1 == count;
    for (block, last) in blocks(model) {
        let other: Vec<f32> = block.iter().rev().map(|value| value * 0.5).collect();
        let mut pushes: Vec<_> = states
            .iter_mut()
            .enumerate()
            .map(|(place, state)| {
                let columns = if golden(place) { block } else { &other };
                Push { state, columns, last, done: Ok(()) }
            })
            .collect();
        classifier.push_all(&mut pushes);
        pushes.into_iter().try_for_each(|push| push.done)?;
    }
    let mut worst = Ok(0.0_f32);
    classifier.evaluate_all(&states.iter().collect::<Vec<_>>(), &mut |place, logits| {
        if golden(place)
            && let Ok(before) = worst
        {
            worst = logits.and_then(|logits| compared(model, runtime, logits)).map(|now| before.max(now));
        }
    });
    worst
}

/// The largest difference between what these logits say and what is recorded, if it is small enough.
fn compared(model: &Model, runtime: &Runtime, logits: &[f32]) -> Result<f32, ModelError> {
    let (manifest, mut p) = (&model.manifest, Vec::new());
    decide::probabilities(logits, manifest.calibration.temperature, &mut p);
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
