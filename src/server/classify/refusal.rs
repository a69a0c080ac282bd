//! Which status and code stand for why a clip is not classified. Touch it with the reasons.

use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

use super::super::api_error::ApiError;
use crate::upload::UploadError;

/// Seconds after which whoever found no place may try again: about what a clip takes.
const AGAIN_S: HeaderValue = HeaderValue::from_static("10");

/// An error of the HTTP side, and whether it passes by itself.
pub(super) struct Refusal {
    error: ApiError,
    passes: bool,
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self { error, passes: false }
    }
}

impl From<UploadError> for Refusal {
    fn from(error: UploadError) -> Self {
        use UploadError as E;
        let (status, code) = match &error {
            E::Disabled => (StatusCode::NOT_FOUND, "no_uploads"),
            E::QueueFull { .. } => (StatusCode::SERVICE_UNAVAILABLE, "queue_full"),
            E::IdInUse { .. } => (StatusCode::CONFLICT, "id_in_use"),
            E::TooLarge { .. } | E::IndexAtEnd { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            E::TooLong { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "too_long"),
            E::NotAudio { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "not_audio"),
            E::Idle { .. } | E::TooSlow { .. } => (StatusCode::REQUEST_TIMEOUT, "too_slow"),
            E::BrokenBody { .. } => (StatusCode::BAD_REQUEST, "broken_body"),
            E::NoSuchModel { .. } => (StatusCode::NOT_FOUND, "no_such_model"),
            E::Model { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "model_failed"),
            E::BrokeDown => (StatusCode::INTERNAL_SERVER_ERROR, "broke_down"),
            E::Cancelled => (StatusCode::BAD_REQUEST, "cancelled"),
            E::Ending => (StatusCode::SERVICE_UNAVAILABLE, "ending"),
        };
        let passes = matches!(error, E::QueueFull { .. } | E::Ending);
        Self { error: ApiError::new(status, code, error.to_string()), passes }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.error.into_response();
        if self.passes {
            response.headers_mut().insert(RETRY_AFTER, AGAIN_S);
        }
        response
    }
}
