//! Inference with one runtime, for there is one a process: each runtime has a bench of its own that calls this.
//! Touch it when another model is to be measured.

use criterion::{BenchmarkId, Criterion};
use genrecast::model::Runtime;

use super::cpu_time::CpuTime;
use super::{MODELS, model, noise};

/// One evaluation of a full window, and what a hop costs with it: a new block for the model's state, then the answer.
pub fn bench(criterion: &mut Criterion<CpuTime>, runtime: &Runtime) {
    let mut group = criterion.benchmark_group(format!("inference/{}", runtime.name()));
    for folder in MODELS {
        let model = model(folder);
        let (window, n_mels) = (model.manifest.window, model.manifest.features.n_mels);
        let mut classifier = model.classifier(runtime).expect("opens");
        let mut state = classifier.new_state();
        let columns = noise(window.frames.max(window.first) * n_mels);
        let (first, rest) = columns.split_at(window.first * n_mels);
        classifier.push(&mut state, first, false).expect("runs");
        for block in rest.chunks_exact(window.stride * n_mels) {
            classifier.push(&mut state, block, false).expect("runs");
        }
        let id = &model.manifest.id;
        group.bench_function(BenchmarkId::new("evaluation", id), |bencher| {
            bencher.iter(|| classifier.evaluate(&state).expect("runs").len());
        });
        let block = noise(window.stride * n_mels);
        group.bench_function(BenchmarkId::new("hop", id), |bencher| {
            bencher.iter(|| {
                classifier.push(&mut state, &block, false).expect("runs");
                classifier.evaluate(&state).expect("runs").len()
            });
        });
    }
    group.finish();
}
