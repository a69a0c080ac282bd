//! What the sender of a clip holds: its place in the queue, then the way in, then the answer.
//! Touch it when a sender is to be told something else in between.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::body::BodySender;
use super::hall::Hall;
use super::visit::Visit;
use super::{UploadAnswer, UploadError};

/// A place in the queue and all that comes after it. Whoever drops it is gone: then its clip is heard no further.
#[derive(Debug)]
pub struct Ticket {
    hall: Hall,
    visit: Arc<Visit>,
    begin: Option<oneshot::Receiver<BodySender>>,
    answer: oneshot::Receiver<Result<UploadAnswer, UploadError>>,
}

impl Ticket {
    pub(super) fn new(
        hall: Hall,
        visit: Arc<Visit>,
        begin: oneshot::Receiver<BodySender>,
        answer: oneshot::Receiver<Result<UploadAnswer, UploadError>>,
    ) -> Self {
        Self { hall, visit, begin: Some(begin), answer }
    }

    /// Waits for its turn; gives the way in for its bytes. To be asked once.
    ///
    /// # Errors
    /// [`UploadError::Ending`] when the turn does not come any more.
    pub async fn turn(&mut self) -> Result<BodySender, UploadError> {
        let Some(begin) = self.begin.take() else { return Err(UploadError::Cancelled) };
        begin.await.map_err(|_| self.reason())
    }

    /// Waits for the answer, which may come before all bytes were taken.
    ///
    /// # Errors
    /// [`UploadError`] says why there is none.
    pub async fn answer(&mut self) -> Result<UploadAnswer, UploadError> {
        match (&mut self.answer).await {
            Ok(answer) => answer,
            Err(_) => Err(self.reason()),
        }
    }

    /// Says why its clip does not go on.
    pub fn break_off(&self, why: UploadError) {
        self.visit.break_off(why);
        self.visit.set_state(super::UploadState::Failed);
    }

    fn reason(&self) -> UploadError {
        self.visit.broken_off().unwrap_or(UploadError::Ending)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.hall.leave(&self.visit);
    }
}
