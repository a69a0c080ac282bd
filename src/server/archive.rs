//! The history as the network's threads reach it: readings happen elsewhere, few at a time, and each is one page.
//! Touch it when what is read of the history is bounded otherwise.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::history::{EpochPage, History, HistoryError, Selection};

/// Readings at a time; more of them wait for their turn.
const READINGS: usize = 4;

/// A history and who may read it now.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    history: History,
    turns: Arc<Semaphore>,
}

impl Archive {
    pub(super) fn new(history: History) -> Self {
        Self { history, turns: Arc::new(Semaphore::new(READINGS)) }
    }

    pub(super) fn history(&self) -> &History {
        &self.history
    }

    /// As [`History::epoch_page`].
    pub(super) async fn epoch_page(
        &self,
        epoch: Arc<str>,
        after: u64,
        wanted: Arc<Selection>,
        limit: usize,
    ) -> Result<Option<EpochPage>, HistoryError> {
        self.read(move |history| history.epoch_page(&epoch, after, &wanted, limit)).await
    }

    /// Reads on a thread that may wait for the disk.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&History) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<T, HistoryError> {
        let closed = || HistoryError::Closed("the daemon ends".into());
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| closed())?;
        let history = self.history.clone();
        let reading = spawn_blocking(move || {
            let result = read(&history);
            drop(turn);
            result
        });
        reading.await.map_err(|_| closed())?
    }
}
