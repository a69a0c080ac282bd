//! Named threads and their ends. Touch it when a thread is to be watched or joined otherwise.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::DaemonError;
use super::signals::Ender;

/// Linux shows at most 15 bytes of a thread's name.
const NAME_LIMIT: usize = 15;

/// Spawns the daemon's threads and notices when one panics: then the daemon ends with an error, so that whoever
/// supervises it can start it anew. A daemon that goes on without one of its threads would be deaf and look alive.
#[derive(Clone)]
pub(super) struct Spawner {
    ender: Ender,
    panicked: Arc<Mutex<Option<String>>>,
}

impl Spawner {
    pub fn new(ender: Ender) -> Self {
        Self { ender, panicked: Arc::default() }
    }

    /// Spawns a named thread.
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &str,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> Result<JoinHandle<T>, DaemonError> {
        let watch = OnPanic { spawner: self.clone(), name: name.to_owned() };
        let body = move || {
            let _watch = watch;
            body()
        };
        Builder::new()
            .name(name.chars().take(NAME_LIMIT).collect())
            .spawn(body)
            .map_err(|error| DaemonError::Start { what: format!("thread {name}"), error })
    }

    /// The thread that panicked first, if any.
    pub fn panicked(&self) -> Option<String> {
        self.panicked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Dropped at the end of a thread, also when it unwinds.
struct OnPanic {
    spawner: Spawner,
    name: String,
}

impl Drop for OnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut first = self.spawner.panicked.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| self.name.clone());
            self.spawner.ender.end();
        }
    }
}

/// True once a thread was left to the end of the process.
static LEFT: AtomicBool = AtomicBool::new(false);

/// Whether a thread that did not end in time may still run. Then the process must end without the handlers that libraries have
/// registered for its exit: they free what the thread is using, and a runtime or a driver that computes just then would crash.
pub fn threads_are_left() -> bool {
    LEFT.load(Ordering::Relaxed)
}

/// Tells of a thread that did not end in time.
pub(super) fn leave(name: &str) {
    LEFT.store(true, Ordering::Relaxed);
    tracing::warn!(thread = name, "did not end in time");
}

/// Joins the threads of one stage of the line, which together have `limit`. A thread that hangs (a sound driver may
/// never return) is told and left to the end of the process.
pub(super) fn join_stage(stage: &str, handles: impl IntoIterator<Item = JoinHandle<()>>, limit: Duration) {
    let deadline = Instant::now() + limit;
    for handle in handles {
        let name = handle.thread().name().unwrap_or(stage).to_owned();
        let left = deadline.saturating_duration_since(Instant::now());
        if join_within(handle, left).is_none() {
            leave(&name);
        }
    }
}

/// Joins a thread if it ends within `limit`; `None` if it does not, or if it panicked.
pub(super) fn join_within<T>(handle: JoinHandle<T>, limit: Duration) -> Option<T> {
    let deadline = Instant::now() + limit;
    while !handle.is_finished() {
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    handle.join().ok()
}
