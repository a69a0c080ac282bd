//! Finds capture devices and opens one, in whatever sample format, rate and number of channels it has.
//! Touch it when devices are to be named or chosen differently.

use std::any::Any;
use std::sync::Arc;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{ErrorKind, I24, SampleFormat, U24};

use super::capture::{Capture, Exchange, Pulse};
use crate::source::container::check_rate;
use crate::source::error::SourceError;
use crate::source::line::capacity;
use crate::source::ring::{RingReader, ring};
use crate::stats::SourceCounters;
use crate::units::SampleRate;

/// A capture device, as `devices` lists it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DeviceInfo {
    /// What the audio system calls it.
    pub name: String,
    /// Its stable identifier, which `mic:ID` takes too.
    pub id: String,
    /// Whether `mic:` means it.
    pub default: bool,
    /// Its default sample rate in hertz.
    pub rate: u32,
    /// Its default number of channels.
    pub channels: u16,
    /// The sample formats it offers, its default one first.
    pub formats: Vec<String>,
}

/// A running capture stream.
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) rate: SampleRate,
    pub(super) pulse: Arc<Pulse>,
    pub(super) exchange: Exchange,
    /// Taken when the first samples have come.
    pub(super) reader: Option<RingReader>,
    /// What owns the callback, which comes until this is dropped.
    pub(super) _stream: Box<dyn Any + Send>,
}

/// The capture devices of this machine that can be opened now.
///
/// # Errors
/// When the audio system cannot be asked.
pub fn devices() -> Result<Vec<DeviceInfo>, SourceError> {
    let host = cpal::default_host();
    let default = host.default_input_device().and_then(|device| device.id().ok());
    let mut found = Vec::new();
    for device in host.input_devices().map_err(device_error("listing"))? {
        let (Ok(id), Ok(config)) = (device.id(), device.default_input_config()) else {
            continue;
        };
        let mut formats = vec![config.sample_format().to_string()];
        for offered in device.supported_input_configs().into_iter().flatten() {
            let format = offered.sample_format().to_string();
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        found.push(DeviceInfo {
            name: device.to_string(),
            default: default.as_ref() == Some(&id),
            id: id.id().to_owned(),
            rate: config.sample_rate(),
            channels: config.channels(),
            formats,
        });
    }
    Ok(found)
}

/// Name of the microphone that `mic:` or `mic:NAME` means now, after asking it for its format.
///
/// # Errors
/// [`SourceError::NoDevice`] lists those that are there; [`SourceError::Device`] if it does not answer.
pub fn microphone(wanted: Option<&str>) -> Result<String, SourceError> {
    let device = find(wanted)?;
    device.default_input_config().map_err(device_error("asking for its format"))?;
    Ok(device.to_string())
}

/// Opens the device and starts it; its callback writes into a new ring of `seconds`.
pub(super) fn open(
    wanted: Option<&str>,
    seconds: f64,
    counters: &Arc<SourceCounters>,
) -> Result<Opened, SourceError> {
    let device = find(wanted)?;
    let config = device.default_input_config().map_err(device_error("asking for its format"))?;
    let rate = check_rate(config.sample_rate())?;
    let (writer, reader) = ring(capacity(seconds, None, rate), Arc::clone(counters));
    let pulse = Arc::new(Pulse::default());
    let (capture, exchange) = Capture::new(writer, config.channels().into(), Arc::clone(&pulse));
    let stream = build(&device, &config, capture, &pulse, counters)?;
    stream.play().map_err(device_error("starting"))?;
    Ok(Opened {
        name: device.to_string(),
        rate,
        pulse,
        exchange,
        reader: Some(reader),
        _stream: Box::new(stream),
    })
}

fn build(
    device: &cpal::Device,
    config: &cpal::SupportedStreamConfig,
    mut capture: Capture,
    pulse: &Arc<Pulse>,
    counters: &Arc<SourceCounters>,
) -> Result<cpal::Stream, SourceError> {
    let on_error = on_error(Arc::clone(pulse), Arc::clone(counters));
    macro_rules! build_for {
        ($($format:ident: $sample:ty),* $(,)?) => {
            match config.sample_format() {
                $(SampleFormat::$format => device.build_input_stream(
                    config.config(),
                    move |data: &[$sample], _: &cpal::InputCallbackInfo| capture.accept(data),
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
        ErrorKind::Xrun | ErrorKind::DeviceChanged => {
            counters.device_errors.add(1);
            pulse.splice();
        }
        ErrorKind::RealtimeDenied => counters.device_errors.add(1),
        _ if pulse.set_broken() => counters.device_errors.add(1),
        _ => (),
    }
}

fn find(wanted: Option<&str>) -> Result<cpal::Device, SourceError> {
    let host = cpal::default_host();
    let Some(wanted) = wanted else {
        return host
            .default_input_device()
            .ok_or(SourceError::NoDevice { wanted: "default".into(), available: Vec::new() });
    };
    let devices: Vec<_> = host
        .input_devices()
        .map_err(device_error("listing"))?
        .map(|device| {
            let id = device.id().map(|id| id.id().to_owned()).unwrap_or_default();
            (id, device.to_string(), device)
        })
        .collect();
    let names = || devices.iter().map(|(id, name, _)| (id.as_str(), name.as_str()));
    let chosen = choose(wanted, names())?;
    devices.get(chosen).map(|(_, _, device)| device.clone()).ok_or_else(|| SourceError::NoDevice {
        wanted: wanted.into(),
        available: names().map(spelled).collect(),
    })
}

/// Which of the devices, each `(id, name)`, is meant: by its exact id or name, else by a part that only one has.
fn choose<'a>(
    wanted: &str,
    devices: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) -> Result<usize, SourceError> {
    let exact = devices.clone().position(|(id, _)| id == wanted);
    let exact = exact.or_else(|| devices.clone().position(|(_, name)| name == wanted));
    if let Some(exact) = exact {
        return Ok(exact);
    }
    let part = wanted.to_lowercase();
    let fits = |&(_, (id, name)): &(usize, (&str, &str))| {
        id.to_lowercase().contains(&part) || name.to_lowercase().contains(&part)
    };
    let fitting: Vec<_> = devices.clone().enumerate().filter(fits).collect();
    match fitting.as_slice() {
        [(only, _)] => Ok(*only),
        [] => Err(SourceError::NoDevice { wanted: wanted.into(), available: devices.map(spelled).collect() }),
        many => Err(SourceError::AmbiguousDevice {
            wanted: wanted.into(),
            matching: many.iter().map(|&(_, device)| spelled(device)).collect(),
        }),
    }
}

fn spelled((id, name): (&str, &str)) -> String {
    format!("{id:?} ({name})")
}

fn device_error(doing: &'static str) -> impl Fn(cpal::Error) -> SourceError {
    move |error| SourceError::Device { doing, reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICES: [(&str, &str); 4] = [
        ("default", "Default Audio Device"),
        ("hw:CARD=0,DEV=0", "USB Microphone, USB Audio"),
        ("plughw:CARD=0,DEV=0", "USB Microphone, USB Audio"),
        ("pulse", "PulseAudio Sound Server"),
    ];

    fn chosen(wanted: &str) -> Result<usize, String> {
        choose(wanted, DEVICES.into_iter()).map_err(|e| e.to_string())
    }

    #[test]
    fn exact_names_come_before_unique_parts() {
        assert_eq!(chosen("hw:CARD=0,DEV=0"), Ok(1));
        assert_eq!(chosen("USB Microphone, USB Audio"), Ok(1));
        assert_eq!(chosen("PULSEAUDIO"), Ok(3));
    }

    #[test]
    fn errors_list_what_there_is() {
        let ambiguous = chosen("usb").expect_err("two have it");
        assert!(ambiguous.contains("\"hw:CARD=0,DEV=0\"") && ambiguous.contains("plughw"), "{ambiguous}");
        let missing = chosen("Blue Yeti").expect_err("none has it");
        assert!(missing.contains("Blue Yeti") && missing.contains("PulseAudio Sound Server"), "{missing}");
    }

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
    }
}
