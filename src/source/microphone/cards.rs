//! The sound cards as the kernel knows them: what stays the same when one is plugged in again.
//! Touch it when a card is to be recognised by something else.

use std::fs;
use std::path::Path;
use std::str::FromStr;

/// Where the kernel lists its sound cards.
const PROC: &str = "/proc/asound";

/// Where it tells which device a card belongs to.
const SYS: &str = "/sys/class/sound";

/// A sound card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Card {
    /// Its place in the order in which cards were found, which may change at each start.
    pub(super) index: u32,
    /// ALSA's identifier, `CARD=` in the names of its devices: made from what it is, not from when it was found.
    pub(super) id: String,
    /// Vendor and product, if it is on USB.
    pub(super) usb: Option<(u16, u16)>,
    /// Its serial number, if it is on USB and has one.
    pub(super) serial: Option<String>,
    /// The USB port that it is plugged into, for instance `1-1.2`.
    pub(super) port: Option<String>,
}

/// The cards of this machine.
pub(super) fn cards() -> Vec<Card> {
    cards_in(Path::new(PROC), Path::new(SYS))
}

fn cards_in(proc: &Path, sys: &Path) -> Vec<Card> {
    let folders = fs::read_dir(proc).into_iter().flatten().flatten();
    let mut cards: Vec<_> = folders
        .filter_map(|folder| {
            let index = folder.file_name().to_str()?.strip_prefix("card")?.parse().ok()?;
            let told = |name: &str| word(&folder.path().join(name));
            let usb = told("usbid").and_then(|ids| ids.parse::<UsbName>().ok());
            let (port, serial) =
                usb.as_ref().map(|_| place(&sys.join(format!("card{index}/device")))).unwrap_or_default();
            let usb = usb.map(|usb| (usb.vendor, usb.product));
            Some(Card { index, id: told("id")?, usb, serial, port })
        })
        .collect();
    cards.sort_by_key(|card| card.index);
    cards
}

/// The port and the serial number of the USB device to which an interface of it belongs.
fn place(interface: &Path) -> (Option<String>, Option<String>) {
    let Ok(interface) = fs::canonicalize(interface) else { return (None, None) };
    let port = interface.file_name().and_then(|name| name.to_str()?.split_once(':'));
    let serial = interface.parent().and_then(|device| word(&device.join("serial")));
    (port.map(|(port, _)| port.to_owned()), serial)
}

fn word(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A microphone named by its USB identity, `usb=VVVV:PPPP` or, where two are alike, `usb=VVVV:PPPP:SERIAL` or
/// `usb=VVVV:PPPP:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) struct UsbName {
    vendor: u16,
    product: u16,
    which: Option<String>,
}

impl UsbName {
    /// What such a name begins with.
    pub(in crate::source) const PREFIX: &'static str = "usb=";

    /// What comes behind it.
    pub(in crate::source) const EXPECTED: &'static str = "VVVV:PPPP, its vendor and product in hexadecimal as \
        `genrecast devices` lists them, and :SERIAL or :PORT behind where two are alike";

    /// Whether it means this card.
    pub(super) fn fits(&self, card: &Card) -> bool {
        let which = |which: &String| [&card.serial, &card.port].contains(&&Some(which.clone()));
        card.usb == Some((self.vendor, self.product)) && self.which.as_ref().is_none_or(which)
    }
}

impl FromStr for UsbName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_number =
            |digits: &&str| digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let mut parts = text.splitn(3, ':');
        let mut number = || {
            let digits = parts.next().filter(is_number).ok_or(())?;
            u16::from_str_radix(digits, 16).map_err(|_| ())
        };
        let (vendor, product) = (number()?, number()?);
        let which = parts.next().map(str::to_owned);
        if which.as_ref().is_some_and(String::is_empty) {
            Err(())
        } else {
            Ok(Self { vendor, product, which })
        }
    }
}

/// The shortest `usb=…` that means only this card of all; `None` if it is not on USB, or nothing tells it apart.
pub(super) fn usb_name(card: &Card, all: &[Card]) -> Option<String> {
    let (vendor, product) = card.usb?;
    let base = format!("{vendor:04x}:{product:04x}");
    let which = [&card.serial, &card.port].into_iter().flatten().map(|which| format!("{base}:{which}"));
    let only = |name: &String| {
        name.parse::<UsbName>().is_ok_and(|name| all.iter().filter(|other| name.fits(other)).count() == 1)
    };
    let name = std::iter::once(base.clone()).chain(which).find(only)?;
    Some(format!("{}{name}", UsbName::PREFIX))
}

#[cfg(test)]
pub(super) mod tests {
    use std::os::unix::fs::symlink;

    use temp_dir::TempDir;

    use super::*;

    /// A machine with a built-in card and three USB microphones, of which two are alike.
    pub(in super::super) fn machine() -> Vec<Card> {
        let root = TempDir::new().expect("a folder");
        let (proc, sys) = (root.child("proc"), root.child("sys"));
        let write = |path: std::path::PathBuf, text: &str| {
            fs::create_dir_all(path.parent().expect("a file")).expect("created");
            fs::write(path, text).expect("written");
        };
        let card = |index: u32, id: &str, usb: Option<(&str, &str, &str)>| {
            let folder = proc.join(format!("card{index}"));
            write(folder.join("id"), &format!("{id}\n"));
            symlink(format!("card{index}"), proc.join(id)).expect("linked");
            let Some((ids, port, serial)) = usb else { return };
            write(folder.join("usbid"), &format!("{ids}\n"));
            let device = root.child("devices").join(port);
            write(device.join(format!("{port}:1.0/bInterfaceClass")), "01\n");
            if !serial.is_empty() {
                write(device.join("serial"), &format!("{serial}\n"));
            }
            let class = sys.join(format!("card{index}"));
            fs::create_dir_all(&class).expect("created");
            symlink(device.join(format!("{port}:1.0")), class.join("device")).expect("linked");
        };
        card(0, "PCH", None);
        card(2, "Yeti", Some(("b58e:9e84", "1-2", "797_2018")));
        card(3, "U0x46d0x825", Some(("046d:0825", "1-1.2", "")));
        card(10, "U0x46d0x825_1", Some(("046d:0825", "1-1.3", "5B4C")));
        write(proc.join("cards"), " 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n");
        write(proc.join("card7/stream0"), "a card that is just going away\n");
        cards_in(&proc, &sys)
    }

    #[test]
    fn the_cards_are_read_with_what_tells_them_apart() {
        let cards = machine();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(cards.iter().map(|card| card.index).collect::<Vec<_>>(), [0, 2, 3, 10]);
        let built_in = Card { index: 0, id: "PCH".into(), usb: None, serial: None, port: None };
        assert_eq!(cards[0], built_in);
        let usb = Some((0xb58e, 0x9e84));
        let (serial, port) = (text("797_2018"), text("1-2"));
        assert_eq!(cards[1], Card { index: 2, id: "Yeti".into(), usb, serial, port });
        assert_eq!((&cards[2].serial, &cards[2].port), (&None, &text("1-1.2")));
        assert_eq!(cards_in(Path::new("/nonexistent"), Path::new("/nonexistent")), []);
    }

    #[test]
    fn the_shortest_name_that_means_one_card_is_found() {
        let cards = machine();
        let names: Vec<_> = cards.iter().map(|card| usb_name(card, &cards)).collect();
        let names: Vec<_> = names.iter().map(|name| name.as_deref()).collect();
        let expected = [None, Some("usb=b58e:9e84"), Some("usb=046d:0825:1-1.2"), Some("usb=046d:0825:5B4C")];
        assert_eq!(names, expected);
    }

    #[test]
    fn usb_names_are_read_or_refused() {
        let cards = machine();
        let fitting = |name: &str| {
            let name: UsbName = name.parse().expect(name);
            cards.iter().filter(|card| name.fits(card)).map(|card| card.index).collect::<Vec<_>>()
        };
        assert_eq!(fitting("B58E:9e84"), [2]);
        assert_eq!(fitting("046d:0825"), [3, 10]);
        assert_eq!(fitting("046d:0825:1-1.3"), [10]);
        assert_eq!(fitting("046d:0825:5b4c"), [0; 0]);
        for bad in ["", "046d", "46d:825", "046d:0825:", "046d-0825", "+46d:0825", "xxxx:0825"] {
            assert!(bad.parse::<UsbName>().is_err(), "{bad}");
        }
    }
}
