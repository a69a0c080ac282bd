//! `/v1/models`: which models there are, each with its report and its card. Touch it when more of a model is to be served.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::Shared;
use super::api_error::ApiError;
use crate::catalogue::{Catalogue, CatalogueError};

/// Readings at a time; more of them wait for their turn.
const READINGS: usize = 2;

/// The models' folders as the network's threads reach them: read elsewhere, few at a time.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    catalogue: Catalogue,
    turns: Arc<Semaphore>,
}

impl Shelf {
    pub(super) fn new(catalogue: Catalogue) -> Self {
        Self { catalogue, turns: Arc::new(Semaphore::new(READINGS)) }
    }

    /// Reads on a thread that may wait for the disk.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Catalogue) -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| ending())?;
        let catalogue = self.catalogue.clone();
        let reading = spawn_blocking(move || {
            let read = read(&catalogue);
            drop(turn);
            read
        });
        reading.await.map_err(|_| ending())
    }
}

/// `GET /v1/models`.
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Result<Response, ApiError> {
    let list = shelf(&shared)?.read(Catalogue::list).await?;
    Ok(axum::Json(list).into_response())
}

/// `GET /v1/models/ID/report`.
pub(super) async fn report(
    State(shared): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let id = name(id)?;
    let report = shelf(&shared)?.read(move |catalogue| catalogue.report(&id)).await??;
    Ok(([(CONTENT_TYPE, "application/json")], report).into_response())
}

/// `GET /v1/models/ID/card`.
pub(super) async fn card(
    State(shared): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let id = name(id)?;
    let card = shelf(&shared)?.read(move |catalogue| catalogue.card(&id)).await??;
    Ok(([(CONTENT_TYPE, "text/markdown; charset=utf-8")], card).into_response())
}

fn name(id: Result<Path<String>, PathRejection>) -> Result<String, ApiError> {
    id.map(|Path(id)| id).map_err(|error| {
        ApiError::new(StatusCode::NOT_FOUND, "no_such_model", format!("that is no name of a model: {error}"))
    })
}

pub(super) fn shelf(shared: &Shared) -> Result<&Shelf, ApiError> {
    shared.shelf.as_ref().ok_or_else(|| {
        let message = "this server shows no models; start it with the daemon, which knows their folders";
        ApiError::new(StatusCode::NOT_FOUND, "no_models", message)
    })
}

fn ending() -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "ending", "the daemon ends; ask again when it is back")
}

impl From<CatalogueError> for ApiError {
    fn from(error: CatalogueError) -> Self {
        let (status, code) = match error {
            CatalogueError::NoModel { .. } => (StatusCode::NOT_FOUND, "no_such_model"),
            CatalogueError::NoFile { .. } => (StatusCode::NOT_FOUND, "no_such_file"),
            CatalogueError::Unreadable { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "unreadable"),
        };
        Self::new(status, code, error.to_string())
    }
}
