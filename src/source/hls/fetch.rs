//! What HLS asks of whoever fetches for it: one resource, whole, within bounds.
//! Touch it when a playlist or a segment needs to be asked for otherwise; the HTTP client is not here.

use crate::source::http::Address;

/// Gets resources. Whatever implements it keeps the bounds of the request, limits its time, and returns soon after the source was told
/// to stop.
pub(in crate::source) trait Fetch {
    /// One resource, whole.
    fn get(&mut self, request: &Request<'_>) -> Result<Response, FetchError>;
}

/// What is asked for, and within which bounds.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) struct Request<'a> {
    pub(in crate::source) address: &'a Address,
    /// A part of it only.
    pub(in crate::source) range: Option<Range>,
    /// The most bytes that are taken; more is [`FetchError::TooLong`].
    pub(in crate::source) most: usize,
}

/// A part of a resource, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) struct Range {
    /// The first one.
    pub(in crate::source) start: u64,
    /// How many.
    pub(in crate::source) length: u64,
}

/// What came.
#[derive(Debug)]
pub(in crate::source) struct Response {
    /// Who answered in the end, after redirects: what relative addresses are relative to.
    pub(in crate::source) address: Address,
    /// All of it, or of the range.
    pub(in crate::source) body: Vec<u8>,
}

/// Why nothing came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The source was told to stop meanwhile.
    #[error("the source was told to stop")]
    Stopped,
    /// The server refused.
    #[error("the server answered {0}")]
    Status(u16),
    /// There is more than was asked for.
    #[error("it is longer than {0} bytes, the most that is taken")]
    TooLong(usize),
    /// The connection, the name, the time limit, in words.
    #[error("{0}")]
    Failed(String),
}

impl FetchError {
    /// Whether the same question may be answered better a moment later.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Status(status) => *status >= 500 || *status == 429,
            Self::Failed(_) => true,
            Self::Stopped | Self::TooLong(_) => false,
        }
    }
}
