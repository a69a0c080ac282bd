//! A program that writes audio to its standard output, started again whenever it ends.
//! Touch it when programs are to be run otherwise; one run of one is `child.rs`'s.

mod child;
mod program;

#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::time::Duration;

use super::again::{Again, Lost};
use super::decode::Decoder;
use super::error::SourceError;
use super::line::{Line, Outcome};
use super::live::{self, Ended, Live};
use super::mixdown::Mixdown;
use super::pcm::PcmFormat;
use super::titles::Titles;
use super::uri::Pacing;

use child::{Output, Running};

pub use program::Program;

pub(super) use program::redacted;

/// How long a program may write nothing.
const STALL: Duration = Duration::from_secs(30);

/// Runs a program, again and again, until the source is told to stop.
pub(super) fn run(
    program: &Program,
    pcm: Option<PcmFormat>,
    pacing: Pacing,
    mixdown: Mixdown,
    line: &mut Line<'_>,
) -> Result<Outcome, SourceError> {
    let mut again = Again::default();
    loop {
        let lost = match Running::start(program, line.stop, STALL) {
            Err(io) => Lost::before(SourceError::ProgramStart { program: program.name().to_owned(), io }),
            Ok((mut running, output)) => {
                let (heard, error) = play(output, pcm, pacing, mixdown, line);
                if line.stop.is_stopped() {
                    return Ok(Outcome::Stopped);
                }
                let (status, said) = running.end();
                Lost { heard, error: explained(error, program, status, said) }
            }
        };
        if let Some(outcome) = again.wait(lost, line)? {
            return Ok(outcome);
        }
    }
}

/// Plays what a program writes; gives how much was heard, and what went wrong if it did not just end.
fn play(
    mut output: Output,
    pcm: Option<PcmFormat>,
    pacing: Pacing,
    mixdown: Mixdown,
    line: &mut Line<'_>,
) -> (Duration, Option<SourceError>) {
    let opened = match pcm {
        None => Decoder::open_stream(output, None, mixdown),
        // Raw samples need no opening, but it is not live before one has come.
        Some(format) => first_byte(&mut output)
            .and_then(|first| Decoder::open_pcm(io::Cursor::new(first).chain(output), format, mixdown)),
    };
    let decoder = match opened {
        Ok(decoder) => decoder,
        // It ended without a word of audio, and may say why.
        Err(SourceError::Empty) => return (Duration::ZERO, None),
        Err(error) => return (Duration::ZERO, Some(error)),
    };
    let stop = line.stop.clone();
    let titles = Titles::default();
    let paced = pacing == Pacing::Live;
    let live =
        Live { decoder, paced, titles: &titles, idle: &|until| stop.wait_until(until), before_each: &|_| () };
    let played = live::play(live, None, line);
    match played.ended {
        Ended::Stopped | Ended::End(_) => (played.heard, None),
        Ended::Error(error) => (played.heard, Some(error)),
    }
}

fn first_byte(output: &mut Output) -> Result<[u8; 1], SourceError> {
    let mut first = [0];
    let read =
        output.read(&mut first).map_err(|io| SourceError::Unreadable { name: "the stream".into(), io })?;
    if read == 0 { Err(SourceError::Empty) } else { Ok(first) }
}

/// What went wrong, with how the program ended and the last that it said.
fn explained(
    error: Option<SourceError>,
    program: &Program,
    status: Option<std::process::ExitStatus>,
    said: String,
) -> SourceError {
    let stalled = |error: &SourceError| matches!(error, SourceError::Unreadable { io, .. } if io.kind() == io::ErrorKind::TimedOut);
    let program = program.name().to_owned();
    match (error, status) {
        (Some(error), _) if stalled(&error) => {
            SourceError::ProgramStalled { program, seconds: STALL.as_secs(), said }
        }
        // What it writes is no audio, although it does as if nothing were wrong.
        (Some(error), status) if status.is_none_or(|status| status.success()) => error,
        (_, status) => SourceError::ProgramEnded { program, status, said },
    }
}
