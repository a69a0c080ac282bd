//! Text of unknown encoding, as stations send it. Touch it when titles or names look wrong.

/// UTF-8 where it is that, else Latin-1 as Windows has it, which is what everybody meant who did not say.
pub(in crate::source) fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| windows_1252(byte)).collect(),
    }
}

/// Windows-1252: Latin-1 but for 0x80 to 0x9f.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH.get(usize::from(byte - 0x80)).copied().unwrap_or('\u{fffd}'),
        _ => byte.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings_are_read() {
        assert_eq!(decoded("Motörhead – „Überlärm“".as_bytes()), "Motörhead – „Überlärm“");
        assert_eq!(decoded(b"Mot\xf6rhead \x96 caf\xe9"), "Motörhead – café");
        assert_eq!(decoded(b""), "");
    }
}
