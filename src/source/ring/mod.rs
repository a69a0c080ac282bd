//! The lock-free ring between a source and the signal processing, and the exact account of what did not fit.
//! Touch it only with the memory ordering in mind; the argument for it stands at [`Shared`].

mod reader;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};

use crossbeam_channel::bounded;
use ringbuf::HeapRb;
use ringbuf::traits::Split;

use crate::stats::SourceCounters;

pub use reader::{Read, RingReader};
pub use writer::RingWriter;

/// What both ends share besides the samples.
///
/// **Loss.** `lost` is 0, or a run of samples was dropped and nothing may enter the ring until the reader has taken
/// note. Only the writer makes it non-zero, after its last push before the loss (Release); only the reader makes it
/// zero, by a swap. The reader loads it (Acquire) *before* it pops: when it then finds the ring empty, it has read
/// every sample that came before the loss, and since nothing entered after it, the loss lies exactly at the reader's
/// position. While it is non-zero the writer adds to it by compare-exchange; that can only fail because the reader
/// has just taken note, and then the writer goes on with an empty ring. Both ends are wait-free.
///
/// **End.** `ended` is stored (Release) after everything else the writer does and loaded (Acquire) before everything
/// else the reader does, so an end that is seen comes after all samples and losses.
///
/// **Waiting writer.** Only unpaced sources wait: `wanted` holds how much room they need, 0 for nobody waits. Both
/// sides put a SeqCst fence between their store and their load, so that not both can miss the other.
#[derive(Debug, Default)]
struct Shared {
    lost: AtomicU64,
    ended: AtomicBool,
    wanted: AtomicUsize,
    reader_gone: AtomicBool,
}

/// A ring for `capacity` mono samples (at least one), whose writer counts into `counters`.
pub fn ring(capacity: usize, counters: Arc<SourceCounters>) -> (RingWriter, RingReader) {
    let (samples_in, samples_out) = HeapRb::<f32>::new(capacity.max(1)).split();
    let shared = Arc::new(Shared::default());
    let (room_made, room) = bounded(1);
    (
        RingWriter::new(samples_in, Arc::clone(&shared), counters, room),
        RingReader::new(samples_out, shared, room_made),
    )
}
