//! Sound server, cards and microphones. Touch it when there is another way to sound.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use genrecast::config::Loaded;
use genrecast::source::{DeviceInfo, SourceUri};

use super::report::Report;
use super::within;

/// How long a sound server may take to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// What to do where no microphone is to be had.
const PLUG: &str = "plug it in, start the sound server, or put the user into the group audio; `genrecast devices` lists what there is";

/// Where a daemon runs its microphones are its own business: a card opens only once.
pub(super) fn look(report: &mut Report, loaded: &Loaded, running: bool) {
    server(report);
    cards(report);
    let Some(devices) = within(LIMIT, "doctor-devices", genrecast::source::devices) else {
        let remedy = "restart it: systemctl --user restart pipewire-pulse (or pulseaudio)";
        return report.bad("sound", "the sound server does not answer", remedy);
    };
    match devices {
        Ok(devices) => devices.iter().for_each(|device| tell(report, device)),
        Err(error) => report.bad("sound", error.to_string(), error.remedy().unwrap_or_else(|| PLUG.into())),
    }
    if running {
        return;
    }
    for spec in &loaded.sources {
        let SourceUri::Microphone { device, .. } = &spec.uri else { continue };
        let (device, mixdown) = (device.clone(), spec.uri.mixdown());
        let found = within(LIMIT, "doctor-microphone", move || {
            let found = genrecast::source::microphone(device.as_deref(), mixdown);
            found.map(|found| found.to_string()).map_err(Box::new)
        });
        match found {
            Some(Ok(found)) => report.tell("sources", format!("{} is", spec.name), found),
            Some(Err(error)) => {
                let what = format!("{} ({}): {error}", spec.name, spec.uri);
                report.bad("source", what, error.remedy().unwrap_or_else(|| PLUG.into()));
            }
            None => {
                let what = format!("{} ({}): the sound server does not answer", spec.name, spec.uri);
                report.bad("source", what, "restart the sound server");
            }
        }
    }
}

fn tell(report: &mut Report, device: &DeviceInfo) {
    let format = match (device.rate, device.channels) {
        (Some(rate), Some(channels)) => format!("{rate} Hz, {channels} channels"),
        _ => "cannot be opened now; in use?".into(),
    };
    let default = if device.default { ", the default" } else { "" };
    report.tell("microphones", device.uri.clone(), format!("{}, {format}{default}", device.name));
}

fn server(report: &mut Report) {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let there = |name: &str| runtime.as_ref().is_some_and(|folder| folder.join(name).exists());
    let found = match (std::env::var("PULSE_SERVER"), there("pipewire-0"), there("pulse/native")) {
        (Ok(server), _, _) => format!("PULSE_SERVER={server}"),
        (_, true, true) => "PipeWire, for programs of PulseAudio too".into(),
        (_, true, false) => "PipeWire, without pipewire-pulse".into(),
        (_, false, true) => "PulseAudio".into(),
        (_, false, false) => "none found".into(),
    };
    report.tell("sound", "server", found);
}

fn cards(report: &mut Report) {
    let cards = fs::read_to_string("/proc/asound/cards").unwrap_or_default();
    let names: Vec<_> = cards.lines().filter(|line| line.contains("]:")).map(str::trim).collect();
    let told = if names.is_empty() { "none".into() } else { names.join("; ") };
    report.tell("sound", "cards", told);
    let folder = Path::new("/dev/snd");
    let Ok(nodes) = fs::read_dir(folder) else { return };
    let capture = nodes.flatten().find(|node| node.file_name().to_string_lossy().ends_with('c'));
    let Some(node) = capture else { return };
    let may = fs::OpenOptions::new().read(true).open(node.path());
    if let Err(error) = may
        && error.kind() == std::io::ErrorKind::PermissionDenied
    {
        let what = format!("{} may not be opened: {error}", node.path().display());
        report.bad(
            "sound",
            what,
            "sudo usermod -aG audio USER, then log in again; SupplementaryGroups=audio in a unit",
        );
    }
}
