//! What clients say over a WebSocket. Touch it when they get a new word or a new filter; the server reads messages by hand
//! (`server/request.rs`), for the sake of what it says of wrong ones, and takes exactly these.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::EventBody;

/// A message of a client. Fields that are not listed are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// Asks for events, instead of those that were asked for before.
    Subscribe(Subscribe),
    /// Asks for no more events; hello and heartbeats go on.
    Unsubscribe(Nothing),
    /// Asks for a `pong`.
    Ping(Nothing),
    /// Says who the client is, where it cannot set a header.
    Auth(AuthRequest),
}

/// Which events are wanted; what is left out, or null, is not filtered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Subscribe {
    /// Names of sources. One that does not exist may come later.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub sources: Option<Vec<String>>,
    /// Types of events.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(schema_with = "types")]
    pub types: Option<Vec<String>>,
    /// Windows whose best label is less probable are left out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_p: Option<f32>,
    /// Labels in a window; 5 if left out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(range(min = 1))]
    pub top_k: Option<u64>,
    /// Go on after this event, `EPOCH:SEQ`; `EPOCH:0` is everything that is kept of that run and of those after it. Left
    /// out: a snapshot, then what comes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(regex(pattern = "^[^:]+:[0-9]+$"))]
    pub since: Option<String>,
}

/// There is no more to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Nothing {}

/// Who the client is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuthRequest {
    /// The daemon's token.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub token: Option<String>,
}

fn types(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["array", "null"],
        "items": {"type": "string", "enum": EventBody::TYPES},
        "minItems": 1,
    })
}
