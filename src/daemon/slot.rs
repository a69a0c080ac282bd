//! One source as its `dsp-K` thread sees it: its ring is read, its `Front` run, its losses told, its end awaited.
//! Touch it when sources are to be read, or their losses told, otherwise.

mod streams;
mod titles;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError};

use super::board::Row;
use super::load::LATE;
use super::mel::MelWriter;
use super::work::{Begin, Blocks, Job, Work};
use crate::event::{SourceState, SourceStateChange};
use crate::pipeline::{Front, Manifests, MelBlock};
use crate::source::{Notice, Read, RingReader, Stop};
use crate::units::{SampleIndex, SampleRate};

/// Jobs in a model thread's queue at which an unpaced source waits. It would fill any queue, and a paced source that
/// shares the thread must not seem to be behind because of that.
pub(super) const UNPACED_SHARE: usize = 8;

/// A source that was told to stop and hangs is left alone after this long.
const HANGS: Duration = Duration::from_secs(1);

/// One source, as its `dsp-K` thread sees it.
pub(super) struct Slot {
    source: Arc<Row>,
    /// The source's own.
    stop: Stop,
    /// When it was first seen raised.
    stopped_at: Option<Instant>,
    /// Taken when the model thread has been told that nothing more comes.
    forgotten: Option<Sender<()>>,
    notices: Receiver<Notice>,
    /// Taken from `notices`; it waits until the samples written before it have been read.
    held: Option<Notice>,
    no_more_notices: bool,
    playing: Option<Playing>,
    /// Titles whose samples have not been read yet, each with the position from which it holds.
    titles: VecDeque<(SampleIndex, String)>,
    /// Work that the model thread had no room for. While it waits no samples are read, so it stays small.
    outbox: VecDeque<Work>,
    blocks: Blocks,
    /// For those who look at its columns.
    mel: Option<MelWriter>,
    to_model: Sender<Work>,
    /// Stream and wall-clock time up to which audio has been heard, over all streams of this source.
    heard: Option<(f64, SystemTime)>,
    /// True if the stream cannot be served at all; what the source goes on to tell is then untrue.
    refused: bool,
}

struct Playing {
    reader: RingReader,
    front: Front,
    rate: SampleRate,
    /// Of its first sample.
    first: SampleIndex,
    position: SampleIndex,
    begin: Begin,
    /// When its ring was empty last: whatever waits there has come since.
    drained: Instant,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Progress,
    Idle,
    Done,
}

impl Slot {
    /// `forgotten` is dropped when the model thread knows that nothing more comes of the source.
    pub fn new(
        source: Arc<Row>,
        stop: Stop,
        notices: Receiver<Notice>,
        to_model: Sender<Work>,
        forgotten: Sender<()>,
    ) -> Self {
        Self {
            source,
            stop,
            stopped_at: None,
            forgotten: Some(forgotten),
            notices,
            held: None,
            no_more_notices: false,
            playing: None,
            titles: VecDeque::new(),
            outbox: VecDeque::new(),
            blocks: Blocks::new(),
            mel: None,
            to_model,
            heard: None,
            refused: false,
        }
    }

    /// Lets its columns be looked at.
    pub fn with_mel(self, mel: MelWriter) -> Self {
        Self { mel: Some(mel), ..self }
    }

    pub(super) fn turn(&mut self, manifests: &Manifests, scratch: &mut [f32]) -> Turn {
        if let Some(playing) = &self.playing {
            self.source.counters.ring_samples.set(playing.reader.lag() as u64);
        }
        if !self.send() {
            return Turn::Idle;
        }
        // A source that had hung may wake up and tell something after all.
        if self.forgotten.is_none() {
            return Turn::Done;
        }
        self.tell_titles(false);
        // The notice is taken before the ring is read: every sample written before it is then seen first.
        if self.held.is_none() {
            match self.notices.try_recv() {
                // Samples flow from now on, however many wait in the ring: a source that is not paced keeps it full.
                Ok(notice @ Notice::State { state: SourceState::Live, .. }) => {
                    self.obey(notice, false, manifests);
                    return Turn::Progress;
                }
                Ok(Notice::Title { at, title }) => {
                    self.await_title(at, title);
                    return Turn::Progress;
                }
                Ok(notice) => self.held = Some(notice),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => self.no_more_notices = true,
            }
        }
        let ended = match self.read(scratch) {
            Read::Samples(_) | Read::Lost(_) => return Turn::Progress,
            Read::Empty => false,
            Read::Ended => true,
        };
        if let Some(notice) = self.held.take() {
            self.obey(notice, ended, manifests);
            return Turn::Progress;
        }
        if !(ended && self.no_more_notices || self.hangs()) {
            return Turn::Idle;
        }
        if let Some(forgotten) = self.forgotten.take() {
            self.post(Job::Gone(forgotten));
        }
        Turn::Progress
    }

    /// True if the source was told to stop long ago and still has not ended: a read that never returns.
    fn hangs(&mut self) -> bool {
        self.stop.is_stopped() && self.stopped_at.get_or_insert_with(Instant::now).elapsed() > HANGS
    }

    /// True if nothing waits to be sent.
    pub(super) fn is_sent(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Reads once from the ring; without a ring nothing more comes.
    fn read(&mut self, scratch: &mut [f32]) -> Read {
        let Some(playing) = &mut self.playing else { return Read::Ended };
        let read = playing.read(scratch);
        let (source, outbox, blocks) = (&self.source, &mut self.outbox, &mut self.blocks);
        match read {
            Read::Samples(count) => {
                playing.position = playing.position.after(count as u64);
                let samples = &scratch[..count];
                let waited = playing.waited();
                let sink = |block: MelBlock<'_>| {
                    outbox.push_back(Work::new(source, Job::Block(blocks.copied(block).after(waited))));
                };
                match self.mel.as_mut().and_then(MelWriter::watched) {
                    Some(mel) => {
                        playing.front.push_watched(samples, |index, column| mel.push(index, column), sink)
                    }
                    None => playing.front.push(samples, sink),
                }
            }
            Read::Lost(count) => {
                // What was heard since the last block is forgotten too.
                let from_s = playing.front.delivered_s();
                playing.position = playing.position.after(count);
                playing.front.restart(playing.position);
                self.mel.iter_mut().for_each(MelWriter::cut);
                let reason =
                    "the machine was too busy: the ring was full and samples were dropped".to_owned();
                outbox.push_back(Work::new(source, Job::Gap { from_s, to_s: playing.time(), reason }));
            }
            Read::Empty | Read::Ended => {}
        }
        self.heard = Some((playing.time(), playing.wall_time()));
        read
    }

    fn obey(&mut self, notice: Notice, ring_ended: bool, manifests: &Manifests) {
        match notice {
            Notice::Stream(stream) => self.begin(stream, ring_ended, manifests),
            Notice::Title { at, title } => self.await_title(at, title),
            Notice::State { .. } if self.refused => {}
            Notice::State { state, reason, remedy } => {
                if state == SourceState::Ended {
                    self.finish();
                }
                self.post(Job::State(SourceStateChange { state, reason, remedy }));
            }
        }
    }

    fn post(&mut self, job: Job) {
        self.outbox.push_back(Work::new(&self.source, job));
    }

    /// Sends what waits; false if the model thread has no room for all of it.
    fn send(&mut self) -> bool {
        let unpaced = self.playing.as_ref().is_some_and(|playing| playing.begin.pace.is_none());
        while let Some(work) = self.outbox.pop_front() {
            if unpaced && self.to_model.len() >= UNPACED_SHARE {
                self.outbox.push_front(work);
                return false;
            }
            match self.to_model.try_send(work) {
                Ok(()) => {}
                Err(TrySendError::Full(work)) => {
                    self.outbox.push_front(work);
                    return false;
                }
                // The model thread has ended, so the daemon is ending.
                Err(TrySendError::Disconnected(_)) => self.outbox.clear(),
            }
        }
        true
    }
}

impl Playing {
    fn read(&mut self, scratch: &mut [f32]) -> Read {
        let read = self.reader.read(scratch);
        if self.reader.lag() == 0 {
            self.drained = Instant::now();
        }
        read
    }

    /// How long what was read last had waited in the ring. It is told by how much has come since, so a source whose own
    /// clock is slow is not late; and no longer than since the ring was empty, so one that writes much at once is not
    /// either. Where half the ring is full it is late in any case, however short that may be.
    fn waited(&self) -> Duration {
        let Some(pace) = self.begin.pace else { return Duration::ZERO };
        let lag = self.reader.lag();
        let waits =
            Duration::try_from_secs_f64(self.rate.seconds(lag as u64) / pace).unwrap_or(Duration::MAX);
        let least = if 2 * lag > self.reader.capacity() { 2 * LATE } else { Duration::ZERO };
        waits.max(least).min(self.drained.elapsed())
    }

    fn time(&self) -> f64 {
        self.rate.seconds(self.position.0)
    }

    fn wall_time(&self) -> SystemTime {
        self.begin.wall_time(self.time())
    }
}
