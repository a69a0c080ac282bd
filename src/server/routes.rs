//! The HTTP side: which paths there are and what they answer. Everything is JSON but the page.
//! Touch it to add a path; describe it in `contract/paths`, too, of which the index and `/openapi.json` are made.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::header::{CACHE_CONTROL, STRICT_TRANSPORT_SECURITY, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use schemars::JsonSchema;
use serde::Serialize;

use super::api_error::ApiError;
use super::filter::Filter;
use super::request::{Subscribe, query};
use super::turned_away::Why;
use super::{
    Shared, access, classify, contract, cors, history, metrics, models, page, probes, sources, upgrade,
};

/// The address a connection came in on, and whether through TLS.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local {
    pub(super) at: SocketAddr,
    pub(super) secure: bool,
}

/// The address that a connection came from: a client's, or a proxy's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

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
        .route("/openapi.json", get(contract::openapi))
        .route("/asyncapi.json", get(contract::asyncapi))
        .route("/schema/{name}", get(contract::schema))
        .route("/livez", get(probes::livez))
        .route("/readyz", get(probes::readyz))
        .route("/healthz", get(probes::healthz))
        .route("/metrics", get(metrics::metrics))
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
    Extension(local): Extension<Local>,
    request: Request,
    next: Next,
) -> Response {
    let live = shared.live();
    let allowed = live.guard.check(request.headers(), request.uri(), local);
    let mut response = match allowed {
        Ok(()) => next.run(request).await,
        Err(why) => {
            shared.turned_away.count(Why::Foreign);
            ApiError::new(StatusCode::FORBIDDEN, "foreign_origin", why).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    page::harden(headers);
    let seconds = live.settings().hsts_seconds;
    if local.secure
        && seconds > 0
        && let Ok(value) = HeaderValue::try_from(format!("max-age={seconds}"))
    {
        headers.insert(STRICT_TRANSPORT_SECURITY, value);
    }
    response
}

/// The page for browsers, the list of paths for everybody else.
async fn index(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if page::wanted(&headers) {
        return page::index(&headers);
    }
    let (version, paths) = (shared.about.version.clone(), contract::summaries());
    let index = Json(Index { name: "genrecast", version, paths });
    ([(VARY, HeaderValue::from_static("Accept"))], index).into_response()
}

/// What there is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Index {
    /// Always `genrecast`.
    name: &'static str,
    /// Version of the daemon.
    version: String,
    /// Each path and what it answers.
    paths: BTreeMap<&'static str, &'static str>,
}

async fn now(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    Ok(Json(sources::now(&shared, &present(&uri)?)).into_response())
}

async fn sources(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    Ok(Json(sources::sources(&shared, &present(&uri)?)).into_response())
}

/// The filter for an answer about the present.
fn present(uri: &Uri) -> Result<Filter, ApiError> {
    match query::parse(uri, query::NOW) {
        Ok(wish) => Ok(wish.unwrap_or_else(Subscribe::everything).filter),
        Err(error) => Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_query", error)),
    }
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
