//! The threads `model-K`: they run the model for their sources, decide, and publish. A source is pinned to one
//! of them, so its events keep their order. Touch it when overload is to be met otherwise.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Receiver;

use super::board::Board;
use super::publish::Publisher;
use super::work::{Block, Job, Work};
use crate::manifest::Manifest;
use crate::model::Classifier;
use crate::pipeline::{Back, DecideSettings};
use crate::source::Stop;

/// Jobs that may wait for a model thread. Beyond it the `dsp-K` thread waits, then the rings fill.
pub(super) const QUEUE: usize = 64;

/// With more jobs waiting than this, evaluations of paced sources are skipped until the queue is shorter.
pub(super) const BEHIND: usize = 16;

/// Everything a `model-K` thread owns.
pub(super) struct ModelThread {
    pub jobs: Receiver<Work>,
    pub classifier: Box<dyn Classifier>,
    pub manifest: Arc<Manifest>,
    pub decide: DecideSettings,
    pub board: Arc<Board>,
    pub publisher: Publisher,
    pub stop: Stop,
}

struct Track {
    back: Back,
    paced: bool,
}

impl ModelThread {
    /// Body of the thread: ends when every `dsp-K` thread that feeds it has.
    pub fn run(mut self) {
        let mut tracks: HashMap<usize, Track> = HashMap::new();
        while let Ok(Work { source, job }) = self.jobs.recv() {
            let track = tracks.entry(source).or_insert_with(|| Track {
                back: Back::new(&self.manifest, &*self.classifier, &self.decide),
                paced: true,
            });
            match job {
                Job::Begin(begin) => {
                    track.back.restart(&*self.classifier);
                    track.paced = begin.pace.is_some();
                    self.publisher.begin(source, begin);
                }
                Job::Block(block) => self.block(source, track, &block),
                Job::Gap { from_s, to_s, reason } => {
                    track.back.restart(&*self.classifier);
                    self.publisher.gap(source, from_s, to_s, reason);
                }
                Job::State(state) => self.publisher.state(source, state),
            }
        }
    }

    fn block(&mut self, source: usize, track: &mut Track, block: &Block) {
        // A daemon that is ending has no time for what still waits.
        let ending = self.stop.is_stopped() && !self.jobs.is_empty();
        let skip = ending || (track.paced && self.jobs.len() > BEHIND);
        let began = Instant::now();
        match track.back.push(&mut *self.classifier, block.borrowed(), !skip) {
            Ok(Some(outcome)) => {
                self.board.set_fault(None);
                self.publisher.window(source, &outcome, began.elapsed());
            }
            Ok(None) if skip => self.publisher.skipped(source),
            Ok(None) => {}
            Err(error) => {
                let first = self.board.set_fault(Some(error.to_string()));
                if first {
                    tracing::error!(%error, "the model failed; windows are lost until it works again");
                }
                self.publisher.skipped(source);
            }
        }
    }
}
