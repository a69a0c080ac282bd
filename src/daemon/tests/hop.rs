//! Proves that a hop takes nothing from the heap on its way from the ring through the queue to the decision. The models
//! and their runtimes are measured in `tests/allocations.rs`. Touch it when something joins that way.

use std::sync::Arc;
use std::time::SystemTime;

use allocation_counter::measure;
use crossbeam_channel::{bounded, unbounded};

use super::{manifests, row};
use crate::daemon::mel::MelWriter;
use crate::daemon::slot::{Slot, Turn};
use crate::daemon::work::Job;
use crate::decide::Heard;
use crate::manifest::Manifest;
use crate::model::{Classifier, ModelError, ModelState};
use crate::pipeline::{Classifiers, DecideSettings, Manifests};
use crate::source::{Notice, Stop, Stream, ring};
use crate::units::SampleRate;

/// Keeps what it hears, so many columns of so many numbers, and always says the same.
struct Deaf {
    columns: usize,
    n_mels: usize,
}

impl Classifier for Deaf {
    fn new_state(&self) -> ModelState {
        ModelState::new(self.columns, self.n_mels)
    }

    fn push(&mut self, state: &mut ModelState, columns: &[f32], _last: bool) -> Result<(), ModelError> {
        state.push(columns);
        Ok(())
    }

    fn leave_out(&mut self, state: &mut ModelState, columns: &[f32]) {
        state.push(columns);
    }

    fn evaluate(&mut self, _state: &ModelState) -> Result<&[f32], ModelError> {
        Ok(&[3.0, 0.0, 0.0, 0.0])
    }
}

/// Allocations in a minute of audio after the first ten seconds, and the hops in it. The gate's columns come along.
fn minute(hz: u32) -> (u64, u32) {
    let gate = Manifest::parse(include_str!("../../../models/gate-speech-music/manifest.toml"));
    let manifests = Manifests { gate: Some(gate.expect("a gate")), ..manifests() };
    let (notices, from_source) = unbounded();
    let (to_model, jobs) = bounded(64);
    let (on_forgotten, _forgotten) = bounded(0);
    // Nobody looks at its mel columns.
    let (mel, _tap) = MelWriter::new(&manifests.genre.features);
    let mut slot = Slot::new(row(), Stop::new(), from_source, to_model, on_forgotten).with_mel(mel);
    let (mut writer, reader) = ring(hz as usize, Arc::default());
    let rate = SampleRate::new(hz).expect("not zero");
    let stream = Stream { reader, rate, anchor: SystemTime::now(), pace: Some(1.0), missing: None };
    notices.send(Notice::Stream(stream)).expect("the slot lives");
    let deaf = |of: &Manifest| Box::new(Deaf { columns: of.window.frames, n_mels: of.features.n_mels });
    let gate = manifests.gate.as_ref().expect("a gate");
    let mut classifiers = Classifiers { genre: deaf(&manifests.genre), gate: Some(deaf(gate)) };
    let mut back = manifests.back(&classifiers, &DecideSettings::default());

    let period: Vec<f32> = (0..hz / 100).map(|n| (n as f32 * 0.05).sin() * 0.5).collect();
    let mut scratch = vec![0.0; 4096];
    let mut play = |seconds: u32| {
        let mut hops = 0;
        for _ in 0..seconds * 100 {
            writer.write(&period);
            while slot.turn(&manifests, &mut scratch) == Turn::Progress {}
            while let Ok(work) = jobs.try_recv() {
                let Job::Block(block) = &work.job else { continue };
                assert!(!block.borrowed().gate.is_empty());
                let outcome = classifiers
                    .push(&mut back, block.borrowed(), true)
                    .expect("it never fails")
                    .expect("a window");
                assert!(outcome.p[0] > 0.8);
                // The first blocks end before the gate has heard enough.
                assert!(outcome.end_s < 2.0 || outcome.heard == Heard::Music, "{outcome:?}");
                hops += 1;
            }
        }
        hops
    };
    play(10);
    let mut hops = 0;
    let seen = measure(|| hops = play(60));
    (seen.count_total, hops)
}

#[test]
fn a_hop_takes_nothing_from_the_heap_between_the_threads() {
    for hz in [16_000, 44_100, 48_000] {
        let (allocations, hops) = minute(hz);
        assert!(hops >= 119, "{hops} hops of half a second");
        assert_eq!(allocations, 0, "at {hz} Hz");
    }
}
