//! Titles in the comments of Ogg streams, which a station sends anew with each link of a chain.
//! Touch it when titles of another container are wanted; how a title is written is `titled`'s.

use symphonia::core::formats::FormatReader;
use symphonia::core::formats::well_known::FORMAT_ID_OGG;
use symphonia::core::meta::{StandardTag, Tag};

/// The title of the link that has just begun; empty if it has none, `None` if this is no Ogg stream.
///
/// Older comments are dropped: a chain may have any number of links.
pub(super) fn of_link(format: &mut dyn FormatReader) -> Option<String> {
    if format.format_info().format != FORMAT_ID_OGG {
        return None;
    }
    let mut metadata = format.metadata();
    let newest = metadata.skip_to_latest()?;
    let tags = newest.per_track.iter().flat_map(|track| &track.metadata.tags);
    Some(titled(newest.media.tags.iter().chain(tags)).unwrap_or_default())
}

/// `ARTIST - TITLE`, as stations write it, or the title alone.
pub(in crate::source) fn titled<'a>(tags: impl Iterator<Item = &'a Tag>) -> Option<String> {
    let (mut artists, mut title) = (Vec::new(), None);
    for tag in tags {
        match &tag.std {
            Some(StandardTag::Artist(text)) if !text.trim().is_empty() => {
                artists.push(text.trim().to_owned())
            }
            Some(StandardTag::TrackTitle(text)) if !text.trim().is_empty() => {
                title.get_or_insert_with(|| text.trim().to_owned());
            }
            _ => (),
        }
    }
    let title = title?;
    Some(match artists.is_empty() {
        true => title,
        false => format!("{} - {title}", artists.join(", ")),
    })
}
