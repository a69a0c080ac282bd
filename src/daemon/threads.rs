//! Named threads and their ends. Touch it when the order of shutdown changes.

use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::DaemonError;

/// Linux shows at most 15 bytes of a thread's name.
const NAME_LIMIT: usize = 15;

/// Spawns a named thread.
pub(super) fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, DaemonError> {
    let short: String = name.chars().take(NAME_LIMIT).collect();
    Builder::new()
        .name(short)
        .spawn(body)
        .map_err(|error| DaemonError::Start { what: format!("thread {name}"), error })
}

/// The daemon's threads, by the stages of the line.
#[derive(Default)]
pub(super) struct Threads {
    pub sources: Vec<JoinHandle<()>>,
    pub dsp: Vec<JoinHandle<()>>,
    pub models: Vec<JoinHandle<()>>,
}

impl Threads {
    /// Joins stage after stage along the line; each has `limit`. A thread that hangs (a sound driver may never
    /// return) is told and left to the end of the process.
    pub fn join(self, limit: Duration) {
        for (stage, handles) in [("source", self.sources), ("dsp", self.dsp), ("model", self.models)] {
            let deadline = Instant::now() + limit;
            for handle in handles {
                let name = handle.thread().name().unwrap_or(stage).to_owned();
                let left = deadline.saturating_duration_since(Instant::now());
                if join_within(handle, left).is_none() {
                    tracing::warn!(thread = name, "did not end in time");
                }
            }
        }
    }
}

/// Joins a thread if it ends within `limit`; `None` if it does not, or if it panicked (which is logged).
pub(super) fn join_within<T>(handle: JoinHandle<T>, limit: Duration) -> Option<T> {
    let deadline = Instant::now() + limit;
    while !handle.is_finished() {
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let name = handle.thread().name().unwrap_or_default().to_owned();
    handle.join().inspect_err(|_| tracing::error!(thread = name, "panicked")).ok()
}
