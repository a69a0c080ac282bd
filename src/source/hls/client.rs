//! Fetches for HLS by the client for radio.
//! Touch it when the client changes; what is asked for is `session.rs`'s.

use super::fetch::{Fetch, FetchError, Request, Response};
use crate::source::http::{Client, HttpError};

/// The client, as HLS sees it.
pub(in crate::source) struct Fetcher(pub(in crate::source) Client);

impl Fetch for Fetcher {
    fn get(&mut self, request: &Request<'_>) -> Result<Response, FetchError> {
        let part = request.range.map(|range| range.start..range.start.saturating_add(range.length));
        let fetched =
            self.0.fetch_part(request.address, part, request.most).map_err(|error| match error {
                HttpError::Stopped => FetchError::Stopped,
                HttpError::Status { status, .. } => FetchError::Status(status.as_u16()),
                HttpError::TooLarge { most, .. } => FetchError::TooLong(most),
                other => FetchError::Failed(other.to_string()),
            })?;
        Ok(Response { address: fetched.address, body: fetched.bytes })
    }
}
