//! Compares a microphone's sample clock with the wall clock.
//! Touch it when times are to be put right sooner or later than now.

use std::time::{Duration, SystemTime};

use crate::units::SampleRate;

/// How far the clocks may be apart. It lies above the length of any callback, by which the comparison is uncertain,
/// and is reached by slow drift about once an hour at 70 ppm.
const APART: f64 = 0.25;

/// How many looks in a row must find them apart: one alone may only have found a machine that was busy.
const LOOKS: i32 = 3;

/// How often to look.
const EVERY: Duration = Duration::from_secs(1);

/// The wall clock at a place in the stream, and how well it still fits.
///
/// One rule serves a machine that slept, a wall clock that was set, audio that went missing unannounced and slow
/// drift: when the clocks were more than a quarter of a second apart in the same direction at three looks, a second
/// from each other, the stream is to begin anew.
pub(super) struct Clock {
    rate: SampleRate,
    /// Frames before the anchor.
    base: u64,
    anchor: SystemTime,
    next_look: u64,
    /// Looks in a row that found the wall clock ahead (above 0) or behind (below 0).
    apart: i32,
}

impl Clock {
    /// For a stream whose first `frames - base` frames have been heard by `now`.
    pub(super) fn new(rate: SampleRate, base: u64, frames: u64, now: SystemTime) -> Self {
        let heard = Duration::from_secs_f64(rate.seconds(frames.saturating_sub(base)));
        let anchor = now.checked_sub(heard).unwrap_or(SystemTime::UNIX_EPOCH);
        Self { rate, base, anchor, next_look: frames, apart: 0 }
    }

    /// Wall-clock time of the stream's first frame.
    pub(super) fn anchor(&self) -> SystemTime {
        self.anchor
    }

    /// Compares the clocks if it is time to. True when they have come apart.
    pub(super) fn look(&mut self, frames: u64, now: SystemTime) -> bool {
        if frames < self.next_look {
            return false;
        }
        self.next_look = frames + self.rate.samples(EVERY.as_secs_f64());
        let heard = self.rate.seconds(frames.saturating_sub(self.base));
        let passed = match now.duration_since(self.anchor) {
            Ok(passed) => passed.as_secs_f64(),
            Err(before) => -before.duration().as_secs_f64(),
        };
        let ahead = passed - heard;
        self.apart = if ahead > APART {
            self.apart.max(0) + 1
        } else if ahead < -APART {
            self.apart.min(0) - 1
        } else {
            0
        };
        let come_apart = self.apart.abs() >= LOOKS;
        if come_apart {
            self.apart = 0;
        }
        come_apart
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HZ: u64 = 1_000_000;

    /// Runs for so many seconds, a look each. `ahead(second)` is how far the wall clock is ahead of the samples.
    /// The second in which the clocks were found apart.
    fn found_apart(seconds: u64, ahead: impl Fn(u64) -> f64) -> Option<u64> {
        let rate = SampleRate::new(HZ as u32).expect("not zero");
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let mut clock = Clock::new(rate, 500, 500 + HZ, start + Duration::from_secs(1));
        assert_eq!(clock.anchor(), start);
        (1..=seconds).find(|&second| {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs_f64(1e6 + second as f64 + ahead(second));
            clock.look(500 + second * HZ, now)
        })
    }

    #[test]
    fn a_step_of_the_wall_clock_is_found_either_way() {
        assert_eq!(found_apart(60, |second| if second < 10 { 0.0 } else { 3_600.0 }), Some(12));
        assert_eq!(found_apart(60, |second| if second < 10 { 0.0 } else { -3_600.0 }), Some(12));
    }

    #[test]
    fn slow_drift_is_found_when_it_has_grown() {
        let drift = |second| second as f64 * 50e-6;
        assert_eq!(found_apart(4_990, drift), None);
        assert_eq!(found_apart(6_000, drift), Some(5_003));
    }

    #[test]
    fn a_busy_moment_is_no_step() {
        assert_eq!(found_apart(600, |second| if second % 10 < 2 { 1.5 } else { 0.1 }), None);
        assert_eq!(found_apart(600, |second| if second % 2 == 0 { 0.4 } else { -0.4 }), None);
    }
}
