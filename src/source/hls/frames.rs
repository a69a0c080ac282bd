//! Finds where whole frames of ADTS and MPEG audio end, so that a frame which two segments share is not torn.
//! Touch it if frames are misjudged; decoding them is the decoder's.

use super::transport::Elementary;

/// Bytes of an ADTS header that tell a frame's length.
const ADTS_HEADER: usize = 7;

/// Bytes of an MPEG audio header.
const MPEG_HEADER: usize = 4;

/// The end of the last whole frame in `bytes`: what follows is the beginning of another, which is not whole.
/// Without one, nothing is held back.
pub(super) fn whole(bytes: &[u8], kind: Elementary) -> usize {
    let header = match kind {
        Elementary::Adts => ADTS_HEADER,
        Elementary::Mpeg => MPEG_HEADER,
    };
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.len() < header {
            // Too short to be told; it may be the beginning of a header.
            return if rest.first() == Some(&0xff) { at } else { bytes.len() };
        }
        at += match frame_length(rest, kind) {
            Some(length) if length > rest.len() => return at,
            Some(length) => length,
            None => 1,
        };
    }
}

/// The length of the frame that begins here, if one does.
fn frame_length(bytes: &[u8], kind: Elementary) -> Option<usize> {
    match kind {
        Elementary::Adts => adts_length(bytes),
        Elementary::Mpeg => mpeg_length(bytes),
    }
}

/// ISO/IEC 14496-3, 1.A.2.2.
fn adts_length(bytes: &[u8]) -> Option<usize> {
    let &[0xff, sync, _, d, e, f, _, ..] = bytes else { return None };
    let length = usize::from(d & 3) << 11 | usize::from(e) << 3 | usize::from(f >> 5);
    (sync & 0xf6 == 0xf0 && length >= ADTS_HEADER).then_some(length)
}

/// ISO/IEC 11172-3, 2.4.2.3, and 13818-3 for the lower rates; layers II and III.
fn mpeg_length(bytes: &[u8]) -> Option<usize> {
    const V1_L2: [u32; 15] = [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];
    const V1_L3: [u32; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const V2: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let &[0xff, b, c, _, ..] = bytes else { return None };
    if b & 0xe0 != 0xe0 {
        return None;
    }
    let (version, layer) = (b >> 3 & 3, b >> 1 & 3);
    let (table, samples) = match (version, layer) {
        (3, 2) => (V1_L2, 1152),
        (3, 1) => (V1_L3, 1152),
        (0 | 2, 2) => (V2, 1152),
        (0 | 2, 1) => (V2, 576),
        _ => return None,
    };
    let halved = match version {
        3 => 0,
        2 => 1,
        _ => 2,
    };
    let rate = [44_100, 48_000, 32_000].get(usize::from(c >> 2 & 3))? >> halved;
    let kilobits = *table.get(usize::from(c >> 4)).filter(|kilobits| **kilobits > 0)?;
    let length = samples / 8 * kilobits * 1000 / rate + u32::from(c >> 1 & 1);
    usize::try_from(length).ok()
}
