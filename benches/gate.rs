//! What the gate adds, a second of audio, on one thread: its columns beside those of a genre's model (whose rate it shares or
//! not), and its networks. Divide by ten: each figure is for ten seconds. Touch it with `pipeline/ear.rs`.

mod support;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use genrecast::model::Runtime;
use genrecast::pipeline::Front;
use support::{cpu_time::CpuTime, manifest, model, noise, onnxruntime, rate, tract};

const GATE: &str = "models/gate-speech-music";

/// A front without and with the gate's columns; the difference is what they cost.
fn columns(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("gate/front, ten seconds");
    for hz in [44_100, 48_000] {
        let samples = noise(10 * hz as usize);
        for (name, folder) in [("shared 16 kHz", "models/musicnn-crnn"), ("22.05 kHz", "models/crnn")] {
            let front = || Front::new(&manifest(folder), rate(hz)).expect("a usual rate");
            let both = front().with_gate(&manifest(GATE)).expect("a usual rate");
            for (what, mut front) in [("without", front()), ("with", both)] {
                group.bench_function(BenchmarkId::new(format!("{name}, {what}"), hz), |bencher| {
                    bencher.iter(|| {
                        front.push(&samples, |block| {
                            black_box(block);
                        })
                    });
                });
            }
        }
    }
    group.finish();
}

fn networks(criterion: &mut Criterion<CpuTime>) {
    for runtime in [onnxruntime(), tract()].into_iter().flatten() {
        of_runtime(criterion, &runtime);
    }
}

fn of_runtime(criterion: &mut Criterion<CpuTime>, runtime: &Runtime) {
    let model = model(GATE);
    let (stride, n_mels) = (model.manifest.window.stride, model.manifest.features.n_mels);
    let mut classifier = model.classifier(runtime).expect("opens");
    let mut state = classifier.new_state();
    let block: Vec<f32> = noise(stride * n_mels).iter().map(|value| value * 40.0 - 30.0).collect();
    let first = &block[..model.manifest.window.first * n_mels];
    classifier.push(&mut state, first, false).expect("runs");
    let name = format!("gate/networks with {}, ten seconds", runtime.name());
    criterion.bench_function(&name, |bencher| {
        bencher.iter(|| {
            for _ in 0..10 {
                classifier.push(&mut state, &block, false).expect("runs");
                black_box(classifier.evaluate(&state).expect("runs"));
            }
        });
    });
}

criterion_group! { name = benches; config = support::cpu_time::criterion(); targets = columns, networks }
criterion_main!(benches);
