//! `/asyncapi.json`: AsyncAPI 3.0 of the events and the messages about a connection. Touch it when there is another channel,
//! or when the daemon and its clients say something else to each other.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::parameters::parameter;
use super::schemas::{PLACE, closure, last};
use crate::server::request::query;
use crate::server::{MEL_SUBPROTOCOL, SUBPROTOCOL};

/// The values of `code` in an `error`.
const ERROR_CODES: [&str; 11] = [
    "auth_timeout",
    "bad_message",
    "binary",
    "forbidden",
    "full",
    "future_cursor",
    "no_such_source",
    "too_many_messages",
    "unauthenticated",
    "unknown_field",
    "unknown_source",
];

/// The message of a client that shows its token.
const AUTH: &str = "client.auth";

/// What only a WebSocket gets.
const WEBSOCKET_ONLY: [&str; 4] = ["heartbeat", "pong", "auth", "error"];

/// The document.
pub(super) fn document(definitions: &BTreeMap<String, Value>) -> Value {
    let events = members("Event", definitions);
    let about_connection = members("ServerMessage", definitions);
    let clients = members("ClientMessage", definitions);
    let served = || events.iter().chain(&about_connection);
    let streamed = || served().filter(|name| !WEBSOCKET_ONLY.contains(&name.as_str()));
    let messages = served().chain(&clients).map(|name| (name.clone(), message(name, definitions)));
    let mut messages: BTreeMap<_, _> = messages.collect();
    messages.insert("mel".into(), mel_head());
    messages.insert("mel.columns".into(), mel_columns());
    let mel = ["mel", "mel.columns", "error", "auth"].map(String::from);
    let needed = served().chain(&clients).cloned().chain(["MelHead".to_owned()]);
    let mut schemas = closure(needed, definitions);
    schemas.values_mut().for_each(references_alone);
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "genrecast events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the daemon and its subscribers say to each other. Within v1 changes are additive only: types of events, \
                            fields and values may be added, so ignore what you do not know. `/openapi.json` has everything else.",
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "websocket": {"host": "127.0.0.1:8470", "protocol": "ws", "description": "The daemon, where it is found by default."},
            "http": {"host": "127.0.0.1:8470", "protocol": "http", "description": "The same for server-sent events."},
        },
        "channels": {
            "events": {
                "address": "/v1/events",
                "title": "Every event, over a WebSocket",
                "description": format!(
                    "Subprotocol `{SUBPROTOCOL}`, or none. Each message is one JSON text frame. `hello` comes first. A parameter in the address subscribes at \
                     once, else `subscribe` does. Close codes: 1001 the daemon ends, 1003 a binary message, 1007 a message that is not UTF-8, 1009 \
                     a message over 64 KiB, 1013 as many subscribers as allowed, 4400 a message that is none of ours, 4401 no token or a wrong one, 4403 the token does not open this, 4408 \
                     no token came in five seconds. Where tokens are asked for and no header can be set, `auth` must be the first message."
                ),
                "servers": [{"$ref": "#/servers/websocket"}],
                "messages": of_channel(served().chain(&clients)),
                "bindings": {"ws": {"method": "GET", "query": parameters(query::EVENTS), "bindingVersion": "0.1.0"}},
            },
            "eventStream": {
                "address": "/v1/events",
                "title": "Every event, as server-sent events",
                "description": "For requests with `Accept: text/event-stream`. `event` is the message's `type`, `data` the message in one line, `id` \
                                `EPOCH:SEQ` on logged events. A bare `id` in place of heartbeats, and after `snapshot` and `gap`, moves the client's \
                                place. `Last-Event-ID` resumes and wins over `since`. The query is that of the WebSocket.",
                "servers": [{"$ref": "#/servers/http"}],
                "messages": of_channel(streamed()),
            },
            "mel": {
                "address": "/v1/mel",
                "title": "Mel columns of one source, over a WebSocket",
                "description": format!(
                    "Subprotocol `{MEL_SUBPROTOCOL}`, or none. `mel` as a text frame comes first and before each new stream; what follows are binary frames, \
                     some eight a second. They are computed only while somebody looks; who is slow loses frames, as the index of a frame tells. Close codes \
                     are those of `/v1/events`, and 1000 the source has ended, 4404 there is no such source."
                ),
                "servers": [{"$ref": "#/servers/websocket"}],
                "messages": of_channel(mel.iter().chain([&AUTH.to_owned()])),
                "bindings": {"ws": {"method": "GET", "query": parameters(query::MEL), "bindingVersion": "0.1.0"}},
            },
        },
        "operations": {
            "sendMel": operation("send", "mel", mel.iter(), "The daemon sends the mel columns that the model hears."),
            "receiveMelAuth": operation("receive", "mel", [AUTH.to_owned()].iter(), "A token, where one is asked for."),
            "sendEvents": operation("send", "events", served(), "The daemon sends logged events and messages about the connection."),
            "sendEventStream": operation("send", "eventStream", streamed(), "The daemon sends the same as server-sent events."),
            "receiveRequests": operation("receive", "events", clients.iter(), "What clients may say."),
        },
        "components": {"schemas": schemas, "messages": messages},
    })
}

/// The names of a union's members.
fn members(union: &str, definitions: &BTreeMap<String, Value>) -> Vec<String> {
    let choices = definitions.get(union).and_then(|union| union["oneOf"].as_array()).into_iter().flatten();
    choices.filter_map(|choice| choice["$ref"].as_str()).map(|reference| last(reference).to_owned()).collect()
}

fn message(name: &str, definitions: &BTreeMap<String, Value>) -> Value {
    let mut message = json!({"name": name, "payload": {"$ref": format!("#{PLACE}/{name}")}});
    if let Some(about) = definitions.get(name).and_then(|schema| schema.get("description")) {
        message["summary"] = about.clone();
    }
    if name == "error" {
        message["x-error-codes"] = json!(ERROR_CODES);
    }
    message
}

fn mel_head() -> Value {
    json!({
        "name": "mel", "summary": "What the bytes of the columns mean.",
        "payload": {"$ref": format!("#{PLACE}/MelHead")},
    })
}

fn mel_columns() -> Value {
    json!({
        "name": "mel.columns", "summary": "Some columns, binary.", "contentType": "application/octet-stream",
        "description": "Little-endian: the index of the first column in the stream (8 bytes), the number of columns n (2), bands (2), then n times \
                        bands bytes, column by column, the lowest band first; 0 to 255 are `min_db` to `max_db`.",
        "payload": {"type": "string", "format": "binary"},
    })
}

fn of_channel<'a>(names: impl Iterator<Item = &'a String>) -> Map<String, Value> {
    names.map(|name| (name.clone(), json!({"$ref": format!("#/components/messages/{name}")}))).collect()
}

fn operation<'a>(
    action: &str,
    channel: &str,
    names: impl Iterator<Item = &'a String>,
    summary: &str,
) -> Value {
    let messages = names.map(|name| json!({"$ref": format!("#/channels/{channel}/messages/{name}")}));
    json!({
        "action": action, "summary": summary, "channel": {"$ref": format!("#/channels/{channel}")},
        "messages": messages.collect::<Vec<_>>(),
    })
}

/// The parameters of an address as the fields of an object.
fn parameters(names: &[&str]) -> Value {
    let field = |name: &&str| {
        let mut described = parameter(name)?;
        let mut schema = described["schema"].take();
        if schema["type"] == "array" {
            // In an address a list is text.
            schema = json!({"type": "string"});
        }
        schema["description"] = described["description"].take();
        Some(((*name).to_owned(), schema))
    };
    json!({"type": "object", "properties": names.iter().filter_map(field).collect::<Map<_, _>>()})
}

/// AsyncAPI's schemas are those of draft 7, where nothing counts beside a reference: what stands there goes around it.
fn references_alone(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(references_alone);
            if fields.len() > 1
                && let Some(reference) = fields.get("$ref").filter(|of| of.is_string()).cloned()
            {
                fields.remove("$ref");
                fields.insert("allOf".into(), json!([{"$ref": reference}]));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(references_alone),
        _ => {}
    }
}
