//! Raw interleaved samples: their formats, and reading them as mono.
//! Touch it to add a sample format.

use std::fmt;
use std::io::{self, Read};

use super::error::SourceError;
use super::mixdown::{Mixdown, Mixer};
use crate::units::SampleRate;

/// Bytes that are read at a time.
const CHUNK: usize = 16 * 1024;

/// What raw samples look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PcmFormat {
    /// How one sample is stored.
    pub encoding: Encoding,
    /// Frames per second.
    pub rate: SampleRate,
    /// Samples per frame.
    pub channels: Channels,
}

/// A number of interleaved channels, 1 to 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Channels(u16);

impl Channels {
    /// `None` unless 1 to 64.
    pub fn new(count: u16) -> Option<Self> {
        (1..=64).contains(&count).then_some(Self(count))
    }

    /// How many.
    pub fn get(self) -> usize {
        self.0.into()
    }
}

impl fmt::Display for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How one sample is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    kind: Kind,
    big_endian: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    U8,
    S8,
    S16,
    S24,
    S32,
    F32,
    F64,
}

impl Encoding {
    /// The names that [`from_name`](Self::from_name) knows, for messages.
    pub const NAMES: &'static str = "u8, s8, s16le, s24le, s32le, f32le, f64le, or the same with be";

    const TABLE: [(&'static str, Kind, bool); 12] = [
        ("u8", Kind::U8, false),
        ("s8", Kind::S8, false),
        ("s16le", Kind::S16, false),
        ("s16be", Kind::S16, true),
        ("s24le", Kind::S24, false),
        ("s24be", Kind::S24, true),
        ("s32le", Kind::S32, false),
        ("s32be", Kind::S32, true),
        ("f32le", Kind::F32, false),
        ("f32be", Kind::F32, true),
        ("f64le", Kind::F64, false),
        ("f64be", Kind::F64, true),
    ];

    /// Every encoding there is.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::TABLE.into_iter().map(|(_, kind, big_endian)| Self { kind, big_endian })
    }

    /// `s16le` and the like, as ffmpeg spells them.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|encoding| encoding.name() == name)
    }

    fn name(self) -> &'static str {
        Self::TABLE
            .into_iter()
            .find(|&(_, kind, big_endian)| (kind, big_endian) == (self.kind, self.big_endian))
            .map_or("", |(name, ..)| name)
    }

    fn bytes(self) -> usize {
        match self.kind {
            Kind::U8 | Kind::S8 => 1,
            Kind::S16 => 2,
            Kind::S24 => 3,
            Kind::S32 | Kind::F32 => 4,
            Kind::F64 => 8,
        }
    }

    /// One sample, full scale being ±1.
    fn sample(self, bytes: &[u8]) -> f32 {
        // Most significant byte first, at the top of 64 bits: so every width is read alike.
        let mut be = [0u8; 8];
        for (i, slot) in be.iter_mut().take(bytes.len()).enumerate() {
            let from = if self.big_endian { i } else { bytes.len() - 1 - i };
            *slot = bytes.get(from).copied().unwrap_or(0);
        }
        let top = u64::from_be_bytes(be);
        let integer = |bits: u64| ((bits as i64) >> 32) as f32 / 2f32.powi(31);
        match self.kind {
            Kind::U8 => integer(top ^ (1 << 63)),
            Kind::S8 | Kind::S16 | Kind::S24 | Kind::S32 => integer(top),
            Kind::F32 => f32::from_bits((top >> 32) as u32),
            Kind::F64 => f64::from_bits(top) as f32,
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads raw samples as mono.
pub(super) struct PcmReader {
    reader: Box<dyn Read + Send + Sync>,
    format: PcmFormat,
    mixer: Mixer,
    bytes: Vec<u8>,
    /// How much of `bytes` is an incomplete frame that waits for its rest.
    held: usize,
}

impl PcmReader {
    /// # Errors
    /// When the format does not have the channel that is asked for.
    pub(super) fn new(
        reader: impl Read + Send + Sync + 'static,
        format: PcmFormat,
        mixdown: Mixdown,
    ) -> Result<Self, SourceError> {
        let mixer = Mixer::new(mixdown, format.channels.get())?;
        Ok(Self { reader: Box::new(reader), format, mixer, bytes: vec![0; CHUNK], held: 0 })
    }

    pub(super) fn rate(&self) -> SampleRate {
        self.format.rate
    }

    /// Replaces `mono` by the next samples; none at the end. An incomplete last frame is an
    /// [`io::ErrorKind::UnexpectedEof`].
    pub(super) fn next_block(&mut self, mono: &mut Vec<f32>) -> io::Result<()> {
        mono.clear();
        let width = self.format.encoding.bytes();
        let frame = width * self.format.channels.get();
        while mono.is_empty() {
            let read = match self.reader.read(self.bytes.get_mut(self.held..).unwrap_or_default()) {
                Ok(0) if self.held > 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            let filled = self.held + read;
            let frames = self.bytes.get(..filled).unwrap_or_default().chunks_exact(frame);
            self.held = frames.remainder().len();
            mono.extend(frames.map(|frame| {
                self.mixer.frame(frame.chunks_exact(width).map(|sample| self.format.encoding.sample(sample)))
            }));
            self.bytes.copy_within(filled - self.held..filled, 0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, so that frames arrive in pieces.
    struct Dribble(io::Cursor<Vec<u8>>);

    impl Read for Dribble {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let one = buf.len().min(1);
            self.0.read(&mut buf[..one])
        }
    }

    fn decode(name: &str, channels: u16, bytes: &[u8]) -> io::Result<Vec<f32>> {
        let format = PcmFormat {
            encoding: Encoding::from_name(name).expect("known"),
            rate: SampleRate::new(8000).expect("not zero"),
            channels: Channels::new(channels).expect("in range"),
        };
        let input = Dribble(io::Cursor::new(bytes.to_vec()));
        let mut reader = PcmReader::new(input, format, Mixdown::default()).expect("the mean of all");
        let (mut all, mut block) = (Vec::new(), Vec::new());
        loop {
            reader.next_block(&mut block)?;
            if block.is_empty() {
                return Ok(all);
            }
            all.extend_from_slice(&block);
        }
    }

    #[test]
    fn every_format_has_the_same_full_scale() {
        for (name, bytes) in [
            ("u8", vec![0x80, 0xc0, 0x00]),
            ("s8", vec![0x00, 0x40, 0x80]),
            ("s16le", vec![0, 0, 0, 0x40, 0, 0x80]),
            ("s16be", vec![0, 0, 0x40, 0, 0x80, 0]),
            ("s24le", vec![0, 0, 0, 0, 0, 0x40, 0, 0, 0x80]),
            ("s24be", vec![0, 0, 0, 0x40, 0, 0, 0x80, 0, 0]),
            ("s32le", vec![0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0x80]),
            ("s32be", vec![0, 0, 0, 0, 0x40, 0, 0, 0, 0x80, 0, 0, 0]),
            ("f32le", [0f32, 0.5, -1.0].map(f32::to_le_bytes).concat()),
            ("f32be", [0f32, 0.5, -1.0].map(f32::to_be_bytes).concat()),
            ("f64le", [0f64, 0.5, -1.0].map(f64::to_le_bytes).concat()),
            ("f64be", [0f64, 0.5, -1.0].map(f64::to_be_bytes).concat()),
        ] {
            assert_eq!(decode(name, 1, &bytes).expect(name), [0.0, 0.5, -1.0], "{name}");
        }
    }

    #[test]
    fn channels_become_their_mean_and_nonsense_silence() {
        let bytes = [0.5f32, -0.5, 1.0, 0.5, f32::NAN, 0.5, f32::INFINITY, 0.0].map(f32::to_le_bytes);
        let mono = decode("f32le", 2, &bytes.concat()).expect("whole frames");
        assert_eq!(mono, [0.0, 0.75, 0.0, 0.0]);
    }

    #[test]
    fn an_incomplete_frame_is_told() {
        let error = decode("s16le", 2, &[0; 7]).expect_err("one byte is missing");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
