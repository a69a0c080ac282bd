//! What a `dsp-K` thread hands to a `model-K` thread, in the order of the stream. Touch it when the model thread
//! must learn something new.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::board::Row;
use crate::event::SourceStateChange;
use crate::features::Level;
use crate::pipeline::MelBlock;
use crate::units::SampleRate;

/// One job for one source.
pub(super) struct Work {
    /// Whose it is.
    pub source: Arc<Row>,
    /// When it was ready.
    pub posted: Instant,
    /// What there is to do.
    pub job: Job,
}

impl Work {
    /// A job that is ready now.
    pub fn new(source: &Arc<Row>, job: Job) -> Self {
        Self { source: Arc::clone(source), posted: Instant::now(), job }
    }
}

/// What there is to do.
pub(super) enum Job {
    /// A continuous stream begins.
    Begin(Begin),
    /// New mel columns.
    Block(Block),
    /// Audio was lost; what was heard before it is forgotten.
    Gap { from_s: f64, to_s: f64, reason: String },
    /// A title holds from this stream time on; empty if there is none from there on.
    Title { at_s: f64, title: String },
    /// The source changed its state.
    State(SourceStateChange),
    /// Nothing more comes of this source. The sender is dropped when it has been forgotten.
    Gone(Sender<()>),
}

/// A continuous stream begins.
#[derive(Clone, Copy)]
pub(super) struct Begin {
    pub rate: SampleRate,
    /// Wall-clock time of the stream time `origin_s`.
    pub anchor: SystemTime,
    pub origin_s: f64,
    /// Seconds of audio a second; `None` for a source that waits for us.
    pub pace: Option<f64>,
}

impl Begin {
    /// Wall-clock time of a stream time. A source without a pace is taken as if it had been played from its anchor
    /// on.
    pub fn wall_time(&self, stream_s: f64) -> SystemTime {
        let since = (stream_s - self.origin_s) / self.pace.unwrap_or(1.0);
        let distance = Duration::from_secs_f64(since.abs());
        if since < 0.0 { self.anchor - distance } else { self.anchor + distance }
    }
}

/// Buffers that wait to be used again; those beyond it go back to the heap. An unpaced source never has more on their
/// way, a paced one only when the model thread is far behind.
const SPARE: usize = 16;

/// Makes the [`Block`]s of one source, from buffers that came back where there are some.
pub(super) struct Blocks {
    spare: Receiver<Vec<f32>>,
    home: Sender<Vec<f32>>,
    /// How many buffers were taken from the heap.
    allocated: u64,
}

impl Blocks {
    pub fn new() -> Self {
        let (home, spare) = bounded(SPARE);
        Self { spare, home, allocated: 0 }
    }

    /// Copies a block, to be handed to another thread.
    pub fn copied(&mut self, block: MelBlock<'_>) -> Block {
        let mut columns = self.spare.try_recv().unwrap_or_default();
        if columns.capacity() < block.columns.len() + block.gate.len() {
            self.allocated += 1;
        }
        columns.clear();
        columns.extend_from_slice(block.columns);
        columns.extend_from_slice(block.gate);
        Block {
            columns,
            own: block.columns.len(),
            home: self.home.clone(),
            origin_s: block.origin_s,
            end_s: block.end_s,
            level: block.level,
            last: block.last,
            waited: Duration::ZERO,
        }
    }
}

/// An owned [`MelBlock`]; its buffer goes home when it is dropped, on whichever thread.
pub(super) struct Block {
    /// The columns, then the gate's.
    columns: Vec<f32>,
    /// How many of these numbers are not the gate's.
    own: usize,
    home: Sender<Vec<f32>>,
    origin_s: f64,
    end_s: f64,
    level: Level,
    last: bool,
    /// How long its end had waited when it was complete.
    waited: Duration,
}

impl Block {
    /// Its end had waited for so long when it was complete.
    pub fn after(mut self, waited: Duration) -> Self {
        self.waited = waited;
        self
    }

    /// How long its end had waited when it was complete.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    pub fn borrowed(&self) -> MelBlock<'_> {
        let (columns, gate) = self.columns.split_at(self.own);
        MelBlock {
            columns,
            gate,
            origin_s: self.origin_s,
            end_s: self.end_s,
            level: self.level,
            last: self.last,
        }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // Where enough wait, or the source is gone, the heap gets it.
        let _ = self.home.try_send(std::mem::take(&mut self.columns));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(columns: &[f32]) -> MelBlock<'_> {
        MelBlock { columns, gate: &[], origin_s: 0.0, end_s: 1.0, level: Level::default(), last: false }
    }

    #[test]
    fn a_buffer_that_comes_back_is_used_again() {
        let mut blocks = Blocks::new();
        let (to_model, jobs) = bounded::<Block>(1);
        let reader = std::thread::spawn(move || {
            jobs.iter().map(|block| block.borrowed().columns.iter().sum::<f32>()).sum::<f32>()
        });
        let first = blocks.copied(block(&[1.0; 20]));
        drop(first);
        for _ in 0..100 {
            // Shorter than the first, as all blocks of a stretch are.
            to_model.send(blocks.copied(block(&[1.0; 10]))).expect("the reader lives");
        }
        drop(to_model);
        assert_eq!(reader.join().expect("no panic"), 1000.0);
        // One is copied while one waits and one is read.
        assert!((1..=3).contains(&blocks.allocated), "{}", blocks.allocated);
    }

    #[test]
    fn no_more_is_kept_than_can_be_used() {
        let mut blocks = Blocks::new();
        let all: Vec<Block> = (0..2 * SPARE).map(|_| blocks.copied(block(&[0.0; 4]))).collect();
        assert_eq!(blocks.allocated, 2 * SPARE as u64);
        drop(all);
        assert_eq!(blocks.spare.len(), SPARE);
        let late = blocks.copied(block(&[0.0; 4]));
        assert_eq!(blocks.allocated, 2 * SPARE as u64);
        drop(blocks);
        drop(late);
    }
}
