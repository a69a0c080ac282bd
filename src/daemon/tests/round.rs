//! A `model-K` thread whose model hears several sources in one run. Touch it with `round.rs` and `model.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::unbounded;
use tokio::sync::watch;

use super::{begin, manifests, row_of};
use crate::daemon::board::Row;
use crate::daemon::load::Load;
use crate::daemon::model::ModelThread;
use crate::daemon::progress::Progress;
use crate::daemon::publish::Publisher;
use crate::daemon::round::Round;
use crate::daemon::work::{Blocks, Job, Work};
use crate::event::{Event, EventBody, ModelInfo};
use crate::features::Level;
use crate::hub::{Hub, HubLimits};
use crate::model::{Classifier, ModelError, ModelState, Push, Told};
use crate::pipeline::{Classifiers, DecideSettings, MelBlock};
use crate::source::Stop;

/// The most sources that it hears in one run.
const MOST: usize = 4;

/// Says what its newest column says, and fails on what is no number. Keeps how many sources each run was for.
#[derive(Default)]
struct Several {
    logits: [f32; 4],
    largest: Arc<AtomicUsize>,
}

impl Classifier for Several {
    fn new_state(&self) -> ModelState {
        ModelState::new(124, 96)
    }

    fn push(&mut self, state: &mut ModelState, columns: &[f32], _last: bool) -> Result<(), ModelError> {
        state.push(columns);
        if columns[0].is_finite() {
            return Ok(());
        }
        Err(ModelError::Inference { file: "x.onnx".into(), reason: "not a number".into() })
    }

    fn leave_out(&mut self, state: &mut ModelState, columns: &[f32]) {
        state.push(columns);
    }

    fn evaluate(&mut self, state: &ModelState) -> Result<&[f32], ModelError> {
        let newest = state.columns.newest().last().copied().unwrap_or(0.0);
        self.logits = [newest, 1.0, 0.0, 0.0];
        Ok(&self.logits)
    }

    fn batch(&self) -> usize {
        MOST
    }

    fn push_all(&mut self, heard: &mut [Push<'_>]) {
        self.largest.fetch_max(heard.len(), Ordering::Relaxed);
        heard.iter_mut().for_each(|heard| heard.done = self.push(heard.state, heard.columns, heard.last));
    }

    fn evaluate_all(&mut self, states: &[&ModelState], told: &mut Told<'_>) {
        // Later ones first: whose an answer is tells its place, not its turn.
        for (place, state) in states.iter().enumerate().rev() {
            told(place, self.evaluate(state));
        }
    }
}

fn block(row: &Arc<Row>, end_s: f64, value: f32) -> Work {
    let level = Level { samples: 16_000, energy: 100.0, clipped: 0, non_zero: 1 };
    let columns = vec![value; 62 * 96];
    let block = MelBlock { columns: &columns, gate: &[], origin_s: 0.0, end_s, level, last: false };
    Work::new(row, Job::Block(Blocks::new().copied(block)))
}

/// What is published of these jobs by a thread whose rounds are so large, and for how many sources the largest run was.
fn published(jobs: Vec<Work>, most: usize) -> (Vec<(String, EventBody)>, usize) {
    let (hub, manifests) = (Hub::new(HubLimits::default()), Arc::new(manifests()));
    let labels = Arc::new(manifests.genre.labels.clone());
    let info =
        ModelInfo { id: "x".into(), sha256: "0".into(), device: "cuda".into(), runtime: "none".into() };
    let (sender, receiver) = unbounded();
    jobs.into_iter().for_each(|work| sender.send(work).expect("the receiver lives"));
    drop(sender);
    let several = Several::default();
    let largest = Arc::clone(&several.largest);
    ModelThread {
        jobs: receiver,
        classifiers: Classifiers { genre: Box::new(several), gate: None },
        decide: watch::Sender::new(DecideSettings::default()).subscribe(),
        publisher: Publisher::new(Arc::clone(&hub), labels, Arc::new(info)),
        load: Load::new(&manifests.genre),
        manifests,
        round: Round::new(most),
        stop: Stop::new(),
        turns: Progress::default().thread("model-0"),
    }
    .run();
    let mut entries = Vec::new();
    hub.read(0, 1000, &mut entries);
    let told = |event: &Event| (event.source.clone(), event.body.clone());
    (entries.iter().map(|entry| told(entry.event())).collect(), largest.load(Ordering::Relaxed))
}

/// Windows, gaps and states of a source, as far as they do not depend on clocks.
fn of(source: &str, events: &[(String, EventBody)]) -> Vec<String> {
    let told = |body: &EventBody| match body {
        EventBody::Window(window) => Some(format!("{} {:?}", window.window.end_s, window.top)),
        EventBody::SourceState(change) => Some(format!("{:?}", change.state)),
        EventBody::SourceGap(gap) => Some(format!("gap {}-{}", gap.from_s, gap.to_s)),
        _ => None,
    };
    events.iter().filter(|(of, _)| of == source).filter_map(|(_, body)| told(body)).collect()
}

#[test]
fn sources_that_wait_are_heard_in_one_run_and_each_gets_its_own_answers() {
    let rows: Vec<_> = (1..=6).map(row_of).collect();
    let jobs = || -> Vec<Work> {
        let begun = rows.iter().map(|row| Work::new(row, Job::Begin(begin(Some(1.0)))));
        let second = |at: u32| {
            let value = move |row: &Row| {
                if (row.id, at) == (3, 4) { f32::NAN } else { row.id as f32 * 0.1 + at as f32 }
            };
            rows.iter().map(move |row| block(row, f64::from(at), value(row)))
        };
        let lost = Job::Gap { from_s: 3.0, to_s: 3.5, reason: "lost".into() };
        let lost = [Work::new(&rows[1], lost)];
        let (gone, forgotten) = crossbeam_channel::bounded(0);
        drop(forgotten);
        let gone = [Work::new(&rows[4], Job::Gone(gone))];
        begun
            .chain((1..=3).flat_map(second))
            .chain(lost)
            .chain((4..=6).flat_map(second))
            .chain(gone)
            .collect()
    };
    let (apart, one) = published(jobs(), 1);
    let (together, several) = published(jobs(), MOST);
    assert_eq!((one, several), (0, MOST));
    for row in &rows {
        let (expected, told) = (of(&row.name, &apart), of(&row.name, &together));
        assert_eq!(told, expected, "{}", row.name);
        assert!(told.len() >= 6, "{told:?}");
    }
    // The one that failed is told once, and what it did not hear.
    let failed = of(&rows[2].name, &together);
    assert!(
        failed.contains(&"Stalled".to_owned()) && failed.iter().any(|told| told.starts_with("gap")),
        "{failed:?}"
    );
}

#[test]
fn two_blocks_of_a_source_are_never_in_one_run() {
    let row = row_of(1);
    let begun = [Work::new(&row, Job::Begin(begin(Some(1.0))))];
    let jobs = begun.into_iter().chain((1..=5).map(|at| block(&row, f64::from(at), at as f32)));
    let (events, largest) = published(jobs.collect(), MOST);
    assert_eq!((of(&row.name, &events).len(), largest), (5, 0));
}
