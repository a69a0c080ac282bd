//! Log-mel columns of both feature sets: what librosa and torch do in `tools/bench-peers`.
//! Touch it when a feature set is added.

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use genrecast::features::LogMel;
use support::{SETS, cpu_time::CpuTime, features, noise};

fn columns(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("features/ten seconds");
    for (name, folder) in SETS {
        let settings = features(folder);
        let samples = noise(10 * settings.sample_rate as usize);
        let mut log_mel = LogMel::new(&settings);
        group.throughput(Throughput::Elements(samples.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                log_mel.push(&samples, |column| {
                    black_box(column);
                })
            });
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = support::cpu_time::criterion(); targets = columns }
criterion_main!(benches);
