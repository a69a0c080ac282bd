//! `POST /v1/classify`: a clip that is sent is heard as `genrecast classify` would, and `GET /v1/classify/ID` tells how far
//! it is. Touch it when an answer is to come otherwise; queue and limits are `upload`'s.

mod crawl;
mod refusal;
mod wish;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::header::{CONTENT_TYPE, EXPECT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::Shared;
use super::api_error::ApiError;
use super::line::Line;
use super::models::shelf;
use super::shutdown::stopped;
use crate::upload::{BodySender, Hall, Ticket, UploadAnswer, UploadError};
use crawl::Crawl;
use refusal::Refusal;
use wish::Wish;

/// For how long the rest of a clip that was refused is taken, so that its sender can read why.
const DRAINED: Duration = Duration::from_secs(5);

/// `POST /v1/classify`.
pub(super) async fn classify(
    State(shared): State<Arc<Shared>>,
    Extension(line): Extension<Line>,
    request: Request,
) -> Response {
    let (parts, mut body) = request.into_parts();
    let mut begun = false;
    match hear(&shared, &line, &parts, &mut body, &mut begun).await {
        Ok(answer) => written(answer).await,
        Err(refusal) => {
            // Who asks before sending is told, and sends nothing.
            if begun || !parts.headers.contains_key(EXPECT) {
                tokio::spawn(timeout(DRAINED, async move { while let Some(Ok(_)) = body.frame().await {} }));
            }
            refusal.into_response()
        }
    }
}

/// `GET /v1/classify/ID`.
pub(super) async fn progress(
    State(shared): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let id = id.map_or_else(|_| String::new(), |Path(id)| id);
    match hall(&shared).ok().and_then(|hall| hall.progress(&id)) {
        Some(progress) => Ok(Json(progress).into_response()),
        None => {
            let message = "no clip of that id is waiting or being heard, and none was among the last; \
                           it is the ULID that POST /v1/classify?id=ULID was given";
            Err(ApiError::new(StatusCode::NOT_FOUND, "no_such_upload", message))
        }
    }
}

fn hall(shared: &Shared) -> Result<&Hall, UploadError> {
    shared.hall.as_ref().ok_or(UploadError::Disabled)
}

/// `begun` becomes true when the first byte of the body is asked for.
async fn hear(
    shared: &Shared,
    line: &Line,
    parts: &Parts,
    body: &mut Body,
    begun: &mut bool,
) -> Result<UploadAnswer, Refusal> {
    let hall = hall(shared)?;
    let settings = hall.settings();
    if !settings.enabled {
        return Err(UploadError::Disabled.into());
    }
    wish::refuse_what_is_wrapped(&parts.headers)?;
    if announced(&parts.headers).is_some_and(|bytes| bytes > settings.max_bytes) {
        return Err(UploadError::TooLarge { limit: settings.max_bytes }.into());
    }
    let Wish { request } = Wish::parse(&parts.uri, &shared.about.model.id)?;
    let models = request.models.clone();
    let known = move |catalogue: &crate::catalogue::Catalogue| {
        models.iter().try_for_each(|id| catalogue.folder(id).map(drop))
    };
    shelf(shared)?.read(known).await?.map_err(ApiError::from)?;

    let mut ticket = hall.enter(request)?;
    let mut shutdown = shared.shutdown.clone();
    let sender = tokio::select! {
        sender = ticket.turn() => sender?,
        () = line.gone() => return Err(UploadError::Cancelled.into()),
        () = stopped(&mut shutdown) => return Err(UploadError::Ending.into()),
    };
    *begun = true;
    let seconds = settings.timeout.as_secs();
    tokio::select! {
        answer = timeout(settings.timeout, feed(body, sender, &mut ticket, settings.idle)) => match answer {
            Ok(answer) => return Ok(answer?),
            Err(_) => ticket.break_off(UploadError::TooSlow { seconds }),
        },
        () = line.gone() => return Err(UploadError::Cancelled.into()),
        () = stopped(&mut shutdown) => return Err(UploadError::Ending.into()),
    }
    Err(UploadError::TooSlow { seconds }.into())
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(axum::http::header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Hands on what comes until the answer is there, which may be before the end.
async fn feed(
    body: &mut Body,
    sender: BodySender,
    ticket: &mut Ticket,
    idle: Duration,
) -> Result<UploadAnswer, UploadError> {
    let pump = pump(body, sender, idle);
    tokio::pin!(pump);
    tokio::select! {
        answer = ticket.answer() => return answer,
        () = &mut pump => {}
    }
    ticket.answer().await
}

async fn pump(body: &mut Body, sender: BodySender, idle: Duration) {
    let mut crawl = Crawl::new(idle);
    loop {
        let since = Instant::now();
        let frame = timeout(idle, body.frame()).await;
        let waited = since.elapsed();
        match frame {
            Err(_) => return sender.break_off(UploadError::Idle { seconds: idle.as_secs() }),
            Ok(None) => return sender.end().await,
            Ok(Some(Err(error))) if is_cut_off(&error) => return sender.break_off(UploadError::Cancelled),
            Ok(Some(Err(error))) => {
                return sender.break_off(UploadError::BrokenBody { reason: error.to_string() });
            }
            Ok(Some(Ok(frame))) => {
                let Ok(bytes) = frame.into_data() else { continue };
                if crawl.is_too_slow(waited, bytes.len()) {
                    return sender.break_off(UploadError::Idle { seconds: idle.as_secs() });
                }
                if !sender.send(bytes.into()).await {
                    return;
                }
            }
        }
    }
}

/// Whether a body ended early because whoever sent it is gone: HTTP may notice that before the line does.
fn is_cut_off(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    std::iter::successors(Some(error), |error| error.source())
        .filter_map(|error| error.downcast_ref::<std::io::Error>())
        .any(|error| matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof))
}

/// An answer may be megabytes, so it is written where nobody waits for his turn at the network.
async fn written(answer: UploadAnswer) -> Response {
    let written = tokio::task::spawn_blocking(move || serde_json::to_vec(&answer)).await;
    match written {
        Ok(Ok(json)) => ([(CONTENT_TYPE, "application/json")], json).into_response(),
        _ => Refusal::from(UploadError::BrokeDown).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    #[test]
    fn a_body_that_is_cut_off_is_no_broken_one() {
        let told = |kind| super::is_cut_off(&axum::Error::new(axum::Error::new(Error::from(kind))));
        assert!(told(ErrorKind::UnexpectedEof) && told(ErrorKind::ConnectionReset));
        assert!(!told(ErrorKind::InvalidData) && !super::is_cut_off(&std::fmt::Error));
    }
}
