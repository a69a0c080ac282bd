//! Watches an open microphone: when its samples begin, and when they fail to come.
//! Touch it when a microphone counts as lost too early or too late.

use std::time::{Duration, Instant, SystemTime};

use super::device::Opened;
use crate::event::SourceState;
use crate::source::line::Line;

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
