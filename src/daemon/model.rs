//! The threads `model-K`: they run the model for their sources, decide, and publish. A source is pinned to one
//! of them, so its events keep their order. Touch it when what is done with a block changes; overload is met in `load.rs`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use tokio::sync::watch;

use super::board::Row;
use super::load::{Change, Load};
use super::progress::Turns;
use super::publish::Publisher;
use super::slot::UNPACED_SHARE;
use super::work::{Block, Job, Work};
use crate::event::SourceState;
use crate::pipeline::{Back, Classifiers, DecideSettings, Manifests, MelBlock};
use crate::source::{Own, Stop};

/// Jobs that may wait for a model thread. Beyond it the `dsp-K` thread waits, then the rings fill.
pub(super) const QUEUE: usize = 64;

/// How long the thread waits for work before it shows that it still turns.
const IDLE: Duration = Duration::from_millis(500);

/// Everything a `model-K` thread owns.
pub(super) struct ModelThread {
    pub jobs: Receiver<Work>,
    pub classifiers: Classifiers,
    pub manifests: Arc<Manifests>,
    /// May change at any time; every source then goes on with what is new.
    pub decide: watch::Receiver<DecideSettings>,
    pub publisher: Publisher,
    /// Whether it keeps up, and what is left out where it does not.
    pub load: Load,
    pub stop: Stop,
    pub turns: Turns,
}

/// A block that ends so little before the next window is due completes it, in seconds.
const TOLERANCE_S: f64 = 0.05;

/// The decisions as they are for a source of its own.
fn own_of(own: Own, mut decide: DecideSettings) -> DecideSettings {
    decide.gate.quiet_dbfs = own.quiet_dbfs.unwrap_or(decide.gate.quiet_dbfs);
    decide.abstain_below = own.abstain_below.or(decide.abstain_below);
    decide
}

struct Track {
    back: Back,
    own: Own,
    paced: bool,
    /// Stream time of the last good window, while the model fails.
    failing_since_s: Option<f64>,
    evaluated_s: f64,
    /// Stream time of the last window since then that was left out.
    missed_s: f64,
    /// What its last block took.
    took: Duration,
    /// Blocks since the last one that was evaluated.
    hops: u64,
}

impl ModelThread {
    /// Body of the thread: ends when nobody is left who could send it anything.
    pub fn run(mut self) {
        let mut tracks: BTreeMap<u64, Track> = BTreeMap::new();
        let thread_began = Instant::now();
        loop {
            self.turns.turn();
            let Work { source, posted, job } = match self.jobs.recv_timeout(IDLE) {
                Ok(work) => work,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if self.decide.has_changed().unwrap_or(false) {
                let decide = *self.decide.borrow_and_update();
                for track in tracks.values_mut() {
                    track.back.decide_by(&self.manifests.genre, &own_of(track.own, decide));
                }
            }
            // It has taken too long to end, and its end was told.
            if source.is_retired() && !matches!(job, Job::Gone(_)) {
                continue;
            }
            if let Job::Block(block) = &job {
                self.watch(&mut tracks, source.id, thread_began.elapsed(), block.waited() + posted.elapsed());
            }
            let track = tracks.entry(source.id).or_insert_with(|| Track {
                back: self.manifests.back(&self.classifiers, &own_of(source.own, *self.decide.borrow())),
                own: source.own,
                paced: true,
                failing_since_s: None,
                evaluated_s: 0.0,
                missed_s: f64::NEG_INFINITY,
                took: Duration::ZERO,
                hops: 0,
            });
            match job {
                Job::Begin(begin) => {
                    track.back.restart(&*self.classifiers.genre, begin.origin_s);
                    track.paced = begin.pace.is_some();
                    self.publisher.begin(&source, begin);
                }
                Job::Block(block) => self.block(&source, track, &block),
                Job::Gap { from_s, to_s, reason } => {
                    track.back.restart(&*self.classifiers.genre, to_s);
                    self.publisher.gap(&source, from_s, to_s, reason);
                }
                Job::Title { at_s, title } => {
                    self.publisher.title(&source, at_s, &title);
                    self.announce(&source, track, Some(title).filter(|title| !title.is_empty()), at_s);
                }
                Job::State(state) => {
                    if state.state != SourceState::Live {
                        // Its hops are told anew when it has any.
                        source.counters.hop_lengthening.set(1);
                    }
                    if state.state == SourceState::Ended {
                        self.announce(&source, track, None, track.evaluated_s);
                    }
                    self.publisher.state(&source, state);
                }
                Job::Gone(forgotten) => {
                    tracks.remove(&source.id);
                    if tracks.is_empty() {
                        if self.load.factor() > 1 {
                            tracing::info!("no source is left: windows come at every hop again");
                        }
                        self.load = Load::new(&self.manifests.genre);
                    }
                    self.publisher.forget(&source);
                    drop(forgotten);
                }
            }
        }
    }

    fn announce(&mut self, source: &Row, track: &mut Track, title: Option<String>, at_s: f64) {
        let ended = track.back.announce(title.clone(), at_s);
        self.publisher.announced(source, title.as_deref(), at_s, ended);
    }

    /// A block of the source comes, having waited for so long: hops of all paced sources are as long as they must be.
    fn watch(&mut self, tracks: &mut BTreeMap<u64, Track>, source: u64, now: Duration, waited: Duration) {
        // What waits at the end is no load. A source that waits for us is never late.
        if self.stop.is_stopped() || !tracks.get(&source).is_some_and(|track| track.paced) {
            return;
        }
        // Nor is what sources that wait for us have in the queue at any time: it does not become less by longer hops.
        let unpaced = tracks.values().filter(|track| !track.paced).map(|track| track.took).max();
        let waited = waited.saturating_sub(unpaced.unwrap_or_default() * UNPACED_SHARE as u32);
        let Some(change) = self.load.saw(now, waited) else { return };
        let (factor, hop_s) = (self.load.factor(), self.load.hop_s());
        if change == Change::Longer {
            for (place, track) in (0..).zip(tracks.values_mut()) {
                track.hops = self.load.spread(track.hops, place);
            }
            let sources = tracks.values().filter(|track| track.paced).count();
            tracing::warn!(
                factor,
                "the machine is too slow for {sources} sources: their windows now come every {hop_s:.1} s"
            );
        } else if factor > 1 {
            tracing::info!(factor, "the machine has more time: windows now come every {hop_s:.1} s");
        } else {
            tracing::info!("the machine keeps up again: windows come at every hop");
        }
    }

    fn block(&mut self, source: &Row, track: &mut Track, block: &Block) {
        let began = Instant::now();
        self.hear(source, track, block.borrowed());
        track.took = began.elapsed();
        if track.paced {
            self.load.worked(track.took);
        }
        let factor = if track.paced { self.load.factor() } else { 1 };
        source.counters.hop_lengthening.set(factor);
    }

    fn hear(&mut self, source: &Row, track: &mut Track, block: MelBlock<'_>) {
        // A daemon that is ending has no time for what still waits.
        let ending = self.stop.is_stopped() && !self.jobs.is_empty();
        if ending && !block.last {
            // Not even the model hears it: what still waits may be seconds of work.
            track.back.forget(&*self.classifiers.genre, block.end_s);
            return self.publisher.skipped(source);
        }
        track.hops += 1;
        // One that is to have fewer windows than the model could give.
        let early = !block.last
            && track.own.hop_seconds.is_some_and(|hop| block.end_s < track.evaluated_s + hop - TOLERANCE_S);
        // The last block tells what was skipped before it, so it is never skipped.
        let overloaded = track.paced && !block.last && self.load.factor() > 1;
        if overloaded
            && !self.load.takes(track.hops, !early)
            && self.classifiers.leave_out(&mut track.back, block)
        {
            // With a hop of its own it would have had a window only so often.
            let missed =
                track.own.hop_seconds.is_none_or(|hop| block.end_s >= track.missed_s + hop - TOLERANCE_S);
            if early || !missed {
                return source.worked_off();
            }
            track.missed_s = block.end_s;
            return self.publisher.skipped(source);
        }
        let began = Instant::now();
        match self.classifiers.push(&mut track.back, block, !early) {
            Ok(Some(outcome)) => {
                if let Some(since_s) = track.failing_since_s.take() {
                    self.publisher.model_works_again(source, since_s, outcome.start_s);
                }
                (track.evaluated_s, track.missed_s) = (outcome.end_s, f64::NEG_INFINITY);
                track.hops = 0;
                self.publisher.window(source, outcome, began.elapsed());
            }
            Ok(None) => {}
            Err(error) => {
                // What the model has cached may have a hole now.
                track.back.forget(&*self.classifiers.genre, block.end_s);
                if track.failing_since_s.is_none() {
                    track.failing_since_s = Some(track.evaluated_s);
                    self.publisher.model_failed(source, &error);
                }
            }
        }
    }
}
