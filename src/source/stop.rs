//! The flag that ends a source and wakes whatever its thread waits for.
//! Touch it when a source needs another way of waiting.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

/// Tells one source, from any thread, to end. Clones share the flag; it is never lowered again.
#[derive(Debug, Clone)]
pub struct Stop(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    raised: AtomicBool,
    /// Nothing is ever sent: that this end is gone is the message, because it reaches every waiting receiver at once.
    keep: Mutex<Option<Sender<Infallible>>>,
    gone: Receiver<Infallible>,
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Stop {
    /// A flag that is not raised yet.
    pub fn new() -> Self {
        let (keep, gone) = bounded(0);
        Self(Arc::new(Shared { raised: AtomicBool::new(false), keep: Mutex::new(Some(keep)), gone }))
    }

    /// Raises the flag and wakes every thread that waits on it. Not for signal handlers: it takes a lock.
    pub fn stop(&self) {
        self.0.raised.store(true, Ordering::Release);
        self.0.keep.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Whether the flag has been raised.
    pub fn is_stopped(&self) -> bool {
        self.0.raised.load(Ordering::Acquire)
    }

    /// Waits for `time`, or until the flag is raised. True when it has been raised.
    pub fn wait(&self, time: Duration) -> bool {
        if !time.is_zero() && !self.is_stopped() {
            // Nothing can arrive, so this returns by the time limit or because the other end is gone.
            let _ = self.0.gone.recv_timeout(time);
        }
        self.is_stopped()
    }

    /// Waits until `moment`, or until the flag is raised. True when it has been raised.
    pub fn wait_until(&self, moment: Instant) -> bool {
        self.wait(moment.saturating_duration_since(Instant::now()))
    }

    /// For `select!`: becomes ready (disconnected) when the flag is raised.
    pub(super) fn gone(&self) -> &Receiver<Infallible> {
        &self.0.gone
    }
}

/// A wait ended because the source was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the source was told to stop")]
pub struct Stopped;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopping_wakes_a_waiting_thread_at_once() {
        let stop = Stop::new();
        let waiting = stop.clone();
        let begin = Instant::now();
        let thread = std::thread::spawn(move || waiting.wait(Duration::from_secs(60)));
        stop.stop();
        assert!(thread.join().expect("no panic"));
        assert!(begin.elapsed() < Duration::from_secs(30));
        assert!(stop.wait(Duration::from_secs(60)), "it stays raised");
    }

    #[test]
    fn a_wait_ends_by_time_too() {
        let stop = Stop::new();
        assert!(!stop.wait(Duration::from_millis(2)));
        assert!(!stop.wait_until(Instant::now()));
    }
}
