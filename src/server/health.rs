//! What the server asks the daemon: is it well, and what do its sources do.
//! Touch it when `/livez`, `/readyz`, `/healthz` or `/v1/sources` are to tell more.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mel::MelTap;
use crate::event::SourceState;
use crate::stats::SourceCounters;

/// Implemented by the daemon. Called on the network's threads: it must answer without waiting.
pub trait Health: Send + Sync {
    /// Whether the daemon lives and does its work.
    fn report(&self) -> HealthReport;

    /// Every source of this moment, in the order of the configuration. Names must not contain commas, which part them in
    /// queries.
    fn sources(&self) -> Vec<SourceInfo>;

    /// The same sources with their counters, for `/metrics`.
    fn measures(&self) -> Vec<SourceMeasures> {
        Vec::new()
    }

    /// The outputs of this moment, for `/metrics`.
    fn deliveries(&self) -> Vec<DeliveryMeasures> {
        Vec::new()
    }

    /// Where the mel columns of a source can be looked at; `None` if there is none of that name.
    fn mel(&self, source: &str) -> Option<Arc<MelTap>> {
        let _ = source;
        None
    }

    /// Where the server keeps count of its subscribers; asked for once.
    fn subscribers(&self) -> Arc<AtomicUsize> {
        Arc::default()
    }
}

/// How the daemon is.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthReport {
    /// The process works; false asks a supervisor to restart it.
    pub live: bool,
    /// Audio flows and windows come.
    pub ready: bool,
    /// Why not ready, in words.
    pub reasons: Vec<String>,
    /// Whatever else a person wants to know, a JSON object.
    pub detail: serde_json::Value,
}

/// One source, as `/v1/sources` tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceInfo {
    /// Its name.
    pub name: String,
    /// Its URI, without any password.
    pub uri: String,
    /// Name of the model that hears it, where that is not the daemon's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<String>,
    /// The state it is in.
    pub state: SourceState,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// What a person can do about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub remedy: Option<String>,
    /// Sample rate before resampling, in hertz; absent until it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub native_hz: Option<u32>,
    /// What the station says is playing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// Seconds of audio of a station that have come and are not played yet; absent where nothing waits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub behind_live_s: Option<f64>,
    /// What it has done since the start.
    pub counters: SourceCounts,
}

/// One source, as `/metrics` tells it.
#[derive(Debug, Clone)]
pub struct SourceMeasures {
    /// Its name.
    pub name: String,
    /// Its URI, without any password; only its kind is told.
    pub uri: String,
    /// Name of the model that hears it, where that is not the daemon's own.
    pub model: Option<String>,
    /// The state it is in.
    pub state: SourceState,
    /// What has been counted of it since it started.
    pub counters: Arc<SourceCounters>,
}

/// An output that is told of events, as `/metrics` tells it.
#[derive(Debug, Clone)]
pub struct DeliveryMeasures {
    /// What kind of output it is, a word.
    pub kind: &'static str,
    /// What it is called in the configuration.
    pub name: String,
    /// Whether it works.
    pub state: DeliveryState,
    /// Events that wait for it.
    pub waiting: usize,
    /// Events that it has taken.
    pub delivered: u64,
    /// Events that it never gets.
    pub dropped: u64,
    /// Deliveries, or connections, that failed.
    pub failures: u64,
    /// How often one that had failed was tried again.
    pub retries: u64,
}

/// Whether an output works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// There is nothing to say of it yet.
    Starting,
    /// It takes what it is told.
    Working,
    /// It does not, and is tried again.
    Trying,
}

/// The counters of a source at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceCounts {
    /// Samples (mono, native rate) that entered the ring.
    pub samples: u64,
    /// Samples that found the ring full and were dropped.
    pub samples_lost: u64,
    /// Errors the audio system reported.
    pub device_errors: u64,
    /// `genre.window` events published.
    pub windows: u64,
    /// Hops whose evaluation was skipped.
    pub skipped_hops: u64,
    /// `source.gap` events published.
    pub gaps: u64,
}

impl From<&SourceCounters> for SourceCounts {
    fn from(counters: &SourceCounters) -> Self {
        Self {
            samples: counters.samples.get(),
            samples_lost: counters.samples_lost.get(),
            device_errors: counters.device_errors.get(),
            windows: counters.windows.get(),
            skipped_hops: counters.skipped_hops.get(),
            gaps: counters.gaps.get(),
        }
    }
}
