//! The microphone: opened, watched, and opened again when it is lost or not there yet.
//! Touch it when the way back changes; opening a device is `device.rs`'s, watching it `listen.rs`'s, the callback
//! `capture.rs`'s.

mod capture;
mod clock;
mod device;
mod listen;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded, select};

use super::error::SourceError;
use super::line::{Line, Outcome};
use crate::backoff::Backoff;
use crate::event::SourceState;

pub use capture::{Capture, Exchange, Pulse, Retired};
pub use device::{DeviceInfo, devices, microphone};

use device::Opened;

/// How long opening may take before that is told.
const SLOW: Duration = Duration::from_secs(10);

/// Waits between attempts to open, from the first to the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// How long a microphone must have been heard for its next loss to be a new one. One that opens and breaks at once,
/// over and over, is opened ever more rarely, and so tells that rarely too.
const SETTLED: Duration = Duration::from_secs(5);

/// Opens a microphone. The audio system may hang in it for ever.
type Open = dyn Fn() -> Result<Opened, SourceError> + Send + Sync;

/// Runs a microphone until it is told to stop. One that is not there, at the start or later, is waited for; only a
/// name that fits several fails, because that does not mend itself.
pub(super) fn run(wanted: Option<&str>, line: &mut Line<'_>) -> Result<Outcome, SourceError> {
    let wanted = wanted.map(str::to_owned);
    let seconds = line.spec.ring_seconds;
    let counters = line.counters.clone();
    let open = Arc::new(move || device::open(wanted.as_deref(), seconds, &counters));
    keep(&(open as Arc<Open>), Backoff::new(WAITS.0, WAITS.1), line)
}

/// Opens and listens, again and again.
fn keep(open: &Arc<Open>, mut backoff: Backoff, line: &mut Line<'_>) -> Result<Outcome, SourceError> {
    let mut told = None;
    let mut was_live = false;
    loop {
        match attempt(open, line) {
            None => return Ok(Outcome::Stopped),
            Some(Ok(mut opened)) => {
                let lost = listen::listen(&mut opened, line);
                release(opened);
                let Some(lost) = lost else {
                    return Ok(Outcome::Stopped);
                };
                if lost.heard > Duration::ZERO {
                    (was_live, told) = (true, None);
                }
                if lost.heard >= SETTLED {
                    backoff.reset();
                }
                tell_new(&mut told, SourceState::Stalled, lost.reason, None, line);
            }
            Some(Err(error @ SourceError::AmbiguousDevice { .. })) if !was_live => return Err(error),
            Some(Err(error)) => {
                let (reason, remedy) = (error.to_string(), error.remedy());
                tell_new(&mut told, SourceState::Reconnecting, reason, remedy, line);
            }
        }
        if line.stop.wait(backoff.wait()) {
            return Ok(Outcome::Stopped);
        }
    }
}

/// Tells a trouble, unless it is what was told last.
fn tell_new(
    told: &mut Option<String>,
    state: SourceState,
    reason: String,
    remedy: Option<String>,
    line: &mut Line<'_>,
) {
    if told.as_ref() != Some(&reason) {
        line.tell_trouble(state, reason.clone(), remedy);
        *told = Some(reason);
    }
}

/// Opens the device on a throw-away thread, because the audio system may hang for ever. `None` when told to stop.
fn attempt(open: &Arc<Open>, line: &mut Line<'_>) -> Option<Result<Opened, SourceError>> {
    let answer = match spawn_opener(open) {
        Ok(answer) => answer,
        Err(error) => return Some(Err(error)),
    };
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
    }
}

/// The opening thread is gone without an answer.
fn gave_up() -> SourceError {
    SourceError::Device { doing: "opening", reason: "the audio library gave up without an answer".into() }
}

fn spawn_opener(open: &Arc<Open>) -> Result<Receiver<Result<Opened, SourceError>>, SourceError> {
    let (sender, answer) = bounded(1);
    let open = Arc::clone(open);
    thread::Builder::new()
        .name("mic-open".into())
        .spawn(move || {
            // Nobody waits for the answer any more when told to stop; then the stream is dropped right here.
            let _ = sender.send(open());
        })
        .map_err(|io| SourceError::Thread { io })?;
    Ok(answer)
}

/// Drops the stream on a throw-away thread: dropping one whose server has died can hang for ever.
fn release(opened: Opened) {
    let (sender, done) = bounded::<()>(0);
    let thread = thread::Builder::new().name("mic-close".into()).spawn(move || {
        drop(opened);
        drop(sender);
    });
    if thread.is_ok() {
        let _ = done.recv_timeout(Duration::from_millis(500));
    }
}
