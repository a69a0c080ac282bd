//! Reads something small whole, or a part of it. Touch it when servers give parts otherwise.

use std::ops::Range;

use hyper::StatusCode;

use super::client::Client;
use super::error::HttpError;
use super::response::Fetched;
use crate::dial::Address;

impl Client {
    /// Reads a part of something, or all of it, of at most `most` bytes. A server that does not know of parts sends all,
    /// of which the part is taken if that is not more than `most` either.
    ///
    /// # Errors
    /// [`HttpError`], as [`get`](Self::get), and when it is larger, takes too long, or there is no such part.
    pub fn fetch_part(
        &self,
        address: &Address,
        part: Option<Range<u64>>,
        most: usize,
    ) -> Result<Fetched, HttpError> {
        let response = self.follow(address, false, part.as_ref())?;
        let is_part = response.status == StatusCode::PARTIAL_CONTENT;
        let mut fetched = response.read_whole(most, &[])?;
        if let Some(part) = part {
            let index = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
            let taken =
                if is_part { 0..index(part.end - part.start) } else { index(part.start)..index(part.end) };
            let bytes = fetched.bytes.get(taken).map(<[u8]>::to_vec);
            fetched.bytes = bytes.ok_or_else(|| HttpError::Broken {
                address: fetched.address.clone(),
                reason: format!("it has not got its bytes {} to {}", part.start, part.end),
            })?;
        }
        Ok(fetched)
    }
}
