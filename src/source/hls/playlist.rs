//! Playlists as playing needs them: addresses absolute, what holds for several segments written at each of them.
//! Touch it when another tag matters; the text is read by m3u8-rs, after `lines.rs` has mended it.

use std::panic::catch_unwind;
use std::time::Duration;

use super::error::HlsError;
use super::fetch::Range;
use super::lines;
use crate::source::http::Address;
use m3u8_rs::{ByteRange, KeyMethod, MasterPlaylist, MediaPlaylist};

/// The longest playlist that is read, in bytes: a day of six-second segments with long names.
pub(in crate::source) const LONGEST: usize = 4 * 1024 * 1024;

/// Bounds of the target duration, in seconds: what a playlist says beyond is not believed for its timing.
const TARGET_BOUNDS: (u64, u64) = (1, 60);

/// Longest duration of one segment that is believed, in seconds.
const LONGEST_SEGMENT: f64 = 600.0;

/// A playlist that was read.
#[derive(Debug)]
pub(super) enum Playlist {
    /// It lists variants of the same programme.
    Master(MasterPlaylist),
    /// It lists segments.
    Media(Media),
}

/// The segments that are there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Media {
    /// No segment is (much) longer.
    pub(super) target: Duration,
    /// The number of the first segment.
    pub(super) sequence: u64,
    pub(super) segments: Vec<Segment>,
    /// True when nothing will be added.
    pub(super) complete: bool,
}

/// One segment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Segment {
    pub(super) resource: Resource,
    pub(super) seconds: f64,
    /// What comes here was encoded otherwise than what comes before.
    pub(super) discontinuity: bool,
    /// What must be read before it.
    pub(super) init: Option<Resource>,
    /// How it is encrypted, if it is.
    pub(super) encryption: Option<String>,
    /// What its station calls it.
    pub(super) title: Option<String>,
}

/// Where something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) address: Address,
    pub(super) range: Option<Range>,
}

/// Reads a playlist that came from `base`.
///
/// # Errors
/// When it is none, or names something that is no address.
pub(super) fn parse(text: &[u8], base: &Address) -> Result<Playlist, HlsError> {
    let bad = |what: &str| HlsError::Playlist { address: base.clone(), what: what.into() };
    let mended = lines::mend(text).ok_or_else(|| bad("it does not begin with #EXTM3U"))?;
    let parsed = catch_unwind(|| m3u8_rs::parse_playlist_res(&mended).ok())
        .ok()
        .flatten()
        .ok_or_else(|| bad("it cannot be read"))?;
    match parsed {
        m3u8_rs::Playlist::MasterPlaylist(master) => Ok(Playlist::Master(master)),
        m3u8_rs::Playlist::MediaPlaylist(media) => media_of(media, base)
            .map(Playlist::Media)
            .ok_or_else(|| bad("it names something that is no address")),
    }
}

fn media_of(playlist: MediaPlaylist, base: &Address) -> Option<Media> {
    let longest = playlist.segments.iter().map(|segment| segment.duration).fold(0.0, f32::max);
    let announced = match playlist.target_duration {
        0 => longest.ceil() as u64,
        announced => announced,
    };
    let target = Duration::from_secs(announced.clamp(TARGET_BOUNDS.0, TARGET_BOUNDS.1));
    let (mut init, mut encryption) = (None, None);
    let mut segments: Vec<Segment> = Vec::with_capacity(playlist.segments.len());
    for segment in playlist.segments {
        // m3u8-rs tells a tag only at the segment behind it; it holds until the next of its kind.
        if let Some(map) = &segment.map {
            init = Some(Resource {
                address: base.join(&map.uri).ok()?.with_credentials_of(base),
                range: map.byte_range.as_ref().map(|range| range_of(range, 0)),
            });
        }
        if let Some(key) = &segment.key {
            encryption = match key.method {
                KeyMethod::None => None,
                _ => Some(key.method.to_string()),
            };
        }
        let address = base.join(&segment.uri).ok()?.with_credentials_of(base);
        let range = segment.byte_range.as_ref().map(|range| {
            // Without a place of its own it follows the part before, if that is of the same resource.
            let before = segments.last().filter(|before| before.resource.address == address);
            let before = before.and_then(|before| before.resource.range);
            range_of(range, before.map_or(0, |range| range.start.saturating_add(range.length)))
        });
        segments.push(Segment {
            resource: Resource { address, range },
            seconds: f64::from(segment.duration).clamp(0.0, LONGEST_SEGMENT),
            discontinuity: segment.discontinuity,
            init: init.clone(),
            encryption: encryption.clone(),
            title: segment.title.as_deref().and_then(lines::title_of),
        });
    }
    Some(Media { target, sequence: playlist.media_sequence, segments, complete: playlist.end_list })
}

fn range_of(range: &ByteRange, follows: u64) -> Range {
    Range { start: range.offset.unwrap_or(follows), length: range.length }
}
