//! Internet radio: an address that leads to audio, played as it is broadcast, and opened again whenever it is lost.
//! Touch it when more is to be known of a station; opening is `open.rs`'s, titles `icy.rs`'s, coming back `again.rs`'s.

pub(super) mod icy;
mod open;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use super::again::{Again, Lost};
use super::error::SourceError;
use super::http::{Address, Body, Client, HttpError, HttpSettings};
use super::line::{Line, Outcome};
use super::live::{self, Ended, Live};
use super::mixdown::Mixdown;
use super::titles::Titles;
use super::uri::Pacing;

use open::{Opened, Opener, of_the_net};

/// How long bytes may come without audio in them.
const AUDIO: Duration = Duration::from_secs(30);

/// Plays a station until the source is told to stop, or a file on a web server to its end.
pub(super) fn run(
    address: &Address,
    pacing: Pacing,
    mixdown: Mixdown,
    settings: HttpSettings,
    line: &mut Line<'_>,
) -> Result<Outcome, SourceError> {
    let client = Client::new(settings, line.stop.clone())?;
    let titles = Titles::default();
    let mut again = Again::default();
    let mut live_before = false;
    loop {
        let opened = Opener::new(&client, mixdown, &titles).after_live(live_before).open(address);
        live_before |= opened.as_ref().is_ok_and(|opened| opened.body.is_none() && !opened.finite);
        let lost = match opened {
            _ if line.stop.is_stopped() => return Ok(Outcome::Stopped),
            Ok(opened) => match play(opened, pacing, &titles, line) {
                Played::Over(outcome) => return Ok(outcome),
                Played::Lost(lost) => lost,
            },
            Err(error) => Lost::before(error),
        };
        if let Some(outcome) = again.wait(lost, line)? {
            return Ok(outcome);
        }
    }
}

enum Played {
    Over(Outcome),
    Lost(Lost),
}

/// Plays what was opened until it ends or breaks.
fn play(opened: Opened, pacing: Pacing, titles: &Titles, line: &mut Line<'_>) -> Played {
    let Opened { decoder, body, taken, finite, station, address } = opened;
    let counters = line.counters.clone();
    let behind = |seconds: f64| {
        let held = body.as_ref().map_or(0, Body::held) as f64;
        let taken = taken.get() as f64;
        let waiting = if taken > 0.0 { held * seconds / taken } else { 0.0 };
        counters.behind_live_ms.set((waiting * 1000.0) as u64);
    };
    let stop = line.stop.clone();
    let live = Live {
        decoder,
        paced: pacing == Pacing::Live,
        titles,
        // What comes meanwhile is taken in, so that a connection that has died is noticed before all is played.
        idle: &|until| body.as_ref().map_or_else(|| stop.wait_until(until), |body| body.pump(until)),
        before_each: &|seconds| {
            behind(seconds);
            if let Some(body) = &body {
                body.expect_by(Some(Instant::now() + AUDIO));
            }
        },
    };
    let played = live::play(live, station, line);
    counters.behind_live_ms.set(0);
    let error = match played.ended {
        Ended::Stopped => return Played::Over(Outcome::Stopped),
        Ended::End(_) if let Some(io) = body.as_ref().and_then(Body::failure) => {
            HttpError::Body { address, io }.into()
        }
        Ended::End(ending) if finite => return Played::Over(Outcome::Ended(ending)),
        Ended::End(ending) => HttpError::Over { address, damage: ending.damage }.into(),
        Ended::Error(error) => of_the_net(error, &address),
    };
    Played::Lost(Lost { heard: played.heard, error })
}
