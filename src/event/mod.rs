//! The wire types of `genrecast.v1`: every logged event, as it stands in the JSON that subscribers get.
//! Touch it to add an event or a field; within v1 changes are additive only.

mod client;
mod segment;
mod source;
mod track;
mod window;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use client::{AuthRequest, ClientMessage, Nothing, Subscribe};
pub use segment::{BegunSegment, EndedSegment, GenreChanged, SegmentCorrected};
pub use source::{SourceGap, SourceState, SourceStateChange};
pub use track::{Track, TrackEnded, TrackGenre, TrackStarted};
pub use window::{
    AudioReport, GenreWindow, LabelScore, ModelInfo, SignalState, Silence, Stable, Timing, WindowSpan,
};

/// Version of the event format, the `v` of each event.
pub const PROTOCOL_VERSION: u32 = 1;

/// The stable label while no label reaches the calibrated threshold.
pub const UNKNOWN: &str = "unknown";

/// The stable label while nothing can be heard.
pub const SILENCE: &str = "silence";

/// A logged event: it has a sequence number and is kept for replay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// The kind of event and what only that kind has; `type` stands first in the JSON.
    #[serde(flatten)]
    pub body: EventBody,
    /// Version of the event format.
    #[schemars(extend("const" = PROTOCOL_VERSION))]
    pub v: u32,
    /// Which run of the daemon published it, a ULID.
    pub epoch: String,
    /// From 1, unique within an epoch, never reused.
    #[schemars(range(min = 1))]
    pub seq: u64,
    /// Name of the source.
    pub source: String,
    /// Wall-clock time of publication, UTC.
    pub time: Timestamp,
}

/// What kinds of events there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
pub enum EventBody {
    /// One window was classified.
    #[serde(rename = "genre.window")]
    Window(Box<GenreWindow>),
    /// The stable genre changed.
    #[serde(rename = "genre.changed")]
    Changed(GenreChanged),
    /// The current segment began at another time than was told.
    #[serde(rename = "segment.corrected")]
    Corrected(SegmentCorrected),
    /// The source announced another title.
    #[serde(rename = "track.started")]
    TrackStarted(TrackStarted),
    /// What was announced under one title has ended.
    #[serde(rename = "track.ended")]
    TrackEnded(TrackEnded),
    /// A source changed its state.
    #[serde(rename = "source.state")]
    SourceState(SourceStateChange),
    /// Audio was lost.
    #[serde(rename = "source.gap")]
    SourceGap(SourceGap),
}

impl EventBody {
    /// Every value of `type` that a logged event can have.
    pub const TYPES: [&'static str; 7] = [
        "genre.window",
        "genre.changed",
        "segment.corrected",
        "track.started",
        "track.ended",
        "source.state",
        "source.gap",
    ];

    /// The `type` of this event.
    pub fn type_name(&self) -> &'static str {
        Self::TYPES[self.type_index()]
    }

    /// The place of its `type` in [`Self::TYPES`].
    pub fn type_index(&self) -> usize {
        match self {
            Self::Window(_) => 0,
            Self::Changed(_) => 1,
            Self::Corrected(_) => 2,
            Self::TrackStarted(_) => 3,
            Self::TrackEnded(_) => 4,
            Self::SourceState(_) => 5,
            Self::SourceGap(_) => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_stands_first_and_floats_are_shortest() {
        let event = Event {
            body: EventBody::Changed(GenreChanged {
                from: Some(EndedSegment {
                    label: "jazz".into(),
                    start: Timestamp::UNIX_EPOCH,
                    end: Timestamp::UNIX_EPOCH,
                    confidence: Some(0.1),
                }),
                to: BegunSegment { label: "blues".into(), start: Timestamp::UNIX_EPOCH },
            }),
            v: PROTOCOL_VERSION,
            epoch: "01J".into(),
            seq: 7,
            source: "mic".into(),
            time: Timestamp::UNIX_EPOCH,
        };
        let json = serde_json::to_string(&event).expect("serialises");
        assert!(json.starts_with(r#"{"type":"genre.changed","#), "{json}");
        assert!(json.contains(r#""confidence":0.1}"#), "{json}");
        let back: Event = serde_json::from_str(&json).expect("parses");
        assert_eq!(back, event);
        assert_eq!(event.body.type_name(), "genre.changed");
    }
}
