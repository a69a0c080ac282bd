//! What an AAC stream says of itself: HE-AAC is played by its core, and said so.
//! Touch it when the decoder learns spectral band replication.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;

/// What is told of a stream that says to be HE-AAC.
pub(in crate::source) const HE_AAC: &str = "it is HE-AAC, of which only the core is decoded: the treble above half the core's rate, and with version 2 the stereo, are missing";

/// What is told of a stream that may be HE-AAC without a word.
const PERHAPS: &str =
    "it is AAC at 24 kHz or less: if it is HE-AAC, which ADTS does not say, only its core is decoded";

/// Up to this rate a core is likely to be one of HE-AAC, whose rate is twice as high.
const LIKELY: u32 = 24_000;

/// Object types of ISO/IEC 14496-3, table 1.17.
const LC: u64 = 2;
const SBR: u64 = 5;
const PS: u64 = 29;

/// Marks an extension behind the configuration that older decoders do not read.
const SYNC_EXTENSION: u64 = 0x2b7;

/// Parameters that the decoder takes, where it would refuse HE-AAC as a whole, and what is to be told.
pub(super) fn core_of(params: &AudioCodecParameters) -> (AudioCodecParameters, Option<&'static str>) {
    let mut core = params.clone();
    if params.codec != CODEC_ID_AAC {
        return (core, None);
    }
    let Some(config) = params.extra_data.as_deref() else {
        let perhaps = params.sample_rate.is_some_and(|rate| rate <= LIKELY);
        return (core, perhaps.then_some(PERHAPS));
    };
    match read(config) {
        Some((plain, true)) => {
            core.extra_data = Some(plain.into());
            (core, Some(HE_AAC))
        }
        _ => (core, None),
    }
}

/// The configuration of the AAC-LC core, and whether there is more than it. `None` for other kinds of AAC.
fn read(config: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut bits = Bits { bytes: config, at: 0 };
    let (mut plain, mut length) = (LC, 5);
    let mut copy = |value: u64, count: u32| {
        plain = plain << count | value;
        length += count;
    };
    let kind = bits.take(5)?;
    let index = bits.take(4)?;
    copy(index, 4);
    if index == 15 {
        copy(bits.take(24)?, 24);
    }
    copy(bits.take(4)?, 4);
    let explicit = matches!(kind, SBR | PS);
    if explicit {
        if bits.take(4)? == 15 {
            bits.take(24)?;
        }
        if bits.take(5)? != LC {
            return None;
        }
    } else if kind != LC {
        return None;
    }
    // Length of a frame, dependence on another core, extension: none of the latter two in AAC-LC.
    copy(bits.take(3)?, 3);
    let behind =
        bits.take(11) == Some(SYNC_EXTENSION) && bits.take(5) == Some(SBR) && bits.take(1) == Some(1);
    let padded = length.next_multiple_of(8);
    let bytes = (plain << (padded - length)).to_be_bytes();
    let from = bytes.len() - usize::try_from(padded / 8).ok()?;
    Some((bytes.get(from..)?.to_vec(), explicit || behind))
}

/// Reads bits, the most significant one first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u64> {
        let mut value = 0;
        for _ in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            value = value << 1 | u64::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn he_aac_is_known_by_its_configuration() {
        // AAC-LC at 44.1 kHz in stereo, as ffmpeg writes it: with an extension that says that there is none.
        assert_eq!(read(&[0x12, 0x10, 0x56, 0xe5, 0x00]), Some((vec![0x12, 0x10], false)));
        assert_eq!(read(&[0x12, 0x10]), Some((vec![0x12, 0x10], false)));
        // A core at 24 kHz in stereo for 48 kHz, told before (2b 11 88 00) and behind.
        assert_eq!(read(&[0x2b, 0x11, 0x88, 0x00]), Some((vec![0x13, 0x10], true)));
        assert_eq!(read(&[0x13, 0x10, 0x56, 0xe5, 0x98]), Some((vec![0x13, 0x10], true)));
        // Version 2: the core is mono.
        assert_eq!(read(&[0xeb, 0x09, 0x88, 0x00]), Some((vec![0x13, 0x08], true)));
        // A rate that is written out.
        let (plain, more) = read(&[0x17, 0x80, 0x2e, 0xe0, 0x08]).expect("AAC-LC");
        assert_eq!((plain.as_slice(), more), ([0x17, 0x80, 0x2e, 0xe0, 0x08].as_slice(), false));
        assert_eq!(read(&[0x0a, 0x10]), None, "AAC Main");
        assert_eq!(read(&[0x12]), None);
    }
}
