//! What a segment is, from its first bytes.
//! Touch it when stations send another kind of segment.

use super::id3;
use super::transport::{Elementary, PACKET, SYNC};

/// A kind of segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An MPEG transport stream.
    Transport,
    /// Fragmented MP4 (CMAF).
    Fragment,
    /// Frames of AAC or MP3 behind ID3 tags of so many bytes.
    Packed(Elementary, usize),
}

/// So many bytes at the beginning may be no packet of the transport stream.
const JUNK: usize = 2 * PACKET;

/// What `bytes` are, if they are a segment at all.
pub(super) fn kind(bytes: &[u8]) -> Option<Kind> {
    if let Some(b"styp" | b"ftyp" | b"moof" | b"sidx" | b"emsg" | b"prft" | b"moov") = bytes.get(4..8) {
        return Some(Kind::Fragment);
    }
    let tags = id3::length(bytes);
    if let Some(&[first, second]) = bytes.get(tags..tags + 2)
        && let Some(packed) = packed(first, second)
    {
        return Some(Kind::Packed(packed, tags));
    }
    // A short one may be a single packet.
    let begins = |at: &usize| {
        let at_packet = |n| bytes.get(at + n * PACKET).map(|byte| *byte == SYNC);
        at_packet(0) == Some(true) && at_packet(1) != Some(false) && at_packet(2) != Some(false)
    };
    let whole = bytes.len() >= PACKET;
    (0..JUNK).find(begins).filter(|_| whole).map(|_| Kind::Transport)
}

fn packed(first: u8, second: u8) -> Option<Elementary> {
    match (first, second) {
        (0xff, second) if second & 0xf6 == 0xf0 => Some(Elementary::Adts),
        (0xff, second) if second & 0xe0 == 0xe0 && second & 0x06 != 0 => Some(Elementary::Mpeg),
        _ => None,
    }
}
