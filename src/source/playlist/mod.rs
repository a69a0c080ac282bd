//! Playlists that lead to a stream: PLS, M3U, XSPF and ASX, recognised by what they hold.
//! Touch it to add a form of playlist; following one is `radio/open.rs`'s.

mod lines;
mod markup;

#[cfg(test)]
mod tests;

/// The most bytes of a playlist.
pub(super) const LARGEST: usize = 256 * 1024;

/// The most entries that are looked at.
const ENTRIES: usize = 32;

/// A form of playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `File1=…` lines, or the `Ref1=…` of Windows Media.
    Pls,
    /// One address a line.
    M3u,
    /// An M3U whose tags make it HTTP Live Streaming: no list of streams but of the stream's pieces.
    Hls,
    /// XML with `<location>`.
    Xspf,
    /// Something like XML with `<ref href="…">`.
    Asx,
}

impl Form {
    /// The form of what begins with `head`, if it is a playlist. What begins like one is one; of a bare list of addresses
    /// the media type or the path must say so.
    pub(super) fn of(head: &[u8], content_type: Option<&str>, path: &str) -> Option<Self> {
        let text = String::from_utf8_lossy(head);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let small = text.to_ascii_lowercase();
        if small.starts_with("#extm3u") || small.starts_with("#extinf") {
            return Some(if text.contains("#EXT-X-") { Self::Hls } else { Self::M3u });
        }
        if small.starts_with("[playlist]") || small.starts_with("[reference]") {
            return Some(Self::Pls);
        }
        if small.starts_with('<') {
            return match () {
                () if small.contains("<asx") => Some(Self::Asx),
                () if small.contains("<playlist") || small.contains("xspf.org") => Some(Self::Xspf),
                () => None,
            };
        }
        let named = Self::named(content_type.unwrap_or_default(), &path.to_ascii_lowercase())?;
        // Some servers call the audio itself a playlist.
        (!head.is_empty() && std::str::from_utf8(head).is_ok_and(|text| !text.contains('\0')))
            .then_some(named)
    }

    fn named(content_type: &str, path: &str) -> Option<Self> {
        let path_ends = |ends: &[&str]| ends.iter().any(|end| path.ends_with(end));
        match content_type {
            "audio/x-scpls" | "audio/scpls" | "application/pls+xml" => Some(Self::Pls),
            "application/xspf+xml" => Some(Self::Xspf),
            "video/x-ms-asf"
            | "video/x-ms-asx"
            | "audio/x-ms-wax"
            | "video/x-ms-wvx"
            | "application/x-ms-asx" => Some(Self::Asx),
            _ if content_type.ends_with("mpegurl") => Some(Self::M3u),
            _ if path_ends(&[".m3u", ".m3u8"]) => Some(Self::M3u),
            _ if path_ends(&[".pls"]) => Some(Self::Pls),
            _ if path_ends(&[".xspf"]) => Some(Self::Xspf),
            _ if path_ends(&[".asx", ".wax", ".wvx"]) => Some(Self::Asx),
            _ => None,
        }
    }

    /// How people call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pls => "PLS",
            Self::M3u => "M3U",
            Self::Hls => "HLS",
            Self::Xspf => "XSPF",
            Self::Asx => "ASX",
        }
    }

    /// What it lists, as written, in order, each once.
    pub(super) fn entries(self, bytes: &[u8]) -> Vec<String> {
        let text = super::http::text::decoded(bytes);
        let text = text.trim_start_matches('\u{feff}');
        let found = match self {
            Self::Pls => lines::pls(text),
            Self::M3u | Self::Hls => lines::m3u(text),
            Self::Xspf => markup::xspf(text),
            // The text form of it is nearly a PLS.
            Self::Asx if !text.trim_start().starts_with('<') => lines::pls(text),
            Self::Asx => markup::asx(text),
        };
        let mut entries: Vec<String> = Vec::new();
        for entry in found {
            if entries.len() < ENTRIES && !entry.is_empty() && !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        entries
    }
}
