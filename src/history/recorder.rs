//! The thread `history`: takes events out of the hub's log and writes them, and keeps trying when that fails.
//! Touch it when a trouble is to be met otherwise. It reads the hub as a subscriber does, so nobody waits for it.

use std::convert::Infallible;
use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use jiff::Timestamp;

use super::status::StatusKind;
use super::store::{Step, Store};
use super::{History, HistoryError, Limits, Status, folder};
use crate::hub::{Entry, Hub, ReadResult};

/// Time between two commits, if anything was published.
const TURN: Duration = Duration::from_millis(400);

/// Events written in one transaction: a few milliseconds' work.
const BATCH: usize = 256;

/// Transactions before the wish to end, and what is to be let go, get their turn.
const BATCHES: usize = 16;

/// How often the oldest are let go in between: as many go as can come.
const PRUNES: usize = 8;

/// Time between two tries while it fails.
const RETRY: Duration = Duration::from_secs(1);

/// The same trouble is told again after this long, whether it lasts or comes and goes.
const TELL_AGAIN: Duration = Duration::from_secs(600);

/// How long nothing is said of further events that could not be recorded.
const TELL_HOLE: Duration = Duration::from_secs(60);

/// How long the last events may take to be written.
const LAST: Duration = Duration::from_millis(350);

/// Asks the recorder to end, by being dropped.
#[derive(Debug)]
pub struct Stop(
    #[allow(dead_code, reason = "dropping it is what it is for")] crossbeam_channel::Sender<Infallible>,
);

/// Writes the history.
pub struct Recorder {
    history: History,
    hub: Arc<Hub>,
    stopped: Receiver<Infallible>,
    /// Called whenever the status has changed.
    on_status: Box<dyn Fn(&Status) + Send>,
    lock: Option<File>,
    store: Option<Store>,
    limits: Option<Limits>,
    cursor: u64,
    retry_at: Instant,
    /// The trouble that was told last, and when.
    told: Option<(&'static str, Instant)>,
    /// Whether the trouble of this moment was told, so that its end must be.
    end_is_due: bool,
    hole_told_at: Option<Instant>,
    entries: Vec<Arc<Entry>>,
}

impl Recorder {
    /// A recorder of this hub's events; `on_status` is called on its thread.
    pub fn new(
        history: History,
        hub: Arc<Hub>,
        on_status: impl Fn(&Status) + Send + 'static,
    ) -> (Self, Stop) {
        let (stop, stopped) = crossbeam_channel::bounded(0);
        let recorder = Self {
            history,
            hub,
            stopped,
            on_status: Box::new(on_status),
            lock: None,
            store: None,
            limits: None,
            cursor: 0,
            retry_at: Instant::now(),
            told: None,
            end_is_due: false,
            hole_told_at: None,
            entries: Vec::with_capacity(BATCH),
        };
        (recorder, Stop(stop))
    }

    /// Opens the file, or tells why not; then it can be read. What fails here is tried again by [`Self::run`].
    pub fn open(&mut self) {
        self.turn();
    }

    /// Records until it is asked to end, then writes the rest.
    pub fn run(mut self) {
        let mut wait = TURN;
        while self.stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
            wait = if self.turn() { Duration::ZERO } else { TURN };
        }
        let deadline = Instant::now() + LAST;
        while self.turn() && Instant::now() < deadline {}
        self.finish();
    }

    /// Writes what there is; true if there is more.
    fn turn(&mut self) -> bool {
        if self.store.is_none() && Instant::now() < self.retry_at {
            return false;
        }
        match self.work() {
            Ok(more) => {
                self.succeed();
                more
            }
            Err(error) => {
                self.fail(error);
                false
            }
        }
    }

    fn work(&mut self) -> Result<bool, HistoryError> {
        if self.store.is_none() {
            self.begin()?;
        }
        let Some(store) = &mut self.store else { return Ok(false) };
        if self.history.take_suspicion() {
            store.verify()?;
        }
        let limits = self.history.limits();
        if self.limits != Some(limits) {
            store.set_ceiling(limits.ceiling_bytes)?;
            self.limits = Some(limits);
        }
        // First, because it may be what makes room.
        let now_ms = Timestamp::now().as_millisecond();
        let mut prunes = PRUNES;
        while store.prune(&limits, now_ms)? && prunes > 0 {
            prunes -= 1;
        }
        for _ in 0..BATCHES {
            let steps = match self.hub.read(self.cursor, BATCH, &mut self.entries) {
                ReadResult::UpToDate => break,
                ReadResult::Gap { from_seq, to_seq } => vec![Step::Hole(from_seq, to_seq)],
                ReadResult::Events => self.entries.drain(..).map(Step::Event).collect(),
            };
            let last = match steps.last() {
                Some(Step::Event(entry)) => entry.seq(),
                Some(Step::Hole(_, last)) => *last,
                None => break,
            };
            self.history.set_taken(last);
            store.append(&steps)?;
            if let [Step::Hole(first, last)] = steps[..] {
                let count = last + 1 - first;
                self.history.tell(|status| status.not_recorded += count);
                if self.hole_told_at.is_none_or(|moment| moment.elapsed() >= TELL_HOLE) {
                    self.hole_told_at = Some(Instant::now());
                    tracing::warn!(
                        from_seq = first,
                        to_seq = last,
                        "history: events could not be recorded in time"
                    );
                }
            }
            self.cursor = last;
            self.history.set_recorded(last);
        }
        store.fold()?;
        let (bytes, events) = (store.bytes()?, store.events());
        self.history.tell(|status| (status.bytes, status.events) = (bytes, events));
        Ok(self.hub.latest() > self.cursor)
    }

    /// Takes the folder and opens the file, a new one in the place of one that is damaged.
    fn begin(&mut self) -> Result<(), HistoryError> {
        if self.lock.is_none() {
            self.lock = Some(folder::take(self.history.folder())?);
        }
        let open = |history: &History, hub: &Hub| Store::open(history.file(), hub.epoch());
        let store = match open(&self.history, &self.hub) {
            Err(HistoryError::Damaged(why)) => {
                self.move_aside(&why)?;
                open(&self.history, &self.hub)?
            }
            other => other?,
        };
        self.cursor = store.latest()?;
        self.history.set_taken(self.cursor);
        self.history.set_recorded(self.cursor);
        (self.store, self.limits) = (Some(store), None);
        self.history.set_open(true);
        Ok(())
    }

    fn move_aside(&mut self, why: &str) -> Result<(), HistoryError> {
        self.history.set_open(false);
        let folder = self.history.folder().to_owned();
        let to = folder::move_aside(&folder).map_err(|io| HistoryError::Folder { path: folder, io })?;
        tracing::error!(to = %to.display(), "history: the file is damaged ({why}); it was moved aside, a new one is begun");
        self.history.tell(|status| status.damaged_file = Some(to));
        Ok(())
    }

    fn succeed(&mut self) {
        let before = self.history.status().state;
        let turned = self.history.tell(|status| status.turn(StatusKind::Recording, None));
        let status = self.history.status();
        // Whoever reads the line and asks is to hear the same.
        (self.on_status)(&status);
        if turned {
            if std::mem::take(&mut self.end_is_due) {
                tracing::info!(not_recorded = status.not_recorded, "history: recording again");
            } else if before == StatusKind::Starting {
                tracing::info!(file = %status.file.display(), bytes = status.bytes, "history: recording");
            }
        }
    }

    /// Events go on; this is told, not too often, and tried again.
    fn fail(&mut self, error: HistoryError) {
        // What it remembers may have been rolled back.
        self.store = None;
        self.entries.clear();
        self.retry_at = Instant::now() + RETRY;
        if let HistoryError::Damaged(why) = &error {
            // If the file cannot be moved, the next try tells why.
            if self.move_aside(why).is_ok() {
                self.retry_at = Instant::now();
            }
        }
        self.history.tell(|status| status.turn(StatusKind::Failing, Some(&error)));
        (self.on_status)(&self.history.status());
        let word = error.word();
        let again = |(told, at): (&str, Instant)| told != word || at.elapsed() >= TELL_AGAIN;
        if self.told.is_none_or(again) {
            (self.told, self.end_is_due) = (Some((word, Instant::now())), true);
            let remedy = error.remedy();
            tracing::warn!(remedy, "history: not recording, events go on without it: {error}");
        }
    }

    fn finish(mut self) {
        if let Some(store) = self.store.take() {
            let whole = self.cursor == self.hub.latest();
            if !whole {
                tracing::warn!("history: the last events could not be recorded in time");
            } else if let Err(error) = store.finish() {
                tracing::warn!("history: not closed in order: {error}");
            }
        }
        self.history.set_open(false);
        self.history.ended();
        (self.on_status)(&self.history.status());
    }
}
