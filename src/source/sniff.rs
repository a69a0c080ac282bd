//! Tells what a file is that is no audio, from its first bytes.
//! Touch it when people keep feeding something else that deserves its name.

use super::error::SourceError;

/// How many of the first bytes are looked at.
pub(super) const HEAD: usize = 4096;

/// Beginnings that are certainly no audio that we read, each with its name.
const KNOWN: &[(&[u8], &str)] = &[
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x7fELF", "a program"),
    (b"\x1a\x45\xdf\xa3", "a Matroska or WebM file"),
    (b"FORM", "an AIFF file"),
    (b"MThd", "a MIDI file"),
    (b"#EXTM3U", "a playlist"),
    (b"[playlist]", "a playlist"),
];

/// Names what begins like this, when it is certain that it is none of the supported formats.
pub(super) fn not_audio(head: &[u8]) -> Option<&'static str> {
    let known = KNOWN.iter().find(|(magic, _)| head.starts_with(magic));
    if let Some((_, what)) = known {
        return Some(what);
    }
    (begins_like(head).is_none() && is_text(head)).then_some("text")
}

/// Names the supported format that begins like this, if one does.
pub(super) fn begins_like(head: &[u8]) -> Option<&'static str> {
    match head {
        [b'R', b'I', b'F', b'F', ..] => Some("WAV"),
        [b'f', b'L', b'a', b'C', ..] => Some("FLAC"),
        [b'O', b'g', b'g', b'S', ..] => Some("Ogg"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("M4A"),
        [b'I', b'D', b'3', ..] => Some("MP3"),
        [0xff, second, ..] if second & 0xf6 == 0xf0 => Some("AAC"),
        [0xff, second, ..] if second & 0xe0 == 0xe0 => Some("MP3"),
        _ => None,
    }
}

/// What begins like audio but is not found to be any is broken, rather than something else.
pub(super) fn explain(error: SourceError, head: &[u8]) -> SourceError {
    match (error, begins_like(head)) {
        (SourceError::NotAudio { .. }, Some(format)) => SourceError::Damaged {
            what: format!("it begins like {format}, but no whole frame of that can be found"),
        },
        (error, _) => error,
    }
}

/// Refuses what is nothing, or something else for certain.
pub(super) fn refuse_what_is_no_audio(head: &[u8]) -> Result<(), SourceError> {
    if head.is_empty() {
        return Err(SourceError::Empty);
    }
    match not_audio(head) {
        Some(what) => Err(SourceError::NotAudio { what }),
        None => Ok(()),
    }
}

fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut.
        Err(e) if e.error_len().is_none() => {
            let valid = head.get(..e.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).unwrap_or_default()
        }
        Err(_) => return false,
    };
    text.len() >= 4 && !text.contains(|c: char| c.is_control() && !"\t\n\r\u{c}\u{1b}".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_audio() {
        assert_eq!(not_audio("Grüße\n".as_bytes()), Some("text"));
        assert_eq!(not_audio(&"ü".repeat(40).as_bytes()[..79]), Some("text"));
        assert_eq!(not_audio(b"%PDF-1.7 \xff"), Some("a PDF document"));
        for audio in [&b"RIFF\x24\0\0\0WAVEfmt "[..], b"fLaC\0", b"OggS\0\x02", b"\xff\xfb\x90", b""] {
            assert_eq!(not_audio(audio), None);
        }
    }
}
