//! What a fuzzer throws at live streaming: playlists and segments. Compiled for that only. Touch it when another part of
//! what servers send is read.

use super::playlist::{self, Playlist, Resource, Segment};
use super::unpack::Unpacker;
use super::variant;
use crate::source::http::Address;

fn base() -> Address {
    Address::parse("https://radio.example/live/list.m3u8").expect("an address")
}

/// A playlist, and the choice among its variants.
pub(in crate::source) fn playlist(bytes: &[u8]) {
    match playlist::parse(bytes, &base()) {
        Ok(Playlist::Master(master)) => drop(variant::choices(&master, &base())),
        Ok(Playlist::Media(media)) => {
            assert!(
                media.segments.iter().all(|segment| segment.seconds.is_finite() && segment.seconds >= 0.0)
            );
        }
        Err(_) => {}
    }
}

/// Two segments that follow each other; the first byte says where the second begins, in 256ths.
pub(in crate::source) fn segments(bytes: &[u8]) {
    let Some((&share, bytes)) = bytes.split_first() else { return };
    let (first, second) = bytes.split_at(bytes.len() * usize::from(share) / 256);
    let segment = Segment {
        resource: Resource { address: base(), range: None },
        seconds: 6.0,
        discontinuity: false,
        init: None,
        encryption: None,
        title: None,
    };
    let mut unpacker = Unpacker::new();
    for bytes in [first, second] {
        let _ = unpacker.take(&segment, None, bytes);
    }
    let _ = unpacker.finish();
}
