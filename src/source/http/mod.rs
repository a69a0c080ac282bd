//! A small HTTP/1.1 client for radio: blocking, limited in time and size, and stopped with its source.
//!
//! [`Client::get`] follows redirects and gives a [`Response`], whose [`Body`] is a [`Read`](std::io::Read);
//! [`Client::fetch_part`] reads something small whole. Beneath are hyper and rustls on a runtime of tokio that turns only while the
//! source's thread waits in a call. Touch this file when the room gets another part.

mod client;
mod connect;
mod error;
mod part;
mod response;
pub(super) mod text;

#[cfg(test)]
pub(super) mod server;
#[cfg(test)]
mod tests;

pub use crate::dial::{Address, AddressError};
pub use client::{Client, HttpSettings};
pub use error::HttpError;
pub use response::{Body, Fetched, Response};
