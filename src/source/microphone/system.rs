//! The audio systems of this machine, and finding a device in them: the sound server if there is one, else ALSA.
//! Touch it when another audio system is to be used; which device a name means is `name.rs`'s.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait};

use super::cards::cards;
use super::name::{Known, choose, is_of_card};
use crate::backoff::Backoff;
use crate::source::error::SourceError;

/// A device and, if the sound server has it, the connection to that, which must outlive the device's streams.
pub(super) struct Found {
    pub(super) device: cpal::Device,
    pub(super) known: Known,
    pub(super) server: Option<Server>,
}

/// Connections to the sound server that nobody uses now. They are used again rather than dropped: the thread of one
/// that is dropped sleeps on until the server says something. So there are no more than microphones.
static IDLE: Mutex<Vec<cpal::Host>> = Mutex::new(Vec::new());

/// Waits between tries to reach a sound server that takes connections and says nothing, as each leaves a thread.
static SILENT: Mutex<Option<(Instant, Backoff)>> = Mutex::new(None);

const SILENT_WAITS: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(600));

/// Has ALSA keep what it would write to standard error on this thread: what matters comes back as errors.
pub(super) fn quiet() {
    #[cfg(target_os = "linux")]
    drop(alsa::Output::local_error_handler());
}

/// A connection to the sound server, which goes back to the idle ones when it is dropped.
pub(super) struct Server(Option<cpal::Host>);

impl Drop for Server {
    fn drop(&mut self) {
        idle().extend(self.0.take());
    }
}

/// Only ever held for a moment: a sound server that does not answer must not keep anybody else waiting.
fn idle() -> MutexGuard<'static, Vec<cpal::Host>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Finds the device that is meant now.
pub(super) fn find(wanted: Option<&str>) -> Result<Found, SourceError> {
    quiet();
    let cards = cards();
    let by_card = wanted.is_some_and(|wanted| is_of_card(wanted, &cards));
    let reached = if by_card { None } else { reach()? };
    let found = match (wanted, &reached) {
        (None, None) => alsa()?.default_input_device().map(describe),
        (None, Some((server, _))) => server.default(),
        (Some(wanted), _) => {
            let mut devices = reached.as_ref().map(|(_, sources)| sources.clone()).unwrap_or_default();
            match alsa().and_then(|alsa| devices_of(&alsa)) {
                Ok(more) => devices.extend(more),
                // A container may have a sound server and nothing of ALSA.
                Err(_) if reached.is_some() => {}
                Err(error) => return Err(error),
            }
            let known: Vec<_> = devices.iter().map(|(known, _)| known.clone()).collect();
            let chosen = choose(wanted, &known, &cards)?;
            devices.into_iter().nth(chosen)
        }
    };
    let (known, device) = found.ok_or_else(|| SourceError::NoDevice {
        wanted: wanted.unwrap_or("default").into(),
        available: Vec::new(),
    })?;
    let server = reached.map(|(server, _)| server).filter(|_| known.served);
    Ok(Found { device, known, server })
}

/// A device and what it is called.
type Named = (Known, cpal::Device);

/// Every device of this machine, and the id of the default one. A sound server that cannot be reached has none.
pub(super) fn all() -> Result<(Vec<Named>, Option<String>), SourceError> {
    quiet();
    let Ok(Some((server, mut devices))) = reach() else {
        let host = alsa()?;
        let default = host.default_input_device().map(|device| describe(device).0.id);
        return Ok((devices_of(&host)?, default));
    };
    let default = server.default().map(|(known, _)| known.id);
    devices.extend(alsa().and_then(|alsa| devices_of(&alsa)).unwrap_or_default());
    Ok((devices, default))
}

impl Server {
    fn default(&self) -> Option<Named> {
        let device = self.0.as_ref()?.default_input_device()?;
        Some((served(&device), device))
    }

    fn sources(&self) -> Result<Vec<Named>, cpal::Error> {
        let Some(host) = &self.0 else { return Ok(Vec::new()) };
        Ok(host.input_devices()?.map(|device| (served(&device), device)).collect())
    }

    /// Lets go of a connection that is dead.
    fn forget(mut self) {
        drop(self.0.take());
    }
}

/// The sound server and its sources; `None` where there is none, as far as the environment tells.
fn reach() -> Result<Option<(Server, Vec<Named>)>, SourceError> {
    // One that has died since is not found out before it is asked.
    loop {
        let Some(host) = idle().pop() else { break };
        let server = Server(Some(host));
        match server.sources() {
            Ok(devices) => return Ok(Some((server, devices))),
            Err(_) => server.forget(),
        }
    }
    let Some(host) = connect() else { return Ok(None) };
    let failed = |error: cpal::Error| SourceError::SoundServer { reason: error.to_string() };
    let server = Server(Some(host.map_err(failed)?));
    match server.sources() {
        Ok(devices) => Ok(Some((server, devices))),
        Err(error) => {
            server.forget();
            Err(failed(error))
        }
    }
}

#[cfg(target_os = "linux")]
fn connect() -> Option<Result<cpal::Host, cpal::Error>> {
    use cpal::HostId::PulseAudio;
    if !cpal::available_hosts().contains(&PulseAudio) {
        return None;
    }
    let mut silent = SILENT.lock().unwrap_or_else(PoisonError::into_inner);
    if silent.as_ref().is_some_and(|(until, _)| Instant::now() < *until) {
        let error = cpal::Error::with_message(cpal::ErrorKind::HostUnavailable, "it did not answer lately");
        return Some(Err(error));
    }
    let begin = Instant::now();
    let host = cpal::host_from_id(PulseAudio);
    // The library waits two seconds for an answer; a refusal comes at once.
    if host.is_err() && begin.elapsed() > Duration::from_secs(1) {
        let mut backoff = silent
            .take()
            .map_or_else(|| Backoff::new(SILENT_WAITS.0, SILENT_WAITS.1), |(_, backoff)| backoff);
        *silent = Some((Instant::now() + backoff.wait(), backoff));
    } else {
        *silent = None;
    }
    Some(host)
}

#[cfg(not(target_os = "linux"))]
fn connect() -> Option<Result<cpal::Host, cpal::Error>> {
    None
}

/// ALSA; on other systems, what they have.
fn alsa() -> Result<cpal::Host, SourceError> {
    #[cfg(target_os = "linux")]
    return cpal::host_from_id(cpal::HostId::Alsa).map_err(device_error("asking the audio system"));
    #[cfg(not(target_os = "linux"))]
    return Ok(cpal::default_host());
}

fn devices_of(host: &cpal::Host) -> Result<Vec<Named>, SourceError> {
    Ok(host.input_devices().map_err(device_error("listing"))?.map(describe).collect())
}

fn describe(device: cpal::Device) -> Named {
    (Known { served: false, ..served(&device) }, device)
}

fn served(device: &cpal::Device) -> Known {
    let id = device.id().map(|id| id.id().to_owned()).unwrap_or_default();
    Known { id, name: device.to_string(), served: true }
}

/// What the audio system said while it was `doing` that.
pub(super) fn device_error(doing: &'static str) -> impl Fn(cpal::Error) -> SourceError {
    move |error| SourceError::Device { doing, reason: error.to_string() }
}
