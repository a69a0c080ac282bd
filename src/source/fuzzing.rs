//! What a fuzzer throws at this room: bytes as stations, servers and files would send them. Compiled for `fuzz/` and for the
//! tests of `src/fuzzing` only. Touch it when another thing from outside is read.

use std::io::{Cursor, Read};
use std::sync::Arc;

use super::hls::fuzzing as hls;
use super::http::Address;
use super::mixdown::Mixdown;
use super::playlist::Form;
use super::radio::icy::IcyReader;
use super::titles::Titles;
use super::{Decoder, SourceUri};

/// Samples beyond which a decoder has shown that it goes on.
const ENOUGH: usize = 1 << 22;

/// A playlist of any form, as the media type or the path says.
pub fn playlist(bytes: &[u8]) {
    for (content_type, path) in [
        (None, "/list.m3u"),
        (None, "/list.pls"),
        (None, "/list.asx"),
        (None, "/list.xspf"),
        (Some("text/html"), "/"),
    ] {
        if let Some(form) = Form::of(bytes, content_type, path) {
            let entries = form.entries(bytes);
            assert!(entries.iter().all(|entry| !entry.is_empty()));
            entries.iter().for_each(|entry| drop(Address::parse(entry)));
        }
    }
}

/// A stream with titles in it; its first byte is how far they are apart.
pub fn icy(bytes: &[u8]) {
    let Some((&apart, stream)) = bytes.split_first() else { return };
    let titles = Titles::default();
    let passed = Arc::default();
    let mut reader =
        IcyReader::new(Cursor::new(stream.to_vec()), Some(&apart.to_string()), titles.clone(), passed);
    let mut audio = Vec::new();
    let _ = reader.read_to_end(&mut audio);
    assert!(audio.len() <= stream.len());
    while titles.take().is_some() {}
}

/// A playlist of HTTP Live Streaming, its variants too.
pub fn hls_playlist(bytes: &[u8]) {
    hls::playlist(bytes);
}

/// Two segments of HTTP Live Streaming, one after the other; the first byte says where the second begins.
pub fn hls_segment(bytes: &[u8]) {
    hls::segments(bytes);
}

/// A file or stream of any format.
pub fn decode(bytes: &[u8]) {
    let Ok(mut decoder) = Decoder::open_stream(Cursor::new(bytes.to_vec()), None, Mixdown::default()) else {
        return;
    };
    let mut samples = 0;
    while samples < ENOUGH {
        match decoder.next_block() {
            Ok(super::Decoded::Samples(block)) => samples += block.len(),
            Ok(super::Decoded::End(_)) | Err(_) => break,
            Ok(_) => {}
        }
    }
}

/// The address of a source.
pub fn uri(text: &str) {
    if let Ok(uri) = text.parse::<SourceUri>() {
        let _ = uri.to_string();
    }
}
