//! The ring's writing end, as the audio callback and the file player hold it.
//! Touch it with the callback's contract in mind: `write` and `write_interleaved` must stay real-time safe.

use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use crossbeam_channel::{Receiver, select};
use ringbuf::HeapProd;
use ringbuf::traits::{Observer, Producer};

use super::Shared;
use crate::source::mixdown::Mixer;
use crate::source::stop::{Stop, Stopped};
use crate::stats::SourceCounters;

/// How many frames are mixed down at a time, on the stack.
const MIX: usize = 256;

/// The writing end of a ring. Dropping it ends the stream.
pub struct RingWriter {
    samples: HeapProd<f32>,
    shared: Arc<Shared>,
    counters: Arc<SourceCounters>,
    room: Receiver<()>,
}

impl RingWriter {
    pub(super) fn new(
        samples: HeapProd<f32>,
        shared: Arc<Shared>,
        counters: Arc<SourceCounters>,
        room: Receiver<()>,
    ) -> Self {
        Self { samples, shared, counters, room }
    }

    /// Samples that have room in the ring when it is empty.
    pub(in crate::source) fn capacity(&self) -> usize {
        self.samples.capacity().get()
    }

    /// Writes what fits; the rest is dropped and counted. Never blocks: no heap, lock, wake-up or system call.
    ///
    /// Once something was dropped, everything is dropped until the reader has read up to there, so that the place of
    /// the loss is exact and a long continuous run follows it.
    pub fn write(&mut self, mono: &[f32]) {
        if self.extend_loss(mono.len() as u64) {
            return;
        }
        let taken = self.samples.push_slice(mono);
        self.counters.samples.add(taken as u64);
        let dropped = (mono.len() - taken) as u64;
        if dropped > 0 {
            self.counters.samples_lost.add(dropped);
            self.shared.lost.store(dropped, Ordering::Release);
        }
    }

    /// Adds to a loss that the reader has not taken note of yet. False when there is none.
    fn extend_loss(&self, dropped: u64) -> bool {
        let lost = self.shared.lost.load(Ordering::Acquire);
        if lost == 0 {
            return false;
        }
        let extended = self
            .shared
            .lost
            .compare_exchange(lost, lost + dropped, Ordering::AcqRel, Ordering::Acquire)
            .is_ok();
        if extended {
            self.counters.samples_lost.add(dropped);
        }
        extended
    }

    /// What the audio callback calls: mixes interleaved frames down and writes that as [`write`](Self::write) does.
    /// An incomplete last frame is left out.
    pub fn write_interleaved<T: Copy>(&mut self, data: &[T], mixer: &Mixer, to_f32: impl Fn(T) -> f32) {
        let mut mono = [0.0f32; MIX];
        let mut filled = 0;
        for frame in data.chunks_exact(mixer.channels()) {
            if let Some(slot) = mono.get_mut(filled) {
                *slot = mixer.frame(frame.iter().map(|&sample| to_f32(sample)));
            }
            filled += 1;
            if filled == MIX {
                self.write(&mono);
                filled = 0;
            }
        }
        if let Some(rest) = mono.get(..filled) {
            self.write(rest);
        }
    }

    /// Writes everything, waiting for room: for sources that are not paced. `wake` is called when there is something
    /// to read. Not real-time safe.
    ///
    /// # Errors
    /// [`Stopped`] when `stop` was raised, or the reader is gone, before everything was written.
    pub fn write_all(&mut self, mut mono: &[f32], stop: &Stop, wake: &dyn Fn()) -> Result<(), Stopped> {
        loop {
            let taken = match self.shared.lost.load(Ordering::Acquire) {
                0 => self.samples.push_slice(mono),
                _ => 0,
            };
            self.counters.samples.add(taken as u64);
            mono = mono.get(taken..).unwrap_or_default();
            wake();
            if stop.is_stopped() || self.shared.reader_gone.load(Ordering::Acquire) {
                return Err(Stopped);
            }
            if mono.is_empty() {
                return Ok(());
            }
            self.wait_for_room(mono.len(), stop);
        }
    }

    /// Waits until a quarter of the ring, or as much as is needed, is free; may return early.
    fn wait_for_room(&self, needed: usize, stop: &Stop) {
        let wanted = needed.min((self.capacity() / 4).max(1));
        self.shared.wanted.store(wanted, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let lost = self.shared.lost.load(Ordering::Acquire) != 0;
        if lost || self.samples.vacant_len() < wanted {
            select! {
                recv(self.room) -> _ => (),
                recv(stop.gone()) -> _ => (),
                default(Duration::from_millis(100)) => (),
            }
        }
        self.shared.wanted.store(0, Ordering::Relaxed);
    }
}

impl Drop for RingWriter {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
    }
}
