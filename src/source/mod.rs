//! Where audio comes from: microphones, files and standard input, decoded to mono at its native rate.
//!
//! [`run`] is the body of a source's thread: it opens, decodes, keeps the source's pace and writes into the lock-free
//! [`ring`]. [`Decoder`] is the same decoding without a thread, for whoever wants a whole file.
//! Touch this file when what a source tells its owner changes.

mod again;
mod container;
mod decode;
mod decoded;
mod ending;
mod error;
mod exec;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod held;
mod hls;
mod http;
mod line;
mod live;
mod microphone;
mod mixdown;
mod pcm;
mod player;
mod playlist;
mod radio;
mod ring;
mod sniff;
mod spec;
mod stdin;
mod stop;
mod tail;
mod titles;
mod uri;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::SystemTime;

use crate::event::SourceState;
use crate::stats::SourceCounters;
use crate::units::SampleRate;

pub use decode::Decoder;
pub use decoded::Decoded;
pub use ending::Ending;
pub use error::{FORMATS, SourceError};
pub use exec::Program;
pub use hls::{FetchError, HlsError};
pub use http::{Address, AddressError, HttpError, HttpSettings};
pub use microphone::{Callback, Capture, DeviceInfo, Exchange, Pulse, Retired, devices, microphone};
pub use mixdown::{Channel, HIGHEST_CHANNEL, LARGEST_GAIN_DB, Mixdown, Mixer};
pub use pcm::{Channels, Encoding, PcmFormat};
pub use ring::{Read, RingReader, RingWriter, ring};
pub use spec::{Own, SourceSpec};
pub use stdin::refuse_terminal_stdin;
pub use stop::{Stop, Stopped};
pub use uri::{MAX_FACTOR, Pacing, SourceUri, Speed, UriError};

use line::{Line, Outcome};

/// What a source tells its owner.
pub enum Notice {
    /// A continuous run of samples begins. It takes the place of the one before, whether or not that has ended: the
    /// writer of a lost microphone may hang in the audio system.
    Stream(Stream),
    /// A title holds from a sample on. It comes before the samples that follow it may be read.
    Title {
        /// Samples of the present [`Stream`] before it.
        at: u64,
        /// The title as the station sends it; empty if there is none from here on.
        title: String,
    },
    /// The source has another state. `Ended` comes when everything has been written; there may be samples to read.
    State {
        /// The state it is in now.
        state: SourceState,
        /// Why, in words.
        reason: Option<String>,
        /// What a person can do about it.
        remedy: Option<String>,
    },
}

/// A continuous run of samples at one rate.
pub struct Stream {
    /// Where they are read.
    pub reader: RingReader,
    /// Their rate.
    pub rate: SampleRate,
    /// Wall-clock time of the first sample.
    pub anchor: SystemTime,
    /// Seconds of audio a second, if the source keeps its own pace, and so loses what is not read in time.
    pub pace: Option<f64>,
    /// What was broadcast between the stream before and this one, but could not be had.
    pub missing: Option<Missing>,
}

/// A hole in what was broadcast.
#[derive(Debug, Clone, PartialEq)]
pub struct Missing {
    /// How long it is.
    pub seconds: f64,
    /// Why, in words.
    pub reason: String,
}

/// Runs a source until it ends, fails or is told to stop: the body of the thread `src-NAME`.
///
/// `notify` is called on this thread. `wake` is called on this thread after samples were written, never from the
/// audio callback; it must not block.
pub fn run(
    spec: &SourceSpec,
    counters: &Arc<SourceCounters>,
    stop: &Stop,
    notify: &mut dyn FnMut(Notice),
    wake: &dyn Fn(),
) {
    let mut line = Line { spec, counters, stop, notify, wake };
    line.tell(SourceState::Starting, None);
    let outcome = match &spec.uri {
        SourceUri::Microphone { device, mixdown } => microphone::run(device.as_deref(), *mixdown, &mut line),
        SourceUri::File { path, speed, looping, mixdown } => {
            player::play_file(path, *speed, *looping, *mixdown, &mut line)
        }
        SourceUri::Stdin { pcm, mixdown } => stdin::play(*pcm, *mixdown, &mut line),
        SourceUri::Http { address, pacing, mixdown } => {
            radio::run(address, *pacing, *mixdown, HttpSettings::default(), &mut line)
        }
        SourceUri::Exec { program, pcm, pacing, mixdown } => {
            exec::run(program, *pcm, *pacing, *mixdown, &mut line)
        }
    };
    match outcome {
        // Whatever failed while the source was told to stop failed because of that.
        _ if stop.is_stopped() => (),
        Ok(Outcome::Stopped) => (),
        Ok(Outcome::Ended(ending)) => line.tell(SourceState::Ended, ending.damage),
        Err(error) => line.fail(&error),
    }
    wake();
}
