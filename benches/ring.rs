//! The ring between a source and the signal processing, beside what one would otherwise take: a queue behind a mutex and
//! a channel of blocks. One thread writes and reads, so what is measured is the work, not the waiting.
//! Touch it when the ring does more than copy and count.

mod support;

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::{Arc, Mutex};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use genrecast::source::{Capture, Mixer, Pulse, ring};
use support::{cpu_time::CpuTime, noise};

/// 10 ms at 48 kHz, as sound servers hand out.
const PERIOD: usize = 480;

fn periods(criterion: &mut Criterion<CpuTime>) {
    let samples = noise(PERIOD);
    let mut out = vec![0.0; PERIOD];
    let mut group = criterion.benchmark_group("ring/write and read 480 samples");
    group.throughput(Throughput::Elements(PERIOD as u64));

    let (mut writer, mut reader) = ring(48_000, Arc::default());
    group.bench_function("ring", |bencher| {
        bencher.iter(|| {
            writer.write(&samples);
            black_box(reader.read(&mut out))
        });
    });

    let queue = Mutex::new(VecDeque::with_capacity(48_000));
    group.bench_function("mutex of a deque", |bencher| {
        bencher.iter(|| {
            queue.lock().expect("no panic").extend(samples.iter().copied());
            let mut queue = queue.lock().expect("no panic");
            for (slot, sample) in out.iter_mut().zip(queue.drain(..PERIOD)) {
                *slot = sample;
            }
            black_box(&mut out);
        });
    });

    let (sender, receiver) = crossbeam_channel::bounded::<Box<[f32]>>(100);
    group.bench_function("channel of blocks", |bencher| {
        bencher.iter(|| {
            sender.send(samples.as_slice().into()).expect("room");
            out.copy_from_slice(&receiver.recv().expect("one waits"));
            black_box(&mut out);
        });
    });
    group.finish();
}

/// What cpal's callback does: integers to floats, channels to their mean, into the ring.
fn callback(criterion: &mut Criterion<CpuTime>) {
    let data: Vec<i16> = noise(2 * PERIOD).iter().map(|sample| (sample * 32_767.0) as i16).collect();
    let mut out = vec![0.0; PERIOD];
    let (writer, mut reader) = ring(48_000, Arc::default());
    let (mut capture, _exchange) = Capture::new(writer, Mixer::mean(2), Arc::new(Pulse::default()));
    let mut group = criterion.benchmark_group("ring/callback");
    group.throughput(Throughput::Elements(PERIOD as u64));
    group.bench_function("480 frames of 16-bit stereo, and reading them", |bencher| {
        bencher.iter(|| {
            capture.accept(&data);
            black_box(reader.read(&mut out))
        });
    });
    group.finish();
}

criterion_group! { name = benches; config = support::cpu_time::criterion(); targets = periods, callback }
criterion_main!(benches);
