//! What every output does while it waits for something: it takes in new events, and notices that its settings have changed
//! or that it is to end. Touch it when all outputs must notice something more.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::watch;

use super::queue::Queue;
use crate::hub::Hub;

/// How a wait ended.
pub(super) enum Woken<T> {
    /// What was waited for is there.
    Done(T),
    /// There are other settings.
    Changed,
    /// The output is to end.
    Ended,
}

/// An output's queue and settings. It is to end when the other side of `wanted` is gone.
pub(super) struct Output<S> {
    pub queue: Queue,
    pub wanted: watch::Receiver<Arc<S>>,
    pub newest: watch::Receiver<u64>,
}

impl<S> Output<S> {
    pub fn new(hub: &Hub, queue: Queue, wanted: watch::Receiver<Arc<S>>) -> Self {
        Self { queue, wanted, newest: hub.watch() }
    }

    /// Waits for this, and takes in meanwhile what is published.
    pub async fn wait_for<T>(&mut self, what: impl Future<Output = T>) -> Woken<T> {
        let mut what = pin!(what);
        loop {
            self.queue.fill();
            tokio::select! {
                biased;
                changed = self.wanted.changed() => {
                    return if changed.is_ok() { Woken::Changed } else { Woken::Ended };
                }
                done = &mut what => return Woken::Done(done),
                newest = self.newest.changed() => {
                    if newest.is_err() {
                        return Woken::Ended;
                    }
                }
            }
        }
    }

    /// Waits until something is there to be delivered.
    pub async fn wait_for_events(&mut self) -> Woken<()> {
        self.queue.fill();
        while self.queue.is_empty() {
            tokio::select! {
                biased;
                changed = self.wanted.changed() => {
                    return if changed.is_ok() { Woken::Changed } else { Woken::Ended };
                }
                newest = self.newest.changed() => {
                    if newest.is_err() {
                        return Woken::Ended;
                    }
                }
            }
            self.queue.fill();
        }
        Woken::Done(())
    }
}
