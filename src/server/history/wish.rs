//! What a query wants of the history. Touch it when it takes another parameter; list that in `request/query.rs`, too.

use std::sync::Arc;

use axum::http::{StatusCode, Uri};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::super::api_error::ApiError;
use super::super::request::{Since, Subscribe, query};
use crate::history::{Position, Selection, moment};

/// Events in a JSON answer, if no other number is asked for.
const USUAL: usize = 500;

/// Most events in a JSON answer.
const MOST: u64 = 5_000;

/// A query, understood.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) selection: Selection,
    pub(super) min_p: f32,
    /// Labels of a window; `None` for all.
    pub(super) top_k: Option<usize>,
    pub(super) after: Option<Position>,
    pub(super) limit: Option<u64>,
    pub(super) format: Option<String>,
}

impl Wish {
    /// The error is a sentence for the client's author.
    pub(super) fn parse(uri: &Uri, known: &[&str]) -> Result<Self, String> {
        let mut fields = query::fields(uri, known)?;
        for (one, many) in [("source", "sources"), ("type", "types")] {
            if let Some(value) = fields.remove(one) {
                if fields.contains_key(many) {
                    return Err(format!("{one} and {many} are the same; give one of them"));
                }
                fields.insert(many.into(), value);
            }
        }
        let now = Timestamp::now();
        let mut time = |name: &str| match text(&mut fields, name) {
            Some(given) => moment(&given, now).map(Some).map_err(|why| format!("{name}: {why}")),
            None => Ok(None),
        };
        let (from, to) = (time("from")?, time("to")?);
        let cursor = text(&mut fields, "cursor").map(|given| {
            let wrong = || format!("cursor must be EPOCH:SEQ, the `next` of an answer, got {given:?}");
            Since::parse(&given).ok_or_else(wrong)
        });
        let after = cursor.transpose()?.map(|of| Position { epoch: of.epoch.into(), seq: of.seq });
        let limit = fields.remove("limit").map(|given| {
            let number = given.as_u64().filter(|number| *number > 0);
            number.ok_or_else(|| format!("limit must be a whole number from 1, got {given}"))
        });
        let format = text(&mut fields, "format");
        let cut = fields.contains_key("top_k");
        let limit = limit.transpose()?;
        let filter = Subscribe::parse(&fields)?.filter;
        let selection = Selection { from, to, ..filter.selection() };
        let top_k = cut.then_some(filter.top_k);
        Ok(Self { selection, min_p: filter.min_p, top_k, after, limit, format })
    }

    /// Events in one JSON answer.
    pub(super) fn page_limit(&self) -> usize {
        self.limit.map_or(USUAL, |limit| usize::try_from(limit.min(MOST)).unwrap_or(USUAL))
    }

    /// What to answer when the cursor is of no epoch that is kept.
    pub(super) fn unknown(&self) -> ApiError {
        let epoch: Arc<str> = self.after.as_ref().map_or_else(|| "".into(), |after| Arc::clone(&after.epoch));
        let message =
            format!("nothing of epoch {epoch} is kept any more; begin without cursor, or with from");
        ApiError::new(StatusCode::GONE, "unknown_cursor", message)
    }
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    match fields.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(query: &str) -> Result<Wish, String> {
        Wish::parse(&format!("/v1/history?{query}").parse().expect("a URI"), query::HISTORY)
    }

    #[test]
    fn every_parameter_is_understood() {
        let full = wish(
            "source=a,b&type=genre.changed&from=2026-01-01T00:00:00Z&to=now&min_p=0.5&top_k=2&cursor=E:7&limit=9",
        );
        let full = full.expect("fine");
        assert_eq!(full.selection.sources, Some(vec!["a".into(), "b".into()]));
        assert_eq!(full.selection.types, Some(vec!["genre.changed".into()]));
        assert!(full.selection.from.is_some() && full.selection.to.is_some());
        assert_eq!((full.min_p, full.top_k, full.limit), (0.5, Some(2), Some(9)));
        assert_eq!(full.after, Some(Position { epoch: "E".into(), seq: 7 }));
        let bare = wish("").expect("fine");
        assert_eq!((bare.page_limit(), bare.top_k, bare.selection), (USUAL, None, Selection::default()));
        assert_eq!(wish("limit=1000000").expect("fine").page_limit(), 5_000);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, says) in [
            ("from=yesterday", "from: expected a time"),
            ("to=-1x", "to: expected a time"),
            ("cursor=7", "cursor must be EPOCH:SEQ"),
            ("limit=0", "limit must be"),
            ("limit=many", "limit must be"),
            ("types=genre.guess", "types: there is no"),
            ("source=a&sources=b", "are the same"),
            ("form=csv", "did you mean \"from\"?"),
        ] {
            let error = wish(query).expect_err(query);
            assert!(error.contains(says), "{query}: {error}");
        }
    }
}
