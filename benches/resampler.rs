//! The resampler between the usual rates of sources and those of the models, in samples of the source.
//! Touch it when a model wants another rate.

mod support;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use genrecast::features::Resampler;
use support::{cpu_time::CpuTime, noise, rate};

fn chunks(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("resampler");
    for (from, to) in [(44_100, 22_050), (48_000, 22_050), (44_100, 16_000), (48_000, 16_000)] {
        let mut resampler = Resampler::new(rate(from), rate(to)).expect("a usual pair");
        let chunk = noise(resampler.chunk());
        group.throughput(Throughput::Elements(chunk.len() as u64));
        group.bench_function(BenchmarkId::new(from.to_string(), to), |bencher| {
            bencher.iter(|| resampler.process(&chunk).len());
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = support::cpu_time::criterion(); targets = chunks }
criterion_main!(benches);
