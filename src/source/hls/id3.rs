//! ID3 tags of segments: how long one is, and the title in it.
//! Touch it when a station hides its titles elsewhere; the tags themselves are read by symphonia.

use std::io::Cursor;
use std::panic::catch_unwind;

use symphonia::core::io::{MediaSourceStream, ReadOnlySource};
use symphonia::core::meta::MetadataReader;
use symphonia::default::meta::Id3v2Reader;

use crate::source::container::titled;

/// Bytes of a tag's header, and of its footer.
const HEADER: usize = 10;

/// The length of all tags at the beginning, in bytes.
pub(super) fn length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(tag) = bytes.get(at..).and_then(tag_length) {
        at += tag;
    }
    at.min(bytes.len())
}

fn tag_length(bytes: &[u8]) -> Option<usize> {
    let &[b'I', b'D', b'3', _, _, flags, a, b, c, d, ..] = bytes else { return None };
    let size = [a, b, c, d].into_iter().fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
    let footer = if flags & 0x10 == 0 { 0 } else { HEADER };
    Some(HEADER + size + footer)
}

/// Artist and title in a tag, if it has a title.
pub(super) fn title(tag: &[u8]) -> Option<String> {
    let tag = tag.get(..tag_length(tag)?).unwrap_or(tag).to_vec();
    let read = move || {
        let stream =
            MediaSourceStream::new(Box::new(ReadOnlySource::new(Cursor::new(tag))), Default::default());
        Id3v2Reader::try_new(stream, Default::default()).ok()?.read_all().ok()
    };
    let read = catch_unwind(read).ok().flatten()?;
    titled(read.revision.media.tags.iter())
}
