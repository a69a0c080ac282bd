//! Reads a source's URI and says what is wrong with one.
//! Touch it to add a key; every error says what was expected, what came and what to do.

use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use super::{MAX_FACTOR, SourceUri, Speed, remote};
use crate::source::exec::redacted;
use crate::source::http::AddressError;
use crate::source::microphone::UsbName;
use crate::source::mixdown::{Channel, LARGEST_GAIN_DB, Mixdown};
use crate::source::pcm::{Channels, Encoding, PcmFormat};
use crate::units::{HIGHEST_RATE, LOWEST_RATE, SampleRate};

/// A source's URI that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// It begins like none of the kinds.
    #[error(
        "no kind of source begins like {given:?}: expected `mic:`, `mic:NAME`, `file:PATH`, `http://…`, `https://…`, \
         `exec:PROGRAM …` or `-`; for a file of that name write `file:{given}`"
    )]
    Kind {
        /// What came.
        given: String,
    },
    /// `file:` without a path.
    #[error("a file source needs a path: write `file:PATH`, for instance `file:music.flac`")]
    NoPath,
    /// A web address that is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// `exec:` without a program.
    #[error(
        "a program cannot be read ({reason}): write `exec:PROGRAM ARGUMENT…`, for instance `exec:arecord -t wav`"
    )]
    Program {
        /// What is wrong.
        reason: &'static str,
    },
    /// A key that this kind of source does not have.
    #[error(
        "{kind} has no key {key:?}: expected {expected}; \
         if it is part of the name, write its `?` as `%3F`"
    )]
    Key {
        /// The kind of source.
        kind: &'static str,
        /// What came.
        key: String,
        /// The keys there are.
        expected: &'static str,
    },
    /// A value that its key cannot have.
    #[error("`{key}` cannot be {given:?}: expected {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// What came.
        given: String,
        /// What would do.
        expected: &'static str,
    },
    /// Raw samples of which something is not known.
    #[error("raw samples need their {missing} too: write for instance `-?pcm=s16le&rate=44100&channels=2`")]
    Incomplete {
        /// The key that is not there.
        missing: &'static str,
    },
}

impl FromStr for SourceUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        if let Some(rest) = text.strip_prefix("mic:") {
            return microphone(rest);
        }
        if let Some(rest) = text.strip_prefix("file:") {
            return file(rest);
        }
        if ["http:", "https:"]
            .iter()
            .any(|scheme| text.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme)))
        {
            return remote::http(text);
        }
        if let Some(rest) = text.strip_prefix("exec:") {
            return remote::exec(rest);
        }
        match text.strip_prefix('-') {
            Some("") => Ok(Self::Stdin { pcm: None, mixdown: Mixdown::default() }),
            Some(rest) if rest.starts_with('?') => stdin(rest.get(1..).unwrap_or_default()),
            // It may be an address of another kind, with a password.
            _ => Err(UriError::Kind { given: redacted(text) }),
        }
    }
}

fn microphone(rest: &str) -> Result<SourceUri, UriError> {
    let (name, query) = split_query(rest);
    let mut mixdown = Mixdown::default();
    for (key, value) in pairs(query) {
        if !mixdown_key(&mut mixdown, key, value)? {
            let expected = "`gain_db` or `channel`";
            return Err(UriError::Key { kind: "a microphone", key: key.into(), expected });
        }
    }
    let name = percent_decode_str(name).decode_utf8_lossy();
    if let Some(usb) = name.strip_prefix(UsbName::PREFIX) {
        let invalid = || UriError::Value { key: "usb", given: usb.into(), expected: UsbName::EXPECTED };
        usb.parse::<UsbName>().map_err(|_| invalid())?;
    }
    Ok(SourceUri::Microphone { device: (!name.is_empty()).then(|| name.into_owned()), mixdown })
}

fn file(rest: &str) -> Result<SourceUri, UriError> {
    let (path, query) = split_query(rest);
    if path.is_empty() {
        return Err(UriError::NoPath);
    }
    let mut speed = Speed::Factor(1.0);
    let mut looping = false;
    let mut mixdown = Mixdown::default();
    for (key, value) in pairs(query) {
        match key {
            "speed" => speed = parse_speed(value)?,
            "loop" => {
                looping = value.parse().map_err(|_| UriError::Value {
                    key: "loop",
                    given: value.into(),
                    expected: "`true` or `false`",
                })?;
            }
            _ if mixdown_key(&mut mixdown, key, value)? => (),
            _ => {
                return Err(UriError::Key {
                    kind: "a file source",
                    key: key.into(),
                    expected: "`speed`, `loop`, `gain_db` or `channel`",
                });
            }
        }
    }
    Ok(SourceUri::File { path: path_from(path), speed, looping, mixdown })
}

/// Takes a key that every kind of source has; false for another one.
pub(super) fn mixdown_key(mixdown: &mut Mixdown, key: &str, value: &str) -> Result<bool, UriError> {
    let invalid = |key, expected| UriError::Value { key, given: value.into(), expected };
    match key {
        "gain_db" => {
            let fits = |gain: &f64| (-LARGEST_GAIN_DB..=LARGEST_GAIN_DB).contains(gain);
            let gain = value.parse().ok().filter(fits);
            mixdown.gain_db = gain.ok_or_else(|| invalid("gain_db", "decibels, -60 to 60"))?;
        }
        "channel" => {
            mixdown.channel = Channel::from_name(value)
                .ok_or_else(|| invalid("channel", "`mix` for the mean of all, or one of them, 1 to 64"))?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// The name and what stands behind its last `?`, if that looks like keys.
pub(super) fn split_query(rest: &str) -> (&str, &str) {
    match rest.rsplit_once('?') {
        Some((name, query)) if looks_like_query(query) => (name, query),
        _ => (rest, ""),
    }
}

/// A `?` may be part of a file's name: only `key=value` pairs after the last one are split off.
pub(super) fn looks_like_query(query: &str) -> bool {
    query.split('&').all(|pair| {
        pair.split_once('=').is_some_and(|(key, _)| {
            !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        })
    })
}

pub(super) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

#[cfg(unix)]
fn path_from(escaped: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let bytes: Vec<u8> = percent_decode_str(escaped).collect();
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn path_from(escaped: &str) -> PathBuf {
    percent_decode_str(escaped).decode_utf8_lossy().into_owned().into()
}

fn parse_speed(value: &str) -> Result<Speed, UriError> {
    if value == "max" {
        return Ok(Speed::Max);
    }
    match value.parse() {
        Ok(factor) if factor > 0.0 && factor <= MAX_FACTOR => Ok(Speed::Factor(factor)),
        _ => Err(UriError::Value {
            key: "speed",
            given: value.into(),
            expected: "a factor above 0 and at most 1000 (1 is real time), or `max`",
        }),
    }
}

fn stdin(query: &str) -> Result<SourceUri, UriError> {
    let mut samples = PcmKeys::default();
    let mut mixdown = Mixdown::default();
    for (key, value) in pairs(query) {
        if !samples.takes(key, value)? && !mixdown_key(&mut mixdown, key, value)? {
            return Err(UriError::Key {
                kind: "standard input",
                key: key.into(),
                expected: "`pcm`, `rate`, `channels`, `gain_db` or `channel`",
            });
        }
    }
    // A bare `-?` asks for raw samples without saying which.
    Ok(SourceUri::Stdin { pcm: samples.format(query.is_empty())?, mixdown })
}

/// The keys that say what raw samples look like.
#[derive(Default)]
pub(super) struct PcmKeys {
    encoding: Option<Encoding>,
    rate: Option<SampleRate>,
    channels: Option<Channels>,
}

impl PcmKeys {
    /// Takes a key; false for another one.
    pub(super) fn takes(&mut self, key: &str, value: &str) -> Result<bool, UriError> {
        let invalid = |key, expected| UriError::Value { key, given: value.into(), expected };
        match key {
            "pcm" => {
                self.encoding =
                    Some(Encoding::from_name(value).ok_or_else(|| invalid("pcm", Encoding::NAMES))?);
            }
            "rate" => {
                let hz = value.parse().ok().filter(|hz| (LOWEST_RATE..=HIGHEST_RATE).contains(hz));
                let rate = hz.and_then(SampleRate::new);
                self.rate = Some(rate.ok_or_else(|| invalid("rate", "hertz, 2000 to 768000"))?);
            }
            "channels" => {
                let channels = value.parse().ok().and_then(Channels::new);
                self.channels = Some(channels.ok_or_else(|| invalid("channels", "1 to 64"))?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The whole format; `None` when nothing of it was given, unless that is `wanted`.
    pub(super) fn format(self, wanted: bool) -> Result<Option<PcmFormat>, UriError> {
        let Self { encoding, rate, channels } = self;
        if !wanted && encoding.is_none() && rate.is_none() && channels.is_none() {
            return Ok(None);
        }
        let missing = |missing| UriError::Incomplete { missing };
        Ok(Some(PcmFormat {
            encoding: encoding.ok_or_else(|| missing("format `pcm`"))?,
            rate: rate.ok_or_else(|| missing("`rate`"))?,
            channels: channels.ok_or_else(|| missing("number of `channels`"))?,
        }))
    }
}
