//! The ring's reading end, as the signal processing holds it.
//! Touch it together with the writer; the order of its loads matters.

use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

use crossbeam_channel::Sender;
use ringbuf::HeapCons;
use ringbuf::traits::{Consumer, Observer};

use super::Shared;

/// What one read gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// That many samples were copied to the front of the caller's buffer.
    Samples(usize),
    /// That many samples were lost right here: they lie between what was read before and what comes next.
    Lost(u64),
    /// Nothing yet.
    Empty,
    /// The writer is gone and everything has been read.
    Ended,
}

/// The reading end of a ring. It polls: the writer never wakes it.
pub struct RingReader {
    samples: HeapCons<f32>,
    shared: Arc<Shared>,
    room_made: Sender<()>,
}

impl RingReader {
    pub(super) fn new(samples: HeapCons<f32>, shared: Arc<Shared>, room_made: Sender<()>) -> Self {
        Self { samples, shared, room_made }
    }

    /// Reads up to `out.len()` samples; `Empty` for an `out` without length.
    pub fn read(&mut self, out: &mut [f32]) -> Read {
        if out.is_empty() {
            return Read::Empty;
        }
        let ended = self.shared.ended.load(Ordering::Acquire);
        let lost = self.shared.lost.load(Ordering::Acquire) != 0;
        let taken = self.samples.pop_slice(out);
        let read = if taken > 0 {
            Read::Samples(taken)
        } else if lost {
            Read::Lost(self.shared.lost.swap(0, Ordering::AcqRel))
        } else if ended {
            Read::Ended
        } else {
            Read::Empty
        };
        self.tell_room();
        read
    }

    /// Samples that wait to be read.
    pub fn lag(&self) -> usize {
        self.samples.occupied_len()
    }

    /// Samples that have room.
    pub fn capacity(&self) -> usize {
        self.samples.capacity().get()
    }

    fn tell_room(&self) {
        fence(Ordering::SeqCst);
        let wanted = self.shared.wanted.load(Ordering::Relaxed);
        if wanted != 0 && self.samples.vacant_len() >= wanted {
            self.shared.wanted.store(0, Ordering::Relaxed);
            // A message that already waits there says the same.
            let _ = self.room_made.try_send(());
        }
    }
}

impl Drop for RingReader {
    fn drop(&mut self) {
        self.shared.reader_gone.store(true, Ordering::Release);
        let _ = self.room_made.try_send(());
    }
}
