//! What is known of each source at this moment: written by the model threads, read by the server.
//! Touch it when `/healthz`, `/readyz` or `/v1/sources` must tell more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::event::{SourceState, SourceStateChange};
use crate::server::{Health, HealthReport, SourceCounts, SourceInfo};
use crate::stats::SourceCounters;

/// The board of all sources.
pub(super) struct Board {
    rows: RwLock<Vec<Arc<Row>>>,
    started: Instant,
    /// A source whose last window is older is not ready.
    patience: Duration,
    detail: Mutex<serde_json::Map<String, serde_json::Value>>,
}

/// One source, from its start until it is removed. One that is configured otherwise under the same name is another.
pub(super) struct Row {
    /// Never given twice.
    pub id: u64,
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
    pub fn new(id: u64, name: String, uri: String) -> Self {
        let state = SourceStateChange { state: SourceState::Starting, reason: None, remedy: None };
        Self {
            id,
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
    /// `hop` is the time between two windows.
    pub fn new(rows: Vec<Arc<Row>>, hop: Duration) -> Self {
        let patience = (hop * 5).max(Duration::from_secs(10));
        Self { rows: RwLock::new(rows), started: Instant::now(), patience, detail: Mutex::default() }
    }

    /// Puts these sources in the place of those there were.
    pub fn set_rows(&self, rows: Vec<Arc<Row>>) {
        *self.rows.write().unwrap_or_else(PoisonError::into_inner) = rows;
    }

    /// Sets what `/healthz` tells under `detail`.
    pub fn set_detail(&self, key: &str, value: serde_json::Value) {
        self.detail.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), value);
    }

    /// The sources there are, in the order of the configuration.
    pub fn rows(&self) -> Vec<Arc<Row>> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Health for Board {
    fn report(&self) -> HealthReport {
        let rows = self.rows();
        let mut reasons: Vec<String> = rows.iter().filter_map(|row| row.complaint(self.patience)).collect();
        if rows.is_empty() {
            reasons.push("no source is configured".into());
        }
        let mut detail = self.detail.lock().unwrap_or_else(PoisonError::into_inner).clone();
        detail.insert("uptime_s".into(), json!(self.started.elapsed().as_secs()));
        HealthReport { live: true, ready: reasons.is_empty(), reasons, detail: detail.into() }
    }

    fn sources(&self) -> Vec<SourceInfo> {
        let rows = self.rows();
        rows.iter()
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
