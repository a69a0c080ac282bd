//! `track.started`, `track.ended`: titles and the genre of what was heard under them. Touch it when a track has more to tell.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The source announced another title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrackStarted {
    /// As announced.
    pub title: String,
    /// When it was announced; the music may have begun earlier or later.
    pub start: Timestamp,
}

/// What was announced under one title has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrackEnded {
    /// As announced.
    pub title: String,
    /// When it was announced.
    pub start: Timestamp,
    /// When the next title was, or the stream ended.
    pub end: Timestamp,
    /// Its genre; absent if no music of it was heard.
    #[serde(flatten, skip_serializing_if = "Option::is_none", default)]
    pub genre: Option<TrackGenre>,
}

/// The genre over a whole track.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrackGenre {
    /// The label with the highest mean probability.
    pub genre: String,
    /// That probability.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub p: f32,
    /// Part of the track's music in which this label led.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub share: f32,
    /// Seconds of music heard of it.
    #[schemars(range(min = 0.0))]
    pub music_s: f64,
}

/// The track that plays, in a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Track {
    /// As announced.
    pub title: String,
    /// When it was announced.
    pub start: Timestamp,
}
