//! What is known of each source at this moment: written by the model threads, read by the server.
//! Touch it when more of a source is to be known; how it is told is in `health`.

mod health;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::progress::SourceFacts;
use crate::deliver::Statuses;
use crate::event::{SourceState, SourceStateChange};
use crate::server::MelTap;
use crate::source::{Own, SourceSpec};
use crate::stats::SourceCounters;

/// The board of all sources.
pub(super) struct Board {
    rows: RwLock<Vec<Arc<Row>>>,
    started: Instant,
    /// Counted by the server.
    subscribers: Arc<AtomicUsize>,
    detail: Mutex<serde_json::Map<String, serde_json::Value>>,
    deliveries: Statuses,
}

/// How often windows of a source are to come, by its model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expects {
    /// A source whose last window is older is not ready.
    patience: Duration,
    /// Time between two windows, where hops are not longer because the machine is too slow.
    hop: Duration,
    /// Seconds of audio after which a source that delivers must have given another window, with some to spare.
    wait_s: f64,
}

impl Expects {
    /// `hop` is the time between two windows, `first` the length of the audio before the first one.
    pub fn new(hop: Duration, first: Duration) -> Self {
        let patience = (hop * 5).max(Duration::from_secs(10));
        Self { patience, hop, wait_s: (first + hop * 5).as_secs_f64() }
    }
}

/// One source, from its start until it is removed. One that is configured otherwise under the same name is another.
pub(super) struct Row {
    /// Never given twice.
    pub id: u64,
    pub name: String,
    pub uri: String,
    /// What is judged otherwise of it.
    pub own: Own,
    /// Name of the model that hears it in the place of the configured one.
    pub model: Option<String>,
    expects: Expects,
    pub counters: Arc<SourceCounters>,
    /// Where its mel columns can be looked at, once it runs.
    pub mel: OnceLock<Arc<MelTap>>,
    /// Raised when nobody waits for the rest of it any more: nothing is told of it from then on.
    retired: AtomicBool,
    status: Mutex<Status>,
}

struct Status {
    state: SourceStateChange,
    native_hz: Option<u32>,
    last_window: Option<Instant>,
    /// Since when a window can be expected: the stream has begun, the source says that it delivers again, audio was
    /// lost, or a hop was skipped because the model is late.
    expected_since: Option<Instant>,
    /// Samples that had come at the last of these moments, or at the last window.
    samples_then: u64,
    /// Since when the model has failed for this source.
    model_fails_since: Option<Instant>,
    /// Seconds of audio a second; `None` for a source that waits for us or has not begun.
    pace: Option<f64>,
    genre: Option<String>,
    /// What the station says is playing.
    title: Option<String>,
}

impl Row {
    pub fn new(id: u64, spec: &SourceSpec, expects: Expects) -> Self {
        let state = SourceStateChange { state: SourceState::Starting, reason: None, remedy: None };
        Self {
            id,
            name: spec.name.clone(),
            uri: spec.uri.to_string(),
            own: spec.own,
            model: spec.model.clone(),
            expects,
            counters: Arc::default(),
            mel: OnceLock::new(),
            retired: AtomicBool::new(false),
            status: Mutex::new(Status {
                state,
                native_hz: None,
                last_window: None,
                expected_since: None,
                samples_then: 0,
                model_fails_since: None,
                pace: None,
                genre: None,
                title: None,
            }),
        }
    }

    pub fn set_state(&self, state: &SourceStateChange) {
        let mut status = self.status();
        status.state = state.clone();
        if state.state == SourceState::Live {
            status.expect_from_now(&self.counters);
        }
    }

    /// Whether it was told last that nothing comes of it.
    pub fn is_away(&self) -> bool {
        matches!(
            self.status().state.state,
            SourceState::Stalled | SourceState::Reconnecting | SourceState::Failed
        )
    }

    /// What the station says is playing; empty if it says nothing.
    pub fn set_title(&self, title: String) {
        self.status().title = Some(title).filter(|title| !title.is_empty());
    }

    /// A block was worked off without a window, or audio was lost: the next window is due after it.
    pub fn worked_off(&self) {
        self.status().expect_from_now(&self.counters);
    }

    /// Whether the model fails for this source.
    pub fn set_model_fails(&self, fails: bool) {
        let mut status = self.status();
        status.model_fails_since = fails.then(|| status.model_fails_since.unwrap_or_else(Instant::now));
    }

    /// A stream of this rate begins; of a source without `pace` nothing can be expected.
    pub fn begin(&self, hz: u32, pace: Option<f64>) {
        let mut status = self.status();
        (status.native_hz, status.pace) = (Some(hz), pace);
        status.expect_from_now(&self.counters);
    }

    pub fn window_published(&self, genre: &str) {
        let mut status = self.status();
        status.last_window = Some(Instant::now());
        status.samples_then = self.counters.samples.get();
        if status.genre.as_deref() != Some(genre) {
            status.genre = Some(genre.to_owned());
        }
        // Last, so that whoever sees it finds everything of the window told.
        self.counters.windows.add(1);
    }

    /// Nothing is told of it from now on: its name may be another's.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }

    /// Whether something may still be told of it.
    pub fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// What it owes us.
    fn facts(&self) -> SourceFacts {
        let Expects { patience, wait_s, .. } = self.expects;
        let status = self.status();
        let last = status.last_window.max(status.expected_since);
        // Without samples there is nothing to make a window of, and a restart would not bring them.
        let flows = self.counters.samples.get() > status.samples_then;
        SourceFacts {
            name: self.name.clone(),
            state: status.state.state,
            reason: status.state.reason.clone(),
            windows: self.counters.windows.get(),
            owing: status.pace.and(last).filter(|_| flows).map(|moment| moment.elapsed()),
            model_fails: status.model_fails_since.map(|moment| moment.elapsed()),
            patience: status.pace.map_or(patience, |pace| {
                let wait_s = wait_s + self.own.hop_seconds.unwrap_or(0.0);
                patience.max(Duration::try_from_secs_f64(wait_s / pace).unwrap_or(Duration::MAX))
            }),
            genre: status.genre.clone(),
        }
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the source is not ready; `None` if it is.
    fn complaint(&self) -> Option<String> {
        let patience = self.expects.patience
            + Duration::try_from_secs_f64(self.own.hop_seconds.unwrap_or(0.0)).unwrap_or_default()
            // While turns change, one may come after twice as many hops.
            + self.expects.hop
                * u32::try_from(2 * self.counters.hop_lengthening.get()).unwrap_or(0).saturating_sub(2);
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

impl Status {
    fn expect_from_now(&mut self, counters: &SourceCounters) {
        (self.expected_since, self.samples_then) = (Some(Instant::now()), counters.samples.get());
    }
}

impl Board {
    /// A board with these sources on it.
    pub fn new(rows: Vec<Arc<Row>>, deliveries: Statuses) -> Self {
        Self {
            rows: RwLock::new(rows),
            started: Instant::now(),
            subscribers: Arc::default(),
            detail: Mutex::default(),
            deliveries,
        }
    }

    /// What is known of each source, and how many listen.
    pub fn facts(&self) -> (Vec<SourceFacts>, usize) {
        (self.rows().iter().map(|row| row.facts()).collect(), self.subscribers.load(Ordering::Relaxed))
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
