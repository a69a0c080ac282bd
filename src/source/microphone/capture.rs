//! What runs inside the audio callback: it copies into the ring and counts.
//! Touch it with its contract in mind: no heap, lock, log, channel, wake-up, system call or panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use cpal::{FromSample, Sample};

use crate::source::ring::RingWriter;

/// Signs of life of a capture stream, set by its callbacks and watched by the source's thread.
#[derive(Debug, Default)]
pub struct Pulse {
    frames: AtomicU64,
    broken: AtomicBool,
}

impl Pulse {
    /// Frames that the callback was given so far.
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Acquire)
    }

    /// Whether the audio system reported that the stream is lost.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Notes a loss. True when it had not been noted before.
    pub(super) fn set_broken(&self) -> bool {
        !self.broken.swap(true, Ordering::AcqRel)
    }
}

/// The audio callback's state.
pub struct Capture {
    writer: RingWriter,
    channels: usize,
    pulse: Arc<Pulse>,
}

impl Capture {
    /// A callback for `channels` interleaved channels (at least one) that writes their mean into `writer`.
    pub fn new(writer: RingWriter, channels: usize, pulse: Arc<Pulse>) -> Self {
        Self { writer, channels: channels.max(1), pulse }
    }

    /// The callback's body: takes interleaved samples of any format. Real-time safe.
    pub fn accept<T: Sample>(&mut self, data: &[T])
    where
        f32: FromSample<T>,
    {
        self.writer.write_interleaved(data, self.channels, |sample| sample.to_sample::<f32>());
        let frames = (data.len() / self.channels) as u64;
        self.pulse.frames.fetch_add(frames, Ordering::Release);
    }
}
