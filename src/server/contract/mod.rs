//! The contract that the daemon publishes of itself: OpenAPI, AsyncAPI and JSON Schema, made of the types that go over the
//! wire. Touch it when there is another document. `docs/api` holds the same, written by `examples/contract.rs`.

mod asyncapi;
mod openapi;
mod parameters;
mod paths;
mod schemas;
mod unions;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::api_error::ApiError;

const OPENAPI: &str = "openapi.json";
const ASYNCAPI: &str = "asyncapi.json";
const INDEX: &str = "schema/index.json";

static DOCUMENTS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let definitions = schemas::definitions();
    let mut documents = BTreeMap::new();
    let mut names = BTreeMap::new();
    for name in definitions.keys() {
        if let Some(schema) = schemas::bundle(name, &definitions) {
            names.insert(format!("{name}.json"), schema["description"].clone());
            documents.insert(format!("schema/{name}.json"), text(&schema));
        }
    }
    documents.insert(INDEX.into(), text(&json!({"schemas": names})));
    documents.insert(OPENAPI.into(), text(&openapi::document(&definitions)));
    documents.insert(ASYNCAPI.into(), text(&asyncapi::document(&definitions)));
    documents
});

/// Every document by its path, without the leading slash: exactly the text that the daemon serves there.
pub fn documents() -> &'static BTreeMap<String, String> {
    &DOCUMENTS
}

/// Each path and what it answers, in a line.
pub(super) fn summaries() -> BTreeMap<&'static str, &'static str> {
    let listed = paths::all().into_iter().filter(|of| !of.summary.is_empty());
    listed.map(|of| (of.path, of.summary)).collect()
}

/// `GET /openapi.json`.
pub(super) async fn openapi() -> Response {
    answer(OPENAPI, "application/json")
}

/// `GET /asyncapi.json`.
pub(super) async fn asyncapi() -> Response {
    answer(ASYNCAPI, "application/json")
}

/// `GET /schema/NAME.json`.
pub(super) async fn schema(Path(name): Path<String>) -> Response {
    let path = format!("schema/{name}");
    let media_type = if path == INDEX { "application/json" } else { "application/schema+json" };
    answer(&path, media_type)
}

fn answer(path: &str, media_type: &'static str) -> Response {
    match DOCUMENTS.get(path) {
        Some(text) => ([(CONTENT_TYPE, media_type)], text.as_str()).into_response(),
        None => {
            let message = format!("there is no schema {path:?}; /{INDEX} lists them");
            ApiError::new(StatusCode::NOT_FOUND, "no_such_schema", message).into_response()
        }
    }
}

fn text(document: &Value) -> String {
    // An alternate Display of a value is its JSON, indented.
    format!("{document:#}\n")
}
