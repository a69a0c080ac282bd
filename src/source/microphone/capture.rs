//! What runs inside the audio callback: it copies into the ring and counts.
//! Touch it with its contract in mind: no heap, lock, log, channel, wake-up, system call or panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cpal::{FromSample, Sample};
use crossbeam_utils::atomic::AtomicCell;
use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use crate::source::mixdown::Mixer;
use crate::source::ring::RingWriter;

/// Signs of life of a capture stream, set by its callbacks and watched by the source's thread.
#[derive(Debug, Default)]
pub struct Pulse {
    frames: AtomicU64,
    splices: AtomicU64,
    broken: AtomicBool,
}

impl Pulse {
    /// Frames that the callback was given so far.
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Acquire)
    }

    /// Notes that what comes next does not follow what came before: the audio system lost samples in between, or the
    /// clock was set. The next callback then goes on with a fresh ring. Real-time safe.
    pub fn splice(&self) {
        self.splices.fetch_add(1, Ordering::AcqRel);
    }

    /// How often that was noted.
    pub fn splices(&self) -> u64 {
        self.splices.load(Ordering::Acquire)
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

/// A writer that the callback has put aside.
pub struct Retired {
    /// Dropping it ends its stream.
    pub writer: RingWriter,
    /// Frames that the callback had been given up to there, over all writers.
    pub frames: u64,
}

/// How the source's thread gives the callback its next writer and takes back the last one, so that the callback
/// neither makes nor drops one.
pub struct Exchange {
    fresh: HeapProd<RingWriter>,
    retired: HeapCons<Retired>,
}

impl Exchange {
    /// Lays `writer` ready for the next splice; without one the callback stays with the one it has. One can lie
    /// ready at a time: another is dropped.
    pub fn offer(&mut self, writer: RingWriter) {
        drop(self.fresh.try_push(writer));
    }

    /// The writer that the callback has put aside since the last call, if it has.
    pub fn take(&mut self) -> Option<Retired> {
        self.retired.try_pop()
    }
}

/// The audio callback's state.
pub struct Capture {
    writer: RingWriter,
    mixer: Mixer,
    pulse: Arc<Pulse>,
    /// Splices that have been obeyed.
    splices: u64,
    fresh: HeapCons<RingWriter>,
    retired: HeapProd<Retired>,
}

impl Capture {
    /// A callback for interleaved channels that writes what `mixer` makes of them into `writer`.
    pub fn new(writer: RingWriter, mixer: Mixer, pulse: Arc<Pulse>) -> (Self, Exchange) {
        let (fresh_in, fresh) = HeapRb::new(1).split();
        let (retired, retired_out) = HeapRb::new(1).split();
        let capture = Self { writer, mixer, pulse, splices: 0, fresh, retired };
        (capture, Exchange { fresh: fresh_in, retired: retired_out })
    }

    /// The callback's body: takes interleaved samples of any format. Real-time safe.
    pub fn accept<T: Sample>(&mut self, data: &[T])
    where
        f32: FromSample<T>,
    {
        let splices = self.pulse.splices();
        if splices != self.splices && self.change_writer() {
            self.splices = splices;
        }
        self.writer.write_interleaved(data, &self.mixer, |sample| sample.to_sample::<f32>());
        let frames = (data.len() / self.mixer.channels()) as u64;
        self.pulse.frames.fetch_add(frames, Ordering::Release);
    }

    /// False when no fresh writer lies ready; it is tried again in the next callback.
    fn change_writer(&mut self) -> bool {
        if self.retired.is_full() {
            return false;
        }
        let Some(fresh) = self.fresh.try_pop() else { return false };
        let writer = std::mem::replace(&mut self.writer, fresh);
        let frames = self.pulse.frames.load(Ordering::Relaxed);
        // There is room: it was seen above, and nobody else fills it. So nothing is dropped here.
        let _ = self.retired.try_push(Retired { writer, frames });
        true
    }
}

/// A [`Capture`] as the audio library holds it. It can be taken away, because a library may keep the callback of a
/// device that is gone.
#[derive(Clone)]
pub struct Callback(Arc<Place>);

struct Place {
    /// Empty while the callback runs, and when it has been taken away.
    capture: AtomicCell<Option<Box<Capture>>>,
    ended: AtomicBool,
}

// Else the cell would take a lock.
const _: () = assert!(AtomicCell::<Option<Box<Capture>>>::is_lock_free());

impl Callback {
    /// The callback with this state.
    pub fn new(capture: Capture) -> Self {
        let capture = AtomicCell::new(Some(Box::new(capture)));
        Self(Arc::new(Place { capture, ended: AtomicBool::new(false) }))
    }

    /// The callback's body. Real-time safe: it never waits for [`end`](Self::end), which waits for it.
    pub fn accept<T: Sample>(&self, data: &[T])
    where
        f32: FromSample<T>,
    {
        if self.0.ended.load(Ordering::SeqCst) {
            return;
        }
        if let Some(mut capture) = self.0.capture.take() {
            capture.accept(data);
            self.0.capture.store(Some(capture));
        }
    }

    /// Drops the state, and with it the ring's writer, whether or not callbacks still come. Waits for one that runs.
    pub fn end(&self) {
        if self.0.ended.swap(true, Ordering::SeqCst) {
            return;
        }
        // No callback takes it from now on, but one may just be about to lay it back. One that has not after a second
        // never will.
        let begin = Instant::now();
        while self.0.capture.take().is_none() && begin.elapsed() < Duration::from_secs(1) {
            std::thread::yield_now();
        }
    }
}
