//! What is known of each source at this moment: written by the model threads, read by the server.
//! Touch it when `/healthz`, `/readyz` or `/v1/sources` must tell more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::event::{SourceState, SourceStateChange};
use crate::server::{Health, HealthReport, SourceCounts, SourceInfo};
use crate::stats::SourceCounters;

/// The board of all sources.
pub(super) struct Board {
    rows: Vec<Row>,
    started: Instant,
    /// A source whose last window is older is not ready.
    patience: Duration,
    detail: serde_json::Value,
}

/// One source.
pub(super) struct Row {
    pub name: String,
    pub uri: String,
    pub counters: Arc<SourceCounters>,
    status: Mutex<Status>,
}

struct Status {
    state: SourceStateChange,
    native_hz: Option<u32>,
    last_window: Option<Instant>,
}

impl Row {
    pub fn new(name: String, uri: String) -> Self {
        let state = SourceStateChange { state: SourceState::Starting, reason: None, remedy: None };
        Self {
            name,
            uri,
            counters: Arc::default(),
            status: Mutex::new(Status { state, native_hz: None, last_window: None }),
        }
    }

    pub fn set_state(&self, state: &SourceStateChange) {
        self.status().state = state.clone();
    }

    pub fn set_rate(&self, hz: u32) {
        self.status().native_hz = Some(hz);
    }

    pub fn window_published(&self) {
        self.counters.windows.add(1);
        self.status().last_window = Some(Instant::now());
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the source is not ready; `None` if it is.
    fn complaint(&self, patience: Duration) -> Option<String> {
        let status = self.status();
        let name = &self.name;
        match status.state.state {
            SourceState::Failed => Some(format!(
                "{name} failed: {}",
                status.state.reason.as_deref().unwrap_or("no reason known")
            )),
            SourceState::Stalled | SourceState::Reconnecting => {
                Some(format!("{name}: {}", status.state.reason.as_deref().unwrap_or("no audio")))
            }
            SourceState::Ended if self.counters.windows.get() > 0 => None,
            SourceState::Ended => Some(format!("{name} ended before a window was heard")),
            _ => match status.last_window.map(|moment| moment.elapsed()) {
                None => Some(format!("{name} has given no window yet")),
                Some(age) if age > patience => {
                    Some(format!("{name} has given no window for {:.0} s", age.as_secs_f64()))
                }
                Some(_) => None,
            },
        }
    }
}

impl Board {
    /// `hop` is the time between two windows; `detail` goes into `/healthz` as it is.
    pub fn new(rows: Vec<Row>, hop: Duration, detail: serde_json::Value) -> Self {
        let patience = (hop * 5).max(Duration::from_secs(10));
        Self { rows, started: Instant::now(), patience, detail }
    }

    pub fn row(&self, source: usize) -> &Row {
        &self.rows[source]
    }
}

impl Health for Board {
    fn report(&self) -> HealthReport {
        let mut reasons: Vec<String> =
            self.rows.iter().filter_map(|row| row.complaint(self.patience)).collect();
        if self.rows.is_empty() {
            reasons.push("no source is configured".into());
        }
        let mut detail = self.detail.clone();
        if let Some(detail) = detail.as_object_mut() {
            detail.insert("uptime_s".into(), json!(self.started.elapsed().as_secs()));
        }
        HealthReport { live: true, ready: reasons.is_empty(), reasons, detail }
    }

    fn sources(&self) -> Vec<SourceInfo> {
        self.rows
            .iter()
            .map(|row| {
                let status = row.status();
                SourceInfo {
                    name: row.name.clone(),
                    uri: row.uri.clone(),
                    state: status.state.state,
                    reason: status.state.reason.clone(),
                    remedy: status.state.remedy.clone(),
                    native_hz: status.native_hz,
                    counters: SourceCounts::from(&*row.counters),
                }
            })
            .collect()
    }
}
