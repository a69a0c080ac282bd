//! Mends, line by line, what m3u8-rs trips over in playlists as stations send them, and reads their titles.
//! Touch it when another station's playlist is misread.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What would end a title early.
const ESCAPED: &AsciiSet = &CONTROLS.add(b',').add(b'%');

/// The longest title that is kept, in characters.
const LONGEST_TITLE: usize = 300;

/// Tags whose lines are handed on. The others say nothing about where the sound is.
const KNOWN: [&str; 11] = [
    "#EXT-X-VERSION:",
    "#EXT-X-TARGETDURATION:",
    "#EXT-X-MEDIA-SEQUENCE:",
    "#EXT-X-DISCONTINUITY",
    "#EXT-X-ENDLIST",
    "#EXT-X-PLAYLIST-TYPE:",
    "#EXT-X-KEY:",
    "#EXT-X-MAP:",
    "#EXT-X-BYTERANGE:",
    "#EXT-X-MEDIA:",
    VARIANT,
];

const VARIANT: &str = "#EXT-X-STREAM-INF:";

/// The same playlist in lines that m3u8-rs understands; `None` when it is no playlist.
///
/// A byte order mark goes. Bytes that are no text, and comments, are left out. A comma in a title would be taken for the end of the line,
/// so titles are escaped; a duration that is no number becomes 0, and so does a bandwidth that is missing.
pub(super) fn mend(text: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    lines.by_ref().find(|line| !line.is_empty()).filter(|line| line.starts_with("#EXTM3U"))?;
    let mut mended = String::with_capacity(text.len() + 16);
    mended.push_str("#EXTM3U\n");
    for line in lines {
        if let Some(info) = line.strip_prefix("#EXTINF:") {
            let (seconds, title) = info.split_once(',').unwrap_or((info, ""));
            let seconds: f32 = seconds.trim().parse().ok().filter(|s: &f32| s.is_finite()).unwrap_or(0.0);
            let title: Cow<'_, str> = utf8_percent_encode(title.trim(), ESCAPED).into();
            // As many digits as the parser takes: it knows neither signs nor exponents.
            mended.push_str(&format!("#EXTINF:{:.6},{title}\n", seconds.max(0.0)));
        } else if !line.starts_with('#') && !line.is_empty() || KNOWN.iter().any(|tag| line.starts_with(tag))
        {
            mended.push_str(line);
            if line.starts_with(VARIANT)
                && !line.split([',', ':']).any(|attribute| attribute.trim().starts_with("BANDWIDTH="))
            {
                mended.push_str(",BANDWIDTH=0");
            }
            mended.push('\n');
        }
    }
    Some(mended.into_bytes())
}

/// The title in what stands behind a segment's duration, if a person would call it one: `title="…",artist="…"` as some
/// stations write it, or `Artist - Title`. Names of programmes and files stand there too, and are none.
pub(super) fn title_of(escaped: &str) -> Option<String> {
    let text = percent_decode_str(escaped).decode_utf8_lossy();
    if let Some(title) = attribute(&text, "title") {
        // The address of a picture or an advertisement has no artist.
        let artist = attribute(&text, "artist")?;
        return Some(short(&format!("{artist} - {title}")));
    }
    let plain = !text.contains(['=', '"', '/']);
    (plain && text.contains(" - ")).then(|| short(&text))
}

/// The value of `name="…"` where it is not empty.
fn attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text;
    loop {
        let at = rest.find(name)?;
        let begins = rest.get(..at)?.ends_with([',', ' ']) || at == 0 && rest.len() == text.len();
        rest = rest.get(at + name.len()..)?;
        if let Some(value) = rest.strip_prefix("=\"").filter(|_| begins) {
            let (value, _) = value.split_once('"')?;
            return Some(value.trim()).filter(|value| !value.is_empty());
        }
    }
}

fn short(title: &str) -> String {
    title.trim().chars().take(LONGEST_TITLE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(text: &str) -> String {
        String::from_utf8(mend(text.as_bytes()).expect("a playlist")).expect("text")
    }

    #[test]
    fn what_the_parser_misreads_is_mended() {
        let text = "\u{feff}#EXTM3U\r\n# made by hand\n#EXT-X-FOO:bar\r\n#EXTINF:9.98,Me, You - 100 %\r\n  a.ts  \n\
                    #EXTINF:-1,\nb.ts\n#EXTINF:1e1\nc.ts";
        assert_eq!(
            mended(text),
            "#EXTM3U\n#EXTINF:9.980000,Me%2C You - 100 %25\na.ts\n#EXTINF:0.000000,\nb.ts\n\
             #EXTINF:10.000000,\nc.ts\n"
        );
        assert_eq!(mend(b"<html>"), None);
        assert_eq!(mend(b""), None);
    }

    #[test]
    fn titles_are_told_from_names() {
        let title = |text: &str| title_of(&utf8_percent_encode(text, ESCAPED).to_string());
        assert_eq!(title("Me, You - 100 %").as_deref(), Some("Me, You - 100 %"));
        let station = "subtitle=\"x\",title=\"So, What\",artist=\"Miles Davis\",url=\"song_spot\"";
        assert_eq!(title(station).as_deref(), Some("Miles Davis - So, What"));
        for none in [
            "",
            "no desc",
            "segment-12.ts",
            "title=\"\",artist=\"\"",
            "title=\"Spot\"",
            "offset=0,adContext=''",
        ] {
            assert_eq!(title(none), None, "{none}");
        }
        assert_eq!(title(&format!("a - {}", "x".repeat(5000))).map(|title| title.len()), Some(LONGEST_TITLE));
    }
}
