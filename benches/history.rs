//! What recording costs whoever publishes, and what it costs by itself: publishing to a hub that nobody records, beside one
//! that is recorded, beside one whose disk is full; the waits of each in turns, so that what others do on the machine
//! counts for all; and what reading a page costs. Touch it when the recorder takes events otherwise.

mod support;

#[allow(dead_code)]
#[path = "../tests/server/events.rs"]
mod events;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use genrecast::history::{History, Limits, Recorder, Selection, Stop};
use genrecast::hub::{Hub, HubLimits};
use support::cpu_time::CpuTime;
use temp_dir::TempDir;

/// A hub, and who records it.
struct Recorded {
    name: &'static str,
    hub: Arc<Hub>,
    recording: Option<(History, Stop, std::thread::JoinHandle<()>, TempDir)>,
}

impl Recorded {
    fn new(name: &'static str, limits: Option<Limits>) -> Self {
        let hub = Hub::new(HubLimits::default());
        let recording = limits.map(|limits| {
            let folder = TempDir::new().expect("a folder");
            let history = History::new(folder.path(), limits);
            let (mut recorder, stop) = Recorder::new(history.clone(), Arc::clone(&hub), |_| {});
            recorder.open();
            (history, stop, std::thread::spawn(move || recorder.run()), folder)
        });
        Self { name, hub, recording }
    }

    fn all() -> [Self; 3] {
        let full = Limits { ceiling_bytes: 1, ..Limits::default() };
        [
            Self::new("nobody records", None),
            Self::new("recorded", Some(Limits::default())),
            Self::new("recorded, disk full", Some(full)),
        ]
    }

    fn end(self) {
        if let Some((_, stop, thread, _folder)) = self.recording {
            drop(stop);
            thread.join().expect("no panic");
        }
    }
}

fn publish(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("history/publish without pause");
    for of in Recorded::all() {
        group.bench_function(of.name, |bencher| {
            bencher.iter(|| black_box(of.hub.publish("radio", events::window(0.5))));
        });
        of.end();
    }
    group.finish();
    waits();
}

/// Wall-clock time of a publication, 2,000 a second of each kind, in turns.
fn waits() {
    let kinds = Recorded::all();
    let mut waits = vec![Vec::new(); kinds.len()];
    let until =
        Instant::now() + Duration::from_secs(if std::env::args().any(|of| of == "--bench") { 10 } else { 1 });
    while Instant::now() < until {
        for (of, waits) in kinds.iter().zip(&mut waits) {
            let body = events::window(0.5);
            let began = Instant::now();
            black_box(of.hub.publish("radio", body));
            waits.push(began.elapsed());
        }
        std::thread::sleep(Duration::from_micros(400));
    }
    for (of, mut waits) in kinds.into_iter().zip(waits) {
        waits.sort_unstable();
        let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
        println!(
            "history/waits of a publisher, {}: median {:.2?}, 99 % {:.2?}, 99.9 % {:.2?} of {}",
            of.name,
            at(0.5),
            at(0.99),
            at(0.999),
            waits.len()
        );
        of.end();
    }
}

fn read(criterion: &mut Criterion<CpuTime>) {
    let of = Recorded::new("recorded", Some(Limits::default()));
    (0..20_000).for_each(|n| {
        of.hub.publish(["radio", "mic"][n % 2], events::window(0.5));
    });
    let history = of.recording.as_ref().expect("it records").0.clone();
    while *history.recorded().borrow() < 20_000 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut group = criterion.benchmark_group("history/read 64 of 20,000");
    let mic = Selection { sources: Some(vec!["mic".into()]), ..Selection::default() };
    for (name, wanted) in [("all", Selection::default()), ("one source", mic)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                black_box(history.epoch_page(of.hub.epoch(), 9_000, &wanted, 64).expect("readable"))
            });
        });
    }
    group.finish();
    of.end();
}

criterion_group! { name = benches; config = support::cpu_time::criterion(); targets = publish, read }
criterion_main!(benches);
