//! A file that lies in memory, for containers that cannot be read from their beginning to their end.
//! Touch it when such a file is to be opened otherwise.

use std::io::Cursor;

use super::container::Container;
use super::decode::{Decoder, Inner, guard};
use super::error::SourceError;
use super::mixdown::Mixdown;
use super::sniff;

impl Decoder {
    /// Opens a file that is held in memory. `hint` is a file name extension or nothing.
    ///
    /// # Errors
    /// When it is something else, lacks the channel, or not one sample can be had from it.
    pub fn open_bytes(bytes: Vec<u8>, hint: Option<&str>, mixdown: Mixdown) -> Result<Self, SourceError> {
        let name = "the file";
        let head = bytes.get(..sniff::HEAD).unwrap_or(&bytes).to_vec();
        sniff::refuse_what_is_no_audio(&head)?;
        let container = guard(|| Container::open(Box::new(Cursor::new(bytes)), hint, name, mixdown))
            .and_then(|opened| opened)
            .map_err(|error| sniff::explain(error, &head))?;
        Self::prime(name.into(), Inner::Container(Box::new(container)))
    }
}
