//! What a fuzzer throws at this room: messages, queries and token files. Compiled for `fuzz/` and for the tests of
//! `src/fuzzing` only. Touch it when clients can say something else.

use axum::http::Uri;

use super::request::{ClientMessage, query};
use super::token;

/// A message of a subscriber. One that is taken is also what the published types say.
pub fn message(text: &str) {
    if let Ok(message) = ClientMessage::parse(text) {
        // Of a field that stands there twice the last counts.
        let fields = serde_json::from_str::<serde_json::Value>(text).expect("it was read before");
        let typed = serde_json::from_value::<crate::event::ClientMessage>(fields);
        // The types do not know what values are in bounds, but all that is taken must be of them.
        assert!(typed.is_ok(), "{message:?} is taken, but {typed:?}");
    }
}

/// The query of an address.
pub fn query_of(text: &str) {
    let Ok(uri) = format!("/v1/events?{text}").parse::<Uri>() else { return };
    let _ = query::parse(&uri, query::EVENTS);
    let _ = query::fields(&uri, query::CLASSIFY);
    let _ = query::mel(&uri);
}

/// A file of tokens.
pub fn tokens(text: &str) {
    let _ = token::parse_file(text);
}
