//! The mel columns as a viewer gets them from a source's slot: the front's own, whole, and told apart where one stretch
//! ends. Touch it with `mel.rs`.

use std::sync::Arc;
use std::time::SystemTime;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::{HZ, manifests, rate, row};
use crate::daemon::mel::MelWriter;
use crate::daemon::slot::{Slot, Turn};
use crate::daemon::work::Work;
use crate::pipeline::{Manifests, MelScaleBytes};
use crate::server::{MelFrameParts, MelTap};
use crate::source::{Notice, RingWriter, Stop, Stream, ring};

struct Bench {
    slot: Slot,
    tap: MelTap,
    notices: Sender<Notice>,
    _jobs: Receiver<Work>,
    manifests: Manifests,
}

impl Bench {
    fn new() -> Self {
        let manifests = manifests();
        let (notices, from_source) = unbounded();
        let (to_model, jobs) = unbounded();
        let (on_forgotten, _) = bounded(0);
        let (mel, tap) = MelWriter::new(&manifests.genre.features);
        let slot = Slot::new(row(), Stop::new(), from_source, to_model, on_forgotten).with_mel(mel);
        Self { slot, tap, notices, _jobs: jobs, manifests }
    }

    fn stream(&self, pace: Option<f64>) -> RingWriter {
        let (writer, reader) = ring(HZ as usize, Arc::default());
        let stream = Stream { reader, rate: rate(HZ), anchor: SystemTime::now(), pace, missing: None };
        self.notices.send(Notice::Stream(stream)).expect("the slot lives");
        writer
    }

    fn turn(&mut self) {
        let mut scratch = vec![0.0; 1000];
        while self.slot.turn(&self.manifests, &mut scratch) == Turn::Progress {}
    }
}

fn tone(seconds: f64) -> Vec<f32> {
    (0..(f64::from(HZ) * seconds) as usize).map(|n| (n as f32 * 0.11).sin() * (n as f32 / 9e4)).collect()
}

/// All columns of these samples, as bytes.
fn expected(manifests: &Manifests, samples: &[f32]) -> Vec<u8> {
    let scale = MelScaleBytes::new(&manifests.genre.features);
    let mut bytes = Vec::new();
    let mut front = manifests.front(rate(HZ)).expect("its own rate");
    front.push_watched(samples, |_, column| scale.push(column, &mut bytes), |_| {});
    front.finish_watched(|_, column| scale.push(column, &mut bytes), |_| {});
    bytes
}

#[test]
fn a_viewer_gets_every_column_of_a_finite_stream_and_then_its_end() {
    let mut bench = Bench::new();
    let mut viewer = bench.tap.watch().expect("it lives");
    let samples = tone(1.7);
    let mut writer = bench.stream(Some(1.0));
    let bands = bench.manifests.genre.features.n_mels;
    let (mut next, mut got, mut frames) = (0, Vec::new(), Vec::new());
    let mut take = |viewer: &mut crate::server::MelViewer| {
        while let Some(MelFrameParts { stream, index, columns, bytes }) = viewer.try_next() {
            assert_eq!((index, bytes.len()), (next, columns * bands));
            next += columns as u64;
            got.extend_from_slice(&bytes);
            frames.push((stream, columns));
        }
    };
    for block in samples.chunks(400) {
        writer.write(block);
        bench.turn();
        take(&mut viewer);
    }
    drop(writer);
    let Bench { notices, .. } = &bench;
    notices
        .send(Notice::State { state: crate::event::SourceState::Ended, reason: None, remedy: None })
        .expect("the slot lives");
    bench.turn();
    take(&mut viewer);
    assert!(got == expected(&bench.manifests, &samples), "{} bytes", got.len());
    assert!(got.iter().any(|byte| *byte > 100));
    assert!(frames.iter().all(|(stream, _)| *stream == frames[0].0));
    // But for the last one all are of the same length, an eighth of a second or a little more.
    let hop_s = bench.manifests.genre.features.hop_seconds();
    let whole = (0.125 / hop_s).ceil() as usize;
    let (last, rest) = frames.split_last().expect("frames");
    assert!(last.1 <= whole && rest.iter().all(|(_, columns)| *columns == whole), "{frames:?}");
    drop(bench.slot);
    assert!(bench.tap.watch().is_none());
}

#[test]
fn a_loss_and_another_stream_begin_to_count_anew() {
    let mut bench = Bench::new();
    let mut viewer = bench.tap.watch().expect("it lives");
    let mut firsts = Vec::new();
    let mut take = |bench: &mut Bench| {
        bench.turn();
        while let Some(MelFrameParts { stream, index, .. }) = viewer.try_next() {
            if firsts.last().is_none_or(|(before, _)| *before != stream) {
                firsts.push((stream, index));
            }
        }
    };
    let mut first = bench.stream(Some(1.0));
    first.write(&tone(0.5));
    take(&mut bench);
    first.write(&[0.1; 20_000]);
    first.write(&[0.1; 1_000]);
    take(&mut bench);
    first.write(&[0.1; 8_000]);
    take(&mut bench);
    drop(first);
    let mut second = bench.stream(Some(1.0));
    second.write(&tone(0.5));
    take(&mut bench);
    assert_eq!(firsts.len(), 3, "{firsts:?}");
    assert!(firsts.iter().all(|(_, index)| *index == 0), "{firsts:?}");
}

#[test]
fn whoever_comes_late_begins_with_the_index_of_that_moment() {
    let mut bench = Bench::new();
    let mut writer = bench.stream(Some(1.0));
    writer.write(&tone(0.9));
    bench.turn();
    let mut viewer = bench.tap.watch().expect("it lives");
    writer.write(&tone(0.5));
    bench.turn();
    let first = viewer.try_next().expect("a frame");
    let columns = 0.9 / bench.manifests.genre.features.hop_seconds();
    assert!((first.index as f64 - columns).abs() < 3.0, "{} of {columns}", first.index);
}
