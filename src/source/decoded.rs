//! What comes next in a stream that is decoded.
//! Touch it when a stream has something else to tell between its samples.

use super::ending::Ending;
use super::error::SourceError;
use crate::units::SampleRate;

/// What decodes by itself, such as a live presentation whose segments are fetched one by one.
pub(super) trait Presentation: Send + Sync {
    /// As [`Decoder::next_block`](super::Decoder::next_block); the rate is told before the first samples too.
    fn next_block(&mut self) -> Result<Decoded<'_>, SourceError>;
    /// As [`Decoder::note`](super::Decoder::note).
    fn note(&self) -> Option<&'static str>;
}

/// The next thing in a stream.
#[derive(Debug, PartialEq)]
pub enum Decoded<'a> {
    /// The next samples, at least one, at [`Decoder::rate`](super::Decoder::rate); full scale is ±1.
    Samples(&'a [f32]),
    /// What comes next has this rate: another stream for whoever listens.
    RateChanged(SampleRate),
    /// The stream says that this is the title from here on; empty if there is none.
    Title(String),
    /// So much is missing here: it was broadcast, but could not be had.
    Gap {
        /// How long the hole is.
        seconds: f64,
        /// Why.
        reason: String,
    },
    /// A live stream brings nothing new at present. If it goes on samples come, else an error.
    Stalled(String),
    /// There is no more; asked again, it says the same.
    End(Ending),
}
