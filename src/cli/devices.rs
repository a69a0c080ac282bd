//! `genrecast devices`. Touch it when a microphone has more to tell.

use std::fmt::Write as _;
use std::process::ExitCode;

use genrecast::source::DeviceInfo;

use super::exit::{Failure, Status};
use super::report::print;

pub(super) fn run(json: bool) -> Result<ExitCode, Failure> {
    let devices = genrecast::source::devices()?;
    if json {
        let json = serde_json::to_string(&devices).map_err(|error| Failure::new(Status::Other, error))?;
        return print(&(json + "\n"));
    }
    if devices.is_empty() {
        return print(
            "No microphone was found.\nPlug one in, start the sound server, or listen to a file: genrecast run --source file:PATH\n",
        );
    }
    print(&readable(&devices))
}

/// Two lines a device, because what to write must not be broken by the width of a table.
fn readable(devices: &[DeviceInfo]) -> String {
    let mut text = String::new();
    for device in devices {
        let format = match (device.rate, device.channels) {
            (Some(rate), Some(1)) => format!("{rate} Hz, 1 channel"),
            (Some(rate), Some(channels)) => format!("{rate} Hz, {channels} channels"),
            _ => "in use".into(),
        };
        let usb = device.usb.as_ref().map(|usb| format!(", USB {usb}")).unwrap_or_default();
        let default = if device.default { ", the default (mic:)" } else { "" };
        let _ = write!(text, "{}\n    {}\n    {format}{usb}{default}\n", device.name, device.uri);
    }
    text + "\nUse one: genrecast run --source 'mic:…', or uri = \"mic:…\" in config.toml\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_write_stands_on_a_line_of_its_own() {
        let yeti = DeviceInfo {
            name: "Yeti Stereo Microphone, USB Audio".into(),
            id: "plughw:CARD=2,DEV=0".into(),
            uri: "mic:usb=b58e:9e84".into(),
            default: false,
            usb: Some("b58e:9e84".into()),
            rate: Some(48_000),
            channels: Some(2),
            formats: vec!["i16".into()],
        };
        let busy = DeviceInfo { default: true, rate: None, channels: None, usb: None, ..yeti.clone() };
        let text = readable(&[yeti, busy]);
        assert!(
            text.contains("\n    mic:usb=b58e:9e84\n    48000 Hz, 2 channels, USB b58e:9e84\n"),
            "{text}"
        );
        assert!(text.contains("\n    in use, the default (mic:)\n"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}
