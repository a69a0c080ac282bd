//! Watches an open microphone: when its samples begin, when they no longer follow one another, when they stay away.
//! Touch it when a microphone counts as lost too early or too late.

use std::time::{Duration, Instant, SystemTime};

use super::capture::Retired;
use super::clock::Clock;
use super::device::Opened;
use crate::event::SourceState;
use crate::source::line::Line;
use crate::source::ring::RingReader;

/// How long no callback may come before the stream counts as lost.
const SILENCE: Duration = Duration::from_millis(2500);

/// How long the first callback may take: on PulseAudio it takes about 1.5 s.
const FIRST: Duration = Duration::from_secs(5);

/// How often the callback's pulse is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How a microphone was lost.
pub(super) struct Lost {
    /// Why, in words.
    pub(super) reason: String,
    /// How much audio it had given.
    pub(super) heard: Duration,
}

/// Listens until the microphone is lost; `None` when told to stop.
pub(super) fn listen(opened: &mut Opened, line: &mut Line<'_>) -> Option<Lost> {
    let mut stretch = Stretch::default();
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
            stretch.follow(frames, SystemTime::now(), opened, line);
            if first {
                line.tell(SourceState::Live, Some(opened.name.clone()));
            }
        }
        let limit = if seen == 0 { FIRST } else { SILENCE };
        let reason = if opened.pulse.is_broken() {
            "the audio system reports that the microphone is lost".into()
        } else if since.elapsed() > limit {
            format!("no audio came for {:.1} s", limit.as_secs_f64())
        } else {
            continue;
        };
        return Some(Lost { reason, heard: Duration::from_secs_f64(opened.rate.seconds(seen)) });
    }
}

/// The continuous run of samples that is being heard, and the next one.
#[derive(Default)]
struct Stretch {
    clock: Option<Clock>,
    /// The reader of the ring that lies ready for the callback.
    next: Option<RingReader>,
    /// Put aside by the callback; it ends its run when the next one has been told.
    retired: Option<Retired>,
}

impl Stretch {
    /// `frames` have been heard by `now`: begins the run that they belong to, if that has not been told.
    fn follow(&mut self, frames: u64, now: SystemTime, opened: &mut Opened, line: &mut Line<'_>) {
        if let Some(reader) = opened.reader.take() {
            self.begin(reader, 0, frames, now, opened, line);
        }
        if self.retired.is_none() {
            self.retired = opened.exchange.take();
        }
        // The first frames of the new run are counted a moment after the old writer was put aside.
        if let Some(retired) = self.retired.take_if(|retired| frames > retired.frames)
            && let Some(reader) = self.next.take()
        {
            self.begin(reader, retired.frames, frames, now, opened, line);
        }
        if self.clock.as_mut().is_some_and(|clock| clock.look(frames, now)) {
            opened.pulse.splice();
        }
    }

    /// Tells a run whose first frame is number `base`, and lays a ring ready for the one after it.
    fn begin(
        &mut self,
        reader: RingReader,
        base: u64,
        frames: u64,
        now: SystemTime,
        opened: &mut Opened,
        line: &mut Line<'_>,
    ) {
        let clock = Clock::new(opened.rate, base, frames, now);
        line.begin(reader, opened.rate, clock.anchor());
        self.clock = Some(clock);
        let (writer, reader) = line.ring(opened.rate);
        opened.exchange.offer(writer);
        self.next = Some(reader);
    }
}
