//! `/v1/history` and `/v1/history/segments`: what was published before, by time, source and type.
//! Touch it when an answer from the history is to look otherwise.

mod form;
mod stream;
mod wish;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::Shared;
use super::api_error::ApiError;
use super::archive::Archive;
use super::request::query;
use crate::event::PROTOCOL_VERSION;
use crate::history::{HistoryError, SEGMENT_COLUMNS, SegmentRow, csv_head, segment_csv, segment_json};
use form::Form;
pub(super) use stream::HistoryPage;
use wish::Wish;

/// The stable segments of a stretch of time.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SegmentPage {
    /// Version of the event format.
    #[schemars(extend("const" = PROTOCOL_VERSION))]
    v: u32,
    /// By start.
    segments: Vec<SegmentRow>,
    /// The `cursor` of the next page; absent with the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Events that the segments of one answer are made of.
const SEGMENT_EVENTS: usize = 20_000;

/// `GET /v1/history`.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let wish = wish(&uri, query::HISTORY)?;
    let archive = archive(&shared)?;
    let form = Form::wanted(wish.format.as_deref(), &headers)?;
    let page = stream::first(&archive, &wish, form).await?;
    match form {
        Form::Json => Ok(form.answer(json_text(&page.whole())?)),
        Form::Lines | Form::Csv => Ok(form.answer(page.stream(archive, wish, form))),
    }
}

/// `GET /v1/history/segments`.
pub(super) async fn segments(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let wish = wish(&uri, query::SEGMENTS)?;
    let archive = archive(&shared)?;
    let form = Form::wanted(wish.format.as_deref(), &headers)?;
    let (after, selection) = (wish.after.clone(), wish.selection.clone());
    let page =
        archive.read(move |history| history.segments(after.as_ref(), &selection, SEGMENT_EVENTS)).await;
    let page = page.map_err(unreadable)?.ok_or_else(|| wish.unknown())?;
    let body = match form {
        Form::Json => {
            let segments = page.segments.iter().map(segment_json).collect();
            let next = page.next.map(|next| next.to_string());
            json_text(&SegmentPage { v: PROTOCOL_VERSION, segments, next })?
        }
        Form::Lines => {
            let line = |of| json_text(&segment_json(of)).map(|json| json + "\n");
            page.segments.iter().map(line).collect::<Result<_, _>>()?
        }
        Form::Csv => {
            let head = csv_head(&SEGMENT_COLUMNS);
            page.segments.iter().map(segment_csv).fold(head, |text, line| text + &line)
        }
    };
    Ok(form.answer(body))
}

fn json_text(answer: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(answer).map_err(|error| {
        let message = format!("an event in the history is no JSON: {error}; leave it out by from and to");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "history_unreadable", message)
    })
}

fn wish(uri: &Uri, known: &[&str]) -> Result<Wish, ApiError> {
    Wish::parse(uri, known).map_err(|why| ApiError::new(StatusCode::BAD_REQUEST, "bad_query", why))
}

fn archive(shared: &Shared) -> Result<Archive, ApiError> {
    shared.archive.clone().ok_or_else(|| {
        let message = "no history is recorded here; see history.enabled in the configuration, and history under /healthz";
        ApiError::new(StatusCode::NOT_FOUND, "no_history", message)
    })
}

fn unreadable(error: HistoryError) -> ApiError {
    let message = format!("the history cannot be read now: {error}; {}", error.remedy());
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "history_unavailable", message)
}
