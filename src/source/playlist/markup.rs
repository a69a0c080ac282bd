//! Playlists of markup: XSPF, and ASX, which only looks like XML. Touch it when one that people meet is not understood.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// The most tags that are looked at.
const EVENTS: usize = 20_000;

/// The text of every `<location>` of a track.
pub(super) fn xspf(text: &str) -> Vec<String> {
    let (mut entries, mut track, mut location) = (Vec::new(), false, None::<String>);
    each(text, |event| match event {
        Event::Start(tag) if is(tag, "track") => track = true,
        Event::Start(tag) if is(tag, "location") && track => location = Some(String::new()),
        Event::Text(text) => {
            if let Some(location) = &mut location {
                location.push_str(text);
            }
        }
        Event::CData(text) => {
            if let Some(location) = &mut location {
                location.push_str(text);
            }
        }
        Event::GeneralRef(name) => {
            if let Some(location) = &mut location {
                location.push_str(&entity(name));
            }
        }
        Event::End(_) => entries.extend(location.take().map(|location| location.trim().to_owned())),
        _ => {}
    });
    entries
}

/// The `href` of every `<ref>` and `<entryref>`, in whatever spelling.
pub(super) fn asx(text: &str) -> Vec<String> {
    let mut entries = Vec::new();
    each(text, |event| {
        if let Event::Start(tag) | Event::Empty(tag) = event
            && (is(tag, "ref") || is(tag, "entryref"))
        {
            entries.extend(href(tag));
        }
    });
    entries
}

/// Shows every event to `see` that comes before whatever cannot be read at all.
fn each(text: &str, mut see: impl FnMut(&Event<'_>)) {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    for _ in 0..EVENTS {
        match reader.read_event() {
            Ok(Event::Eof) | Err(_) => return,
            Ok(event) => see(&event),
        }
    }
}

fn is(tag: &BytesStart<'_>, name: &str) -> bool {
    tag.local_name().as_ref().eq_ignore_ascii_case(name)
}

fn href(tag: &BytesStart<'_>) -> Option<String> {
    let mut attributes = tag.html_attributes();
    let attributes = attributes.with_checks(false);
    let found = attributes.flatten().find(|one| one.key.as_ref().eq_ignore_ascii_case("href"))?;
    // An address with a bare & is no proper XML, and common.
    let value = found.normalized_value(XmlVersion::Implicit1_0).map(|value| value.into_owned());
    Some(value.unwrap_or_else(|_| found.value.to_string()).trim().to_owned())
}

/// `&amp;` and the like; what is not known stays as it was.
fn entity(name: &BytesRef<'_>) -> String {
    if let Ok(Some(character)) = name.resolve_char_ref() {
        return character.to_string();
    }
    let name: &str = name;
    quick_xml::escape::resolve_predefined_entity(name).map_or_else(|| format!("&{name};"), str::to_owned)
}
