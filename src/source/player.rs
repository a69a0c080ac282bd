//! Plays what can be decoded into the ring, at its pace or as fast as it is taken.
//! Touch it when pacing changes.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::decode::Decoder;
use super::decoded::Decoded;
use super::error::SourceError;
use super::line::{Line, Outcome};
use super::mixdown::Mixdown;
use super::ring::RingWriter;
use super::stop::{Stop, Stopped};
use super::uri::Speed;
use crate::event::SourceState;
use crate::source::Notice;
use crate::units::SampleRate;

/// How much of the wall clock one write of a paced source covers, in seconds.
const BLOCK: f64 = 0.015;

/// Plays a file, again and again when it loops.
pub(super) fn play_file(
    path: &Path,
    speed: Speed,
    looping: bool,
    mixdown: Mixdown,
    line: &mut Line<'_>,
) -> Result<Outcome, SourceError> {
    let again = || Decoder::open_file(path, mixdown);
    play(again()?, speed, looping.then_some(&again), line)
}

/// Plays what `decoder` gives; at its end `again`, if there is one, opens it anew and the samples simply go on.
pub(super) fn play(
    mut decoder: Decoder,
    speed: Speed,
    again: Option<&dyn Fn() -> Result<Decoder, SourceError>>,
    line: &mut Line<'_>,
) -> Result<Outcome, SourceError> {
    let mut out = Output::begin(decoder.rate(), speed, line);
    line.tell(SourceState::Live, decoder.note().map(str::to_owned));
    let mut told_damage = false;
    loop {
        let stopped = match decoder.next_block()? {
            Decoded::Samples(samples) => out.write(samples, line.stop, line.wake).is_err(),
            Decoded::RateChanged(rate) => {
                let flushed = out.flush(line.stop, line.wake);
                out = Output::begin(rate, speed, line);
                flushed.is_err()
            }
            Decoded::Title(title) => {
                (line.notify)(Notice::Title { at: out.given, title });
                false
            }
            // No file has these.
            Decoded::Gap { .. } | Decoded::Stalled(_) => false,
            Decoded::End(ending) => match again {
                None => {
                    let flushed = out.flush(line.stop, line.wake);
                    return Ok(match flushed {
                        Ok(()) => Outcome::Ended(ending),
                        Err(Stopped) => Outcome::Stopped,
                    });
                }
                Some(open) => {
                    if let Some(damage) = ending.damage.filter(|_| !told_damage) {
                        told_damage = true;
                        let reason = format!("{damage}; it begins again");
                        line.tell(SourceState::Live, Some(reason));
                    }
                    decoder = open()?;
                    if decoder.rate() != out.rate {
                        let _ = out.flush(line.stop, line.wake);
                        out = Output::begin(decoder.rate(), speed, line);
                    }
                    false
                }
            },
        };
        if stopped || line.stop.is_stopped() {
            return Ok(Outcome::Stopped);
        }
    }
}

/// The ring's writing end with the clock that it is written by.
struct Output {
    writer: RingWriter,
    rate: SampleRate,
    /// Samples that wait until their block is full.
    block: Vec<f32>,
    pace: Option<Pace>,
    /// Samples that were written or wait.
    given: u64,
}

impl Output {
    /// Begins a continuous run and tells so.
    fn begin(rate: SampleRate, speed: Speed, line: &mut Line<'_>) -> Self {
        let (writer, reader) = line.ring(rate);
        let pace = match speed {
            Speed::Max => None,
            Speed::Factor(factor) => Some(Pace::new(rate, factor, writer.capacity(), BLOCK)),
        };
        line.begin(reader, rate, SystemTime::now());
        Self { writer, rate, block: Vec::new(), pace, given: 0 }
    }

    fn write(&mut self, mut mono: &[f32], stop: &Stop, wake: &dyn Fn()) -> Result<(), Stopped> {
        self.given += mono.len() as u64;
        let Some(pace) = &self.pace else {
            return self.writer.write_all(mono, stop, wake);
        };
        let full = pace.block;
        while !mono.is_empty() {
            let room = full.saturating_sub(self.block.len()).max(1);
            let (now, later) = mono.split_at(room.min(mono.len()));
            self.block.extend_from_slice(now);
            mono = later;
            if self.block.len() >= full {
                self.flush(stop, wake)?;
            }
        }
        Ok(())
    }

    /// Writes what waits, when its last sample is due: not earlier, as a microphone could not either.
    fn flush(&mut self, stop: &Stop, wake: &dyn Fn()) -> Result<(), Stopped> {
        if let Some(pace) = &mut self.pace
            && !self.block.is_empty()
        {
            if stop.wait_until(pace.due_after(self.block.len())) {
                return Err(Stopped);
            }
            self.writer.write(&self.block);
            self.block.clear();
            wake();
        }
        Ok(())
    }
}

/// An absolute schedule: what is late does not move what comes after it.
pub(super) struct Pace {
    start: Instant,
    /// Samples per second of the wall clock.
    per_second: f64,
    /// Samples scheduled so far.
    position: u64,
    /// Samples written at a time.
    block: usize,
}

impl Pace {
    /// For a ring of that capacity, of which one write takes at most a quarter, and otherwise `block` seconds of the wall clock.
    pub(super) fn new(rate: SampleRate, factor: f64, capacity: usize, block: f64) -> Self {
        let per_second = f64::from(rate.hz()) * factor;
        let block = ((per_second * block) as usize).min(capacity / 4).max(1);
        Self { start: Instant::now(), per_second, position: 0, block }
    }

    /// Samples to be written at a time.
    pub(super) fn block(&self) -> usize {
        self.block
    }

    /// When the last of the next `samples` is due.
    pub(super) fn due_after(&mut self, samples: usize) -> Instant {
        self.position += samples as u64;
        // A factor near zero asks for more than a clock can tell; a year is for ever here.
        let year = 365.0 * 24.0 * 3600.0;
        let seconds = (self.position as f64 / self.per_second).min(year);
        self.start + Duration::from_secs_f64(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_absolute() {
        let rate = SampleRate::new(44_100).expect("not zero");
        let mut pace = Pace::new(rate, 20.0, 1_000_000, BLOCK);
        assert_eq!(pace.block, 13_230);
        let mut due = pace.start;
        for _ in 0..1000 {
            due = pace.due_after(8_820);
        }
        let error = due.duration_since(pace.start).as_secs_f64() - 10.0;
        assert!(error.abs() < 1e-6, "{error}");
        assert_eq!(Pace::new(rate, 20.0, 1_000, BLOCK).block, 250);
        assert!(Pace::new(rate, 1e-300, 3, BLOCK).due_after(usize::MAX) > pace.start);
    }
}
