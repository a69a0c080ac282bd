//! The filters as query parameters of a URL. An unknown parameter is an error, for a filter that is misspelt would let
//! everything through. Touch it when a path takes another parameter.

use axum::extract::Query;
use axum::http::Uri;
use serde_json::{Map, Value};

use super::Subscribe;

/// What `/v1/events` takes.
pub(in crate::server) const EVENTS: &[&str] = &["sources", "types", "min_p", "top_k", "since"];

/// What the answers about the present take.
pub(in crate::server) const NOW: &[&str] = &["sources", "top_k"];

/// What `/v1/history` takes. `source` and `type` are other words for `sources` and `types`.
pub(in crate::server) const HISTORY: &[&str] =
    &["sources", "types", "from", "to", "min_p", "top_k", "cursor", "limit", "format", "source", "type"];

/// What `/v1/history/segments` takes.
pub(in crate::server) const SEGMENTS: &[&str] = &["sources", "from", "to", "cursor", "format", "source"];

/// What `/v1/mel` takes.
pub(in crate::server) const MEL: &[&str] = &["source"];

/// What `POST /v1/classify` takes.
pub(in crate::server) const CLASSIFY: &[&str] = &["name", "model", "top", "mel", "id"];

/// Misspellings up to so many changes get a suggestion.
const NEAR: usize = 3;

/// What the query asks for, of the parameters `known`; `None` when there is no parameter at all. The error is a
/// sentence for the client's author.
pub(in crate::server) fn parse(uri: &Uri, known: &[&str]) -> Result<Option<Subscribe>, String> {
    let fields = fields(uri, known)?;
    if fields.is_empty() {
        return Ok(None);
    }
    Subscribe::parse(&fields).map(Some)
}

/// The source that `/v1/mel` is asked for.
pub(in crate::server) fn mel(uri: &Uri) -> Result<Option<String>, String> {
    let fields = fields(uri, MEL)?;
    let Some(names) = fields.get("source") else { return Ok(None) };
    match names.as_array().map(Vec::as_slice) {
        Some([Value::String(name)]) if !name.is_empty() => Ok(Some(name.clone())),
        _ => Err(format!("source must be the name of one source, got {names}")),
    }
}

/// The parameters of a query as the fields of a message would be.
pub(in crate::server) fn fields(uri: &Uri, known: &[&str]) -> Result<Map<String, Value>, String> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|error| format!("the query cannot be read: {}", error.body_text()))?;
    let mut fields = Map::new();
    for (name, text) in pairs {
        if !known.contains(&name.as_str()) {
            return Err(unknown(&name, known));
        }
        let value = match name.as_str() {
            "sources" | "types" | "source" | "type" => text.split(',').map(Value::from).collect(),
            "min_p" | "top_k" | "limit" => text.parse().map_or(Value::String(text), Value::Number),
            _ => Value::String(text),
        };
        if fields.contains_key(&name) {
            return Err(format!("{name} stands twice in the query; give it once"));
        }
        fields.insert(name, value);
    }
    Ok(fields)
}

/// What to say of the fields of a `subscribe` message that are no filters, if there are any: a misspelt one would let
/// everything through, but a newer client may know more than we.
pub(in crate::server) fn unknown_fields(message: &str) -> Option<String> {
    let fields: Map<String, Value> = serde_json::from_str(message).ok()?;
    let told: Vec<_> = fields
        .keys()
        .filter(|name| *name != "type" && !EVENTS.contains(&name.as_str()))
        .map(|name| unknown(name, EVENTS))
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// What to say of a parameter that does not exist.
pub(in crate::server) fn unknown(name: &str, known: &[&str]) -> String {
    let list = known.join(", ");
    let distance = |known: &&str| strsim::damerau_levenshtein(name, known);
    match known.iter().map(|known| (distance(known), known)).min() {
        Some((distance, nearest)) if distance <= NEAR => {
            format!("there is no parameter {name:?}, did you mean {nearest:?}? There are {list}")
        }
        _ => format!("there is no parameter {name:?} here; there are {list}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::request::ClientMessage;

    fn query(uri: &str) -> Result<Option<Subscribe>, String> {
        parse(&uri.parse().expect("a URI"), EVENTS)
    }

    #[test]
    fn fields_of_a_message_that_are_no_filters_are_told() {
        assert_eq!(unknown_fields(r#"{"type":"subscribe","types":["genre.changed"],"since":null}"#), None);
        let told = unknown_fields(r#"{"type":"subscribe","typs":["genre.changed"]}"#).expect("told");
        assert!(told.contains("\"typs\", did you mean \"types\"?"), "{told}");
    }

    #[test]
    fn a_query_says_the_same_as_a_message() {
        let text = r#"{"type":"subscribe","sources":["a b","c"],"types":["genre.changed"],"min_p":0.5,"top_k":2,"since":"E:7"}"#;
        let Ok(ClientMessage::Subscribe(message)) = ClientMessage::parse(text) else { panic!("fine") };
        let uri = "/v1/events?sources=a%20b,c&types=genre.changed&min_p=0.5&top_k=2&since=E:7";
        assert_eq!(query(uri), Ok(Some(message)));
        assert_eq!(query("/v1/events"), Ok(None));
        assert_eq!(query("/v1/events?"), Ok(None));
    }

    #[test]
    fn unknown_parameters_are_refused_with_the_nearest_known_one() {
        for (wrong, says) in [
            ("type=genre.changed", "did you mean \"types\"?"),
            ("source=mic", "did you mean \"sources\"?"),
            ("minp=0.5", "did you mean \"min_p\"?"),
            ("colour=blue", "there are sources, types"),
        ] {
            let error = query(&format!("/v1/events?{wrong}")).expect_err(wrong);
            assert!(error.contains(says), "{error}");
        }
        assert!(query("/v1/events?top_k=1&top_k=2").expect_err("twice").contains("twice"));
    }
}
