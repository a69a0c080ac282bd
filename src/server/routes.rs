//! The HTTP side: which paths there are and what they answer. Everything is JSON but the page.
//! Touch it to add a path; list it in `index`, too.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{Extension, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::api_error::ApiError;
use super::filter::Filter;
use super::request::{Subscribe, query};
use super::{Shared, access, classify, cors, history, models, page, sources, upgrade};

/// The address a connection came in on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local(pub(super) SocketAddr);

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/v1/events", get(upgrade::events))
        .route("/v1/mel", get(upgrade::mel))
        .route("/v1/now", get(now))
        .route("/v1/sources", get(sources))
        .route("/v1/history", get(history::events))
        .route("/v1/history/segments", get(history::segments))
        .route("/v1/models", get(models::list))
        .route("/v1/models/{id}/report", get(models::report))
        .route("/v1/models/{id}/card", get(models::card))
        .route("/v1/classify", post(classify::classify))
        .route("/v1/classify/{id}", get(classify::progress))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/healthz", get(healthz))
        .fallback(other)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), access::authenticate))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), cors::cors))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard))
        .with_state(shared)
}

/// Lets in whom the list allows, before anything else, and marks every answer as of this moment only, unless it says
/// otherwise itself.
async fn guard(
    State(shared): State<Arc<Shared>>,
    Extension(Local(local)): Extension<Local>,
    request: Request,
    next: Next,
) -> Response {
    let allowed = shared.live().guard.check(request.headers(), request.uri(), local);
    let mut response = match allowed {
        Ok(()) => next.run(request).await,
        Err(why) => ApiError::new(StatusCode::FORBIDDEN, "foreign_origin", why).into_response(),
    };
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    page::harden(headers);
    response
}

/// The page for browsers, the list of paths for everybody else.
async fn index(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if page::wanted(&headers) {
        return page::index(&headers);
    }
    ([(VARY, HeaderValue::from_static("Accept"))], paths(&shared)).into_response()
}

fn paths(shared: &Shared) -> Json<Value> {
    Json(json!({
        "name": "genrecast", "version": shared.about.version,
        "paths": {
            "/": "the page, for browsers; this list, for programs",
            "/v1/events": "every event, live: WebSocket (subprotocol genrecast.v1.json) or, with Accept: text/event-stream, SSE",
            "/v1/mel": "the mel columns that the model hears, as bytes, live: WebSocket (subprotocol genrecast.mel.v1)",
            "/v1/now": "how each source is, with its newest events",
            "/v1/sources": "how each source is: state, genre, level, counters",
            "/v1/history": "every event that is kept, over restarts: JSON, JSON Lines or CSV",
            "/v1/history/segments": "the stable genre over a stretch of time, for drawing",
            "/v1/models": "which models there are; /v1/models/ID/report and /v1/models/ID/card tell more of each",
            "/v1/classify": "POST a file: its genre; /v1/classify/ID tells how far it is",
            "/livez": "200 while the process works",
            "/readyz": "200 while audio flows and windows come",
            "/healthz": "how everything is, in detail",
        },
    }))
}

async fn now(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    Ok(json_text(sources::now(&shared, &present(&uri)?)))
}

async fn sources(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    Ok(json_text(sources::sources(&shared, &present(&uri)?)))
}

/// An answer that is JSON already.
fn json_text(body: String) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

/// The filter for an answer about the present.
fn present(uri: &Uri) -> Result<Filter, ApiError> {
    match query::parse(uri, query::NOW) {
        Ok(wish) => Ok(wish.unwrap_or_else(Subscribe::everything).filter),
        Err(error) => Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_query", error)),
    }
}

async fn livez(State(shared): State<Arc<Shared>>) -> Response {
    if shared.health.report().live {
        return Json(json!({"live": true})).into_response();
    }
    let message = "the daemon does no work any more; restart it, and see its log for the reason";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "not_live", message).into_response()
}

async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    let report = shared.health.report();
    if report.live && report.ready {
        return Json(json!({"ready": true})).into_response();
    }
    let body = json!({
        "ready": false, "reasons": report.reasons,
        "error": {"code": "not_ready", "message": report.reasons.join("; ")},
    });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

async fn healthz(State(shared): State<Arc<Shared>>) -> Response {
    let report = shared.health.report();
    let status = if report.live { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let hub = &shared.hub;
    let body = json!({
        "live": report.live, "ready": report.ready, "reasons": report.reasons,
        "version": shared.about.version, "model": shared.about.model,
        "gate": shared.about.gate,
        "hub": {
            "epoch": hub.epoch(), "oldest_seq": hub.oldest(), "latest_seq": hub.latest(),
            "bytes": hub.bytes(), "frames_serialised": hub.frames_serialised(),
        },
        "server": {
            "clients": shared.seats.taken(),
            "max_clients": shared.live().settings().max_clients,
            "connections": shared.connections.load(Ordering::Relaxed),
        },
        "sources": shared.health.sources(), "detail": report.detail,
    });
    (status, Json(body)).into_response()
}

/// What is no path of its own may be a file of the page.
async fn other(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let reads = matches!(method, Method::GET | Method::HEAD);
    let file = uri.path().strip_prefix('/').filter(|_| reads).and_then(|path| page::file(path, &headers));
    file.unwrap_or_else(|| {
        let message = format!("there is no {:?}; / lists what there is", uri.path());
        ApiError::new(StatusCode::NOT_FOUND, "not_found", message).into_response()
    })
}

async fn wrong_method(uri: Uri) -> ApiError {
    let only = if uri.path() == "/v1/classify" { "POST" } else { "GET" };
    let message = format!("only {only} is answered here");
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}
