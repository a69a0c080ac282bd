//! genrecast tells live which music genre is playing.
//!
//! A sample's way through the crate: [`source`] → ring → [`features`] → [`model`] → [`decide`] → [`hub`] → [`server`].
//! [`pipeline`] composes the pure part; [`daemon`] is the only place that owns threads.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod backoff;
pub mod catalogue;
pub mod client;
pub mod config;
pub mod daemon;
pub mod decide;
pub mod deliver;
pub mod dial;
pub mod evaluation;
pub mod event;
pub mod features;
#[cfg(test)]
mod fuzzing;
pub mod hearing;
pub mod history;
pub mod hub;
pub mod manifest;
pub mod model;
pub mod pipeline;
pub mod server;
pub mod source;
pub mod stats;
pub mod units;
pub mod upload;
