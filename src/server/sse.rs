//! One SSE client: the feed of `GET /v1/events` as `text/event-stream`, for browsers' `EventSource` and for curl.
//! Touch it when the stream is to look otherwise. A body is read when the connection can take more, so a slow client
//! holds a batch of frames and one chunk, however much is published.

use std::fmt::Write;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep};

use super::access::Access;
use super::api_error::ApiError;
use super::feed::{Feed, Item, Served};
use super::request::{Since, Subscribe, query};
use super::seats::Seat;
use super::shutdown::stopped;
use super::token::Scope;
use super::{Shared, message};
use crate::history::Position;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Tells nginx and its like not to hold the stream back.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

const MEDIA_TYPE: &str = "text/event-stream";

/// How long an `EventSource` waits before it connects anew, in milliseconds.
const RETRY_MS: u32 = 3000;

/// What a client is told to wait that found no room, in seconds.
const FULL_RETRY_S: u32 = 10;

/// A chunk of the stream is handed on when it has grown to this size in bytes.
const CHUNK: usize = 8 << 10;

/// Whether a request asks for SSE by name. `*/*` does not, for it is what everybody sends.
pub(super) fn wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(MEDIA_TYPE));
        let refused = |part: &str| {
            part.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).is_some_and(|q| q <= 0.0)
        };
        named && !parts.any(refused)
    })
}

/// Answers with the stream, or with an error before it begins: any status but 200 keeps an `EventSource` from trying
/// the same again for ever.
pub(super) fn open(
    shared: Arc<Shared>,
    access: Access,
    forwarded: Option<IpAddr>,
    request: &Request,
) -> Result<Response, ApiError> {
    let bad = |error| ApiError::new(StatusCode::BAD_REQUEST, "bad_query", error);
    let wish = query::parse(request.uri(), query::EVENTS).map_err(bad)?;
    // Nothing can be said later on, so without a filter everything is wanted.
    let mut wish = wish.unwrap_or_else(Subscribe::everything);
    if let Some(last) = last_event_id(request.headers()).map_err(bad)? {
        // It wins over `since`: an `EventSource` that reconnects sends the URL it was made with and the last id it got,
        // which is the newer one of the two.
        wish.since = Some(last);
    }
    let seat = match shared.seat(forwarded) {
        Ok(seat) => seat,
        Err(text) => {
            let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "full", text);
            return Ok(([(RETRY_AFTER, HeaderValue::from(FULL_RETRY_S))], error).into_response());
        }
    };
    let hello = message::hello(&shared, Some(&wish.filter));
    let archive = shared.archive.clone().filter(|_| access.may(Scope::History));
    let feed = Feed::new(Arc::clone(&shared.hub), archive, wish)
        .map_err(|future| ApiError::new(StatusCode::CONFLICT, "future_cursor", future.to_string()))?;
    let stream = Stream {
        greeting: Some(format!("retry: {RETRY_MS}\nevent: hello\ndata: {hello}\n\n")),
        feed,
        newest: shared.newest.subscribe(),
        shutdown: shared.shutdown.clone(),
        heartbeat: Box::pin(sleep(shared.live().settings().heartbeat)),
        shared,
        _seat: seat,
    };
    let chunks = futures_util::stream::unfold(stream, async |mut stream| {
        stream.next().await.map(|chunk| (Ok::<_, std::convert::Infallible>(chunk), stream))
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)),
        (ACCEL_BUFFERING, HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<Since>, String> {
    let Some(value) = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    value.to_str().ok().and_then(Since::parse).map(Some).ok_or_else(|| {
        format!("Last-Event-ID must be EPOCH:SEQ, the id of an event of this daemon, got {value:?}")
    })
}

struct Stream {
    greeting: Option<String>,
    feed: Feed,
    newest: watch::Receiver<u64>,
    shutdown: watch::Receiver<bool>,
    heartbeat: Pin<Box<Sleep>>,
    shared: Arc<Shared>,
    _seat: Seat,
}

impl Stream {
    /// The next chunk, as soon as there is one; `None` at shutdown, when everything has been given.
    async fn next(&mut self) -> Option<Bytes> {
        let mut chunk = self.greeting.take().unwrap_or_default();
        let mut ending = false;
        loop {
            // Whoever is still in the past comes back for the rest.
            if *self.shutdown.borrow() && self.feed.is_past() {
                return (!chunk.is_empty()).then(|| chunk.into());
            }
            let more = self.feed.advance().await;
            while chunk.len() < CHUNK
                && let Some(item) = self.feed.take()
            {
                write(&mut chunk, &item);
            }
            if chunk.len() >= CHUNK || (!more && !chunk.is_empty()) {
                return Some(chunk.into());
            }
            if more {
                tokio::task::yield_now().await;
                continue;
            }
            if ending {
                return None;
            }
            tokio::select! {
                biased;
                // What was published before the wish to end is still to be read.
                () = stopped(&mut self.shutdown) => ending = true,
                () = self.heartbeat.as_mut() => {
                    let next = Instant::now() + self.shared.live().settings().heartbeat;
                    self.heartbeat.as_mut().reset(next);
                    write_id(&mut chunk, &self.feed.position());
                }
                _ = self.newest.changed() => {}
            }
        }
    }
}

fn write(chunk: &mut String, item: &Item) {
    if let Served::Event(position) = &item.served {
        write_field(chunk, position);
    }
    // A String takes whatever is written to it. JSON in one line needs a single `data:`.
    let _ = write!(chunk, "event: {}\ndata: {}\n\n", item.kind, item.text);
    if let Served::UpTo(position) = &item.served {
        write_id(chunk, position);
    }
}

/// A block of nothing but an id moves the client's place without being an event.
fn write_id(chunk: &mut String, position: &Position) {
    write_field(chunk, position);
    chunk.push('\n');
}

fn write_field(chunk: &mut String, position: &Position) {
    let _ = writeln!(chunk, "id: {position}");
}
