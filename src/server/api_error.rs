//! Errors of the HTTP side: always `{"error":{"code","message"}}`.
//! Touch it when an error needs another form; messages say what was expected, what came and what to do.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

/// An answer that is an error, as it stands in its body.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ErrorAnswer {
    /// What is wrong.
    pub(super) error: ErrorDetail,
}

/// What is wrong with a request.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ErrorDetail {
    /// One word for what is wrong; each path lists its own.
    pub(super) code: &'static str,
    /// What was expected, what came, and what to do.
    pub(super) message: String,
}

/// An answer that is an error.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorAnswer { error: ErrorDetail { code: self.code, message: self.message } };
        (self.status, Json(body)).into_response()
    }
}
