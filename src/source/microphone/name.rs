//! Which device a name means: exactly, by its USB identity, by a pattern, or by a part that only one has.
//! Touch it when devices are to be named or chosen differently.

use wildmatch::WildMatch;

use super::cards::{Card, UsbName};
use crate::source::error::SourceError;

/// What audio systems call a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// Its identifier.
    pub(super) id: String,
    /// Its name for people.
    pub(super) name: String,
    /// Whether the sound server offers it. Otherwise ALSA, or what another system has in its place, does.
    pub(super) served: bool,
}

/// ALSA plug-ins that are listed like devices but are none.
const PLUGINS: [&str; 12] = [
    "null",
    "jack",
    "oss",
    "lavrate",
    "samplerate",
    "speexrate",
    "speex",
    "upmix",
    "vdownmix",
    "a52",
    "dmix",
    "usbstream",
];

/// Ways to one device of a card, the most sensible first: with conversions and its own rate; shared, at a fixed rate;
/// without conversions.
const WAYS: [&str; 5] = ["plughw", "sysdefault", "default", "hw", "front"];

impl Known {
    /// Whether it can be a microphone at all.
    pub(super) fn is_device(&self) -> bool {
        self.served || !PLUGINS.contains(&self.id.split(':').next().unwrap_or_default())
    }

    /// Whether it is what the machine itself plays.
    pub(super) fn is_monitor(&self) -> bool {
        self.served && self.id.ends_with(".monitor")
    }
}

impl std::fmt::Display for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} ({})", self.id, self.name)
    }
}

/// ALSA's name of a device of a card, such as `plughw:CARD=PCH,DEV=0` or `hw:1,0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pcm {
    /// `plughw` and the like.
    pub(super) way: String,
    /// The card's identifier.
    pub(super) card: String,
    /// The device's number on the card.
    pub(super) device: u32,
}

impl Pcm {
    /// `None` for what is no device of a card.
    pub(super) fn read(id: &str, cards: &[Card]) -> Option<Self> {
        let (way, rest) = id.split_once(':')?;
        let (card, device) = rest.split_once(',').unwrap_or((rest, "0"));
        let card = card.strip_prefix("CARD=").unwrap_or(card);
        let device = device.strip_prefix("DEV=").unwrap_or(device).parse().ok()?;
        let fits = |known: &&Card| known.id == card || known.index.to_string() == card;
        let card = cards.iter().find(fits).map_or(card, |known| &known.id);
        let is_word = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (is_word(way) && !card.is_empty() && is_word(card)).then(|| Self {
            way: way.into(),
            card: card.into(),
            device,
        })
    }

    /// Smaller is better, among the names of one card.
    pub(super) fn rank(&self) -> (u32, usize) {
        (self.device, WAYS.iter().position(|way| *way == self.way).unwrap_or(WAYS.len()))
    }
}

/// Whether a name means a card itself, which no sound server needs to be asked for.
pub(super) fn is_of_card(wanted: &str, cards: &[Card]) -> bool {
    wanted.starts_with(UsbName::PREFIX)
        || wanted.contains("CARD=")
        || Pcm::read(wanted, cards).is_some_and(|pcm| WAYS.contains(&pcm.way.as_str()))
}

/// Which of the devices is meant.
pub(super) fn choose(wanted: &str, known: &[Known], cards: &[Card]) -> Result<usize, SourceError> {
    if let Some(exact) = known.iter().position(|known| known.id == wanted) {
        return Ok(exact);
    }
    if let Some(usb) = wanted.strip_prefix(UsbName::PREFIX).and_then(|usb| usb.parse::<UsbName>().ok()) {
        return choose_usb(wanted, &usb, known, cards);
    }
    if let Some(pcm) = Pcm::read(wanted, cards) {
        let same = |known: &Known| !known.served && Pcm::read(&known.id, cards).as_ref() == Some(&pcm);
        if let Some(exact) = known.iter().position(same) {
            return Ok(exact);
        }
    }
    let exact = fitting(known, |text| text == wanted);
    let fit = if !exact.is_empty() {
        exact
    } else if wanted.contains(['*', '?']) {
        let pattern = WildMatch::new_case_insensitive(wanted);
        fitting(known, |text| pattern.matches(text))
    } else {
        let part = wanted.to_lowercase();
        fitting(known, |text| text.to_lowercase().contains(&part))
    };
    one_of(wanted, fit, known, cards)
}

/// Indices of the devices whose id or name fits.
fn fitting(known: &[Known], fits: impl Fn(&str) -> bool) -> Vec<usize> {
    let fits = |known: &Known| known.is_device() && (fits(&known.id) || fits(&known.name));
    known.iter().enumerate().filter(|(_, known)| fits(known)).map(|(index, _)| index).collect()
}

fn choose_usb(wanted: &str, usb: &UsbName, known: &[Known], cards: &[Card]) -> Result<usize, SourceError> {
    let meant: Vec<_> = cards.iter().filter(|card| usb.fits(card)).collect();
    if meant.len() > 1 {
        let matching = cards.iter().filter(|card| usb.fits(card));
        let spelled = matching.map(|card| {
            let name = super::cards::usb_name(card, cards);
            format!("{} (card {})", name.unwrap_or_else(|| format!("plughw:CARD={}", card.id)), card.id)
        });
        return Err(SourceError::AmbiguousDevice { wanted: wanted.into(), matching: spelled.collect() });
    }
    let of_card = |known: &Known| {
        !known.served
            && Pcm::read(&known.id, cards).is_some_and(|pcm| meant.iter().any(|card| card.id == pcm.card))
    };
    let fit = known.iter().enumerate().filter(|(_, known)| of_card(known)).map(|(index, _)| index);
    one_of(wanted, fit.collect(), known, cards)
}

/// The sensible one of those that fit: what the sound server offers rather than the card below it, a microphone
/// rather than a monitor, and of the ways to one card the best.
fn one_of(wanted: &str, mut fit: Vec<usize>, known: &[Known], cards: &[Card]) -> Result<usize, SourceError> {
    let at = |index: &usize| known.get(*index);
    let is = |index: &usize, what: fn(&Known) -> bool| at(index).is_some_and(what);
    for better in [|known: &Known| known.served, |known: &Known| !known.is_monitor()] {
        if fit.iter().any(|index| is(index, better)) {
            fit.retain(|index| is(index, better));
        }
    }
    let pcm = |index: &usize| at(index).filter(|known| !known.served).and_then(|it| Pcm::read(&it.id, cards));
    let first = fit.first().and_then(pcm);
    if let Some(first) = first
        && fit.iter().all(|index| pcm(index).is_some_and(|pcm| pcm.card == first.card))
        && let Some(best) = fit.iter().min_by_key(|index| pcm(index).map(|pcm| pcm.rank()))
    {
        return Ok(*best);
    }
    let spelled = |indices: &[usize]| indices.iter().filter_map(at).map(ToString::to_string).collect();
    match fit.as_slice() {
        [only] => Ok(*only),
        [] => {
            let available = fitting(known, |_| true);
            Err(SourceError::NoDevice { wanted: wanted.into(), available: spelled(&available) })
        }
        many => Err(SourceError::AmbiguousDevice { wanted: wanted.into(), matching: spelled(many) }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::cards::tests::machine;
    use super::*;

    /// As listed with a sound server (the first four) and by ALSA.
    const DEVICES: [(&str, &str); 20] = [
        ("alsa_output.pci.analog-stereo.monitor", "Monitor of Built-in Audio"),
        ("alsa_input.pci.analog-stereo", "Built-in Audio Analog Stereo"),
        ("alsa_input.usb-Blue_Yeti_797_2018-00.analog-stereo", "Yeti Stereo Microphone"),
        ("alsa_output.usb-Blue_Yeti_797_2018-00.analog-stereo.monitor", "Monitor of Yeti Stereo Microphone"),
        ("null", "Discard all samples (playback) or generate zero samples (capture)"),
        ("jack", "JACK Audio Connection Kit"),
        ("default", "Default Audio Device"),
        ("studio", "A PCM of somebody's own"),
        ("hw:CARD=PCH,DEV=0", "HDA Intel PCH, ALC892 Analog"),
        ("plughw:CARD=PCH,DEV=0", "HDA Intel PCH, ALC892 Analog"),
        ("plughw:CARD=PCH,DEV=2", "HDA Intel PCH, ALC892 Alt Analog"),
        ("sysdefault:CARD=Yeti", "Yeti Stereo Microphone, USB Audio"),
        ("front:CARD=Yeti,DEV=0", "Yeti Stereo Microphone, USB Audio"),
        ("dsnoop:CARD=Yeti,DEV=0", "Yeti Stereo Microphone, USB Audio"),
        ("hw:CARD=2,DEV=0", "Yeti Stereo Microphone, USB Audio"),
        ("plughw:CARD=2,DEV=0", "Yeti Stereo Microphone, USB Audio"),
        ("sysdefault:CARD=U0x46d0x825", "USB Device 0x46d:0x825, USB Audio"),
        ("hw:CARD=3,DEV=0", "USB Device 0x46d:0x825, USB Audio"),
        ("plughw:CARD=3,DEV=0", "USB Device 0x46d:0x825, USB Audio"),
        ("plughw:CARD=10,DEV=0", "USB Device 0x46d:0x825, USB Audio"),
    ];

    fn known(served: bool) -> Vec<Known> {
        let all = DEVICES.iter().enumerate();
        let known =
            all.map(|(n, &(id, name))| Known { id: id.into(), name: name.into(), served: served && n < 4 });
        if served { known.collect() } else { known.skip(4).collect() }
    }

    fn chosen(wanted: &str, served: bool) -> Result<String, String> {
        let known = known(served);
        choose(wanted, &known, &machine()).map(|at| known[at].id.clone()).map_err(|error| error.to_string())
    }

    fn is(id: &str) -> Result<String, String> {
        Ok(id.to_owned())
    }

    #[test]
    fn exact_names_come_first_however_they_are_spelled() {
        assert_eq!(chosen("hw:CARD=PCH,DEV=0", false), is("hw:CARD=PCH,DEV=0"));
        assert_eq!(chosen("null", false), is("null"), "who wants it gets it");
        for spelled in ["plughw:CARD=Yeti,DEV=0", "plughw:Yeti", "plughw:2,0", "plughw:CARD=2"] {
            assert_eq!(chosen(spelled, true), is("plughw:CARD=2,DEV=0"), "{spelled}");
        }
        assert_eq!(chosen("Yeti Stereo Microphone, USB Audio", true), is("plughw:CARD=2,DEV=0"));
        assert_eq!(chosen("Yeti Stereo Microphone", true), is(DEVICES[2].0));
        assert_eq!(chosen("studio", false), is("studio"));
    }

    #[test]
    fn a_usb_identity_means_the_card_wherever_it_is() {
        for served in [false, true] {
            assert_eq!(chosen("usb=b58e:9e84", served), is("plughw:CARD=2,DEV=0"));
            assert_eq!(chosen("usb=046d:0825:1-1.2", served), is("plughw:CARD=3,DEV=0"));
            assert_eq!(chosen("usb=046d:0825:5B4C", served), is("plughw:CARD=10,DEV=0"));
        }
        let twins = chosen("usb=046d:0825", false).expect_err("two of them");
        assert!(twins.contains("usb=046d:0825:1-1.2") && twins.contains("usb=046d:0825:5B4C"), "{twins}");
        let missing = chosen("usb=1234:abcd", false).expect_err("none");
        assert!(missing.contains("\"usb=1234:abcd\"") && missing.contains("studio"), "{missing}");
    }

    #[test]
    fn patterns_and_parts_take_the_best_way_to_the_one_that_fits() {
        for wanted in ["*yeti*", "YETI", "?eti stereo*", "alsa_input.usb-*"] {
            assert_eq!(chosen(wanted, true), is(DEVICES[2].0), "{wanted}");
        }
        for wanted in ["*yeti*", "yeti", "?eti stereo*audio"] {
            assert_eq!(chosen(wanted, false), is("plughw:CARD=2,DEV=0"), "{wanted}");
        }
        assert_eq!(chosen("PCH", false), is("plughw:CARD=PCH,DEV=0"), "its first device");
        assert_eq!(chosen("*alt analog", false), is("plughw:CARD=PCH,DEV=2"));
        assert_eq!(chosen("monitor of built", true), is(DEVICES[0].0));
        assert_eq!(chosen("*studio*", false), is("studio"));
    }

    #[test]
    fn what_fits_several_or_none_is_told_with_what_there_is() {
        let ambiguous = chosen("usb", false).expect_err("three cards");
        assert!(ambiguous.contains("CARD=2") && ambiguous.contains("CARD=3"), "{ambiguous}");
        let ambiguous = chosen("alsa_input*", true).expect_err("two");
        assert!(ambiguous.contains("pci") && !ambiguous.contains("monitor"), "{ambiguous}");
        let missing = chosen("Blue Snowball", true).expect_err("none has it");
        assert!(missing.contains("Snowball") && missing.contains("Built-in Audio"), "{missing}");
        assert!(!missing.contains("\"null\"") && !missing.contains("JACK"), "{missing}");
        assert!(chosen("*discard*", false).is_err(), "no device");
    }

    #[test]
    fn names_of_cards_need_no_sound_server() {
        let cards = machine();
        for of_card in ["usb=b58e:9e84", "hw:CARD=New,DEV=0", "plughw:1,0", "sysdefault:Yeti"] {
            assert!(is_of_card(of_card, &cards), "{of_card}");
        }
        for not in ["Yeti", "*yeti*", "alsa_input.usb-Blue:2", "Monitor: left", "default", "studio"] {
            assert!(!is_of_card(not, &cards), "{not}");
        }
    }
}
