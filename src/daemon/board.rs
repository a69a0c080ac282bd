//! What is known of each source at this moment: written by the model threads, read by the server.
//! Touch it when `/healthz`, `/readyz` or `/v1/sources` must tell more.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde_json::json;

use super::progress::SourceFacts;
use crate::event::{SourceState, SourceStateChange};
use crate::server::{Health, HealthReport, SourceCounts, SourceInfo};
use crate::stats::SourceCounters;

/// The board of all sources.
pub(super) struct Board {
    rows: RwLock<Vec<Arc<Row>>>,
    started: Instant,
    /// A source whose last window is older is not ready.
    patience: Duration,
    /// Seconds of audio after which a source that delivers must have given another window, with some to spare.
    wait_s: f64,
    /// Counted by the server.
    subscribers: Arc<AtomicUsize>,
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
    /// Since when a window can be expected: the stream has begun, or the source says that it delivers again.
    expected_since: Option<Instant>,
    /// Seconds of audio a second; `None` for a source that waits for us or has not begun.
    pace: Option<f64>,
    genre: Option<String>,
}

impl Row {
    pub fn new(id: u64, name: String, uri: String) -> Self {
        let state = SourceStateChange { state: SourceState::Starting, reason: None, remedy: None };
        Self {
            id,
            name,
            uri,
            counters: Arc::default(),
            status: Mutex::new(Status {
                state,
                native_hz: None,
                last_window: None,
                expected_since: None,
                pace: None,
                genre: None,
            }),
        }
    }

    pub fn set_state(&self, state: &SourceStateChange) {
        let mut status = self.status();
        status.state = state.clone();
        if state.state == SourceState::Live {
            status.expected_since = Some(Instant::now());
        }
    }

    /// A stream of this rate begins; of a source without `pace` nothing can be expected.
    pub fn begin(&self, hz: u32, pace: Option<f64>) {
        let mut status = self.status();
        (status.native_hz, status.pace, status.expected_since) = (Some(hz), pace, Some(Instant::now()));
    }

    pub fn window_published(&self, genre: &str) {
        let mut status = self.status();
        status.last_window = Some(Instant::now());
        if status.genre.as_deref() != Some(genre) {
            status.genre = Some(genre.to_owned());
        }
        // Last, so that whoever sees it finds everything of the window told.
        self.counters.windows.add(1);
    }

    /// What it owes us, if `wait_s` is as on the board.
    fn facts(&self, patience: Duration, wait_s: f64) -> SourceFacts {
        let status = self.status();
        let last = status.last_window.max(status.expected_since);
        SourceFacts {
            name: self.name.clone(),
            state: status.state.state,
            reason: status.state.reason.clone(),
            windows: self.counters.windows.get(),
            owing: status.pace.and(last).map(|moment| moment.elapsed()),
            patience: status.pace.map_or(patience, |pace| {
                patience.max(Duration::try_from_secs_f64(wait_s / pace).unwrap_or(Duration::MAX))
            }),
            genre: status.genre.clone(),
        }
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
    /// `hop` is the time between two windows, `first` the length of the audio before the first one.
    pub fn new(rows: Vec<Arc<Row>>, hop: Duration, first: Duration) -> Self {
        Self {
            rows: RwLock::new(rows),
            started: Instant::now(),
            patience: (hop * 5).max(Duration::from_secs(10)),
            wait_s: (first + hop * 5).as_secs_f64(),
            subscribers: Arc::default(),
            detail: Mutex::default(),
        }
    }

    /// What is known of each source, and how many listen.
    pub fn facts(&self) -> (Vec<SourceFacts>, usize) {
        let facts = |row: &Arc<Row>| row.facts(self.patience, self.wait_s);
        (self.rows().iter().map(facts).collect(), self.subscribers.load(Ordering::Relaxed))
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

    fn subscribers(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.subscribers)
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
