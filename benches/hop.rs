//! What a hop of the default model costs beside its whole window computed anew. Run it by `tools/bench-hop`, which makes the model
//! that keeps nothing; without one the bench is skipped. Touch it when incremental inference changes.

mod support;

use std::path::Path;

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use genrecast::model::{Classifier, Model, ModelState, Runtime};
use support::cpu_time::CpuTime;

/// Ten minutes of columns.
const COLUMNS: usize = 37_500;

/// Stretches that a gap or a restart ends: lengths in hops, one of them shorter than a window.
const STRETCHES: [usize; 4] = [7, 180, 33, 360];

fn hop(criterion: &mut Criterion<CpuTime>) {
    let Some(folder) = std::env::var_os("GENRECAST_BENCH_STATELESS") else {
        println!("skipped: GENRECAST_BENCH_STATELESS names no folder; run tools/bench-hop");
        return;
    };
    let Some(runtime) = support::onnxruntime().or_else(support::tract) else { return };
    let shipped = support::model("models/musicnn-crnn");
    let stateless =
        Model::load(Path::new(&folder)).expect("the folder that training.musicnn.stateless wrote");
    same_answers(&shipped, &stateless, &runtime);

    let (window, n_mels) = (shipped.manifest.window, shipped.manifest.features.n_mels);
    let columns = support::noise(window.frames * n_mels);
    let mut group = criterion.benchmark_group(format!("hop/{}", runtime.name()));
    group.sampling_mode(SamplingMode::Flat).sample_size(20);
    let mut classifier = shipped.classifier(&runtime).expect("opens");
    let mut state = classifier.new_state();
    hear(&mut *classifier, &mut state, &shipped, &columns);
    let block = support::noise(window.stride * n_mels);
    group.bench_function("incremental", |bencher| {
        bencher.iter(|| {
            classifier.push(&mut state, &block, false).expect("runs");
            classifier.evaluate(&state).expect("runs").len()
        });
    });
    let mut classifier = stateless.classifier(&runtime).expect("opens");
    let mut state = classifier.new_state();
    hear(&mut *classifier, &mut state, &stateless, &columns);
    group.bench_function("its patch alone", |bencher| {
        bencher.iter(|| {
            classifier.push(&mut state, &block, false).expect("runs");
            classifier.evaluate(&state).expect("runs").len()
        });
    });
    group.bench_function("whole window", |bencher| {
        bencher.iter(|| {
            let mut state = classifier.new_state();
            hear(&mut *classifier, &mut state, &stateless, &columns);
            classifier.evaluate(&state).expect("runs").len()
        });
    });
    group.finish();
}

/// Pushes columns block by block.
fn hear(classifier: &mut dyn Classifier, state: &mut ModelState, model: &Model, columns: &[f32]) {
    let (window, n_mels) = (model.manifest.window, model.manifest.features.n_mels);
    let (first, later) = columns.split_at(window.first * n_mels);
    for block in std::iter::once(first).chain(later.chunks_exact(window.stride * n_mels)) {
        classifier.push(state, block, false).expect("runs");
    }
}

/// Ten minutes in stretches: the logits of both after each hop.
fn same_answers(shipped: &Model, stateless: &Model, runtime: &Runtime) {
    let (window, n_mels) = (shipped.manifest.window, shipped.manifest.features.n_mels);
    let columns: Vec<f32> = support::noise(COLUMNS * n_mels)
        .iter()
        .zip(0..)
        // Louder and softer, as music is; mel values are not negative.
        .map(|(value, at)| (value + 0.5) * (2.0 + (at as f32 / (400.0 * n_mels as f32)).sin()))
        .collect();
    let mut classifiers = [shipped, stateless].map(|model| model.classifier(runtime).expect("opens"));
    let (mut rest, mut hops, mut largest) = (columns.as_slice(), 0, 0f32);
    for stretch in STRETCHES {
        let mut states = classifiers.each_ref().map(|classifier| classifier.new_state());
        for index in 0..stretch {
            let size = if index == 0 { window.first } else { window.stride } * n_mels;
            let (block, later) = rest.split_at(size);
            rest = later;
            let logits = [0, 1].map(|i| {
                classifiers[i].push(&mut states[i], block, false).expect("runs");
                classifiers[i].evaluate(&states[i]).expect("runs").to_vec()
            });
            let differences = logits[0].iter().zip(&logits[1]).map(|(one, other)| (one - other).abs());
            largest = differences.fold(largest, f32::max);
            hops += 1;
        }
    }
    println!("largest difference of a logit in {hops} hops ({} stretches): {largest:.1e}", STRETCHES.len());
    assert!(largest <= 1e-4, "{largest}");
}

criterion_group! { name = benches; config = support::cpu_time::criterion(); targets = hop }
criterion_main!(benches);
