//! What clients say: the four messages; `query` has the same filters as parameters.
//! Touch it when clients get a new word. Unknown fields are ignored; a known one of the wrong type is an error.

pub(super) mod query;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::DEFAULT_TOP_K;
use super::filter::Filter;
use crate::event::EventBody;

/// A message of a client.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ClientMessage {
    Subscribe(Subscribe),
    Unsubscribe,
    Ping,
    /// With a token or, which is of no use, without.
    Auth(Option<Secret>),
}

/// A token that was shown, which nothing prints.
#[derive(Clone, PartialEq)]
pub(super) struct Secret(String);

impl Secret {
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// A wish to get events, replacing any earlier one of the connection.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subscribe {
    pub(super) filter: Filter,
    pub(super) since: Option<Since>,
}

/// Where to go on: after `seq` of `epoch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Since {
    pub(super) epoch: String,
    pub(super) seq: u64,
}

const WORDS: &str = "subscribe, unsubscribe, ping or auth";

impl ClientMessage {
    /// The error is a sentence for the client's author.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| format!("a message must be a JSON object: {error}"))?;
        let Value::Object(fields) = value else {
            return Err(format!("a message must be a JSON object, got {value}"));
        };
        match fields.get("type") {
            Some(Value::String(word)) => match word.as_str() {
                "subscribe" => Subscribe::parse(&fields).map(Self::Subscribe),
                "unsubscribe" => Ok(Self::Unsubscribe),
                "ping" => Ok(Self::Ping),
                "auth" => Ok(Self::Auth(
                    fields.get("token").and_then(Value::as_str).map(|token| Secret(token.to_owned())),
                )),
                other => Err(format!("type must be {WORDS}, got {other:?}")),
            },
            Some(other) => Err(format!("type must be {WORDS}, got {other}")),
            None => Err(format!("a message needs a type: {WORDS}")),
        }
    }
}

impl Subscribe {
    /// Every event, from now on.
    pub(super) fn everything() -> Self {
        let filter = Filter { sources: None, types: Filter::ALL_TYPES, min_p: 0.0, top_k: DEFAULT_TOP_K };
        Self { filter, since: None }
    }

    /// From the fields of a JSON object.
    pub(super) fn parse(fields: &Map<String, Value>) -> Result<Self, String> {
        let field = |name| fields.get(name).filter(|value| !value.is_null());
        let filter = Filter {
            sources: field("sources").map(|v| names("sources", v)).transpose()?,
            types: field("types").map_or(Ok(Filter::ALL_TYPES), types)?,
            min_p: field("min_p").map_or(Ok(0.0), min_p)?,
            top_k: field("top_k").map_or(Ok(DEFAULT_TOP_K), top_k)?,
        };
        let since = field("since").map(since).transpose()?;
        Ok(Self { filter, since })
    }
}

impl Since {
    /// From `EPOCH:SEQ`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (epoch, seq) = text.split_once(':')?;
        let digits = seq.bytes().all(|byte| byte.is_ascii_digit());
        let seq = seq.parse().ok().filter(|_| digits && !epoch.is_empty())?;
        Some(Self { epoch: epoch.to_owned(), seq })
    }
}

fn names(field: &str, value: &Value) -> Result<BTreeSet<String>, String> {
    let wrong = || format!("{field} must be a list of one or more names (leave it out for all), got {value}");
    let list = value.as_array().filter(|list| !list.is_empty());
    let name = |value: &Value| {
        let name = value.as_str().filter(|name| !name.is_empty());
        name.map(str::to_owned)
    };
    list.ok_or_else(wrong)?.iter().map(|value| name(value).ok_or_else(wrong)).collect()
}

fn types(value: &Value) -> Result<u32, String> {
    let mut bits = 0;
    for name in names("types", value)? {
        let known = EventBody::TYPES.iter().position(|known| *known == name);
        let Some(place) = known else {
            let known = EventBody::TYPES.join(", ");
            return Err(format!("types: there is no {name:?}; there are {known}"));
        };
        bits |= 1 << place;
    }
    Ok(bits)
}

fn min_p(value: &Value) -> Result<f32, String> {
    let p = value.as_f64().filter(|p| (0.0..=1.0).contains(p));
    p.map(|p| p as f32).ok_or_else(|| format!("min_p must be a number from 0 to 1, got {value}"))
}

fn top_k(value: &Value) -> Result<usize, String> {
    let k = value.as_u64().filter(|k| *k >= 1);
    k.map(|k| usize::try_from(k).unwrap_or(usize::MAX))
        .ok_or_else(|| format!("top_k must be a whole number from 1, got {value}"))
}

fn since(value: &Value) -> Result<Since, String> {
    value.as_str().and_then(Since::parse).ok_or_else(|| {
        format!("since must be EPOCH:SEQ as in hello and events, such as \"01J9ZK…:1842\", got {value}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscribe(text: &str) -> Result<Subscribe, String> {
        match ClientMessage::parse(text)? {
            ClientMessage::Subscribe(subscribe) => Ok(subscribe),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_bare_subscribe_wants_everything() {
        let all = subscribe(r#"{"type":"subscribe","colour":"blue","since":null}"#).expect("fine");
        assert_eq!(all.filter.types, 0b111_1111);
        assert_eq!(all.filter.top_k, 5);
        assert_eq!((all.filter.sources, all.since), (None, None));
    }

    #[test]
    fn wrong_values_are_named() {
        for (field, json) in [
            ("sources", r#""mic""#),
            ("sources", "[]"),
            ("sources", "[1]"),
            ("types", r#"["genre.guess"]"#),
            ("min_p", "1.5"),
            ("min_p", r#""0.5""#),
            ("top_k", "0"),
            ("top_k", "2.5"),
            ("since", "7"),
            ("since", r#""E:""#),
            ("since", r#""E:+7""#),
            ("since", r#"":7""#),
        ] {
            let text = format!(r#"{{"type":"subscribe","{field}":{json}}}"#);
            let error = subscribe(&text).expect_err(&text);
            assert!(error.starts_with(field), "{error}");
        }
        let error = subscribe(r#"{"type":"subscribe","types":["genre.guess"]}"#).expect_err("unknown");
        assert!(error.contains("genre.window, genre.changed"), "{error}");
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for text in ["", "[]", "7", r#"{"type":7}"#, "{}", r#"{"type":"dance"}"#] {
            assert!(ClientMessage::parse(text).is_err(), "{text}");
        }
    }
}
