//! MP4 files, whose index (`moov`) may come before or behind their sound (`mdat`). With the index first they are decoded as
//! they come; else all of it has to be held, which is bounded. Touch it when more may be held.

use std::io::{self, Cursor, Read};

use super::UploadError;
use crate::source::{Decoder, Mixdown};

/// Most bytes that are held of a clip whose index comes last.
pub(super) const HELD: u64 = 64 << 20;

/// Most bytes before both that are read in search of either.
const SEARCHED: u64 = 1 << 20;

/// Opens what comes; `name` is what the client calls it.
///
/// # Errors
/// [`UploadError::IndexAtEnd`] if it would have to be held and is too large, else what the decoder says.
pub(super) fn open(
    mut reader: impl Read + Send + Sync + 'static,
    name: &str,
) -> Result<Decoder, UploadError> {
    let hint = name.rsplit_once('.').map(|(_, extension)| extension);
    let mut head = Vec::new();
    let unreadable = |io: io::Error| UploadError::BrokenBody { reason: io.to_string() };
    if !index_comes_last(&mut reader, &mut head).map_err(unreadable)? {
        return Ok(Decoder::open_stream(Cursor::new(head).chain(reader), hint, Mixdown::default())?);
    }
    let room = (HELD + 1).saturating_sub(head.len() as u64);
    reader.by_ref().take(room).read_to_end(&mut head).map_err(unreadable)?;
    if head.len() as u64 > HELD {
        return Err(UploadError::IndexAtEnd { limit: HELD });
    }
    Ok(Decoder::open_bytes(head, hint, Mixdown::default())?)
}

/// Whether it is an MP4 of which the sound comes first; what was read to find out is in `head`.
fn index_comes_last(reader: &mut impl Read, head: &mut Vec<u8>) -> io::Result<bool> {
    let mut at = 0;
    loop {
        let Some(header) = read_to(reader, head, at, 16)? else { return Ok(false) };
        let (size, kind) = (u32::from_be_bytes([header[0], header[1], header[2], header[3]]), &header[4..8]);
        let large = &header[8..16];
        match kind {
            b"ftyp" if at == 0 => {}
            // Not even an MP4.
            _ if at == 0 => return Ok(false),
            b"mdat" => return Ok(true),
            b"free" | b"skip" | b"wide" | b"uuid" | b"pdin" => {}
            _ => return Ok(false),
        }
        let size = match size {
            1 => large.iter().fold(0, |size, &byte| size << 8 | u64::from(byte)),
            size => u64::from(size),
        };
        at = at.saturating_add(size);
        // A box smaller than its own header, one up to the end, or too much of something else: the decoder will tell.
        if size < 8 || at > SEARCHED {
            return Ok(false);
        }
    }
}

/// The bytes from `at` on, at least so many; `None` if it ends before.
fn read_to<'a>(
    reader: &mut impl Read,
    head: &'a mut Vec<u8>,
    at: u64,
    bytes: u64,
) -> io::Result<Option<&'a [u8]>> {
    let missing = (at + bytes).saturating_sub(head.len() as u64);
    reader.take(missing).read_to_end(head)?;
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    Ok(head.get(at..).filter(|rest| rest.len() as u64 >= bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes()[..], kind, content].concat()
    }

    fn last(bytes: &[u8]) -> bool {
        let (mut reader, mut head) = (bytes, Vec::new());
        let last = index_comes_last(&mut reader, &mut head).expect("reads");
        assert_eq!([head.as_slice(), reader].concat(), bytes, "nothing is lost");
        last
    }

    #[test]
    fn the_order_of_the_boxes_decides() {
        let (ftyp, free) = (boxed(b"ftyp", b"M4A \0\0\0\0"), boxed(b"free", &[0; 300]));
        let (moov, mdat) = (boxed(b"moov", &[0; 50]), boxed(b"mdat", &[0; 50]));
        assert!(last(&[&ftyp[..], &free, &mdat, &moov].concat()));
        assert!(!last(&[&ftyp[..], &free, &moov, &mdat].concat()));
        let large = [&1u32.to_be_bytes()[..], b"mdat", &66u64.to_be_bytes(), &[0; 50]].concat();
        assert!(last(&[&ftyp[..], &large].concat()));
        let endless = [&1u32.to_be_bytes()[..], b"free", &[0xff; 8], &[0; 50]].concat();
        let nothing = [&0u32.to_be_bytes()[..], b"free", &[0; 50]].concat();
        for broken in [&endless, &nothing, &b"free"[..].to_vec(), &Vec::new()] {
            assert!(!last(&[&ftyp[..], broken].concat()));
        }
        for other in [&b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0"[..], b"fLaC", b"", b"mdatmdatmdatmdatmdat"] {
            assert!(!last(other));
        }
    }
}
