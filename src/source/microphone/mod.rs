//! The microphone: opened, watched, and opened again when it is lost.
//! Touch it when the way back after a loss changes; opening a device is `device.rs`'s, the callback `capture.rs`'s.

mod capture;
mod device;

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, bounded, select};

use super::error::SourceError;
use super::line::{Line, Outcome};
use crate::event::SourceState;

pub use capture::{Capture, Pulse};
pub use device::{DeviceInfo, devices, microphone};

use device::Opened;

/// How long no callback may come before the stream counts as lost.
const SILENCE: Duration = Duration::from_millis(2500);

/// How long the first callback may take: on PulseAudio it takes about 1.5 s.
const FIRST: Duration = Duration::from_secs(5);

/// How long opening may take before that is told.
const SLOW: Duration = Duration::from_secs(10);

/// How often the callback's pulse is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Waits between attempts to open, doubled from the first to the last.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// Runs a microphone until it is told to stop. Only what goes wrong before the first sample is a failure; a
/// microphone that was live is tried again for ever.
pub(super) fn run(wanted: Option<&str>, line: &mut Line<'_>) -> Result<Outcome, SourceError> {
    let Some(mut opened) = open(wanted, line)?.transpose()? else {
        return Ok(Outcome::Stopped);
    };
    loop {
        let lost = listen(&mut opened, line);
        release(opened);
        let Some(reason) = lost else {
            return Ok(Outcome::Stopped);
        };
        line.tell(SourceState::Stalled, Some(reason));
        match reopen(wanted, line)? {
            Some(again) => opened = again,
            None => return Ok(Outcome::Stopped),
        }
    }
}

/// Tries until it succeeds. `None` when told to stop.
fn reopen(wanted: Option<&str>, line: &mut Line<'_>) -> Result<Option<Opened>, SourceError> {
    let mut wait = BACKOFF.0;
    let mut told = None;
    while !line.stop.wait(wait) {
        wait = (wait * 2).min(BACKOFF.1);
        let reason = match open(wanted, line)? {
            None => break,
            Some(Ok(opened)) => return Ok(Some(opened)),
            Some(Err(error)) => error.to_string(),
        };
        if told.as_ref() != Some(&reason) {
            line.tell(SourceState::Reconnecting, Some(reason.clone()));
            told = Some(reason);
        }
    }
    Ok(None)
}

/// Opens the device on a throw-away thread, because the audio system may hang for ever. `None` when told to stop.
fn open(
    wanted: Option<&str>,
    line: &mut Line<'_>,
) -> Result<Option<Result<Opened, SourceError>>, SourceError> {
    let answer = spawn_opener(wanted, line)?;
    let mut told = false;
    loop {
        select! {
            recv(answer) -> opened => return Ok(Some(opened.unwrap_or_else(|_| Err(gave_up())))),
            recv(line.stop.gone()) -> _ => return Ok(None),
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

fn spawn_opener(
    wanted: Option<&str>,
    line: &Line<'_>,
) -> Result<Receiver<Result<Opened, SourceError>>, SourceError> {
    let (sender, answer) = bounded(1);
    let wanted = wanted.map(str::to_owned);
    let seconds = line.spec.ring_seconds;
    let counters = line.counters.clone();
    thread::Builder::new()
        .name("mic-open".into())
        .spawn(move || {
            // Nobody waits for the answer any more when told to stop; then the stream is dropped right here.
            let _ = sender.send(device::open(wanted.as_deref(), seconds, &counters));
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

/// Listens until the microphone is lost, and says why; `None` when told to stop.
fn listen(opened: &mut Opened, line: &mut Line<'_>) -> Option<String> {
    let mut seen = 0;
    let mut since = Instant::now();
    loop {
        let first = seen == 0;
        if line.stop.wait(if first { LOOK / 10 } else { LOOK }) {
            return None;
        }
        let frames = opened.pulse.frames();
        if frames > seen {
            seen = frames;
            since = Instant::now();
            if first {
                let heard = Duration::from_secs_f64(opened.rate.seconds(frames));
                let anchor = SystemTime::now().checked_sub(heard).unwrap_or(SystemTime::UNIX_EPOCH);
                if let Some(reader) = opened.reader.take() {
                    line.begin(reader, opened.rate, anchor);
                }
                line.tell(SourceState::Live, Some(opened.name.clone()));
            }
        }
        let limit = if seen == 0 { FIRST } else { SILENCE };
        if opened.pulse.is_broken() {
            return Some("the audio system reports that the microphone is lost".into());
        }
        if since.elapsed() > limit {
            return Some(format!("no audio came for {:.1} s", limit.as_secs_f64()));
        }
    }
}
