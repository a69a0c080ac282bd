//! Where one stream of a source ends and the next begins: what is finished, what is lost, and at which stream time it goes on.
//! Touch it when streams are to follow each other otherwise.

use std::time::Instant;

use super::{Playing, Slot};
use crate::daemon::mel::MelWriter;
use crate::daemon::work::{Begin, Job, Work};
use crate::event::{SourceState, SourceStateChange};
use crate::pipeline::{Manifests, MelBlock};
use crate::source::Stream;
use crate::units::SampleIndex;

/// A silence between two streams of a paced source that is worth telling.
const SHORTEST_GAP_S: f64 = 0.02;

impl Slot {
    /// Another stream takes the place of the one before. If that had ended by itself (another rate in the same
    /// file), it is finished like any finite stream; if it was lost, what was heard since its last block is lost too.
    pub(super) fn begin(&mut self, stream: Stream, ring_ended: bool, manifests: &Manifests) {
        let Stream { reader, rate, anchor, pace, missing } = stream;
        self.tell_titles(true);
        let delivered_s = self.playing.as_ref().map_or(0.0, |playing| playing.front.delivered_s());
        if ring_ended {
            self.finish();
        }
        let mut origin_s = 0.0;
        let mut lost_from_s = None;
        if let Some((heard_s, heard_at)) = self.heard {
            origin_s = heard_s;
            let silence = anchor.duration_since(heard_at).unwrap_or_default().as_secs_f64();
            let silence = if silence > SHORTEST_GAP_S { silence * pace.unwrap_or(0.0) } else { 0.0 };
            let hole = missing.as_ref().map_or(silence, |missing| missing.seconds.max(silence));
            if hole > 0.0 {
                origin_s += hole;
                lost_from_s = Some(if ring_ended { heard_s } else { delivered_s });
            }
        }
        let position = SampleIndex(rate.samples(origin_s));
        let begin = Begin { rate, anchor, origin_s: rate.seconds(position.0), pace };
        if let Some(from_s) = lost_from_s {
            let reason =
                missing.map_or_else(|| "the source was interrupted".into(), |missing| missing.reason);
            self.post(Job::Gap { from_s, to_s: begin.origin_s, reason });
        }
        self.playing = None;
        self.source.counters.ring_capacity.set(reader.capacity() as u64);
        self.mel.iter_mut().for_each(|mel| mel.begin(pace));
        match manifests.front(rate) {
            Ok(mut front) => {
                front.restart(position);
                self.post(Job::Begin(begin));
                let drained = Instant::now();
                let first = position;
                self.playing = Some(Playing { reader, front, rate, first, position, begin, drained });
            }
            Err(error) => {
                self.refused = true;
                let reason = Some(error.to_string());
                self.post(Job::State(SourceStateChange { state: SourceState::Failed, reason, remedy: None }));
            }
        }
    }

    pub(super) fn finish(&mut self) {
        self.tell_titles(true);
        let (source, outbox, blocks) = (&self.source, &mut self.outbox, &mut self.blocks);
        if let Some(mut playing) = self.playing.take() {
            self.source.counters.ring_samples.set(0);
            let sink = |block: MelBlock<'_>| {
                outbox.push_back(Work::new(source, Job::Block(blocks.copied(block))));
            };
            match self.mel.as_mut().and_then(MelWriter::watched) {
                Some(mel) => playing.front.finish_watched(|index, column| mel.push(index, column), sink),
                None => playing.front.finish(sink),
            }
            self.mel.iter_mut().for_each(MelWriter::cut);
        }
    }
}
