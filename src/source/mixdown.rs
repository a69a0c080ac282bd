//! How the channels of a source become one, and how loud: the keys `channel` and `gain_db` of every source.
//! Touch it with the audio callback's contract in mind: what [`Mixer`] does per frame must stay real-time safe.

use std::num::NonZeroU8;

use super::error::SourceError;

/// The highest channel number that can be asked for.
pub const HIGHEST_CHANNEL: u8 = 64;

/// The largest gain or attenuation, in decibels.
pub const LARGEST_GAIN_DB: f64 = 60.0;

/// How a source is made mono. The default, the mean of all channels at 0 dB, leaves every bit as it is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Mixdown {
    /// Which channels are heard.
    pub channel: Channel,
    /// Gain in decibels, −60 to 60; applied before anything is measured, so levels and clipping are those after it.
    pub gain_db: f64,
}

/// Which channels are heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Channel {
    /// All of them, as their mean.
    #[default]
    Mix,
    /// One of them, counted from 1.
    One(NonZeroU8),
}

impl Channel {
    /// `mix`, or a number from 1 to 64; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "mix" => Some(Self::Mix),
            number => number
                .parse()
                .ok()
                .filter(|number: &NonZeroU8| number.get() <= HIGHEST_CHANNEL)
                .map(Self::One),
        }
    }

    /// How many channels there must be.
    pub(super) fn least(self) -> usize {
        match self {
            Self::Mix => 1,
            Self::One(number) => number.get().into(),
        }
    }
}

/// A [`Mixdown`] for frames of a known number of channels.
#[derive(Debug, Clone, Copy)]
pub struct Mixer {
    channels: usize,
    picked: Option<usize>,
    scale: f32,
    gain: f32,
}

impl Mixer {
    /// For frames of `channels` interleaved samples, at least one.
    ///
    /// # Errors
    /// [`SourceError::NoChannel`] when the channel that is asked for is not among them.
    pub fn new(mixdown: Mixdown, channels: usize) -> Result<Self, SourceError> {
        let channels = channels.max(1);
        let picked = match mixdown.channel {
            Channel::Mix => None,
            Channel::One(number) if usize::from(number.get()) <= channels => {
                Some(usize::from(number.get()) - 1)
            }
            Channel::One(number) => return Err(SourceError::NoChannel { wanted: number.get(), channels }),
        };
        let scale = 1.0 / channels as f32;
        // Zero decibels are exactly 1.
        let gain = 10f64.powf(mixdown.gain_db / 20.0) as f32;
        Ok(Self { channels, picked, scale, gain })
    }

    /// The mean of `channels` channels, at least one, at 0 dB.
    pub fn mean(channels: usize) -> Self {
        let channels = channels.max(1);
        Self { channels, picked: None, scale: 1.0 / channels as f32, gain: 1.0 }
    }

    /// Samples per frame.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// One frame as one sample; what is not finite becomes 0. Real-time safe.
    pub fn frame(&self, mut samples: impl Iterator<Item = f32>) -> f32 {
        let heard = match self.picked {
            None => samples.sum::<f32>() * self.scale,
            Some(channel) => samples.nth(channel).unwrap_or(0.0),
        };
        self.louder(heard)
    }

    /// Replaces `mono` by the mixdown of planes of `frames` samples each, one plane a channel.
    pub(super) fn planes(&self, planes: &[Vec<f32>], frames: usize, mono: &mut Vec<f32>) {
        mono.clear();
        mono.resize(frames, 0.0);
        let picked = self.picked.map_or(planes, |channel| planes.get(channel..=channel).unwrap_or_default());
        for plane in picked {
            for (sum, sample) in mono.iter_mut().zip(plane) {
                *sum += sample;
            }
        }
        let scale = if self.picked.is_some() { 1.0 } else { self.scale };
        for sample in mono.iter_mut() {
            *sample = self.louder(*sample * scale);
        }
    }

    fn louder(&self, sample: f32) -> f32 {
        let sample = sample * self.gain;
        if sample.is_finite() { sample } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixer(channel: &str, gain_db: f64, channels: usize) -> Mixer {
        let channel = Channel::from_name(channel).expect("known");
        Mixer::new(Mixdown { channel, gain_db }, channels).expect("it is there")
    }

    #[test]
    fn nothing_asked_for_changes_no_bit() {
        let frame = [0.1f32, -0.7, 1e-30];
        let plain = frame.iter().sum::<f32>() * (1.0 / 3.0);
        let mixed = Mixer::new(Mixdown::default(), 3).expect("three channels").frame(frame.into_iter());
        assert_eq!(mixed.to_bits(), plain.to_bits());
        assert_eq!(Mixer::mean(3).frame(frame.into_iter()).to_bits(), plain.to_bits());
        let mut mono = Vec::new();
        mixer("mix", 0.0, 3).planes(&frame.map(|sample| vec![sample]), 1, &mut mono);
        assert_eq!(mono.iter().map(|sample| sample.to_bits()).collect::<Vec<_>>(), [plain.to_bits()]);
    }

    #[test]
    fn one_channel_is_heard_alone_and_gain_is_in_decibels() {
        let frame = [0.25f32, 0.5, f32::NAN];
        assert_eq!(mixer("2", 0.0, 3).frame(frame.into_iter()), 0.5);
        assert_eq!(mixer("3", 0.0, 3).frame(frame.into_iter()), 0.0);
        assert!((mixer("1", 20.0, 3).frame(frame.into_iter()) - 2.5).abs() < 1e-6);
        assert!((mixer("mix", -20.0, 1).frame([1.0].into_iter()) - 0.1).abs() < 1e-7);
        assert_eq!(mixer("1", 60.0, 1).frame([f32::MAX].into_iter()), 0.0, "not finite");
        let mut mono = Vec::new();
        mixer("2", 6.0, 2).planes(&[vec![1.0, 1.0], vec![0.5, f32::INFINITY]], 2, &mut mono);
        assert!((mono[0] - 0.5 * 1.995_262_3).abs() < 1e-6 && mono[1] == 0.0, "{mono:?}");
    }

    #[test]
    fn a_channel_that_is_not_there_is_told_with_what_to_do() {
        let channel = Channel::from_name("3").expect("a number");
        let error = Mixer::new(Mixdown { channel, gain_db: 0.0 }, 2).expect_err("there are two");
        assert!(error.to_string().contains("channel 3") && error.to_string().contains('2'), "{error}");
        assert!(error.remedy().is_some_and(|remedy| remedy.contains("channel=")));
        for no_channel in ["0", "65", "256", "-1", "left", ""] {
            assert_eq!(Channel::from_name(no_channel), None, "{no_channel}");
        }
    }
}
