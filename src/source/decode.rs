//! Pulls mono samples at their native rate out of a file, a stream or raw samples.
//! Touch it when what a caller sees of decoding changes; containers are `container/`'s.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::container::{Container, Unit};
use super::decoded::{Decoded, Presentation};
use super::ending::Ending;
use super::error::SourceError;
use super::mixdown::Mixdown;
use super::pcm::{PcmFormat, PcmReader};
use super::sniff;
use crate::units::SampleRate;

/// Decodes one audio track to mono: the mean of its channels, or what a [`Mixdown`] asks for. Values that are not
/// finite become 0.
pub struct Decoder {
    name: String,
    inner: Inner,
    mono: Vec<f32>,
    /// Whether `mono` holds samples that have not been handed out: the first block, or the one after a change of rate.
    pending: bool,
    rate: SampleRate,
    seconds: f64,
    /// The title of the first block.
    title: Option<String>,
    ended: Option<Ending>,
}

pub(super) enum Inner {
    Container(Box<Container>),
    Presentation(Box<dyn Presentation>),
    Pcm(PcmReader),
}

impl Decoder {
    /// Opens a file.
    ///
    /// # Errors
    /// When it is not there, cannot be read, lacks the channel, or not one sample can be had from it.
    pub fn open_file(path: &Path, mixdown: Mixdown) -> Result<Self, SourceError> {
        let unreadable = |io| SourceError::Unreadable { name: path.display().to_string(), io };
        let kind = std::fs::metadata(path).map_err(|io| match io.kind() {
            io::ErrorKind::NotFound => SourceError::NotFound { path: path.into() },
            _ => unreadable(io),
        })?;
        if !kind.is_file() {
            return Err(SourceError::NotAFile {
                path: path.into(),
                kind: if kind.is_dir() { "a directory" } else { "a pipe or a device" },
            });
        }
        let mut head = Vec::new();
        File::open(path)
            .and_then(|file| file.take(sniff::HEAD as u64).read_to_end(&mut head))
            .map_err(unreadable)?;
        sniff::refuse_what_is_no_audio(&head)?;
        let container = guard(|| Container::open_file(path, &path.display().to_string(), mixdown))
            .and_then(|opened| opened)
            .map_err(|error| sniff::explain(error, &head))?;
        Self::prime(path.display().to_string(), Inner::Container(Box::new(container)))
    }

    /// Opens a stream that cannot be rewound, such as standard input. `hint` is a file name extension or nothing.
    /// Blocks until the first samples have been decoded.
    ///
    /// # Errors
    /// When it cannot be read, lacks the channel, or not one sample can be had from it.
    pub fn open_stream(
        reader: impl Read + Send + Sync + 'static,
        hint: Option<&str>,
        mixdown: Mixdown,
    ) -> Result<Self, SourceError> {
        let name = "the stream".to_owned();
        let mut head = Vec::new();
        let mut reader = reader;
        reader
            .by_ref()
            .take(sniff::HEAD as u64)
            .read_to_end(&mut head)
            .map_err(|io| SourceError::Unreadable { name: name.clone(), io })?;
        sniff::refuse_what_is_no_audio(&head)?;
        let reader = Cursor::new(head.clone()).chain(reader);
        let container = guard(|| Container::open_stream(reader, hint, &name, mixdown))
            .and_then(|opened| opened)
            .map_err(|error| sniff::explain(error, &head))?;
        Self::prime(name, Inner::Container(Box::new(container)))
    }

    /// Reads raw samples. Does not read anything yet.
    ///
    /// # Errors
    /// When the format's rate is out of range, or it does not have the channel.
    pub fn open_pcm(
        reader: impl Read + Send + Sync + 'static,
        format: PcmFormat,
        mixdown: Mixdown,
    ) -> Result<Self, SourceError> {
        let inner = PcmReader::new(reader, format, mixdown)?;
        Ok(Self {
            name: "the stream".into(),
            rate: super::container::check_rate(inner.rate().hz())?,
            inner: Inner::Pcm(inner),
            mono: Vec::new(),
            pending: false,
            seconds: 0.0,
            title: None,
            ended: None,
        })
    }

    /// Takes what decodes by itself. Blocks until its first samples have been decoded.
    ///
    /// # Errors
    /// When it has none.
    pub(super) fn open_presentation(mut presentation: Box<dyn Presentation>) -> Result<Self, SourceError> {
        let mut title = None;
        let rate = loop {
            match presentation.next_block()? {
                Decoded::RateChanged(rate) => break rate,
                Decoded::Title(text) => title = Some(text),
                Decoded::End(ending) => {
                    return Err(SourceError::Damaged {
                        what: ending.damage.unwrap_or_else(|| "it holds no audio".into()),
                    });
                }
                // Nothing has been heard yet that could miss something.
                Decoded::Samples(_) | Decoded::Gap { .. } | Decoded::Stalled(_) => (),
            }
        };
        Ok(Self {
            name: "the presentation".into(),
            inner: Inner::Presentation(presentation),
            mono: Vec::new(),
            pending: false,
            rate,
            seconds: 0.0,
            title,
            ended: None,
        })
    }

    /// Decodes the first block, because only that tells the real rate and whether anything can be decoded at all.
    pub(super) fn prime(name: String, mut inner: Inner) -> Result<Self, SourceError> {
        let (mut mono, mut title) = (Vec::new(), None);
        let rate = loop {
            match inner.next(&name, 0.0, &mut mono)? {
                Unit::Block(rate) => break rate,
                Unit::Title(text) => title = Some(text).filter(|text| !text.is_empty()),
                Unit::End(ending) => {
                    return Err(SourceError::Damaged {
                        what: ending.damage.unwrap_or_else(|| "it announces audio but holds none".into()),
                    });
                }
            }
        };
        Ok(Self { name, inner, mono, pending: true, rate, seconds: 0.0, title, ended: None })
    }

    /// The rate of the samples that come next.
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// How long the container says the whole is, in seconds: exact, or an estimate from the size of the file. For
    /// progress bars.
    pub fn expected_seconds(&self) -> Option<f64> {
        match &self.inner {
            Inner::Container(container) => container.expected_seconds(),
            Inner::Presentation(_) | Inner::Pcm(_) => None,
        }
    }

    /// How long the header of the container says the whole is, in seconds; `None` where none says it, or by guess only. It
    /// may be wrong.
    pub fn stated_seconds(&self) -> Option<f64> {
        match &self.inner {
            Inner::Container(container) => container.stated_seconds(),
            Inner::Presentation(_) | Inner::Pcm(_) => None,
        }
    }

    /// What of the sound is not heard, in words, if that is known.
    pub fn note(&self) -> Option<&'static str> {
        match &self.inner {
            Inner::Container(container) => container.note(),
            Inner::Presentation(presentation) => presentation.note(),
            Inner::Pcm(_) => None,
        }
    }

    /// Goes on with another stream, whose sound continues what was decoded so far. Its rate may be another.
    ///
    /// # Errors
    /// When nothing in it can be decoded; the decoder is of no use then.
    pub(super) fn follow(
        &mut self,
        reader: impl Read + Send + Sync + 'static,
        hint: Option<&str>,
    ) -> Result<(), SourceError> {
        let Inner::Container(container) = &mut self.inner else { return Ok(()) };
        self.ended = None;
        guard(|| container.follow(reader, hint, &self.name)).and_then(|followed| followed)
    }

    /// How many seconds have been handed out.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// The next samples, or what comes instead. Blocks as long as the reader does.
    ///
    /// # Errors
    /// When reading fails. Damage of the content is no error but told at the end.
    pub fn next_block(&mut self) -> Result<Decoded<'_>, SourceError> {
        if let Some(ending) = &self.ended {
            return Ok(Decoded::End(ending.clone()));
        }
        if let Some(title) = self.title.take() {
            return Ok(Decoded::Title(title));
        }
        if matches!(self.inner, Inner::Presentation(_)) {
            return self.next_of_presentation();
        }
        if !std::mem::take(&mut self.pending) {
            match self.inner.next(&self.name, self.seconds, &mut self.mono)? {
                Unit::Block(rate) if rate != self.rate => {
                    self.rate = rate;
                    self.pending = true;
                    return Ok(Decoded::RateChanged(rate));
                }
                Unit::Block(_) => (),
                Unit::Title(title) => return Ok(Decoded::Title(title)),
                Unit::End(ending) => {
                    self.ended = Some(ending.clone());
                    return Ok(Decoded::End(ending));
                }
            }
        }
        self.seconds += self.rate.seconds(self.mono.len() as u64);
        Ok(Decoded::Samples(&self.mono))
    }

    fn next_of_presentation(&mut self) -> Result<Decoded<'_>, SourceError> {
        let Inner::Presentation(presentation) = &mut self.inner else {
            return Ok(Decoded::End(Ending { damage: None }));
        };
        let next = presentation.next_block()?;
        match &next {
            Decoded::Samples(samples) => self.seconds += self.rate.seconds(samples.len() as u64),
            Decoded::RateChanged(rate) => self.rate = *rate,
            Decoded::End(ending) => self.ended = Some(ending.clone()),
            Decoded::Title(_) | Decoded::Gap { .. } | Decoded::Stalled(_) => (),
        }
        Ok(next)
    }
}

/// Runs foreign decoders so that a file which makes one of them panic ends only that file: in builds with overflow
/// checks some broken headers do.
pub(super) fn guard<T>(decode: impl FnOnce() -> T) -> Result<T, SourceError> {
    catch_unwind(AssertUnwindSafe(decode))
        .map_err(|_| SourceError::Damaged { what: "its content makes the decoder break down".into() })
}

impl Inner {
    fn next(&mut self, name: &str, seconds: f64, mono: &mut Vec<f32>) -> Result<Unit, SourceError> {
        match self {
            Self::Container(container) => {
                let next = guard(|| container.next(name, seconds, mono));
                // What broke down is not asked again: the caller takes this for the end.
                next.unwrap_or_else(|broken| {
                    let damage = Some(format!("{broken}, after {seconds:.1} s"));
                    Ok(Unit::End(Ending { damage }))
                })
            }
            // Handed through by `next_block`.
            Self::Presentation(_) => Ok(Unit::End(Ending { damage: None })),
            Self::Pcm(pcm) => {
                let damage = match pcm.next_block(mono) {
                    Ok(()) if mono.is_empty() => None,
                    Ok(()) => return Ok(Unit::Block(pcm.rate())),
                    Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                        Some(format!("ended after {seconds:.1} s inside a frame"))
                    }
                    Err(io) => {
                        return Err(SourceError::Unreadable { name: name.into(), io });
                    }
                };
                Ok(Unit::End(Ending { damage }))
            }
        }
    }
}
