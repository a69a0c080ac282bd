//! Plays a decoder whose bytes come from elsewhere: in real time as they are broadcast, or as fast as they come.
//! Touch it when pacing something live changes; files are `player.rs`'s.

use std::time::{Duration, Instant, SystemTime};

use super::decode::Decoder;
use super::decoded::Decoded;
use super::ending::Ending;
use super::error::SourceError;
use super::line::Line;
use super::player::Pace;
use super::ring::RingWriter;
use super::stop::Stopped;
use super::titles::Titles;
use super::{Missing, Notice};
use crate::event::SourceState;
use crate::units::SampleRate;

/// Audio that comes later than this after it was due begins a new run, whose clock begins with it: it was not there.
/// What is less late is made good at once, so that nothing is lost to a hiccup of the network.
const TOO_LATE: Duration = Duration::from_secs(2);

/// Seconds of audio that are written at a time in real time. A station is seconds behind the air anyway, and each write is a
/// wake-up of its thread, which a hundred stations would feel.
const BLOCK: f64 = 0.1;

/// What is played, and what is to be done meanwhile.
pub(super) struct Live<'a> {
    pub(super) decoder: Decoder,
    /// Whether it is played in real time; else as fast as it comes and is taken.
    pub(super) paced: bool,
    pub(super) titles: &'a Titles,
    /// Waits until that moment; true when the source was told to stop.
    pub(super) idle: &'a dyn Fn(Instant) -> bool,
    /// Called before each block is decoded, with the seconds that were decoded so far.
    pub(super) before_each: &'a dyn Fn(f64),
}

/// How it went.
pub(super) struct Played {
    /// How much was played.
    pub(super) heard: Duration,
    pub(super) ended: Ended,
}

/// Why nothing more comes.
pub(super) enum Ended {
    Stopped,
    End(Ending),
    Error(SourceError),
}

/// Plays to the end. Tells that the source is live, with `station` as the reason.
pub(super) fn play(live: Live<'_>, station: Option<String>, line: &mut Line<'_>) -> Played {
    let Live { mut decoder, paced, titles, idle, before_each } = live;
    let mut run = Run::begin(decoder.rate(), paced, line);
    let station = with_note(station, decoder.note());
    line.tell(SourceState::Live, station.clone());
    let mut stalled = false;
    let ended = loop {
        before_each(decoder.seconds());
        let went = match decoder.next_block() {
            Err(error) => break Ended::Error(error),
            Ok(Decoded::Samples(samples)) => {
                if std::mem::take(&mut stalled) {
                    line.tell(SourceState::Live, station.clone());
                }
                // They were met in the bytes of this very block.
                while let Some(title) = titles.take() {
                    (line.notify)(Notice::Title { at: run.samples, title });
                }
                run.write(samples, idle, line)
            }
            Ok(Decoded::RateChanged(rate)) => {
                let flushed = run.flush(idle, line);
                run.another(rate, None, line);
                flushed
            }
            Ok(Decoded::Title(title)) => {
                titles.tell(&title);
                Ok(())
            }
            Ok(Decoded::Gap { seconds, reason }) => {
                run.flush(idle, line).and_then(|()| run.skip(Missing { seconds, reason }, idle, line))
            }
            Ok(Decoded::Stalled(reason)) => {
                stalled = true;
                let remedy = "check the network and whether the station is on the air".to_owned();
                line.tell_trouble(SourceState::Stalled, reason, Some(remedy));
                Ok(())
            }
            Ok(Decoded::End(ending)) => {
                break run.flush(idle, line).map_or(Ended::Stopped, |()| Ended::End(ending));
            }
        };
        if went.is_err() || line.stop.is_stopped() {
            break Ended::Stopped;
        }
    };
    Played { heard: Duration::from_secs_f64(decoder.seconds()), ended }
}

/// What is told of a station with what is not heard of it.
fn with_note(station: Option<String>, note: Option<&str>) -> Option<String> {
    match (station, note) {
        (Some(station), Some(note)) => Some(format!("{station}; {note}")),
        (station, note) => station.or_else(|| note.map(str::to_owned)),
    }
}

/// A continuous run of samples: the ring's writing end, and the clock that it is written by.
struct Run {
    /// `None` only between two runs.
    writer: Option<RingWriter>,
    rate: SampleRate,
    paced: bool,
    pace: Option<Pace>,
    /// Samples that wait until their block is full.
    block: Vec<f32>,
    /// Samples of this run so far, those in `block` among them.
    samples: u64,
}

impl Run {
    fn begin(rate: SampleRate, paced: bool, line: &mut Line<'_>) -> Self {
        let mut run = Self { writer: None, rate, paced, pace: None, block: Vec::new(), samples: 0 };
        run.another(rate, None, line);
        run
    }

    /// Ends this run and begins the next one, with what waits in the block.
    fn another(&mut self, rate: SampleRate, missing: Option<Missing>, line: &mut Line<'_>) {
        // Its reader must find the end before it is told of another run.
        self.writer = None;
        let (writer, reader) = line.ring(rate);
        self.pace = self.paced.then(|| Pace::new(rate, 1.0, writer.capacity(), BLOCK));
        (self.rate, self.samples) = (rate, self.block.len() as u64);
        self.writer = Some(writer);
        line.begin_after(missing, reader, rate, SystemTime::now());
    }

    /// Leaves out what is missing. In real time that takes as long as if it were heard, so that as much as before stays
    /// ahead of us.
    fn skip(
        &mut self,
        missing: Missing,
        idle: &dyn Fn(Instant) -> bool,
        line: &mut Line<'_>,
    ) -> Result<(), Stopped> {
        let samples = usize::try_from(self.rate.samples(missing.seconds)).unwrap_or(usize::MAX);
        if let Some(pace) = &mut self.pace
            && idle(pace.due_after(samples))
        {
            return Err(Stopped);
        }
        self.another(self.rate, Some(missing), line);
        Ok(())
    }

    fn write(
        &mut self,
        mut mono: &[f32],
        idle: &dyn Fn(Instant) -> bool,
        line: &mut Line<'_>,
    ) -> Result<(), Stopped> {
        let Some(full) = self.pace.as_ref().map(Pace::block) else {
            self.samples += mono.len() as u64;
            return self.all(mono, line);
        };
        while !mono.is_empty() {
            let room = full.saturating_sub(self.block.len()).max(1);
            let (now, later) = mono.split_at(room.min(mono.len()));
            self.block.extend_from_slice(now);
            self.samples += now.len() as u64;
            mono = later;
            if self.block.len() >= full {
                self.flush(idle, line)?;
            }
        }
        Ok(())
    }

    /// Writes what waits when its last sample is due.
    fn flush(&mut self, idle: &dyn Fn(Instant) -> bool, line: &mut Line<'_>) -> Result<(), Stopped> {
        if self.block.is_empty() {
            return Ok(());
        }
        let due = self.pace.as_mut().map(|pace| pace.due_after(self.block.len()));
        let late = due.map_or(Duration::ZERO, |due| Instant::now().saturating_duration_since(due));
        if late > TOO_LATE {
            self.another(self.rate, None, line);
        }
        if let Some(due) = due.filter(|_| late.is_zero())
            && idle(due)
        {
            return Err(Stopped);
        }
        let block = std::mem::take(&mut self.block);
        let written = match &mut self.writer {
            // Only what comes in time is lost when nobody reads: what is late comes all at once, and is worked off.
            Some(writer) if late.is_zero() => {
                // Its reader looks often enough by itself; woken for each of many stations it would hardly sleep.
                writer.write(&block);
                Ok(())
            }
            _ => self.all(&block, line),
        };
        self.block = block;
        self.block.clear();
        written
    }

    /// Writes everything, waiting for room.
    fn all(&mut self, mono: &[f32], line: &Line<'_>) -> Result<(), Stopped> {
        self.writer.as_mut().map_or(Err(Stopped), |writer| writer.write_all(mono, line.stop, line.wake))
    }
}
