//! What a `dsp-K` thread hands to a `model-K` thread, in the order of the stream. Touch it when the model thread
//! must learn something new.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::Sender;

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

/// An owned [`MelBlock`].
pub(super) struct Block {
    columns: Vec<f32>,
    origin_s: f64,
    end_s: f64,
    level: Level,
    last: bool,
}

impl Block {
    pub fn copied(block: MelBlock<'_>) -> Self {
        Self {
            columns: block.columns.to_vec(),
            origin_s: block.origin_s,
            end_s: block.end_s,
            level: block.level,
            last: block.last,
        }
    }

    pub fn borrowed(&self) -> MelBlock<'_> {
        MelBlock {
            columns: &self.columns,
            origin_s: self.origin_s,
            end_s: self.end_s,
            level: self.level,
            last: self.last,
        }
    }
}
