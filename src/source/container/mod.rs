//! Demuxes and decodes what comes in a container, through symphonia.
//! Touch it when symphonia changes, or when damage should be told differently.

mod aac;
mod end;
mod open;
mod others;
mod ration;
mod title;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;
use symphonia::core::formats::well_known::{FORMAT_ID_ADTS, FORMAT_ID_MP1, FORMAT_ID_MP2, FORMAT_ID_MP3};
use symphonia::core::io::{MediaSource, ReadOnlySource};

use super::ending::Ending;
use super::error::SourceError;
use super::mixdown::{Mixdown, Mixer};
use super::tail::{Tail, TailReader};
use crate::units::SampleRate;

pub(super) use aac::HE_AAC;
pub(super) use open::check_rate;
pub(super) use title::titled;

use open::{Playable, probe};
use others::Others;
use ration::Ration;

/// So many packets in a row that cannot be decoded mean that the rest is no audio.
const MAX_BAD_IN_A_ROW: u32 = 100;

/// A demuxer and the decoder of one of its tracks.
pub(super) struct Container {
    format: Box<dyn FormatReader>,
    ration: Ration,
    /// Whether it is read wherever its demuxer likes.
    seekable: bool,
    decoder: Box<dyn AudioDecoder>,
    playable: Playable,
    /// How long the header says it is; `None` when it does not, or in a chain.
    announced: Option<f64>,
    /// A guess from the size of the file, where nothing is announced.
    estimated: Option<f64>,
    /// For formats whose end has no mark.
    tail: Option<Tail>,
    last_packet: Box<[u8]>,
    mixdown: Mixdown,
    planes: Vec<Vec<f32>>,
    decoded_any: bool,
    bad: u32,
    bad_in_a_row: u32,
    /// A title that holds from the next samples on.
    title: Option<String>,
    /// Whether the title before has any text.
    titled: bool,
}

/// What [`Container::next`] gave.
pub(super) enum Unit {
    /// Samples at this rate, at least one.
    Block(SampleRate),
    /// A title holds from here on.
    Title(String),
    /// No more.
    End(Ending),
}

impl Container {
    pub(super) fn open_file(path: &Path, name: &str, mixdown: Mixdown) -> Result<Self, SourceError> {
        let open = || File::open(path).map_err(|io| SourceError::Unreadable { name: name.into(), io });
        let hint = path.extension().and_then(|extension| extension.to_str());
        let mut container = Self::open(Box::new(open()?), hint, name, mixdown)?;
        if container.is_elementary() {
            // For a seekable MP3 without a Xing header symphonia estimates the length and cuts off what is longer.
            // For a stream it does not, so the file is read as one, and the estimate is kept for progress only.
            let estimated = container.announced;
            container = Self::open_stream(open()?, hint, name, mixdown)?;
            container.estimated = estimated;
        }
        Ok(container)
    }

    pub(super) fn open_stream(
        reader: impl Read + Send + Sync + 'static,
        hint: Option<&str>,
        name: &str,
        mixdown: Mixdown,
    ) -> Result<Self, SourceError> {
        let (reader, tail) = TailReader::new(reader);
        let mut container = Self::open(Box::new(ReadOnlySource::new(reader)), hint, name, mixdown)?;
        container.tail = container.is_elementary().then_some(tail);
        Ok(container)
    }

    pub(super) fn open(
        source: Box<dyn MediaSource>,
        hint: Option<&str>,
        name: &str,
        mixdown: Mixdown,
    ) -> Result<Self, SourceError> {
        let seekable = source.is_seekable();
        let (format, ration) = probe(source, hint, name)?;
        let playable = Playable::find(format.as_ref())?;
        let mut container = Self {
            ration,
            seekable,
            decoder: playable.decoder()?,
            announced: playable.announced,
            playable,
            format,
            estimated: None,
            tail: None,
            last_packet: Box::default(),
            mixdown,
            planes: Vec::new(),
            decoded_any: false,
            bad: 0,
            bad_in_a_row: 0,
            title: None,
            titled: false,
        };
        container.title = container.link_title();
        Ok(container)
    }

    /// Goes on with another stream that continues this one: its decoder is kept where it can be, so that nothing is
    /// heard of the seam.
    pub(super) fn follow(
        &mut self,
        reader: impl Read + Send + Sync + 'static,
        hint: Option<&str>,
        name: &str,
    ) -> Result<(), SourceError> {
        let (format, ration) = probe(Box::new(ReadOnlySource::new(reader)), hint, name)?;
        let playable = Playable::find(format.as_ref())?;
        if !playable.goes_on(&self.playable) {
            self.decoder = playable.decoder()?;
        }
        (self.format, self.playable) = (format, playable);
        (self.ration, self.seekable) = (ration, false);
        (self.announced, self.estimated, self.tail) = (None, None, None);
        (self.bad, self.bad_in_a_row) = (0, 0);
        Ok(())
    }

    /// What of it is not heard, in words, if that is known.
    pub(super) fn note(&self) -> Option<&'static str> {
        self.playable.note
    }

    /// Whether frames follow each other without a container around them.
    fn is_elementary(&self) -> bool {
        [FORMAT_ID_MP1, FORMAT_ID_MP2, FORMAT_ID_MP3, FORMAT_ID_ADTS]
            .contains(&self.format.format_info().format)
    }

    pub(super) fn expected_seconds(&self) -> Option<f64> {
        self.announced.or(self.estimated)
    }

    /// The same where a header says it, which is more than a guess.
    pub(super) fn stated_seconds(&self) -> Option<f64> {
        self.announced.filter(|_| !self.is_elementary())
    }

    /// Replaces `mono` by the next samples. `seconds` is how much has been decoded before, for words on damage.
    pub(super) fn next(
        &mut self,
        name: &str,
        seconds: f64,
        mono: &mut Vec<f32>,
    ) -> Result<Unit, SourceError> {
        if let Some(title) = self.title.take() {
            return Ok(Unit::Title(title));
        }
        let mut others = Others::new();
        loop {
            if self.bad_in_a_row >= MAX_BAD_IN_A_ROW {
                return Ok(self.damaged(format!("nothing after {seconds:.1} s can be decoded")));
            }
            let packet = match self.format.next_packet() {
                Ok(Some(packet)) if packet.data.is_empty() => return Ok(self.end(seconds)),
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(self.end(seconds)),
                Err(Error::ResetRequired) => {
                    self.restart()?;
                    match self.title.take() {
                        Some(title) => return Ok(Unit::Title(title)),
                        None => continue,
                    }
                }
                Err(Error::IoError(_)) if self.ration.is_used_up() => {
                    return Ok(
                        self.damaged(format!("nothing after {seconds:.1} s is sound; {}", ration::TOO_MUCH))
                    );
                }
                Err(Error::IoError(e)) if e.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(self.cut(seconds));
                }
                Err(Error::IoError(io)) => {
                    return Err(SourceError::Unreadable { name: name.into(), io });
                }
                Err(Error::DecodeError(_)) => {
                    self.count_bad();
                    continue;
                }
                Err(e) => return Ok(self.damaged(format!("{e} after {seconds:.1} s"))),
            };
            self.ration.give(packet.data.len(), self.seekable);
            if packet.track_id != self.playable.track {
                if others.take_too_long() {
                    return Ok(self.damaged(format!("only other tracks come after {seconds:.1} s")));
                }
                continue;
            }
            let decoded = self.decoder.decode(&packet);
            let rate = match decoded {
                Ok(samples) => mix_down(&samples, self.mixdown, &mut self.planes, mono)?,
                Err(Error::DecodeError(_) | Error::IoError(_)) => {
                    self.count_bad();
                    continue;
                }
                Err(Error::ResetRequired) => {
                    self.restart()?;
                    continue;
                }
                Err(e) => return Ok(self.damaged(format!("{e} after {seconds:.1} s"))),
            };
            self.bad_in_a_row = 0;
            if self.tail.is_some() {
                self.last_packet = packet.data;
            }
            if !mono.is_empty() {
                self.decoded_any = true;
                return Ok(Unit::Block(check_rate(rate)?));
            }
        }
    }

    /// The title of the link of a chain that has just begun, if it has one or takes one away.
    fn link_title(&mut self) -> Option<String> {
        let title = title::of_link(self.format.as_mut())?;
        let before = std::mem::replace(&mut self.titled, !title.is_empty());
        (before || self.titled).then_some(title)
    }

    fn count_bad(&mut self) {
        self.bad_in_a_row += 1;
        // Who joins a stream in its middle cannot decode the first packets; that is no damage.
        if self.decoded_any {
            self.bad = self.bad.saturating_add(1);
        }
    }

    /// A new stream of a chain begins.
    fn restart(&mut self) -> Result<(), SourceError> {
        self.playable = Playable::find(self.format.as_ref())?;
        self.decoder = self.playable.decoder()?;
        self.title = self.link_title();
        self.announced = None;
        // A chain of headers without audio must not keep us for ever.
        self.bad_in_a_row += 1;
        Ok(())
    }
}

/// Replaces `mono` by the mixdown of the channels. Returns the rate.
fn mix_down(
    samples: &GenericAudioBufferRef<'_>,
    mixdown: Mixdown,
    planes: &mut Vec<Vec<f32>>,
    mono: &mut Vec<f32>,
) -> Result<u32, SourceError> {
    samples.copy_to_vecs_planar(planes);
    Mixer::new(mixdown, planes.len())?.planes(planes, samples.frames(), mono);
    Ok(samples.spec().rate())
}
