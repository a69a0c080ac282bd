//! The microphone: opened, watched, and opened again when it is lost or not there yet.
//! Touch it when the way back changes; opening a device is `device.rs`'s, watching it `listen.rs`'s, the callback
//! `capture.rs`'s, and `opener.rs` holds the threads that may hang.

mod capture;
mod cards;
mod clock;
mod device;
mod list;
mod listen;
mod name;
mod opener;
mod system;

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::error::SourceError;
use super::line::{Line, Outcome};
use super::mixdown::Mixdown;
use crate::backoff::Backoff;
use crate::event::SourceState;

pub use capture::{Callback, Capture, Exchange, Pulse, Retired};
pub use device::microphone;
pub use list::{DeviceInfo, devices};

pub(super) use cards::UsbName;

use opener::{Opener, release};

/// Waits between attempts to open, from the first to the longest. Asking takes a few milliseconds.
const WAITS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(2));

/// How long a microphone must have been heard for its next loss to be a new one. One that opens and breaks at once,
/// over and over, is opened ever more rarely, and so tells that rarely too.
const SETTLED: Duration = Duration::from_secs(5);

/// Runs a microphone until it is told to stop. One that is not there, at the start or later, is waited for; only what
/// does not mend itself fails: a name that fits several, a channel that it does not have.
pub(super) fn run(
    wanted: Option<&str>,
    mixdown: Mixdown,
    line: &mut Line<'_>,
) -> Result<Outcome, SourceError> {
    let wanted = wanted.map(str::to_owned);
    let seconds = line.spec.ring_seconds;
    let counters = line.counters.clone();
    let opener = Opener::new(move || device::open(wanted.as_deref(), mixdown, seconds, &counters));
    keep(&opener, Backoff::new(WAITS.0, WAITS.1), line)
}

/// Opens and listens, again and again.
fn keep(opener: &Opener, mut backoff: Backoff, line: &mut Line<'_>) -> Result<Outcome, SourceError> {
    let mut told = None;
    let mut was_live = false;
    loop {
        match opener.attempt(line) {
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
            Some(Err(error @ (SourceError::AmbiguousDevice { .. } | SourceError::NoChannel { .. })))
                if !was_live =>
            {
                return Err(error);
            }
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
