//! The hall in which clips wait for their turn: bounded, first come, first served. Touch it when their order or number is
//! to be another.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, watch};

use super::body::BodySender;
use super::ticket::Ticket;
use super::visit::Visit;
use super::{UploadAnswer, UploadError, UploadProgress, UploadRequest, UploadSettings, UploadState};
use crate::stats::Counter;

/// Clips that have ended and can still be asked for.
const REMEMBERED: usize = 64;

/// Where clips wait.
#[derive(Debug, Clone)]
pub struct Hall(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: watch::Receiver<UploadSettings>,
    queue: Mutex<Queue>,
    /// Told when somebody came, or when it is closed.
    news: Condvar,
    outcomes: Outcomes,
}

/// What became of clips.
#[derive(Debug, Default)]
struct Outcomes {
    done: Counter,
    failed: Counter,
    cancelled: Counter,
    /// Did not even get a place.
    refused: Counter,
}

impl Outcomes {
    fn count(&self, visit: &Visit) {
        match visit.state() {
            UploadState::Done => self.done.add(1),
            UploadState::Failed => self.failed.add(1),
            UploadState::Cancelled | UploadState::Waiting | UploadState::Hearing => self.cancelled.add(1),
        }
    }
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Turn>,
    /// Being heard.
    hearing: Vec<Arc<Visit>>,
    /// Ended, the oldest first.
    ended: VecDeque<Arc<Visit>>,
    /// Workers that may take a turn.
    workers: usize,
    closed: bool,
}

/// A clip, and where its sender waits.
#[derive(Debug)]
pub(super) struct Turn {
    pub visit: Arc<Visit>,
    pub begin: oneshot::Sender<BodySender>,
    pub answer: oneshot::Sender<Result<UploadAnswer, UploadError>>,
}

impl Hall {
    /// An empty one; what is sent through `settings` holds from the next clip on.
    pub fn new(settings: watch::Receiver<UploadSettings>) -> Self {
        let (queue, news, outcomes) = (Mutex::default(), Condvar::new(), Outcomes::default());
        Self(Arc::new(Inner { settings, queue, news, outcomes }))
    }

    /// The settings of this moment.
    pub fn settings(&self) -> UploadSettings {
        self.0.settings.borrow().clone()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place in the queue. Dropping the ticket gives it up, and ends the hearing.
    ///
    /// # Errors
    /// [`UploadError::Disabled`], [`UploadError::QueueFull`], [`UploadError::IdInUse`] or [`UploadError::Ending`].
    pub fn enter(&self, request: UploadRequest) -> Result<Ticket, UploadError> {
        self.admit(request).inspect_err(|_| self.0.outcomes.refused.add(1))
    }

    fn admit(&self, request: UploadRequest) -> Result<Ticket, UploadError> {
        let settings = self.settings();
        if !settings.enabled {
            return Err(UploadError::Disabled);
        }
        let mut queue = self.queue();
        if queue.closed {
            return Err(UploadError::Ending);
        }
        if queue.open(&request.id).is_some() {
            return Err(UploadError::IdInUse { id: request.id });
        }
        // Whoever finds an idle worker does not wait.
        let idle = queue.workers.saturating_sub(queue.hearing.len());
        if queue.waiting.len() >= settings.waiting.saturating_add(idle) {
            return Err(UploadError::QueueFull { waiting: queue.waiting.len() });
        }
        let visit = Arc::new(Visit::new(request));
        let (begin, on_begin) = oneshot::channel();
        let (answer, on_answer) = oneshot::channel();
        queue.waiting.push_back(Turn { visit: Arc::clone(&visit), begin, answer });
        drop(queue);
        self.0.news.notify_one();
        Ok(Ticket::new(self.clone(), visit, on_begin, on_answer))
    }

    /// How far a clip is; `None` for one that is not known, or not any more.
    pub fn progress(&self, id: &str) -> Option<UploadProgress> {
        let queue = self.queue();
        let waiting = queue.waiting.iter().position(|turn| turn.visit.request.id == id);
        let position = waiting.map(|before| before + 1);
        let visit =
            queue.open(id).or_else(|| queue.ended.iter().rev().find(|visit| visit.request.id == id))?;
        Some(visit.progress(position))
    }

    /// How many wait and how many are heard.
    pub fn counts(&self) -> (usize, usize) {
        let queue = self.queue();
        (queue.waiting.len(), queue.hearing.len())
    }

    /// What became of all clips so far, each by a word.
    pub fn outcomes(&self) -> [(&'static str, u64); 4] {
        let Outcomes { done, failed, cancelled, refused } = &self.0.outcomes;
        [
            ("done", done.get()),
            ("failed", failed.get()),
            ("cancelled", cancelled.get()),
            ("refused", refused.get()),
        ]
    }

    /// One more worker may take turns.
    pub(super) fn employ(&self) {
        self.queue().workers += 1;
    }

    /// Waits for the next turn; `None` once the hall is closed.
    pub(super) fn next(&self) -> Option<Turn> {
        let mut queue = self.queue();
        loop {
            if queue.closed {
                return None;
            }
            if let Some(turn) = queue.waiting.pop_front() {
                turn.visit.set_state(UploadState::Hearing);
                queue.hearing.push(Arc::clone(&turn.visit));
                return Some(turn);
            }
            queue = self.0.news.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A turn is over.
    pub(super) fn over(&self, visit: &Arc<Visit>) {
        self.0.outcomes.count(visit);
        let mut queue = self.queue();
        queue.hearing.retain(|hearing| !Arc::ptr_eq(hearing, visit));
        queue.remember(visit);
    }

    /// Somebody does not want to wait any more.
    pub(super) fn leave(&self, visit: &Arc<Visit>) {
        visit.cancel();
        let mut queue = self.queue();
        let before = queue.waiting.len();
        queue.waiting.retain(|turn| !Arc::ptr_eq(&turn.visit, visit));
        if queue.waiting.len() < before {
            self.0.outcomes.count(visit);
            queue.remember(visit);
        }
    }

    /// Lets nobody in any more, sends away whoever waits, and ends what is heard: the workers end.
    pub fn close(&self) {
        let mut queue = self.queue();
        queue.closed = true;
        for turn in queue.waiting.drain(..).collect::<Vec<_>>() {
            turn.visit.break_off(UploadError::Ending);
            turn.visit.cancel();
            self.0.outcomes.count(&turn.visit);
        }
        for visit in &queue.hearing {
            visit.break_off(UploadError::Ending);
            visit.cancel();
        }
        drop(queue);
        self.0.news.notify_all();
    }
}

impl Queue {
    /// The clip of that id that is waiting or being heard.
    fn open(&self, id: &str) -> Option<&Arc<Visit>> {
        let waiting = self.waiting.iter().map(|turn| &turn.visit);
        waiting.chain(&self.hearing).find(|visit| visit.request.id == id)
    }

    fn remember(&mut self, visit: &Arc<Visit>) {
        self.ended.retain(|ended| ended.request.id != visit.request.id);
        self.ended.push_back(Arc::clone(visit));
        if self.ended.len() > REMEMBERED {
            self.ended.pop_front();
        }
    }
}
