//! The form of an answer: JSON, JSON Lines or CSV. Touch it when there is another.

use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::super::api_error::ApiError;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One object, with `next` to go on.
    Json,
    /// An object a line.
    Lines,
    /// A table.
    Csv,
}

impl Form {
    /// What `format` names, else what `Accept` names first, else JSON.
    pub(super) fn wanted(format: Option<&str>, headers: &HeaderMap) -> Result<Self, ApiError> {
        if let Some(name) = format {
            return match name {
                "json" => Ok(Self::Json),
                "jsonl" | "ndjson" => Ok(Self::Lines),
                "csv" => Ok(Self::Csv),
                _ => {
                    let message = format!("format must be json, jsonl or csv, got {name:?}");
                    Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_query", message))
                }
            };
        }
        let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let names = accepted.flat_map(|value| value.split(','));
        let named = names.filter_map(|range| match range.split(';').next().unwrap_or_default().trim() {
            "application/json" => Some(Self::Json),
            "application/jsonl" | "application/x-ndjson" | "application/jsonlines" => Some(Self::Lines),
            "text/csv" => Some(Self::Csv),
            _ => None,
        });
        Ok(named.into_iter().next().unwrap_or(Self::Json))
    }

    /// An answer of this form.
    pub(super) fn answer(self, body: impl Into<Body>) -> Response {
        let media_type = match self {
            Self::Json => "application/json",
            Self::Lines => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
        };
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(media_type)),
            (VARY, HeaderValue::from_static("accept")),
        ];
        (headers, body.into()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_counts_before_the_header() {
        let mut headers = HeaderMap::new();
        let form = |format, headers: &HeaderMap| Form::wanted(format, headers).expect("fine");
        assert_eq!(form(None, &headers), Form::Json);
        headers.insert(ACCEPT, HeaderValue::from_static("image/png, text/csv;q=0.9"));
        assert_eq!(form(None, &headers), Form::Csv);
        assert_eq!(form(Some("jsonl"), &headers), Form::Lines);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        assert_eq!(form(None, &headers), Form::Json);
        assert!(Form::wanted(Some("xml"), &headers).is_err());
    }
}
