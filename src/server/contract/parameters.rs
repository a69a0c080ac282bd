//! The parameters of queries, as OpenAPI has them. Touch it when a path takes another one.

use serde_json::{Value, json};

use crate::event::EventBody;
use crate::server::DEFAULT_TOP_K;
use crate::upload::MOST_MODELS;

/// The parameter `name` of a query, as it is described once for all paths; `None` for one that nobody has described.
pub(super) fn parameter(name: &str) -> Option<Value> {
    let names = || json!({"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1});
    let types =
        || json!({"type": "array", "items": {"type": "string", "enum": EventBody::TYPES}, "minItems": 1});
    let cursor = || json!({"type": "string", "pattern": "^[^:]+:[0-9]+$"});
    let (about, schema) = match name {
        "sources" => ("Names of sources, parted by commas; all if left out.", names()),
        "source" => (
            "Another word for `sources`; for `/v1/mel` the name of one, which may be left out where there is one only.",
            names(),
        ),
        "types" => ("Types of events, parted by commas; all if left out.", types()),
        "type" => ("Another word for `types`.", types()),
        "min_p" => (
            "Windows whose best label is less probable are left out.",
            json!({"type": "number", "minimum": 0, "maximum": 1, "default": 0}),
        ),
        "top_k" => ("Labels in a window.", json!({"type": "integer", "minimum": 1})),
        "since" => (
            "Go on after this event, `EPOCH:SEQ`; `EPOCH:0` is everything that is kept of that run and of those after it.",
            cursor(),
        ),
        "cursor" => ("Go on after this event: the `next` of an answer.", cursor()),
        "from" => (
            "Published (segments: heard) at or after this moment: a time (RFC 3339) or how long ago, such as `-90m`, `-12h`, `-7d`.",
            json!({"type": "string"}),
        ),
        "to" => ("Published (segments: heard) before this moment.", json!({"type": "string"})),
        "limit" => ("Most events in the answer.", json!({"type": "integer", "minimum": 1})),
        "format" => (
            "The form of the answer; if left out, `Accept` says it.",
            json!({"type": "string", "enum": ["json", "jsonl", "ndjson", "csv"]}),
        ),
        "name" => {
            ("What the file is called; its extension is a hint at what it is.", json!({"type": "string"}))
        }
        "model" => (
            "Names of models; the configured one if left out.",
            json!({"type": "array", "items": {"type": "string"}, "maxItems": MOST_MODELS}),
        ),
        "top" => {
            ("Labels.", json!({"type": "integer", "minimum": 1, "maximum": 1000, "default": DEFAULT_TOP_K}))
        }
        "mel" => (
            "`1`: with a mel picture.",
            json!({"type": "string", "enum": ["0", "1", "false", "true"], "default": "0"}),
        ),
        "id" => {
            ("A ULID of the client's own, by which it asks how far its file is.", json!({"type": "string"}))
        }
        _ => return None,
    };
    let mut parameter = json!({"name": name, "in": "query", "description": about, "schema": schema});
    if parameter["schema"]["type"] == "array" {
        parameter["style"] = "form".into();
        parameter["explode"] = (name == "model").into();
    }
    Some(parameter)
}

/// The parameter `name` within a path.
pub(super) fn in_path(path: &str, name: &str) -> Value {
    let about = match path {
        "/schema/{name}" => "One of those that `/schema/index.json` lists.",
        "/v1/classify/{id}" => "The ULID that the client chose.",
        _ => "One of those that `/v1/models` lists.",
    };
    json!({"name": name, "in": "path", "required": true, "description": about, "schema": {"type": "string"}})
}

/// A header that changes an answer.
pub(super) fn header(name: &str) -> Option<Value> {
    let about = match name {
        "Last-Event-ID" => {
            "Server-sent events: go on after this event, `EPOCH:SEQ`; it wins over `since`, because an `EventSource` that \
             reconnects sends the address it was made with."
        }
        _ => return None,
    };
    Some(json!({"name": name, "in": "header", "description": about, "schema": {"type": "string"}}))
}
