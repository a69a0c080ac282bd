//! Opens a device, in whatever sample format, rate and number of channels it has.
//! Touch it when a format is to be chosen differently; finding the device is `system.rs`'s.

use std::any::Any;
use std::sync::Arc;

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{ErrorKind, I24, SampleFormat, U24};

use super::capture::{Callback, Capture, Exchange, Pulse};
use super::name::Known;
use super::system::{Found, Server, device_error, find};
use crate::source::container::check_rate;
use crate::source::error::SourceError;
use crate::source::line::capacity;
use crate::source::mixdown::{Mixdown, Mixer};
use crate::source::ring::{RingReader, ring};
use crate::stats::SourceCounters;
use crate::units::SampleRate;

/// Deliveries a second that a sound server is asked for, about.
const SERVED_A_SECOND: u32 = 10;

/// A running capture stream.
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) rate: SampleRate,
    pub(super) pulse: Arc<Pulse>,
    pub(super) exchange: Exchange,
    /// Taken when the first samples have come.
    pub(super) reader: Option<RingReader>,
    /// What makes the callbacks come, until it is dropped.
    pub(super) _stream: Box<dyn Any + Send>,
}

/// A stream, or two, with what has to outlive them.
struct Running {
    streams: Vec<cpal::Stream>,
    callback: Callback,
    /// Dropped after the streams on it.
    _server: Option<Server>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // First, because dropping a stream may hang, and the callback is not needed any more.
        self.callback.end();
        self.streams.clear();
    }
}

/// Name of the microphone that `mic:` or `mic:NAME` means now, after asking it for its format.
///
/// # Errors
/// [`SourceError::NoDevice`] lists those that are there; [`SourceError::NoChannel`] if it lacks the channel that is
/// asked for; [`SourceError::Device`] if it does not answer.
pub fn microphone(wanted: Option<&str>, mixdown: Mixdown) -> Result<String, SourceError> {
    let Found { device, known, server } = find(wanted)?;
    let config = config_of(&device, &known, mixdown);
    drop((device, server));
    config.map(|_| known.name)
}

/// Opens the device and starts it; its callback writes into a new ring of `seconds`.
pub(super) fn open(
    wanted: Option<&str>,
    mixdown: Mixdown,
    seconds: f64,
    counters: &Arc<SourceCounters>,
) -> Result<Opened, SourceError> {
    let Found { device, known, server } = find(wanted)?;
    let (config, mixer, rate) = config_of(&device, &known, mixdown)?;
    let (writer, reader) = ring(capacity(seconds, None, rate), Arc::clone(counters));
    let pulse = Arc::new(Pulse::default());
    let (capture, exchange) = Capture::new(writer, mixer, Arc::clone(&pulse));
    let callback = Callback::new(capture);
    let mut running = Running { streams: Vec::new(), callback: callback.clone(), _server: server };
    if known.served {
        running.streams.push(pacer(&device, rate)?);
    }
    running.streams.push(build(&device, &config, callback, &pulse, counters)?);
    for stream in &running.streams {
        stream.play().map_err(device_error("starting"))?;
    }
    Ok(Opened { name: known.name, rate, pulse, exchange, reader: Some(reader), _stream: Box::new(running) })
}

/// The format in which the device is heard.
fn config_of(
    device: &cpal::Device,
    known: &Known,
    mixdown: Mixdown,
) -> Result<(cpal::SupportedStreamConfig, Mixer, SampleRate), SourceError> {
    let mut config = device.default_input_config().map_err(device_error("asking for its format"))?;
    let least = mixdown.channel.least();
    // A card itself may have more channels than it offers first. Other ways to it would make them up.
    if usize::from(config.channels()) < least && !known.served && known.id.starts_with("hw:") {
        let offered = device.supported_input_configs().map_err(device_error("asking for its format"))?;
        let enough = offered
            .filter(|range| usize::from(range.channels()) >= least)
            .filter(|range| range.sample_format() == config.sample_format())
            .filter_map(|range| range.try_with_sample_rate(config.sample_rate()))
            .min_by_key(|offered| offered.channels());
        config = enough.unwrap_or(config);
    }
    let mixer = Mixer::new(mixdown, config.channels().into())?;
    let rate = check_rate(config.sample_rate())?;
    Ok((config, mixer, rate))
}

/// A second stream, whose samples nobody hears: it has a sound server deliver in small portions.
///
/// cpal ties the size of the portions to how much the server may keep for us, and what it cannot keep on a busy
/// machine it drops without a word. So the stream that is heard leaves both to the server, which keeps 4 MB, but alone
/// would be given portions of up to two seconds.
fn pacer(device: &cpal::Device, rate: SampleRate) -> Result<cpal::Stream, SourceError> {
    let buffer_size = cpal::BufferSize::Fixed(rate.hz() / SERVED_A_SECOND);
    let config = cpal::StreamConfig { channels: 1, sample_rate: rate.hz(), buffer_size };
    let unheard = |_: &[u8], _: &cpal::InputCallbackInfo| ();
    device.build_input_stream(config, unheard, |_| (), None).map_err(device_error("opening"))
}

fn build(
    device: &cpal::Device,
    config: &cpal::SupportedStreamConfig,
    callback: Callback,
    pulse: &Arc<Pulse>,
    counters: &Arc<SourceCounters>,
) -> Result<cpal::Stream, SourceError> {
    let on_error = on_error(Arc::clone(pulse), Arc::clone(counters));
    macro_rules! build_for {
        ($($format:ident: $sample:ty),* $(,)?) => {
            match config.sample_format() {
                $(SampleFormat::$format => device.build_input_stream(
                    config.config(),
                    move |data: &[$sample], _: &cpal::InputCallbackInfo| callback.accept(data),
                    on_error,
                    None,
                ),)*
                other => {
                    return Err(SourceError::Unsupported {
                        codec: format!("{other}, which is not PCM"),
                    });
                }
            }
        };
    }
    let stream = build_for!(
        I8: i8, I16: i16, I24: I24, I32: i32, I64: i64,
        U8: u8, U16: u16, U24: U24, U32: u32, U64: u64,
        F32: f32, F64: f64,
    );
    stream.map_err(device_error("opening"))
}

/// What the audio system calls when something went wrong.
fn on_error(pulse: Arc<Pulse>, counters: Arc<SourceCounters>) -> impl FnMut(cpal::Error) + Send + 'static {
    // A lost device can report millions of errors a second: after the first nothing more is done about them.
    move |error| match error.kind() {
        // Samples are missing from here on, though the stream goes on.
        kind @ (ErrorKind::Xrun | ErrorKind::DeviceChanged) => {
            counters.xruns.add(u64::from(kind == ErrorKind::Xrun));
            counters.device_errors.add(1);
            pulse.splice();
        }
        ErrorKind::RealtimeDenied => counters.device_errors.add(1),
        _ if pulse.set_broken() => counters.device_errors.add(1),
        _ => (),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_splice_or_end_the_stream() {
        let (pulse, counters) = (Arc::new(Pulse::default()), Arc::new(SourceCounters::default()));
        let mut on_error = on_error(Arc::clone(&pulse), Arc::clone(&counters));
        for (kind, errors, splices, broken) in [
            (ErrorKind::RealtimeDenied, 1, 0, false),
            (ErrorKind::Xrun, 2, 1, false),
            (ErrorKind::DeviceChanged, 3, 2, false),
            (ErrorKind::DeviceNotAvailable, 4, 2, true),
            (ErrorKind::DeviceNotAvailable, 4, 2, true),
        ] {
            on_error(kind.into());
            let seen = (counters.device_errors.get(), pulse.splices(), pulse.is_broken());
            assert_eq!(seen, (errors, splices, broken), "{kind:?}");
        }
        assert_eq!(counters.xruns.get(), 1);
    }
}
