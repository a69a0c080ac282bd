//! What a second of sound costs: features of both feature sets, and a window of the shipped model on tract.
//! Ratios within one run count; run it with `cargo bench --bench hop`.

use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use genrecast::features::{LogMel, Resampler};
use genrecast::manifest::FeatureSettings;
use genrecast::model::{Model, Runtime, RuntimeChoice, RuntimeSettings};
use genrecast::units::SampleRate;

const SETS: [(&str, &str); 2] = [
    ("2048/1708, 128 mels, 22.05 kHz", "models/crnn/manifest.toml"),
    ("512/256, 96 mels, 16 kHz", "tests/fixtures/models/toy-encoder/manifest.toml"),
];

fn noise(length: usize) -> Vec<f32> {
    let mut state = 1u32;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32
        })
        .collect()
}

fn settings(manifest: &str) -> FeatureSettings {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(manifest);
    let text = std::fs::read_to_string(path).expect("a manifest of this repository");
    genrecast::manifest::Manifest::parse(&text).expect("valid").features
}

fn features(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("log-mel of one second");
    for (name, manifest) in SETS {
        let settings = settings(manifest);
        let samples = noise(settings.sample_rate as usize);
        let mut log_mel = LogMel::new(&settings);
        group.throughput(Throughput::Elements(samples.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                log_mel.push(&samples, |column| {
                    std::hint::black_box(column);
                })
            });
        });
    }
    group.finish();
}

fn resampling(criterion: &mut Criterion) {
    let rate = |hz| SampleRate::new(hz).expect("not zero");
    let mut resampler = Resampler::new(rate(48_000), rate(22_050)).expect("a usual pair");
    let chunk = noise(resampler.chunk());
    let mut group = criterion.benchmark_group("resampling 48 kHz to 22.05 kHz");
    group.throughput(Throughput::Elements(chunk.len() as u64));
    group.bench_function("one chunk", |bencher| bencher.iter(|| resampler.process(&chunk).len()));
    group.finish();
}

fn inference(criterion: &mut Criterion) {
    let settings = RuntimeSettings { runtime: RuntimeChoice::Tract, ..Default::default() };
    let runtime = Runtime::start(&settings).expect("tract is built in");
    let model =
        Model::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models/crnn")).expect("the shipped model");
    let mut classifier = model.classifier(&runtime).expect("opens");
    let mut state = classifier.new_state();
    classifier.push(&mut state, &model.golden, false).expect("runs");
    criterion.bench_function("crnn, one window, tract", |bencher| {
        bencher.iter(|| classifier.evaluate(&state).expect("runs"));
    });
}

criterion_group!(benches, features, resampling, inference);
criterion_main!(benches);
