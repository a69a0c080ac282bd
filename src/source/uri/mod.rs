//! How a source is named: `mic:`, `mic:NAME`, `file:PATH?speed=S&loop=true`, `-`, `-?pcm=…&rate=…&channels=…`,
//! `http://…#pace=off`, `exec:PROGRAM ARGUMENT…`, each with `gain_db=G&channel=N`. Touch it to add a kind of source;
//! reading the text is `parse.rs`'s, and `remote.rs`'s for what comes from elsewhere.

mod parse;
mod remote;

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use super::exec::Program;
use super::http::Address;
use super::mixdown::{Channel, Mixdown};
use super::pcm::PcmFormat;

pub use parse::UriError;

/// The highest finite speed; whoever wants more wants [`Speed::Max`].
pub const MAX_FACTOR: f64 = 1000.0;

/// The longest name that a source may have.
const LONGEST_NAME: usize = 64;

/// Written as `%XX` besides what is not UTF-8: what would be read as something else.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%').add(b'?');

/// Where a source's audio comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceUri {
    /// A capture device of this machine.
    Microphone {
        /// Its name, a part of it that no other device's name has, a pattern with `*` and `?`, or `usb=VVVV:PPPP`;
        /// `None` for the default device.
        device: Option<String>,
        /// How it is made mono.
        mixdown: Mixdown,
    },
    /// A file in one of the supported containers.
    File {
        /// Where it lies, relative to the working directory or absolute.
        path: PathBuf,
        /// How fast it is played.
        speed: Speed,
        /// Whether it begins again at its end, as one continuous stream.
        looping: bool,
        /// How it is made mono.
        mixdown: Mixdown,
    },
    /// Standard input. Its writer sets the pace; nothing is ever dropped.
    Stdin {
        /// What the samples look like; `None` for a container that tells.
        pcm: Option<PcmFormat>,
        /// How it is made mono.
        mixdown: Mixdown,
    },
    /// A station, or a file, on the web.
    Http {
        /// Of the stream, or of a playlist that leads to it.
        address: Address,
        /// By which clock it is played.
        pacing: Pacing,
        /// How it is made mono.
        mixdown: Mixdown,
    },
    /// A program that writes audio to its standard output.
    Exec {
        /// The program and its arguments.
        program: Program,
        /// What its samples look like; `None` for a container that tells.
        pcm: Option<PcmFormat>,
        /// By which clock it is played.
        pacing: Pacing,
        /// How it is made mono.
        mixdown: Mixdown,
    },
}

/// By which clock something from elsewhere is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pacing {
    /// In real time: what comes in a burst waits until it is due, and what the listener has no room for is lost.
    Live,
    /// As fast as it comes and is taken; nothing is lost.
    Off,
}

impl Pacing {
    /// `live` or `off`; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Live, Self::Off].into_iter().find(|pacing| pacing.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Off => "off",
        }
    }
}

/// How fast a file is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// That many times real time, above 0 and at most [`MAX_FACTOR`]; what the listener has no room for is lost.
    Factor(f64),
    /// As fast as the listener takes it; nothing is lost.
    Max,
}

impl SourceUri {
    /// Seconds of audio a second, for a source that has a clock of its own and so loses what the listener has no room
    /// for; `None` for one that waits.
    pub fn pace(&self) -> Option<f64> {
        match self {
            Self::Microphone { .. } => Some(1.0),
            Self::File { speed: Speed::Factor(factor), .. } => Some(*factor),
            Self::Http { pacing: Pacing::Live, .. } | Self::Exec { pacing: Pacing::Live, .. } => Some(1.0),
            Self::File { speed: Speed::Max, .. }
            | Self::Stdin { .. }
            | Self::Http { pacing: Pacing::Off, .. }
            | Self::Exec { pacing: Pacing::Off, .. } => None,
        }
    }

    /// How it is made mono.
    pub fn mixdown(&self) -> Mixdown {
        match self {
            Self::Microphone { mixdown, .. }
            | Self::File { mixdown, .. }
            | Self::Stdin { mixdown, .. }
            | Self::Http { mixdown, .. }
            | Self::Exec { mixdown, .. } => *mixdown,
        }
    }

    /// The same, to be changed.
    pub fn mixdown_mut(&mut self) -> &mut Mixdown {
        match self {
            Self::Microphone { mixdown, .. }
            | Self::File { mixdown, .. }
            | Self::Stdin { mixdown, .. }
            | Self::Http { mixdown, .. }
            | Self::Exec { mixdown, .. } => mixdown,
        }
    }

    /// By which clock it is played, to be changed; `None` for a kind that has no choice.
    pub fn pacing_mut(&mut self) -> Option<&mut Pacing> {
        match self {
            Self::Http { pacing, .. } | Self::Exec { pacing, .. } => Some(pacing),
            _ => None,
        }
    }

    /// A name for the source, at most 64 of `a-z`, `0-9`, `-`, `_` and `.`: `mic`, the file's stem, `stdin`,
    /// the host or the program.
    pub fn default_name(&self) -> String {
        match self {
            Self::Microphone { .. } => "mic".into(),
            Self::Stdin { .. } => "stdin".into(),
            Self::File { path, .. } => name_of(path.file_stem().unwrap_or(OsStr::new(""))),
            Self::Http { address, .. } => name_of(OsStr::new(address.host())),
            Self::Exec { program, .. } => {
                name_of(Path::new(program.name()).file_name().unwrap_or(OsStr::new("")))
            }
        }
    }
}

fn name_of(stem: &OsStr) -> String {
    let mut name = String::new();
    for c in stem.to_string_lossy().chars() {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9' | '-' | '_' | '.') => name.push(c),
            _ if name.ends_with('-') => (),
            _ => name.push('-'),
        }
    }
    // All of it is ASCII, so any place is between two characters.
    name.truncate(LONGEST_NAME);
    let name = name.trim_start_matches('-').trim_end_matches(['-', '_', '.']);
    if name.is_empty() {
        return "file".into();
    }
    name.into()
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Factor(factor) => write!(f, "{factor}"),
            Self::Max => f.write_str("max"),
        }
    }
}

impl fmt::Display for SourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut keys, mixdown) = (Vec::new(), self.mixdown());
        match self {
            Self::Microphone { device, .. } => {
                f.write_str("mic:")?;
                write_escaped(f, device.as_deref().unwrap_or("").as_bytes())?;
            }
            Self::File { path, speed, looping, .. } => {
                f.write_str("file:")?;
                write_escaped(f, path.as_os_str().as_encoded_bytes())?;
                if *speed != Speed::Factor(1.0) {
                    keys.push(format!("speed={speed}"));
                }
                if *looping {
                    keys.push("loop=true".into());
                }
            }
            Self::Stdin { pcm, .. } => {
                f.write_str("-")?;
                keys.extend(pcm.map(pcm_keys));
            }
            Self::Http { address, pacing, .. } => {
                write!(f, "{address}")?;
                keys.extend((*pacing != Pacing::Live).then(|| format!("pace={}", pacing.name())));
            }
            Self::Exec { program, pcm, pacing, .. } => {
                write!(f, "exec:{program}")?;
                keys.extend(pcm.map(pcm_keys));
                keys.extend((*pacing != Pacing::Off).then(|| format!("pace={}", pacing.name())));
            }
        }
        if mixdown.gain_db != 0.0 {
            keys.push(format!("gain_db={}", mixdown.gain_db));
        }
        if let Channel::One(number) = mixdown.channel {
            keys.push(format!("channel={number}"));
        }
        match keys.is_empty() {
            true => Ok(()),
            // What stands behind the `?` of a web address is the server's.
            false if matches!(self, Self::Http { .. }) => write!(f, "#{}", keys.join("&")),
            false => write!(f, "?{}", keys.join("&")),
        }
    }
}

fn pcm_keys(format: PcmFormat) -> String {
    let PcmFormat { encoding, rate, channels } = format;
    format!("pcm={encoding}&rate={}&channels={channels}", rate.hz())
}

/// Text as it is, so that it can be read; bytes that are not UTF-8 and the escaped set as `%XX`.
fn write_escaped(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        let mut plain = chunk.valid();
        while let Some(c) = plain.chars().next() {
            let (head, tail) = plain.split_at(c.len_utf8());
            if c.is_ascii() {
                write!(f, "{}", percent_encode(head.as_bytes(), ESCAPED))?;
            } else {
                f.write_str(head)?;
            }
            plain = tail;
        }
        write!(f, "{}", percent_encode(chunk.invalid(), ESCAPED))?;
    }
    Ok(())
}
