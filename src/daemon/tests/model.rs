//! A late model, a failing model and silence, as a `model-K` thread meets them. Touch it with `model.rs`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::unbounded;
use tokio::sync::watch;

use super::{begin, manifests, row, row_with};
use crate::daemon::load::Load;
use crate::daemon::model::ModelThread;
use crate::daemon::progress::Progress;
use crate::daemon::publish::Publisher;
use crate::daemon::round::Round;
use crate::daemon::work::{Blocks, Job, Work};
use crate::event::{EventBody, GenreWindow, ModelInfo, SignalState, SourceState, SourceStateChange};
use crate::features::Level;
use crate::hub::{Hub, HubLimits};
use crate::model::{Classifier, ModelError, ModelState};
use crate::pipeline::{Classifiers, DecideSettings, MelBlock};
use crate::source::{Own, Stop};

/// Answers after a script: an error where it says so.
struct Scripted {
    fails: Vec<bool>,
}

impl Classifier for Scripted {
    fn new_state(&self) -> ModelState {
        ModelState::new(200, 1)
    }

    fn push(&mut self, state: &mut ModelState, columns: &[f32], _last: bool) -> Result<(), ModelError> {
        state.push(columns);
        Ok(())
    }

    fn leave_out(&mut self, state: &mut ModelState, columns: &[f32]) {
        state.push(columns);
    }

    fn evaluate(&mut self, _state: &ModelState) -> Result<&[f32], ModelError> {
        match self.fails.pop() {
            Some(true) => {
                Err(ModelError::Inference { file: "x.onnx".into(), reason: "out of memory".into() })
            }
            _ => Ok(&[5.0, 0.0, 0.0, 0.0]),
        }
    }
}

/// Runs a model thread over these jobs and gives what it publishes.
fn published(jobs: Vec<Work>, fails: Vec<bool>) -> Vec<EventBody> {
    published_under(Load::new(&manifests().genre), jobs, fails)
}

/// The same of one that is so loaded.
fn published_under(load: Load, jobs: Vec<Work>, mut fails: Vec<bool>) -> Vec<EventBody> {
    fails.reverse();
    let hub = Hub::new(HubLimits::default());
    let manifests = Arc::new(manifests());
    let model =
        ModelInfo { id: "x".into(), sha256: "0".into(), device: "cpu".into(), runtime: "tract".into() };
    let labels = Arc::new(manifests.genre.labels.clone());
    let (sender, receiver) = unbounded();
    jobs.into_iter().for_each(|work| sender.send(work).expect("the receiver lives"));
    drop(sender);
    ModelThread {
        jobs: receiver,
        classifiers: Classifiers { genre: Box::new(Scripted { fails }), gate: None },
        manifests,
        decide: watch::Sender::new(DecideSettings::default()).subscribe(),
        publisher: Publisher::new(Arc::clone(&hub), labels, Arc::new(model)),
        load,
        round: Round::new(1),
        stop: Stop::new(),
        turns: Progress::default().thread("model-0"),
    }
    .run();
    let mut entries = Vec::new();
    hub.read(0, 1000, &mut entries);
    entries.iter().map(|entry| entry.event().body.clone()).collect()
}

fn block(end_s: f64, energy: f64) -> Work {
    let level = Level { samples: 16_000, energy, clipped: 0, non_zero: u64::from(energy > 0.0) };
    work(MelBlock { columns: &[0.0; 62], gate: &[], origin_s: 0.0, end_s, level, last: false })
}

/// The last block of a stream.
fn last(end_s: f64) -> Work {
    let level = Level { samples: 16_000, energy: 100.0, clipped: 0, non_zero: 1 };
    work(MelBlock { columns: &[0.0; 62], gate: &[], origin_s: 0.0, end_s, level, last: true })
}

fn work(block: MelBlock<'_>) -> Work {
    Work::new(&row(), Job::Block(Blocks::new().copied(block)))
}

fn windows(events: &[EventBody]) -> Vec<&GenreWindow> {
    events
        .iter()
        .filter_map(|event| match event {
            EventBody::Window(window) => Some(&**window),
            _ => None,
        })
        .collect()
}

#[test]
fn under_overload_every_second_window_is_left_out_and_the_next_event_tells() {
    let halved = || Load::new(&manifests().genre).halved();
    let of = |pace, own: Own| {
        let row = row_with(own);
        let begin = Work::new(&row, Job::Begin(begin(pace)));
        let blocks = (1..=6).map(|s| Work { source: Arc::clone(&row), ..block(f64::from(s), 100.0) });
        let jobs =
            std::iter::once(begin).chain(blocks).chain([Work { source: Arc::clone(&row), ..last(7.0) }]);
        let events = published_under(halved(), jobs.collect(), vec![]);
        let told =
            windows(&events).iter().map(|window| (window.window.end_s, window.audio.skipped_hops)).collect();
        let told: Vec<(f64, u64)> = told;
        assert_eq!(row.counters.skipped_hops.get(), told.iter().map(|(_, skipped)| skipped).sum::<u64>());
        (told, row.counters.hop_lengthening.get())
    };
    // The first and the last are told in any case.
    assert_eq!(of(Some(1.0), Own::default()), (vec![(1.0, 0), (3.0, 1), (5.0, 1), (7.0, 1)], 2));
    // Who is told less often anyway misses nothing.
    let seldom = Own { hop_seconds: Some(3.0), ..Own::default() };
    assert_eq!(of(Some(1.0), seldom), (vec![(3.0, 0), (6.0, 0), (7.0, 0)], 2));
    // A source that waits for us is never late.
    let all: Vec<_> = (1..=7).map(|s| (f64::from(s), 0)).collect();
    assert_eq!(of(None, Own::default()), (all, 1));
}

#[test]
fn what_is_late_for_a_moment_is_told_all_the_same() {
    let late = |end_s| Work { posted: Instant::now() - Duration::from_secs(2), ..block(end_s, 100.0) };
    let begin = Work::new(&row(), Job::Begin(begin(Some(1.0))));
    let events = published(vec![begin, block(1.0, 100.0), late(2.0), late(3.0), block(4.0, 100.0)], vec![]);
    assert_eq!(windows(&events).len(), 4);
}

#[test]
fn a_source_may_have_fewer_windows_and_thresholds_of_its_own() {
    let own = Own { hop_seconds: Some(3.0), quiet_dbfs: Some(-10.0), abstain_below: None };
    let of = |own: Own| {
        let row = row_with(own);
        let begin = Work::new(&row, Job::Begin(begin(Some(1.0))));
        let blocks = (1..=9).map(|s| Work { source: Arc::clone(&row), ..block(f64::from(s), 100.0) });
        let events = published(std::iter::once(begin).chain(blocks).collect(), vec![]);
        let told = |window: &&GenreWindow| (window.window.end_s, window.state, window.audio.skipped_hops);
        windows(&events).iter().map(told).collect::<Vec<_>>()
    };
    use SignalState::{Signal, Silence};
    assert_eq!(of(own), [(3.0, Silence, 0), (6.0, Silence, 0), (9.0, Silence, 0)]);
    let all = of(Own::default());
    assert_eq!((all.len(), all[0].1), (9, Signal));
}

#[test]
fn a_failing_model_is_told_once_and_what_it_did_not_hear_is_a_gap() {
    let jobs: Vec<Work> = [
        vec![Work::new(&row(), Job::Begin(begin(Some(1.0))))],
        (1..=5).map(|s| block(f64::from(s), 100.0)).collect(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let events = published(jobs, vec![false, true, true, false, false]);
    let told: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            EventBody::Window(window) => {
                Some(format!("window {} gap {}", window.window.end_s, window.audio.gap_ms > 0))
            }
            EventBody::SourceState(change) => Some(format!("{:?}", change.state)),
            EventBody::SourceGap(gap) => Some(format!("gap from {}", gap.from_s)),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        ["window 1 gap false", "Stalled", "Live", "gap from 1", "window 4 gap true", "window 5 gap false"]
    );
}

#[test]
fn silence_is_told_with_its_kind_and_again_after_the_source_came_back() {
    let live = SourceStateChange { state: SourceState::Live, reason: None, remedy: None };
    let jobs: Vec<Work> = [
        vec![Work::new(&row(), Job::Begin(begin(Some(1.0))))],
        (1..=12).map(|s| block(f64::from(s), 0.0)).collect(),
        (13..=14).map(|s| block(f64::from(s), 1e-6)).collect(),
        vec![Work::new(&row(), Job::State(live)), block(15.0, 1e-6)],
        (16..=24).map(|s| block(f64::from(s), 100.0)).collect(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let events = published(jobs, vec![]);
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            EventBody::SourceState(change) => Some((change.state, change.reason.clone().unwrap_or_default())),
            _ => None,
        })
        .collect();
    let states: Vec<_> = told.iter().map(|(state, _)| *state).collect();
    use SourceState::{Live, Silent};
    assert_eq!(states, [Silent, Silent, Live, Silent, Live]);
    assert!(told[0].1.contains("exactly zero") && told[1].1.contains("quiet"), "{told:?}");
}
