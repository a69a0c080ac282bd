//! HTTP live streaming: playlists followed live or to their end, their segments unpacked and decoded.
//!
//! [`Session`](session::Session) asks, through [`Fetch`], for what is due and unpacks it; [`Hls`] decodes that. Segments are fetched
//! whole, within bounds, so that nothing waits for the network inside a decoder. Touch this file when what a player hears of a presentation
//! changes.

mod client;
mod error;
mod fetch;
mod frames;
#[cfg(any(fuzzing, test))]
pub(super) mod fuzzing;
mod id3;
mod lines;
mod playlist;
mod segment;
mod session;
mod transport;
mod unpack;
mod variant;
mod window;

#[cfg(test)]
mod tests;

pub(super) use client::Fetcher;
pub use error::HlsError;
pub use fetch::FetchError;
pub(super) use fetch::{Fetch, Response};
pub(super) use playlist::LONGEST;

use std::collections::VecDeque;
use std::io::Cursor;

use session::{Session, Step};
use unpack::Part;
use variant::Decodes;

use super::container::HE_AAC;
use super::decode::Decoder;
use super::decoded::{Decoded, Presentation};
use super::ending::Ending;
use super::error::SourceError;
use super::mixdown::Mixdown;
use super::stop::Stop;
use crate::units::SampleRate;

/// What is missing of a damaged segment is told from here on, in seconds.
const WORTH_TELLING: f64 = 0.25;

/// The sound of a presentation. A change of rate is told before the first samples too.
pub(super) struct Hls<F> {
    session: Session<F>,
    mixdown: Mixdown,
    decoder: Option<Box<Decoder>>,
    /// What the decoder is busy with.
    part: Option<Playing>,
    /// The rate of the samples that were given last.
    rate: Option<SampleRate>,
    block: Vec<f32>,
    /// Whether `block` is still to be given.
    held: bool,
}

/// A part that is being decoded.
struct Playing {
    /// As the playlist says.
    seconds: f64,
    decoded: f64,
    /// Titles still to come, each with the seconds before it.
    titles: VecDeque<(f64, String)>,
    /// How often something was missing in its segment.
    faults: u32,
}

impl<F: Fetch> Hls<F> {
    /// Begins with a playlist that has been fetched: of variants or of segments.
    ///
    /// # Errors
    /// When it is none or nothing in it can be played.
    pub(super) fn open(
        fetch: F,
        stop: Stop,
        playlist: &Response,
        mixdown: Mixdown,
    ) -> Result<Self, HlsError> {
        let session = Session::open(fetch, stop, playlist)?;
        Ok(Self { session, mixdown, decoder: None, part: None, rate: None, block: Vec::new(), held: false })
    }

    /// Whether it goes on for as long as its station does, and so has a clock of its own.
    pub(super) fn is_live(&self) -> bool {
        self.session.is_live()
    }

    fn begin(&mut self, part: Part) -> Result<(), SourceError> {
        let Part { bytes, hint, anew, seconds, titles, faults } = part;
        let bytes = Cursor::new(bytes);
        let opened = match self.decoder.take() {
            Some(mut before) if !anew => before.follow(bytes, Some(hint)).map(|()| before),
            _ => Decoder::open_stream(bytes, Some(hint), self.mixdown).map(Box::new),
        };
        match opened {
            Ok(decoder) => {
                self.decoder = Some(decoder);
                let titles = titles.into_iter().map(|(share, title)| (share * seconds, title)).collect();
                self.part = Some(Playing { seconds, decoded: 0.0, titles, faults });
                Ok(())
            }
            // A frame by itself, at the end: too little for a decoder to be sure of.
            Err(_) if seconds == 0.0 => Ok(()),
            // No other segment has that channel either.
            Err(error @ SourceError::NoChannel { .. }) => Err(error),
            Err(error) => Ok(self.session.undecodable(seconds, error.to_string())?),
        }
    }

    /// How much is missing at the end of a part that was damaged.
    fn end_part(&mut self, damage: Option<String>) -> Result<Option<(f64, String)>, SourceError> {
        let Some(part) = self.part.take() else { return Ok(None) };
        if part.decoded == 0.0 && part.seconds > 0.0 {
            self.decoder = None;
            let why = damage.unwrap_or_else(|| "it holds no audio".into());
            self.session.undecodable(part.seconds, why)?;
            return Ok(None);
        }
        self.session.decoded();
        let missing = part.seconds - part.decoded;
        let is_damaged = part.faults > 0 || damage.is_some();
        Ok((is_damaged && missing > WORTH_TELLING).then(|| (missing, "a segment was damaged".to_owned())))
    }
}

impl<F: Fetch + Send + Sync> Presentation for Hls<F> {
    fn note(&self) -> Option<&'static str> {
        let announced = self.session.decodes() == Decodes::Core;
        let found = self.decoder.as_ref().and_then(|decoder| decoder.note());
        found.or_else(|| announced.then_some(HE_AAC))
    }

    fn next_block(&mut self) -> Result<Decoded<'_>, SourceError> {
        loop {
            if std::mem::take(&mut self.held) {
                return Ok(Decoded::Samples(&self.block));
            }
            let (Some(part), Some(decoder)) = (&mut self.part, &mut self.decoder) else {
                match self.session.next()? {
                    Step::Part(part) => self.begin(part)?,
                    Step::Gap { seconds, reason } => {
                        self.decoder = None;
                        return Ok(Decoded::Gap { seconds, reason });
                    }
                    Step::Stalled(reason) => return Ok(Decoded::Stalled(reason)),
                    Step::Ended => return Ok(Decoded::End(Ending { damage: None })),
                }
                continue;
            };
            if let Some((_, title)) = part.titles.pop_front_if(|(at, _)| *at <= part.decoded) {
                return Ok(Decoded::Title(title));
            }
            match decoder.next_block() {
                Ok(Decoded::Samples(samples)) => {
                    self.block.clear();
                    self.block.extend_from_slice(samples);
                    self.held = true;
                    let rate = decoder.rate();
                    part.decoded += rate.seconds(self.block.len() as u64);
                    if self.rate.replace(rate) != Some(rate) {
                        return Ok(Decoded::RateChanged(rate));
                    }
                }
                // The rate is looked at with the samples, and titles come from outside of the part.
                Ok(
                    Decoded::RateChanged(_) | Decoded::Title(_) | Decoded::Gap { .. } | Decoded::Stalled(_),
                ) => (),
                Ok(Decoded::End(ending)) => {
                    if let Some((seconds, reason)) = self.end_part(ending.damage)? {
                        return Ok(Decoded::Gap { seconds, reason });
                    }
                }
                Err(error) => {
                    if let Some((seconds, reason)) = self.end_part(Some(error.to_string()))? {
                        return Ok(Decoded::Gap { seconds, reason });
                    }
                }
            }
        }
    }
}
