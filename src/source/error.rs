//! What can go wrong with a source, in words for the person who has to mend it.
//! Touch it when a failure deserves its own advice.

use std::io;
use std::path::PathBuf;

use super::hls::HlsError;
use super::http::{Address, HttpError};

/// The containers and codecs that can be read, for messages.
pub const FORMATS: &str = "WAV, FLAC, MP3, Ogg Vorbis, Ogg Opus, AAC, M4A";

/// A source that cannot be opened, or that broke.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// There is no such file.
    #[error("there is no file {}", path.display())]
    NotFound {
        /// What was asked for.
        path: PathBuf,
    },
    /// It is a directory, a pipe or a device.
    #[error("{} is {kind}, not a file of audio", path.display())]
    NotAFile {
        /// What was asked for.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// The operating system does not let it be read.
    #[error("{name} cannot be read: {io}")]
    Unreadable {
        /// The file's path, or `standard input`.
        name: String,
        /// What the operating system said.
        #[source]
        io: io::Error,
    },
    /// Standard input is not fed by anything.
    #[error("standard input is a terminal: expected audio from a pipe or a file")]
    Terminal,
    /// It has no content.
    #[error("it is empty: expected audio, but there is not one byte")]
    Empty,
    /// Its content is something else.
    #[error("it is {what}, not audio in a supported format ({FORMATS})")]
    NotAudio {
        /// What its content looks like.
        what: &'static str,
    },
    /// The container holds no audio.
    #[error("its container ({container}) holds no audio track")]
    NoAudioTrack {
        /// The kind of container.
        container: &'static str,
    },
    /// The audio is coded in a way that cannot be decoded.
    #[error("its audio is {codec}, which cannot be decoded; supported are {FORMATS}")]
    Unsupported {
        /// The codec or the feature of it.
        codec: String,
    },
    /// It is audio, but broken so that not one sample can be had.
    #[error("it is damaged: {what}")]
    Damaged {
        /// What is wrong.
        what: String,
    },
    /// A rate that is none.
    #[error("it announces a sample rate of {hz} Hz: expected {lowest} to {highest}")]
    Rate {
        /// What came.
        hz: u32,
        /// The lowest accepted.
        lowest: u32,
        /// The highest accepted.
        highest: u32,
    },
    /// No capture device of that name.
    #[error("there is no microphone {wanted:?}; there are: {}", list(available))]
    NoDevice {
        /// What was asked for.
        wanted: String,
        /// What there is.
        available: Vec<String>,
    },
    /// More than one capture device of that name.
    #[error("more than one microphone is called {wanted:?}: {}", list(matching))]
    AmbiguousDevice {
        /// What was asked for.
        wanted: String,
        /// What it fits.
        matching: Vec<String>,
    },
    /// There is a sound server, but it cannot be asked.
    #[error("the sound server does not answer: {reason}")]
    SoundServer {
        /// What came instead.
        reason: String,
    },
    /// The channel that is asked for is not there.
    #[error("there is no channel {wanted}: it has {channels}")]
    NoChannel {
        /// What was asked for, counted from 1.
        wanted: u8,
        /// How many there are.
        channels: usize,
    },
    /// The audio system refused.
    #[error("the microphone cannot be used ({doing}): {reason}")]
    Device {
        /// What was being done.
        doing: &'static str,
        /// What the audio system said.
        reason: String,
    },
    /// HTTP live streaming.
    #[error(transparent)]
    Hls(#[from] HlsError),
    /// The network, or the server at its other end.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A playlist that leads to nothing.
    #[error("the playlist {address} {what}")]
    Playlist {
        /// Where it came from.
        address: Address,
        /// What is wrong with it.
        what: String,
    },
    /// A program that cannot be started.
    #[error("the program {program} cannot be started: {io}")]
    ProgramStart {
        /// Its name.
        program: String,
        /// What the system said.
        #[source]
        io: io::Error,
    },
    /// A program that has ended.
    #[error("the program {program} ended ({}){}", ending(status.as_ref()), last_words(said))]
    ProgramEnded {
        /// Its name.
        program: String,
        /// How; `None` if it only closed its output.
        status: Option<std::process::ExitStatus>,
        /// The last line of its standard error.
        said: String,
    },
    /// A program that gives nothing.
    #[error("the program {program} has written nothing for {seconds} s{}", last_words(said))]
    ProgramStalled {
        /// Its name.
        program: String,
        /// For how long.
        seconds: u64,
        /// The last line of its standard error.
        said: String,
    },
    /// A thread could not be started.
    #[error("no thread could be started for the source: {io}")]
    Thread {
        /// What the operating system said.
        #[source]
        io: io::Error,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".into();
    }
    names.join(", ")
}

fn ending(status: Option<&std::process::ExitStatus>) -> String {
    status.map_or_else(|| "it closed its output".into(), ToString::to_string)
}

fn last_words(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!("; its last words: {said}") }
}

impl SourceError {
    /// What the person who runs the daemon can do about it.
    pub fn remedy(&self) -> Option<String> {
        let remedy = match self {
            Self::NotFound { .. } => {
                "check the path; it is relative to the directory in which genrecast was started"
            }
            Self::NotAFile { kind, .. } if kind.contains("directory") => "name one file in it",
            Self::NotAFile { .. } => "feed it through standard input: source `-`",
            Self::Unreadable { io, .. } if io.kind() == io::ErrorKind::PermissionDenied => {
                "give the user that runs genrecast the right to read it"
            }
            Self::Unreadable { .. } => "check the disk or the network drive that it lies on",
            Self::Terminal => {
                "feed it, for instance: genrecast classify - < music.flac, or: \
                 ffmpeg -i INPUT -f wav - | genrecast run --source -"
            }
            Self::Empty => "check what should have written it",
            Self::NotAudio { .. } | Self::Unsupported { .. } | Self::NoAudioTrack { .. } => {
                "convert it, for instance: ffmpeg -i INPUT -vn OUTPUT.flac"
            }
            Self::Damaged { .. } | Self::Rate { .. } => "get the file again, or re-encode it",
            Self::NoDevice { available, .. } if available.is_empty() => {
                "plug one in or start the sound server: it is taken when it comes"
            }
            Self::NoDevice { .. } | Self::AmbiguousDevice { .. } => {
                "use one of these names, or `mic:` for the default; `genrecast devices` lists them"
            }
            Self::SoundServer { .. } => {
                "start it and let the user that runs genrecast use it, \
                 or name a card itself, as `genrecast devices` lists them"
            }
            Self::NoChannel { .. } => {
                "write one that it has as `channel=N`, or `channel=mix` for the mean of all"
            }
            Self::Device { .. } => {
                "check that it is plugged in and that the user that runs genrecast may use it; \
                 `genrecast devices` lists what there is"
            }
            Self::Hls(error) => error.remedy(),
            Self::Http(error) => return Some(error.remedy()),
            Self::Playlist { .. } => "look on the station's web page for the address of the stream itself",
            Self::ProgramStart { .. } => {
                "check its name, that it is installed, and that the user that runs genrecast may run it"
            }
            Self::ProgramEnded { .. } | Self::ProgramStalled { .. } => {
                "run it by hand to see what it says; it is started again by itself"
            }
            Self::Thread { .. } => "raise the limit on the number of threads",
        };
        Some(remedy.into())
    }
}
