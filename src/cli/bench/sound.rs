//! What is decoded while it is measured: a file, the demo reel, or where there is neither a sound that is made here.
//! Touch it when something else is to be heard.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use genrecast::source::{Decoded, Decoder, Mixdown};
use genrecast::units::SampleRate;

use super::clock::{Spent, timed};
use crate::cli::exit::Failure;

/// Rate and length of the sound that is made here.
const MADE_HZ: u32 = 44_100;
const MADE_SECONDS: u32 = 10;

/// A sound that begins again at its end.
pub(super) struct Sound {
    from: From,
    decoder: Decoder,
    rate: SampleRate,
    /// Decoded and not asked for yet.
    rest: Vec<f32>,
}

enum From {
    File(PathBuf),
    Made(Arc<[u8]>),
}

impl Sound {
    /// Opens the file, else the demo reel, else makes something.
    pub fn open(input: Option<&Path>) -> Result<Self, Failure> {
        let from = match input.map(Path::to_owned).or_else(reel) {
            Some(path) => From::File(path),
            None => From::Made(made().into()),
        };
        let decoder = from.open()?;
        let rate = decoder.rate();
        Ok(Self { from, decoder, rate, rest: Vec::new() })
    }

    /// The same sound for another stream, from its beginning.
    pub fn again(&self) -> Result<Self, Failure> {
        let from = self.from.copy();
        let decoder = from.open()?;
        Ok(Self { from, decoder, rate: self.rate, rest: Vec::new() })
    }

    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// What it is, for people.
    pub fn name(&self) -> String {
        match &self.from {
            From::File(path) => path.display().to_string(),
            From::Made(_) => format!("{MADE_SECONDS} s of WAV made for this (no demo reel was found)"),
        }
    }

    /// Decodes the next `count` samples into `out`, which is emptied before; tells what decoding took. Opening it again at
    /// its end is not counted: live streams have none.
    pub fn decode(&mut self, count: usize, out: &mut Vec<f32>) -> Result<Spent, Failure> {
        out.clear();
        out.append(&mut self.rest);
        let mut spent = Spent::default();
        while out.len() < count {
            let (ended, took) = timed(|| self.more(count, out));
            spent += took;
            if ended? {
                self.decoder = self.from.open()?;
            }
        }
        self.rest.extend_from_slice(&out[count..]);
        out.truncate(count);
        Ok(spent)
    }

    /// Decodes until there is enough, or until it ends (true).
    fn more(&mut self, count: usize, out: &mut Vec<f32>) -> Result<bool, Failure> {
        while out.len() < count {
            match self.decoder.next_block() {
                Ok(Decoded::Samples(samples)) => out.extend_from_slice(samples),
                // Another rate would be another stream; the measurement goes on with the one it began with.
                Ok(Decoded::End(_) | Decoded::RateChanged(_)) => return Ok(true),
                Ok(Decoded::Title(_) | Decoded::Gap { .. } | Decoded::Stalled(_)) => {}
                Err(error) => return Err(Failure::of_source(&self.name(), error)),
            }
        }
        Ok(false)
    }
}

impl From {
    fn open(&self) -> Result<Decoder, Failure> {
        match self {
            Self::File(path) => Decoder::open_file(path, Mixdown::default())
                .map_err(|error| Failure::of_source(&path.display().to_string(), error)),
            Self::Made(bytes) => {
                Decoder::open_stream(Cursor::new(Arc::clone(bytes)), Some("wav"), Mixdown::default())
                    .map_err(|error| Failure::of_source("the sound that was made", error))
            }
        }
    }

    fn copy(&self) -> Self {
        match self {
            Self::File(path) => Self::File(path.clone()),
            Self::Made(bytes) => Self::Made(Arc::clone(bytes)),
        }
    }
}

/// The demo reel in this folder, or in the repository of which the program was built.
fn reel() -> Option<PathBuf> {
    let binary = std::env::current_exe().ok();
    // Two folders up from `target/release`.
    let repository = binary.as_deref().and_then(|path| path.ancestors().nth(3));
    [Some(Path::new("")), repository]
        .into_iter()
        .flatten()
        .map(|folder| folder.join("demo/reel.ogg"))
        .find(|path| path.is_file())
}

/// Three tones in noise, as WAV: 16 bits, stereo.
fn made() -> Vec<u8> {
    let frames = MADE_HZ * MADE_SECONDS;
    let mut wav = Vec::with_capacity(44 + frames as usize * 4);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + frames * 4).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    wav.extend_from_slice(&MADE_HZ.to_le_bytes());
    wav.extend_from_slice(&(MADE_HZ * 4).to_le_bytes());
    wav.extend_from_slice(b"\x04\0\x10\0data");
    wav.extend_from_slice(&(frames * 4).to_le_bytes());
    let mut noise = 1_u32;
    for frame in 0..frames {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let at = f64::from(frame) / f64::from(MADE_HZ) * std::f64::consts::TAU;
        let tones = (at * 220.0).sin() + (at * 277.2).sin() + (at * 329.6).sin();
        let value = tones * 6_000.0 + f64::from(noise >> 20) - 2_048.0;
        for _ in 0..2 {
            wav.extend_from_slice(&(value as i16).to_le_bytes());
        }
    }
    wav
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_behind_its_end_and_loses_nothing_before() {
        let from = From::Made(made().into());
        let decoder = from.open().unwrap_or_else(|failure| panic!("{failure}"));
        let mut sound = Sound { rate: decoder.rate(), decoder, from, rest: Vec::new() };
        let whole = (MADE_HZ * MADE_SECONDS) as usize;
        let (mut all, mut piece) = (Vec::new(), Vec::new());
        while all.len() < whole + 50_000 {
            sound.decode(12_345, &mut piece).unwrap_or_else(|failure| panic!("{failure}"));
            assert_eq!(piece.len(), 12_345);
            all.extend_from_slice(&piece);
        }
        assert!(all[..50_000] == all[whole..whole + 50_000], "the second time is the first");
        assert!(all[..1_000].iter().any(|sample| sample.abs() > 0.1));
    }
}
