//! Opens and drops devices on threads of their own, because an audio system can hang in both, even for ever.
//! Touch it when hanging is to be borne differently.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded, select};

use super::device::Opened;
use crate::event::SourceState;
use crate::source::error::SourceError;
use crate::source::line::Line;

/// How long opening may take before that is told.
const SLOW: Duration = Duration::from_secs(10);

/// How long it may take before it is tried anew beside it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most threads of one source that may hang at a time.
const MOST_HANGING: usize = 4;

/// How long to wait for a device to be dropped before that is left to its thread.
const DROP: Duration = Duration::from_millis(500);

/// Opens a microphone. The audio system may hang in it.
type Open = dyn Fn() -> Result<Opened, SourceError> + Send + Sync;

/// Opens a source's device.
pub(super) struct Opener {
    open: Arc<Open>,
    /// Cloned by every thread that opens, so that those that hang are known.
    running: Arc<()>,
}

impl Opener {
    pub(super) fn new(open: impl Fn() -> Result<Opened, SourceError> + Send + Sync + 'static) -> Self {
        Self { open: Arc::new(open), running: Arc::new(()) }
    }

    /// Opens the device. `None` when told to stop.
    pub(super) fn attempt(&self, line: &mut Line<'_>) -> Option<Result<Opened, SourceError>> {
        let answer = match self.spawn() {
            Ok(answer) => answer,
            Err(error) => return Some(Err(error)),
        };
        let begin = Instant::now();
        let mut told = false;
        loop {
            select! {
                recv(answer) -> opened => return Some(opened.unwrap_or_else(|_| Err(gave_up()))),
                recv(line.stop.gone()) -> _ => return None,
                default(SLOW) => (),
            }
            if !std::mem::replace(&mut told, true) {
                let reason = "the audio system does not answer".to_owned();
                line.tell(SourceState::Stalled, Some(reason));
            }
            if begin.elapsed() >= PATIENCE && Arc::strong_count(&self.running) <= MOST_HANGING {
                return Some(Err(hangs()));
            }
        }
    }

    fn spawn(&self) -> Result<Receiver<Result<Opened, SourceError>>, SourceError> {
        let (sender, answer) = bounded(1);
        let (open, running) = (Arc::clone(&self.open), Arc::clone(&self.running));
        thread::Builder::new()
            .name("mic-open".into())
            .spawn(move || {
                // If nobody waits for the answer any more, the stream is dropped right here.
                let _ = sender.send(open());
                drop(running);
            })
            .map_err(|io| SourceError::Thread { io })?;
        Ok(answer)
    }
}

/// The opening thread is gone without an answer.
pub(super) fn gave_up() -> SourceError {
    SourceError::Device { doing: "opening", reason: "the audio library gave up without an answer".into() }
}

/// The opening thread is left to itself.
fn hangs() -> SourceError {
    SourceError::Device { doing: "opening", reason: "the audio system does not answer".into() }
}

/// Drops the stream: on ALSA's way to a sound server that died that can hang for ever.
pub(super) fn release(opened: Opened) {
    let (sender, done) = bounded::<()>(0);
    let thread = thread::Builder::new().name("mic-close".into()).spawn(move || {
        drop(opened);
        drop(sender);
    });
    if thread.is_ok() {
        let _ = done.recv_timeout(DROP);
    }
}
