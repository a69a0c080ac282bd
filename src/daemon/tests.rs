//! What must happen when things go wrong between the ring and the hub: overruns, rate changes, a late or failing
//! model, a thread that panics. Touch it with the rules of loss.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::board::{Board, Row};
use super::dsp::{Slot, Turn};
use super::model::ModelThread;
use super::publish::Publisher;
use super::signals::Ender;
use super::threads::Spawner;
use super::work::{Begin, Blocks, Job, Work};
use crate::event::{EventBody, GenreWindow, ModelInfo, SourceState, SourceStateChange};
use crate::features::Level;
use crate::hub::{Hub, HubLimits};
use crate::manifest::Manifest;
use crate::model::{Classifier, ColumnHistory, ModelError, ModelState};
use crate::pipeline::{DecideSettings, MelBlock};
use crate::source::{Notice, RingWriter, Stop, Stream, ring};
use crate::units::SampleRate;

const HZ: u32 = 16_000;

fn manifest() -> Manifest {
    Manifest::parse(include_str!("../../tests/fixtures/models/toy-window/manifest.toml")).expect("a fixture")
}

fn rate(hz: u32) -> SampleRate {
    SampleRate::new(hz).expect("not zero")
}

fn begin(pace: Option<f64>) -> Begin {
    Begin { rate: rate(HZ), anchor: SystemTime::now(), origin_s: 0.0, pace }
}

/// A slot with its ends: notices in, jobs out.
struct Bench {
    slot: Slot,
    notices: Sender<Notice>,
    jobs: Receiver<Work>,
    manifest: Manifest,
}

impl Bench {
    fn new(queue: usize) -> Self {
        let (notices, from_source) = unbounded();
        let (to_model, jobs) = bounded(queue);
        Self { slot: Slot::new(0, from_source, to_model), notices, jobs, manifest: manifest() }
    }

    fn stream(&self, hz: u32, pace: Option<f64>) -> RingWriter {
        let (writer, reader) = ring(HZ as usize, Arc::default());
        let stream = Stream { reader, rate: rate(hz), anchor: SystemTime::now(), pace };
        self.notices.send(Notice::Stream(stream)).expect("the slot lives");
        writer
    }

    fn state(&self, state: SourceState) {
        self.notices.send(Notice::State { state, reason: None, remedy: None }).expect("the slot lives");
    }

    /// Turns until nothing is left to do, and gives the jobs.
    fn turn(&mut self) -> Vec<Job> {
        let mut scratch = vec![0.0; 1000];
        while self.slot.turn(&self.manifest, &mut scratch) == Turn::Progress {}
        self.jobs.try_iter().map(|work| work.job).collect()
    }
}

#[test]
fn an_overrun_is_told_and_audio_goes_on_at_its_true_time() {
    let mut bench = Bench::new(1000);
    let mut writer = bench.stream(HZ, Some(1.0));
    writer.write(&[0.1; 8_000]);
    bench.turn();
    writer.write(&[0.1; 20_000]);
    writer.write(&[0.1; 1_000]);
    let jobs = bench.turn();
    let gap = jobs.iter().find_map(|job| match job {
        Job::Gap { from_s, to_s, .. } => Some((*from_s, *to_s)),
        _ => None,
    });
    let (from_s, to_s) = gap.expect("a gap");
    assert_eq!(to_s, 29_000.0 / f64::from(HZ));
    assert!(from_s <= 24_000.0 / f64::from(HZ) && from_s > 0.5, "{from_s}");
    writer.write(&[0.1; 16_000]);
    let jobs = bench.turn();
    let Some(Job::Block(block)) = jobs.first() else { panic!("no block after the gap") };
    assert_eq!(block.borrowed().origin_s, to_s);
}

#[test]
fn another_rate_ends_one_stretch_and_begins_the_next() {
    let mut bench = Bench::new(1000);
    let mut first = bench.stream(HZ, None);
    first.write(&[0.1; 12_345]);
    drop(first);
    let mut second = bench.stream(22_050, None);
    second.write(&[0.1; 8_000]);
    drop(second);
    bench.state(SourceState::Ended);
    let jobs = bench.turn();
    let told: Vec<String> = jobs
        .iter()
        .filter_map(|job| match job {
            Job::Begin(begin) => Some(format!("begin {:.3}", begin.origin_s)),
            Job::Block(block) if block.borrowed().last => Some(format!("last {:.3}", block.borrowed().end_s)),
            Job::State(change) => Some(format!("{:?}", change.state)),
            Job::Gap { .. } => Some("gap".into()),
            Job::Block(_) => None,
        })
        .collect();
    assert_eq!(told, ["begin 0.000", "last 0.772", "begin 0.772", "last 1.134", "Ended"]);
}

#[test]
fn a_rate_that_cannot_be_served_fails_and_is_not_called_live() {
    let mut bench = Bench::new(1000);
    let _writer = bench.stream(1_000, Some(1.0));
    bench.turn();
    bench.state(SourceState::Live);
    assert!(bench.turn().is_empty());
    let mut bench = Bench::new(1000);
    let _writer = bench.stream(1_000, Some(1.0));
    let jobs = bench.turn();
    assert!(
        matches!(jobs.as_slice(), [Job::State(SourceStateChange { state: SourceState::Failed, .. })]),
        "{} jobs",
        jobs.len()
    );
}

#[test]
fn an_unpaced_source_leaves_room_in_the_queue_and_a_paced_one_may_fill_it() {
    let waiting = |pace| {
        let mut bench = Bench::new(20);
        let mut writer = bench.stream(HZ, pace);
        let mut scratch = vec![0.0; 1000];
        for _ in 0..2_000 {
            writer.write(&[0.1; 1_000]);
            bench.slot.turn(&bench.manifest, &mut scratch);
        }
        bench.jobs.len()
    };
    assert_eq!(waiting(None), 8);
    assert_eq!(waiting(Some(1.0)), 20);
}

/// Answers after a script: an error where it says so.
struct Scripted {
    fails: Vec<bool>,
}

impl Classifier for Scripted {
    fn new_state(&self) -> ModelState {
        ModelState { columns: ColumnHistory::new(200, 1), embeddings: Vec::new() }
    }

    fn push(&mut self, state: &mut ModelState, columns: &[f32], _last: bool) -> Result<(), ModelError> {
        state.columns.push(columns);
        Ok(())
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
fn published(jobs: Vec<Work>, mut fails: Vec<bool>) -> Vec<EventBody> {
    fails.reverse();
    let hub = Hub::new(HubLimits::default());
    let row = Row::new("mic".into(), "mic:".into());
    let board = Arc::new(Board::new(vec![row], Duration::from_secs(1), serde_json::json!({})));
    let manifest = Arc::new(manifest());
    let model =
        ModelInfo { id: "x".into(), sha256: "0".into(), device: "cpu".into(), runtime: "tract".into() };
    let labels = Arc::new(manifest.labels.clone());
    let (sender, receiver) = unbounded();
    jobs.into_iter().for_each(|work| sender.send(work).expect("the receiver lives"));
    drop(sender);
    ModelThread {
        jobs: receiver,
        classifier: Box::new(Scripted { fails }),
        manifest,
        decide: DecideSettings::default(),
        publisher: Publisher::new(Arc::clone(&hub), board, labels, Arc::new(model)),
        stop: Stop::new(),
    }
    .run();
    let mut entries = Vec::new();
    hub.read(0, 1000, &mut entries);
    entries.iter().map(|entry| entry.event().body.clone()).collect()
}

fn block(end_s: f64, energy: f64) -> Work {
    let level = Level { samples: 16_000, energy, clipped: 0, non_zero: u64::from(energy > 0.0) };
    let block = MelBlock { columns: &[0.0; 62], origin_s: 0.0, end_s, level, last: false };
    Work::new(0, Job::Block(Blocks::new().copied(block)))
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
fn a_late_block_is_skipped_and_the_next_event_tells() {
    let late = |end_s| Work { posted: Instant::now() - Duration::from_secs(2), ..block(end_s, 100.0) };
    let begin = |pace| Work::new(0, Job::Begin(begin(pace)));
    let events =
        published(vec![begin(Some(1.0)), block(1.0, 100.0), late(2.0), late(3.0), block(4.0, 100.0)], vec![]);
    let skipped: Vec<_> = windows(&events).iter().map(|window| window.audio.skipped_hops).collect();
    assert_eq!(skipped, [0, 2]);
    // A source that waits for us is never late.
    let events = published(vec![begin(None), late(1.0), late(2.0)], vec![]);
    assert_eq!(windows(&events).len(), 2);
}

#[test]
fn a_failing_model_is_told_once_and_what_it_did_not_hear_is_a_gap() {
    let jobs: Vec<Work> = [
        vec![Work::new(0, Job::Begin(begin(Some(1.0))))],
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
            EventBody::Changed(_) => None,
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
        vec![Work::new(0, Job::Begin(begin(Some(1.0))))],
        (1..=12).map(|s| block(f64::from(s), 0.0)).collect(),
        (13..=14).map(|s| block(f64::from(s), 1e-6)).collect(),
        vec![Work::new(0, Job::State(live)), block(15.0, 1e-6)],
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

#[test]
fn a_thread_that_panics_ends_the_daemon() {
    let (wish, asked) = bounded(1);
    let spawner = Spawner::new(Ender(wish));
    let fine = spawner.spawn("fine", || 1).expect("spawned");
    assert_eq!(fine.join().expect("no panic"), 1);
    assert_eq!(spawner.panicked(), None);
    let thread = spawner.spawn("unlucky", || panic!("on purpose")).expect("spawned");
    assert!(thread.join().is_err());
    asked.recv_timeout(Duration::from_secs(5)).expect("the end is asked for");
    assert_eq!(spawner.panicked().as_deref(), Some("unlucky"));
}
