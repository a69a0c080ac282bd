//! One event to many subscribers: published once, read by each through its cursor, serialised once; beside a broadcast
//! channel of the same frame. Touch it when subscribers read otherwise.

mod support;

#[allow(dead_code)]
#[path = "../tests/server/events.rs"]
mod events;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use genrecast::hub::{Hub, HubLimits};
use support::cpu_time::CpuTime;

/// Labels in a frame.
const TOP: usize = 5;

fn fan_out(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("hub/one event to");
    for subscribers in [1, 100, 1000] {
        group.throughput(Throughput::Elements(subscribers));
        let hub = Hub::new(HubLimits::default());
        let (mut after, mut out) = (0, Vec::new());
        group.bench_function(BenchmarkId::new("cursors", subscribers), |bencher| {
            bencher.iter(|| {
                let seq = hub.publish("radio", events::window(0.5));
                for _ in 0..subscribers {
                    hub.read(after, 64, &mut out);
                    black_box(out[0].frame(TOP));
                    out.clear();
                }
                after = seq;
            });
        });

        let hub = Hub::new(HubLimits::default());
        let (sender, _) = tokio::sync::broadcast::channel(64);
        let mut receivers: Vec<_> = (0..subscribers).map(|_| sender.subscribe()).collect();
        let mut after = 0;
        group.bench_function(BenchmarkId::new("tokio's broadcast", subscribers), |bencher| {
            bencher.iter(|| {
                after = hub.publish("radio", events::window(0.5));
                hub.read(after - 1, 64, &mut out);
                sender.send(out[0].frame(TOP)).expect("there are receivers");
                out.clear();
                for receiver in &mut receivers {
                    black_box(receiver.try_recv().expect("it was sent"));
                }
            });
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = support::cpu_time::criterion(); targets = fan_out }
criterion_main!(benches);
