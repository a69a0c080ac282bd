//! Units that must not be mistaken for one another: rates and positions on a stream's own clock.
//! Touch it when a bare number crosses a room's border.

use std::fmt;
use std::num::NonZeroU32;

/// The lowest sample rate that sources and the signal processing take, in hertz. The resampler's blocks grow with the
/// ratio of the rates, and nothing that is music comes slower.
pub const LOWEST_RATE: u32 = 2_000;

/// The highest sample rate that sources and the signal processing take, in hertz: the highest that converters offer.
pub const HIGHEST_RATE: u32 = 768_000;

/// Samples of one channel per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SampleRate(NonZeroU32);

impl SampleRate {
    /// `None` for zero, which no stream can have.
    pub fn new(hz: u32) -> Option<Self> {
        NonZeroU32::new(hz).map(Self)
    }

    /// The rate in hertz.
    pub fn hz(self) -> u32 {
        self.0.get()
    }

    /// How long `samples` last, in seconds.
    pub fn seconds(self, samples: u64) -> f64 {
        samples as f64 / f64::from(self.hz())
    }

    /// The position, to the nearest sample, that lies `seconds` after the first sample.
    pub fn samples(self, seconds: f64) -> u64 {
        (seconds * f64::from(self.hz())).round() as u64
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Hz", self.hz())
    }
}

/// A position in a stream, counted in samples at the stream's native rate since its first sample.
/// Samples that were lost are counted too, so that positions stay true to time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SampleIndex(pub u64);

impl SampleIndex {
    /// The position `samples` later.
    pub fn after(self, samples: u64) -> Self {
        Self(self.0 + samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_of_zero_does_not_exist() {
        assert!(SampleRate::new(0).is_none());
    }

    #[test]
    fn a_rate_is_told_with_its_unit() {
        assert_eq!(SampleRate::new(22_050).expect("not zero").to_string(), "22050 Hz");
    }

    proptest::proptest! {
        #[test]
        fn seconds_and_samples_agree(hz in 1u32..768_000, samples in 0u64..1 << 40) {
            let rate = SampleRate::new(hz).expect("not zero");
            proptest::prop_assert_eq!(rate.samples(rate.seconds(samples)), samples);
        }
    }
}
