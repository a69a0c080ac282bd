//! Coming back: what happens after a source that plays from elsewhere was lost, or could not be had.
//! Touch it when it should be tried again sooner or later, or given up for another reason.

use std::time::{Duration, Instant};

use super::error::SourceError;
use super::hls::{FetchError, HlsError};
use super::http::HttpError;
use super::line::{Line, Outcome};
use crate::backoff::Backoff;
use crate::event::SourceState;

/// Waits between tries while it may be back at any moment: so somebody who mends a station hears it within seconds.
const QUICK: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// Waits between tries where that would only be a nuisance: something is wrong there, or it has been away for long.
const SLOW: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// From then on it has been away for long.
const LONG: Duration = Duration::from_secs(600);

/// How long something must have been heard for its next loss to be a new one. What opens and breaks at once, over and
/// over, is tried ever more rarely.
const SETTLED: Duration = Duration::from_secs(5);

/// How a source was lost.
pub(super) struct Lost {
    /// How much of it had been played.
    pub(super) heard: Duration,
    /// Why.
    pub(super) error: SourceError,
}

impl Lost {
    /// It could not be opened.
    pub(super) fn before(error: SourceError) -> Self {
        Self { heard: Duration::ZERO, error }
    }
}

/// The waits of one source, and what was told of them.
pub(super) struct Again {
    quick: Backoff,
    slow: Backoff,
    /// Since when it has been away.
    away: Option<Instant>,
    was_live: bool,
    told: Option<String>,
}

impl Default for Again {
    fn default() -> Self {
        let (quick, slow) = (Backoff::new(QUICK.0, QUICK.1), Backoff::new(SLOW.0, SLOW.1));
        Self { quick, slow, away: None, was_live: false, told: None }
    }
}

impl Again {
    /// Tells the loss and waits until it is time to try again. `Some` when the source was told to stop meanwhile.
    ///
    /// # Errors
    /// What was lost, if it does not mend itself and never was any better.
    pub(super) fn wait(&mut self, lost: Lost, line: &mut Line<'_>) -> Result<Option<Outcome>, SourceError> {
        let Lost { heard, error } = lost;
        if !heard.is_zero() {
            (self.was_live, self.told) = (true, None);
        }
        if heard >= SETTLED {
            self.away = None;
            self.quick.reset();
            self.slow.reset();
        }
        let prospect = Prospect::of(&error);
        if prospect == Prospect::None && !self.was_live {
            return Err(error);
        }
        let reason = error.to_string();
        if self.told.as_ref() != Some(&reason) {
            // A stream that stays away without a word is another trouble than one that ends.
            let state = if is_stall(&error) { SourceState::Stalled } else { SourceState::Reconnecting };
            line.tell_trouble(state, reason.clone(), error.remedy());
            self.told = Some(reason);
        }
        let long = self.away.get_or_insert_with(Instant::now).elapsed() > LONG;
        let quick = !long && (self.was_live || prospect == Prospect::Good);
        let wait = if quick { self.quick.wait() } else { self.slow.wait() };
        Ok(line.stop.wait(wait).then_some(Outcome::Stopped))
    }
}

/// Whether it may be better at the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prospect {
    /// It may be at any moment.
    Good,
    /// It may be some day, without anybody's doing here.
    Poor,
    /// Something has to be written otherwise here.
    None,
}

impl Prospect {
    fn of(error: &SourceError) -> Self {
        match error {
            SourceError::Http(error) => Self::of_http(error),
            SourceError::Hls(error) => Self::of_hls(error),
            SourceError::Unreadable { .. } | SourceError::Thread { .. } => Self::Good,
            SourceError::ProgramStalled { .. } => Self::Good,
            SourceError::ProgramEnded { .. } => Self::Poor,
            SourceError::ProgramStart { io, .. } if io.kind() == std::io::ErrorKind::OutOfMemory => {
                Self::Good
            }
            // A station that is off the air, or between two encoders.
            SourceError::Empty | SourceError::Damaged { .. } => Self::Poor,
            _ => Self::None,
        }
    }

    fn of_hls(error: &HlsError) -> Self {
        match error {
            HlsError::Fetch { why: FetchError::Failed(_), .. } => Self::Good,
            HlsError::Stale { .. } | HlsError::Segments { .. } => Self::Good,
            HlsError::Fetch { .. } | HlsError::Playlist { .. } | HlsError::Over => Self::Poor,
            _ => Self::None,
        }
    }

    fn of_http(error: &HttpError) -> Self {
        match error {
            HttpError::Status { status, .. } => match status.as_u16() {
                404 | 429 => Self::Poor,
                408 | 500.. => Self::Good,
                _ => Self::None,
            },
            HttpError::Resolve { .. }
            | HttpError::Connect { .. }
            | HttpError::Slow { .. }
            | HttpError::Body { .. }
            | HttpError::Over { .. }
            | HttpError::Client { .. } => Self::Good,
            // The clock of a machine that has just started may be wrong.
            HttpError::Tls { .. } | HttpError::Broken { .. } => Self::Poor,
            _ => Self::None,
        }
    }
}

fn is_stall(error: &SourceError) -> bool {
    match error {
        SourceError::Http(HttpError::Body { io, .. }) => io.kind() == std::io::ErrorKind::TimedOut,
        SourceError::ProgramStalled { .. } | SourceError::Hls(HlsError::Stale { .. }) => true,
        _ => false,
    }
}
