//! What there is to listen to, and what to write to get it again. Touch it when a microphone has more to tell.

use std::collections::BTreeMap;

use cpal::traits::DeviceTrait;

use super::cards::{Card, cards, usb_name};
use super::name::{Known, Pcm};
use super::system;
use crate::source::error::SourceError;
use crate::source::mixdown::Mixdown;
use crate::source::uri::SourceUri;

/// A capture device, as `devices` lists it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DeviceInfo {
    /// What the audio system calls it.
    pub name: String,
    /// Its identifier in the audio system, which `mic:ID` takes too.
    pub id: String,
    /// The source's URI that means this device again, after the next start and wherever it is plugged in.
    pub uri: String,
    /// Whether `mic:` means it.
    pub default: bool,
    /// Vendor and product in hexadecimal, `VVVV:PPPP`, of a card on USB.
    pub usb: Option<String>,
    /// Its default sample rate in hertz; `None` while it cannot be opened, for instance because it is in use.
    pub rate: Option<u32>,
    /// Its default number of channels; `None` while it cannot be opened.
    pub channels: Option<u16>,
    /// The sample formats it offers, its default one first.
    pub formats: Vec<String>,
}

/// The capture devices of this machine: those of the sound server, the cards, and what else ALSA is set up for.
///
/// # Errors
/// When the audio system cannot be asked.
pub fn devices() -> Result<Vec<DeviceInfo>, SourceError> {
    let (devices, default) = system::all()?;
    let cards = cards();
    let known: Vec<_> = devices.iter().map(|(known, _)| known.clone()).collect();
    let listed = listed(&known, &cards).into_iter().filter_map(|at| {
        let (known, device) = devices.get(at)?;
        let is_default = default.as_ref() == Some(&known.id);
        let info = info(known, device, is_default, &cards);
        // A card in use is there; a PCM that cannot be opened is only a line of a configuration.
        (known.served || info.usb.is_some() || info.rate.is_some()).then_some(info)
    });
    Ok(listed.collect())
}

/// Which of the devices to list: each card once, no plug-ins, and not the ways through ALSA to a sound server that is
/// there itself.
fn listed(known: &[Known], cards: &[Card]) -> Vec<usize> {
    let server = known.iter().any(|known| known.served);
    let mut of_cards: BTreeMap<(String, u32), (usize, usize)> = BTreeMap::new();
    let mut rest = Vec::new();
    for (at, known) in known.iter().enumerate() {
        let through_alsa =
            !known.served && ["default", "sysdefault", "pulse", "pipewire"].contains(&known.id.as_str());
        match Pcm::read(&known.id, cards).filter(|_| !known.served) {
            Some(pcm) => {
                let (device, rank) = pcm.rank();
                let best = of_cards.entry((pcm.card, device)).or_insert((rank, at));
                *best = (rank, at).min(*best);
            }
            None if !known.is_device() || (server && through_alsa) => (),
            None => rest.push(at),
        }
    }
    rest.into_iter().chain(of_cards.into_values().map(|(_, at)| at)).collect()
}

fn info(known: &Known, device: &cpal::Device, default: bool, cards: &[Card]) -> DeviceInfo {
    let config = device.default_input_config().ok();
    let mut formats: Vec<_> = config.iter().map(|config| config.sample_format().to_string()).collect();
    if config.is_some() {
        for offered in device.supported_input_configs().into_iter().flatten() {
            let format = offered.sample_format().to_string();
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
    }
    let (stable, usb) = stable(known, cards);
    let uri = SourceUri::Microphone { device: Some(stable), mixdown: Mixdown::default() };
    DeviceInfo {
        name: known.name.clone(),
        id: known.id.clone(),
        uri: uri.to_string(),
        default,
        usb,
        rate: config.as_ref().map(|config| config.sample_rate()),
        channels: config.as_ref().map(|config| config.channels()),
        formats,
    }
}

/// The name that stays, and the USB identity of a card that has one.
fn stable(known: &Known, cards: &[Card]) -> (String, Option<String>) {
    let pcm = Pcm::read(&known.id, cards).filter(|_| !known.served);
    let card = pcm.as_ref().and_then(|pcm| cards.iter().find(|card| card.id == pcm.card));
    let usb = card.and_then(|card| card.usb).map(|(vendor, product)| format!("{vendor:04x}:{product:04x}"));
    let name = match (pcm, card) {
        (Some(pcm), Some(card)) if pcm.device == 0 => usb_name(card, cards).or(Some(spelled(&pcm))),
        (Some(pcm), _) => Some(spelled(&pcm)),
        (None, _) => None,
    };
    (name.unwrap_or_else(|| known.id.clone()), usb)
}

/// By the card's identifier, not by its index.
fn spelled(pcm: &Pcm) -> String {
    format!("{}:CARD={},DEV={}", pcm.way, pcm.card, pcm.device)
}

#[cfg(test)]
mod tests {
    use super::super::cards::tests::machine;
    use super::*;

    fn known(id: &str, served: bool) -> Known {
        Known { id: id.into(), name: String::new(), served }
    }

    #[test]
    fn each_card_is_listed_once_by_the_name_that_stays() {
        let known = [
            known("null", false),
            known("default", false),
            known("studio", false),
            known("sysdefault:CARD=PCH", false),
            known("hw:CARD=0,DEV=0", false),
            known("plughw:CARD=0,DEV=0", false),
            known("plughw:CARD=0,DEV=2", false),
            known("hw:CARD=2,DEV=0", false),
            known("plughw:CARD=2,DEV=0", false),
            known("plughw:CARD=3,DEV=0", false),
            known("hw:CARD=99,DEV=0", false),
        ];
        let cards = machine();
        let lines = |known: &[Known]| {
            let names = listed(known, &cards).into_iter().map(|at| stable(&known[at], &cards));
            names.map(|(name, usb)| (name, usb.unwrap_or_default())).collect::<Vec<_>>()
        };
        let expected = [
            ("default", ""),
            ("studio", ""),
            ("hw:CARD=99,DEV=0", ""),
            ("plughw:CARD=PCH,DEV=0", ""),
            ("plughw:CARD=PCH,DEV=2", ""),
            ("usb=046d:0825:1-1.2", "046d:0825"),
            ("usb=b58e:9e84", "b58e:9e84"),
        ];
        let spelled = expected.map(|(name, usb)| (name.to_owned(), usb.to_owned()));
        assert_eq!(lines(&known), spelled);
        let mut with_server = vec![super::tests::known("alsa_input.usb-Blue_Yeti-00.analog-stereo", true)];
        with_server.extend(known);
        let names: Vec<_> = lines(&with_server).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names[..2], ["alsa_input.usb-Blue_Yeti-00.analog-stereo", "studio"]);
    }
}
