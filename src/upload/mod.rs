//! Clips that clients send to be classified: who waits, whose turn it is, and what each of them gets. It knows neither HTTP
//! nor threads: the server hands in bytes, and whoever runs [`Worker`]s owns their threads.
//! Touch it when uploads are to be bounded otherwise.

mod body;
mod error;
mod hall;
mod keeper;
mod mp4;
#[cfg(test)]
mod tests;
mod ticket;
mod visit;
mod worker;

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

pub use body::BodySender;
pub use error::UploadError;
pub use hall::Hall;
pub use keeper::Library;
pub use ticket::Ticket;
pub use visit::{UploadProgress, UploadState};
pub use worker::Worker;

use crate::hearing::{ClipAnswer, MelPicture};

/// Most models of one request: more than there are, few enough for the memory that their sessions take.
pub const MOST_MODELS: usize = 8;

/// What may change while the daemon runs.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadSettings {
    /// Whether clips are taken at all.
    pub enabled: bool,
    /// Most bytes of a clip.
    pub max_bytes: u64,
    /// Most seconds of sound of a clip.
    pub max_seconds: f64,
    /// How long a client may send nothing.
    pub idle: Duration,
    /// How long a clip may take from its turn on, its way over the network included.
    pub timeout: Duration,
    /// Most clips that wait for their turn.
    pub waiting: usize,
}

/// What a client wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRequest {
    /// By which it asks how far its clip is; unique among those that are waiting or heard.
    pub id: String,
    /// What the client calls its clip; its extension is a hint at what it is.
    pub name: String,
    /// Which models; at least one.
    pub models: Vec<String>,
    /// How many labels are told.
    pub top: usize,
    /// Whether a mel picture is wanted.
    pub mel: bool,
}

/// What a client gets.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct UploadAnswer {
    /// As in the request.
    pub id: String,
    /// As in the request.
    pub name: String,
    /// How much sound it is, in seconds.
    pub duration_s: f64,
    /// How many bytes came.
    pub bytes: u64,
    /// What is missing or broken, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
    /// What each model says, in the order of the request.
    pub results: Vec<ClipAnswer>,
    /// The mel picture of the first model, if one was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mel: Option<MelPicture>,
}
