//! `/livez`, `/readyz`, `/healthz`: what supervisors ask. Touch it when one of them is to tell more; what the daemon says
//! of itself is in `health`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::access::Access;
use super::api_error::{ApiError, ErrorDetail};
use super::token::Scope;
use super::{Shared, SourceInfo};
use crate::event::ModelInfo;

/// The process works.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Liveness {
    /// Always true: if it does not work, an error is answered.
    #[schemars(extend("const" = true))]
    live: bool,
}

/// Whether audio flows and windows come from every source that was not played to its end.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Readiness {
    /// Whether they do.
    ready: bool,
    /// Why not, in words; absent when ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<String>>,
    /// The same as every other error; absent when ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDetail>,
}

/// How everything is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HealthDetail {
    /// The process works.
    live: bool,
    /// Audio flows and windows come.
    ready: bool,
    /// Why not ready, in words.
    reasons: Vec<String>,
    /// Version of the daemon.
    version: String,
    /// The model and where it really runs.
    model: ModelInfo,
    /// The model that tells music from what is none; null where there is none.
    gate: Option<ModelInfo>,
    /// Events in memory.
    hub: HubState,
    /// Who is connected.
    server: ServerState,
    /// How each source is, in the order of the configuration; absent for a token that does not open events.
    #[serde(skip_serializing_if = "Option::is_none")]
    sources: Option<Vec<SourceInfo>>,
    /// For people: how the history and the last reload fare, and what else there is. Its fields may change.
    #[schemars(extend("type" = "object"))]
    detail: Value,
}

/// Events in memory.
#[derive(Debug, Serialize, JsonSchema)]
struct HubState {
    /// This run of the daemon, a ULID.
    epoch: String,
    /// The oldest event that is still in memory; one more than `latest_seq` if there is none.
    oldest_seq: u64,
    /// The newest event; 0 before the first.
    latest_seq: u64,
    /// Bytes that they take.
    bytes: usize,
    /// How often an event was written as JSON: at most once for each `top_k` that is asked for.
    frames_serialised: u64,
}

/// Who is connected.
#[derive(Debug, Serialize, JsonSchema)]
struct ServerState {
    /// Subscribers.
    clients: usize,
    /// Most subscribers at once.
    max_clients: usize,
    /// Connections of any kind.
    connections: usize,
}

pub(super) async fn livez(State(shared): State<Arc<Shared>>) -> Response {
    if shared.health.report().live {
        return Json(Liveness { live: true }).into_response();
    }
    let message = "the daemon does no work any more; restart it, and see its log for the reason";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "not_live", message).into_response()
}

pub(super) async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    let report = shared.health.report();
    if report.live && report.ready {
        return Json(Readiness { ready: true, reasons: None, error: None }).into_response();
    }
    let error = ErrorDetail { code: "not_ready", message: report.reasons.join("; ") };
    let body = Readiness { ready: false, reasons: Some(report.reasons), error: Some(error) };
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

pub(super) async fn healthz(
    State(shared): State<Arc<Shared>>,
    Extension(access): Extension<Access>,
) -> Response {
    let report = shared.health.report();
    let status = if report.live { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let hub = &shared.hub;
    let body = HealthDetail {
        live: report.live,
        ready: report.ready,
        reasons: report.reasons,
        version: shared.about.version.clone(),
        model: shared.about.model.clone(),
        gate: shared.about.gate.clone(),
        hub: HubState {
            epoch: hub.epoch().to_owned(),
            oldest_seq: hub.oldest(),
            latest_seq: hub.latest(),
            bytes: hub.bytes(),
            frames_serialised: hub.frames_serialised(),
        },
        server: ServerState {
            clients: shared.seats.taken(),
            max_clients: shared.live().settings().max_clients,
            connections: shared.connections.load(Ordering::Relaxed),
        },
        sources: access.may(Scope::Events).then(|| shared.health.sources()),
        detail: report.detail,
    };
    (status, Json(body)).into_response()
}
