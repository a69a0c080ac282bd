//! Cross-origin answers (CORS): off, unless the operator lists origins. Who is let in at all is the guard's decision.
//! Touch it when pages elsewhere may use another method or header.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tower::{Layer, ServiceExt};
use tower_http::cors::CorsLayer;

use super::Shared;

/// How long a browser may remember that it was allowed to ask.
const MAX_AGE: std::time::Duration = std::time::Duration::from_secs(600);

/// What adds the headers for exactly these origins; `None` for none, so that then there is never such a header.
pub(super) fn layer(origins: impl Iterator<Item = String>) -> Option<CorsLayer> {
    let origins: Vec<_> = origins.filter_map(|origin| HeaderValue::try_from(origin).ok()).collect();
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers([
            ACCEPT,
            AUTHORIZATION,
            CACHE_CONTROL,
            CONTENT_TYPE,
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([RETRY_AFTER, WWW_AUTHENTICATE])
        .max_age(MAX_AGE);
    (!origins.is_empty()).then(|| layer.allow_origin(origins))
}

/// Answers preflight requests and adds the headers, where origins are listed.
pub(super) async fn cors(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let live = shared.live();
    let Some(layer) = &live.cors else { return next.run(request).await };
    layer.layer(next).oneshot(request).await.unwrap_or_else(|never| match never {})
}
