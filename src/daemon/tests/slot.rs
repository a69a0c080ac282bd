//! Overruns, rate changes, ends and full queues, as a `dsp-K` thread meets them. Touch it with `slot.rs`.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded, unbounded};

use super::{HZ, manifests, rate, row};
use crate::daemon::slot::{Slot, Turn};
use crate::daemon::work::{Job, Work};
use crate::event::{SourceState, SourceStateChange};
use crate::pipeline::Manifests;
use crate::source::{Notice, RingWriter, Stop, Stream, ring};

/// A slot with its ends: notices in, jobs out.
struct Bench {
    slot: Slot,
    notices: Sender<Notice>,
    jobs: Receiver<Work>,
    forgotten: Receiver<()>,
    manifests: Manifests,
}

impl Bench {
    fn new(queue: usize) -> Self {
        let (notices, from_source) = unbounded();
        let (to_model, jobs) = bounded(queue);
        let (on_forgotten, forgotten) = bounded(0);
        let slot = Slot::new(row(), Stop::new(), from_source, to_model, on_forgotten);
        Self { slot, notices, jobs, forgotten, manifests: manifests() }
    }

    fn stream(&self, hz: u32, pace: Option<f64>) -> RingWriter {
        let (writer, reader) = ring(HZ as usize, Arc::default());
        let stream = Stream { reader, rate: rate(hz), anchor: SystemTime::now(), pace, missing: None };
        self.notices.send(Notice::Stream(stream)).expect("the slot lives");
        writer
    }

    fn state(&self, state: SourceState) {
        self.notices.send(Notice::State { state, reason: None, remedy: None }).expect("the slot lives");
    }

    /// Turns until nothing is left to do, and gives the jobs.
    fn turn(&mut self) -> Vec<Job> {
        let mut scratch = vec![0.0; 1000];
        while self.slot.turn(&self.manifests, &mut scratch) == Turn::Progress {}
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
            Job::Block(_) | Job::Title { .. } | Job::Gone(_) => None,
        })
        .collect();
    assert_eq!(told, ["begin 0.000", "last 0.772", "begin 0.772", "last 1.134", "Ended"]);
}

#[test]
fn a_title_is_told_when_its_samples_have_been_read_and_none_is_lost() {
    let mut bench = Bench::new(1000);
    let told = |jobs: &[Job]| -> Vec<(f64, String)> {
        let title = |job: &Job| match job {
            Job::Title { at_s, title } => Some((*at_s, title.clone())),
            _ => None,
        };
        jobs.iter().filter_map(title).collect()
    };
    let title = |at, title: &str| Notice::Title { at, title: title.into() };
    let mut first = bench.stream(HZ, None);
    first.write(&[0.1; 8_000]);
    bench.notices.send(title(4_000, "early")).expect("the slot lives");
    bench.notices.send(title(12_000, "later")).expect("the slot lives");
    let jobs = bench.turn();
    assert_eq!(told(&jobs), [(4_000.0 / f64::from(HZ), "early".to_owned())]);
    first.write(&[0.1; 8_000]);
    assert_eq!(told(&bench.turn()), [(12_000.0 / f64::from(HZ), "later".to_owned())]);
    bench.notices.send(title(90_000, "never reached")).expect("the slot lives");
    drop(first);
    let mut second = bench.stream(HZ, None);
    second.write(&[0.1; 800]);
    bench.notices.send(title(0, "of the second")).expect("the slot lives");
    let titles = told(&bench.turn());
    assert_eq!(titles[0].1, "never reached");
    assert_eq!(titles[1], (16_000.0 / f64::from(HZ), "of the second".to_owned()));
}

#[test]
fn a_source_that_has_ended_is_forgotten_after_its_last_block() {
    let Bench { mut slot, notices, jobs, forgotten, manifests } = Bench::new(1000);
    let (mut writer, reader) = ring(HZ as usize, Arc::default());
    let stream = Stream { reader, rate: rate(HZ), anchor: SystemTime::now(), pace: Some(1.0), missing: None };
    notices.send(Notice::Stream(stream)).expect("the slot lives");
    writer.write(&[0.1; 16_000]);
    drop((writer, notices));
    let mut scratch = vec![0.0; 1000];
    while slot.turn(&manifests, &mut scratch) != Turn::Done {}
    drop(slot);
    assert_eq!(forgotten.try_recv(), Err(TryRecvError::Empty));
    let jobs: Vec<Job> = jobs.try_iter().map(|work| work.job).collect();
    assert!(
        matches!(jobs.as_slice(), [Job::Begin(_), .., Job::Block(_), Job::Gone(_)]),
        "{} jobs",
        jobs.len()
    );
    drop(jobs);
    assert_eq!(forgotten.try_recv(), Err(TryRecvError::Disconnected));
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
            bench.slot.turn(&bench.manifests, &mut scratch);
        }
        bench.jobs.len()
    };
    assert_eq!(waiting(None), 8);
    assert_eq!(waiting(Some(1.0)), 20);
}

#[test]
fn a_block_knows_how_long_it_waited_in_the_ring() {
    let waited = |jobs: &[Job]| -> Vec<Duration> {
        let of = |job: &Job| match job {
            Job::Block(block) => Some(block.waited()),
            _ => None,
        };
        jobs.iter().filter_map(of).collect()
    };
    // A whole ring at once is a source that writes seldom, and not a daemon that reads too late.
    let began = Instant::now();
    let mut bench = Bench::new(1000);
    let mut writer = bench.stream(HZ, Some(1.0));
    writer.write(&[0.1; HZ as usize]);
    let blocks = waited(&bench.turn());
    assert!(blocks.len() >= 2 && blocks.iter().all(|waited| *waited <= began.elapsed()), "{blocks:?}");
    // Three quarters of it wait while the model thread takes nothing.
    let mut bench = Bench::new(1);
    let mut writer = bench.stream(HZ, Some(1.0));
    writer.write(&[0.1; 1_000]);
    let mut scratch = vec![0.0; 1000];
    while bench.slot.turn(&bench.manifests, &mut scratch) == Turn::Progress {}
    writer.write(&[0.1; 12_000]);
    const MODEL_BUSY: Duration = Duration::from_millis(50);
    std::thread::sleep(MODEL_BUSY);
    let mut jobs = Vec::new();
    while jobs.len() < 2 {
        jobs.extend(bench.turn());
    }
    let blocks = waited(&jobs);
    assert!(blocks[0] >= MODEL_BUSY, "{blocks:?}");
    // Nobody who waits for us is late.
    let mut bench = Bench::new(1000);
    bench.stream(HZ, None).write(&[0.1; HZ as usize]);
    assert!(waited(&bench.turn()).iter().all(Duration::is_zero));
}
