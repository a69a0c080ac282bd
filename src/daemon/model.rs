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
use super::round::{Round, Waiting};
use super::slot::UNPACED_SHARE;
use super::track::{Course, Track, own_of};
use super::work::{Block, Job, Work};
use crate::event::SourceState;
use crate::pipeline::{Classifiers, DecideSettings, Manifests, MelBlock, Turn};
use crate::source::Stop;

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
    /// What waits for the next run.
    pub round: Round,
    pub stop: Stop,
    pub turns: Turns,
}

impl ModelThread {
    /// Body of the thread: ends when nobody is left who could send it anything.
    pub fn run(mut self) {
        let mut tracks: BTreeMap<u64, Track> = BTreeMap::new();
        let thread_began = Instant::now();
        loop {
            self.turns.turn();
            // What waits has its turn when nothing can join it any more.
            if self.round.is_full() || (!self.round.is_empty() && self.jobs.is_empty()) {
                self.hear(&mut tracks);
            }
            let Work { source, posted, job } = match self.jobs.recv_timeout(IDLE) {
                Ok(work) => work,
                Err(RecvTimeoutError::Timeout) => continue,
                // Nothing waits any more.
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if self.round.has(&source) {
                self.hear(&mut tracks);
            }
            if self.decide.has_changed().unwrap_or(false) {
                let decide = *self.decide.borrow_and_update();
                for track in tracks.values_mut() {
                    track.back.decide_by(&self.manifests.genre, &own_of(track.course.own, decide));
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
                course: Course::new(source.own),
            });
            match job {
                Job::Begin(begin) => {
                    track.back.restart(&*self.classifiers.genre, begin.origin_s);
                    track.course.paced = begin.pace.is_some();
                    self.publisher.begin(&source, begin);
                }
                Job::Block(block) => self.block(source, track, block),
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
                        self.announce(&source, track, None, track.course.evaluated_s);
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
        if self.stop.is_stopped() || !tracks.get(&source).is_some_and(|track| track.course.paced) {
            return;
        }
        // Nor is what sources that wait for us have in the queue at any time: it does not become less by longer hops.
        let courses = tracks.values().map(|track| &track.course);
        let unpaced = courses.filter(|course| !course.paced).map(|course| course.took).max();
        let waited = waited.saturating_sub(unpaced.unwrap_or_default() * UNPACED_SHARE as u32);
        let Some(change) = self.load.saw(now, waited) else { return };
        let (factor, hop_s) = (self.load.factor(), self.load.hop_s());
        if change == Change::Longer {
            for (place, track) in (0..).zip(tracks.values_mut()) {
                track.course.hops = self.load.spread(track.course.hops, place);
            }
            let sources = tracks.values().filter(|track| track.course.paced).count();
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

    /// Has the block wait for its turn, which comes at once where a run is for one source; or leaves it out.
    fn block(&mut self, source: Arc<Row>, track: &mut Track, block: Block) {
        let began = Instant::now();
        let evaluate = self.plan(&source, track, block.borrowed());
        let course = &mut track.course;
        source.counters.hop_lengthening.set(if course.paced { self.load.factor() } else { 1 });
        if let Some(evaluate) = evaluate {
            return self.round.add(Waiting { source, block, evaluate });
        }
        course.took = began.elapsed();
        if course.paced {
            self.load.worked(course.took);
        }
    }

    /// What is to be done with a block: nothing any more, or the model hears it and, if true, classifies the window that
    /// ends with it.
    fn plan(&mut self, source: &Row, track: &mut Track, block: MelBlock<'_>) -> Option<bool> {
        // A daemon that is ending has no time for what still waits.
        let ending = self.stop.is_stopped() && !self.jobs.is_empty();
        if ending && !block.last {
            // Not even the model hears it: what still waits may be seconds of work.
            track.back.forget(&*self.classifiers.genre, block.end_s);
            self.publisher.skipped(source);
            return None;
        }
        let Track { back, course } = track;
        course.hops += 1;
        let early = course.is_early(block);
        // The last block tells what was skipped before it, so it is never skipped.
        let overloaded = course.paced && !block.last && self.load.factor() > 1;
        if overloaded && !self.load.takes(course.hops, !early) && self.classifiers.leave_out(back, block) {
            if course.misses(block) {
                self.publisher.skipped(source);
            } else {
                source.worked_off();
            }
            return None;
        }
        Some(!early)
    }

    /// Sources that the runs of all models could be for. Time in which they are for fewer is not all used up: with more to do
    /// the runs become larger, not more.
    fn room(&self) -> u32 {
        let gate = self.classifiers.gate.as_ref().map_or(usize::MAX, |gate| gate.batch());
        u32::try_from(self.classifiers.genre.batch().min(gate)).unwrap_or(u32::MAX).max(1)
    }

    /// Everything that waits has its turn.
    fn hear(&mut self, tracks: &mut BTreeMap<u64, Track>) {
        if let Some(Waiting { source, block, evaluate }) = self.round.alone() {
            let Some(Track { back, course }) = tracks.get_mut(&source.id) else { return };
            if source.is_retired() {
                return;
            }
            let began = Instant::now();
            let heard = self.classifiers.push(back, block.borrowed(), evaluate);
            course.took = began.elapsed();
            if course.paced {
                self.load.worked(course.took / self.room());
            }
            if !course.answered(&source, &mut self.publisher, heard, course.took) {
                back.forget(&*self.classifiers.genre, block.borrowed().end_s);
            }
            return;
        }
        let began = Instant::now();
        let mut several = self.round.take(tracks);
        let (mut turns, mut told) = (Vec::with_capacity(several.len()), Vec::with_capacity(several.len()));
        for (Waiting { source, block, evaluate }, Track { back, course }) in &mut several {
            turns.push(Turn::new(back, block.borrowed(), *evaluate));
            told.push((source, course));
        }
        self.classifiers.push_all(&mut turns);
        let took = began.elapsed();
        // Each has its part of a run that is full, or of this one where a run is for one source.
        let busy = took / self.room().max(u32::try_from(turns.len()).unwrap_or(u32::MAX));
        let mut failed = Vec::new();
        for (place, (turn, (source, course))) in turns.into_iter().zip(told).enumerate() {
            // Each of them has waited for all.
            course.took = took;
            if course.paced {
                self.load.worked(busy);
            }
            if !course.answered(source, &mut self.publisher, turn.outcome(), took) {
                failed.push(place);
            }
        }
        for place in failed {
            let (waiting, track) = &mut several[place];
            track.back.forget(&*self.classifiers.genre, waiting.block.borrowed().end_s);
        }
    }
}
