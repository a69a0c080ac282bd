//! The radio's HTTP client as HLS asks for its playlists and segments. Touch it with `hls/fetch.rs`.

use std::ops::Range as Bytes;

use crate::source::hls::{Fetch, FetchError, Request, Response};
use crate::source::http::{Client, Fetched, HttpError};

/// Fetches through the client of the station's source.
pub(super) struct Segments(pub(super) Client);

impl Fetch for Segments {
    fn get(&mut self, request: &Request<'_>) -> Result<Response, FetchError> {
        let part: Option<Bytes<u64>> =
            request.range.map(|range| range.start..range.start.saturating_add(range.length));
        let Fetched { address, bytes, .. } =
            self.0.fetch(request.address, request.most, part).map_err(|error| match error {
                HttpError::Stopped => FetchError::Stopped,
                HttpError::Status { status, .. } => FetchError::Status(status.as_u16()),
                HttpError::TooLarge { most, .. } => FetchError::TooLong(most),
                other => FetchError::Failed(other.to_string()),
            })?;
        Ok(Response { address, body: bytes })
    }
}
