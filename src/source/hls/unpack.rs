//! Makes of a segment what the decoder takes: frames of AAC or MP3, or an MP4 with its beginning.
//! Touch it when a kind of segment is to be unpacked otherwise.

use super::frames;
use super::id3;
use super::playlist::Segment;
use super::segment::{self, Kind};
use super::transport::{Elementary, Transport};

/// A piece of audio for the decoder.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub(super) bytes: Vec<u8>,
    /// What it is, as the extension of a file.
    pub(super) hint: &'static str,
    /// Whether it does not go on from the part before: a decoder must not carry anything over.
    pub(super) anew: bool,
    /// How long the playlist says that it is.
    pub(super) seconds: f64,
    /// Titles, each with the share of the part (0 to 1) that lies before it.
    pub(super) titles: Vec<(f64, String)>,
    /// How often something was missing or broken in the segment.
    pub(super) faults: u32,
}

/// What is carried from segment to segment.
pub(super) struct Unpacker {
    transport: Transport,
    /// The beginning of a frame whose end is in the next segment.
    held: Vec<u8>,
    held_kind: Option<Elementary>,
    anew: bool,
}

impl Unpacker {
    pub(super) fn new() -> Self {
        Self { transport: Transport::new(), held: Vec::new(), held_kind: None, anew: true }
    }

    /// What comes next does not go on from what came before.
    pub(super) fn begin_anew(&mut self) {
        *self = Self::new();
    }

    /// Unpacks a segment; `init` is what its playlist says must be read before it. Nothing comes of a segment that is
    /// shorter than a frame.
    ///
    /// # Errors
    /// In words, when there is no audio in it that can be decoded.
    pub(super) fn take(
        &mut self,
        segment: &Segment,
        init: Option<&[u8]>,
        bytes: &[u8],
    ) -> Result<Option<Part>, String> {
        let kind = segment::kind(bytes).ok_or("it is neither MPEG-TS nor fragmented MP4, AAC or MP3")?;
        let mut titles: Vec<(f64, String)> = segment.title.iter().map(|title| (0.0, title.clone())).collect();
        let mut faults = 0;
        let (bytes, hint) = match kind {
            Kind::Fragment => {
                self.held.clear();
                let complete = bytes.get(4..8) == Some(b"ftyp".as_slice());
                let init = match init {
                    _ if complete => &[],
                    Some(init) => init,
                    None => {
                        return Err("it is fragmented MP4, but the playlist names no EXT-X-MAP for it".into());
                    }
                };
                ([init, bytes].concat(), "mp4")
            }
            Kind::Packed(kind, tags) => {
                let (tags, frames) = bytes.split_at(tags);
                titles.extend(id3::title(tags).map(|title| (0.0, title)));
                (self.frames(frames, kind), hint(kind))
            }
            Kind::Transport => {
                self.transport.push(init.unwrap_or_default());
                self.transport.push(bytes);
                let demuxed = self.transport.finish();
                let Some(kind) = demuxed.kind else {
                    return Err(match demuxed.unsupported {
                        Some(name) => format!("its audio is {name}, which cannot be decoded"),
                        None => "it holds no audio".into(),
                    });
                };
                if demuxed.audio.is_empty() {
                    return Err("it holds no audio".into());
                }
                faults = demuxed.faults;
                let all = demuxed.audio.len() as f64;
                let tagged = demuxed.tags.iter();
                titles.extend(tagged.filter_map(|(at, tag)| Some((*at as f64 / all, id3::title(tag)?))));
                (self.frames(&demuxed.audio, kind), hint(kind))
            }
        };
        if bytes.is_empty() {
            return Ok(None);
        }
        let anew = std::mem::replace(&mut self.anew, false);
        Ok(Some(Part { bytes, hint, anew, seconds: segment.seconds, titles, faults }))
    }

    /// What is left at the end.
    pub(super) fn finish(&mut self) -> Option<Part> {
        let bytes = std::mem::take(&mut self.held);
        let hint = hint(self.held_kind.take()?);
        (!bytes.is_empty()).then_some(Part {
            bytes,
            hint,
            anew: false,
            seconds: 0.0,
            titles: Vec::new(),
            faults: 0,
        })
    }

    /// The whole frames; the beginning of the next one is held until its end comes.
    fn frames(&mut self, bytes: &[u8], kind: Elementary) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.held);
        if self.held_kind != Some(kind) {
            all.clear();
        }
        all.extend_from_slice(bytes);
        let end = frames::whole(&all, kind);
        // A frame or two by themselves are no stream to a demuxer of MPEG audio.
        let few =
            kind == Elementary::Mpeg && frames::whole(all.get(..end / 3).unwrap_or_default(), kind) == 0;
        self.held = all.split_off(if few { 0 } else { end });
        self.held_kind = Some(kind);
        all
    }
}

fn hint(kind: Elementary) -> &'static str {
    match kind {
        Elementary::Adts => "aac",
        Elementary::Mpeg => "mp3",
    }
}
