//! The messages about the connection, as they stand in the JSON that subscribers get; the published schema is made of them.
//! Touch it to add a message or a field; within v1 changes are additive only.

use std::fmt;

use schemars::JsonSchema;
use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::event::{GenreWindow, ModelInfo, PROTOCOL_VERSION, SourceStateChange};
use crate::history::StatusKind;
use crate::hub::Utf8Bytes;

/// What the server says besides logged events.
#[derive(Debug, serde::Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::server) enum ServerMessage {
    Hello(Box<Hello>),
    Snapshot(Snapshot),
    Gap(Gap),
    Heartbeat(Heartbeat),
    Pong(Pong),
    Auth(AuthState),
    Error(ErrorMessage),
}

impl fmt::Display for ServerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// An event as it was logged: JSON already, so it is set in as it is.
#[derive(Debug)]
pub(in crate::server) struct Frame(pub(in crate::server) Utf8Bytes);

impl Serialize for Frame {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(self.0.as_str()).map_err(Error::custom)?.serialize(serializer)
    }
}

/// The first message of every connection.
#[derive(Debug, serde::Serialize, JsonSchema)]
pub(in crate::server) struct Hello {
    /// Version of the event format.
    #[schemars(extend("const" = PROTOCOL_VERSION))]
    pub(in crate::server) v: u32,
    /// Version of the daemon.
    pub(in crate::server) version: String,
    /// This run of the daemon, a ULID.
    pub(in crate::server) epoch: String,
    /// The oldest event that is still in memory; one more than `latest_seq` if there is none.
    pub(in crate::server) oldest_seq: u64,
    /// The newest event; 0 before the first.
    pub(in crate::server) latest_seq: u64,
    /// Names of the sources of this moment.
    pub(in crate::server) sources: Vec<String>,
    /// The model's labels.
    pub(in crate::server) labels: Vec<String>,
    /// The model and where it really runs.
    pub(in crate::server) model: ModelInfo,
    /// The model that tells music from what is none; null where there is none.
    pub(in crate::server) gate: Option<ModelInfo>,
    /// What holds for this connection.
    pub(in crate::server) limits: ConnectionLimits,
    /// Whether events are recorded.
    pub(in crate::server) history: Recording,
    /// Names that the address asks for and no source has; one may come that has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::server) unknown_sources: Vec<String>,
}

/// What holds for a connection.
#[derive(Debug, serde::Serialize, JsonSchema)]
pub(in crate::server) struct ConnectionLimits {
    /// Longest message that a client may send, in bytes.
    pub(in crate::server) message_bytes: usize,
    /// Most subscribers at once.
    pub(in crate::server) clients: usize,
    /// Events that are kept in memory.
    pub(in crate::server) log_events: usize,
    /// Bytes that they may take.
    pub(in crate::server) log_bytes: usize,
    /// Seconds between heartbeats.
    #[schemars(range(min = 0.0))]
    pub(in crate::server) heartbeat_s: f64,
    /// Labels in a window for those who ask for no other number.
    pub(in crate::server) top_k: usize,
}

/// Whether events are recorded, and what is wrong if they are not; `/healthz` has more.
#[derive(Debug, serde::Serialize, JsonSchema)]
pub(in crate::server) struct Recording {
    /// What the recorder does.
    pub(in crate::server) state: RecordingState,
    /// One word for what is wrong; null if nothing is.
    pub(in crate::server) trouble: Option<&'static str>,
}

/// What the recorder of the history does.
#[derive(Debug, Clone, Copy, serde::Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::server) enum RecordingState {
    /// Nothing is to be recorded.
    Off,
    /// Nothing has been tried yet.
    Starting,
    /// Every event is written.
    Recording,
    /// Nothing is written; it is tried again and again.
    Failing,
    /// The daemon ends.
    Ended,
}

impl From<StatusKind> for RecordingState {
    fn from(kind: StatusKind) -> Self {
        match kind {
            StatusKind::Starting => Self::Starting,
            StatusKind::Recording => Self::Recording,
            StatusKind::Failing => Self::Failing,
            StatusKind::Ended => Self::Ended,
        }
    }
}

/// How things are at `seq`: it has happened, and what follows is newer.
#[derive(Debug, serde::Serialize, JsonSchema)]
pub(in crate::server) struct Snapshot {
    /// Version of the event format.
    #[schemars(extend("const" = PROTOCOL_VERSION))]
    pub(in crate::server) v: u32,
    /// This run of the daemon.
    pub(in crate::server) epoch: String,
    /// The newest event; 0 before the first.
    pub(in crate::server) seq: u64,
    /// The sources that are wanted.
    pub(in crate::server) sources: Vec<SnapshotSource>,
}

/// A source's newest events, as they were logged.
#[derive(Debug, serde::Serialize, JsonSchema)]
pub(in crate::server) struct SnapshotSource {
    /// Its name.
    pub(in crate::server) source: String,
    /// Its newest `source.state`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<SourceStateChange>")]
    pub(in crate::server) state: Option<Frame>,
    /// Its newest `genre.window`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<GenreWindow>")]
    pub(in crate::server) window: Option<Frame>,
}

/// Events of an epoch, both ends included, that this connection does not get; none if `to_seq` is less than `from_seq`.
#[derive(Debug, serde::Serialize, JsonSchema)]
pub(in crate::server) struct Gap {
    /// Version of the event format.
    #[schemars(extend("const" = PROTOCOL_VERSION))]
    pub(in crate::server) v: u32,
    /// The run of the daemon whose events they are.
    pub(in crate::server) epoch: String,
    /// The first of them.
    #[schemars(range(min = 1))]
    pub(in crate::server) from_seq: u64,
    /// The last of them.
    pub(in crate::server) to_seq: u64,
    /// Why they do not come.
    pub(in crate::server) reason: GapReason,
    /// With `restart`: that run ended in order, so that nothing of it is missing. After a crash it is false, and events of
    /// its last second may never have been recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::server) complete: Option<bool>,
    /// With `restart`: what follows is of this run, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::server) next_epoch: Option<String>,
}

/// Why events are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::server) enum GapReason {
    /// They are no longer kept.
    Evicted,
    /// The history could not take them down while there was time.
    NotRecorded,
    /// The history's file is damaged at their place.
    Damaged,
    /// The cursor was of an epoch that is not known: everything of this one up to the snapshot is skipped.
    UnknownEpoch,
    /// That run is over; nothing is missing if it ended in order.
    Restart,
}

/// Sign of life, and how far this connection has been served.
#[derive(Debug, serde::Serialize, JsonSchema)]
pub(in crate::server) struct Heartbeat {
    #[serde(flatten)]
    pub(in crate::server) alive: Alive,
}

/// The answer to `ping`.
#[derive(Debug, serde::Serialize, JsonSchema)]
pub(in crate::server) struct Pong {
    #[serde(flatten)]
    pub(in crate::server) alive: Alive,
}

/// How far a connection has been served.
#[derive(Debug, serde::Serialize, JsonSchema)]
pub(in crate::server) struct Alive {
    /// Version of the event format.
    #[schemars(extend("const" = PROTOCOL_VERSION))]
    pub(in crate::server) v: u32,
    /// The run of the daemon that `cursor` is of.
    pub(in crate::server) epoch: String,
    /// The `seq` up to which everything that passes the filter has been sent; absent without a subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::server) cursor: Option<u64>,
}

/// The answer to `auth`.
#[derive(Debug, serde::Serialize, JsonSchema)]
pub(in crate::server) struct AuthState {
    /// Version of the event format.
    #[schemars(extend("const" = PROTOCOL_VERSION))]
    pub(in crate::server) v: u32,
    /// Whether a token is asked for.
    pub(in crate::server) required: bool,
    /// What the token that was shown opens; absent where none is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::server) scopes: Option<Vec<&'static str>>,
}

/// Something is wrong.
#[derive(Debug, serde::Serialize, JsonSchema)]
pub(in crate::server) struct ErrorMessage {
    /// Version of the event format.
    #[schemars(extend("const" = PROTOCOL_VERSION))]
    pub(in crate::server) v: u32,
    /// One word for what is wrong; more words may come.
    pub(in crate::server) code: String,
    /// What was expected, what came, and what to do.
    pub(in crate::server) message: String,
    /// The connection is closed after it.
    pub(in crate::server) fatal: bool,
}
