//! The whole line on one thread, resampling included: samples of the source in, outcomes out. Divide the throughput by
//! the source's rate for seconds of audio a second. The model runs on tract, in a build without it on ONNX Runtime. Touch it when something joins the line.

mod support;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use genrecast::pipeline::{DecideSettings, Front, Pipeline};
use support::{MODELS, SETS, cpu_time::CpuTime, manifest, model, noise, onnxruntime, rate, tract};

const RATES: [u32; 2] = [44_100, 48_000];

/// Samples in to blocks of columns out, without a model.
fn front(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("pipeline/front, ten seconds");
    for hz in RATES {
        let samples = noise(10 * hz as usize);
        group.throughput(Throughput::Elements(samples.len() as u64));
        for (name, folder) in SETS {
            let mut front = Front::new(&manifest(folder), rate(hz)).expect("a usual rate");
            group.bench_function(BenchmarkId::new(name, hz), |bencher| {
                bencher.iter(|| {
                    front.push(&samples, |block| {
                        black_box(block);
                    })
                });
            });
        }
    }
    group.finish();
}

fn whole(criterion: &mut Criterion<CpuTime>) {
    let Some(runtime) = tract().or_else(onnxruntime) else { return };
    let mut group = criterion.benchmark_group(format!("pipeline/whole with {}, ten seconds", runtime.name()));
    group.sample_size(10);
    for folder in MODELS {
        let model = model(folder);
        for hz in RATES {
            let samples = noise(10 * hz as usize);
            group.throughput(Throughput::Elements(samples.len() as u64));
            let classifier = model.classifier(&runtime).expect("opens");
            let settings = DecideSettings::default();
            let mut pipeline =
                Pipeline::new(&model.manifest, classifier, &settings, rate(hz)).expect("a usual rate");
            group.bench_function(BenchmarkId::new(&model.manifest.id, hz), |bencher| {
                bencher.iter(|| {
                    let mut windows = 0;
                    pipeline.push(&samples, |_| windows += 1).expect("runs");
                    windows
                });
            });
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = support::cpu_time::criterion(); targets = front, whole }
criterion_main!(benches);
