//! What the recorder and the readers share: the state, the limits, the connections that wait for their next reader.
//! Touch it when one side is to learn something from the other.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::status::{Status, StatusKind};
use super::{EpochPage, FILE_NAME, HistoryError, Limits, Page, Position, Reader, SegmentPage, Selection};

/// Connections that are kept for the next reader.
const IDLE: usize = 4;

/// A history, for those who read it. Every reading blocks: it belongs on a thread that may wait for a disk.
#[derive(Debug, Clone)]
pub struct History(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    file: PathBuf,
    status: Mutex<Status>,
    limits: Mutex<Limits>,
    /// The `seq` up to which this epoch is in the file.
    recorded: watch::Sender<u64>,
    /// The `seq` up to which the recorder has taken events out of the hub's log, to write them.
    taken: AtomicU64,
    /// A reader has met damage.
    suspect: AtomicBool,
    readers: Mutex<Readers>,
}

#[derive(Debug, Default)]
struct Readers {
    /// Whether there is a file to read.
    open: bool,
    /// Counts the files: a connection to an earlier one is of no use.
    file: u64,
    idle: Vec<Reader>,
}

impl History {
    /// A history in this folder, which nobody records in yet.
    pub fn new(folder: &Path, limits: Limits) -> Self {
        let file = folder.join(FILE_NAME);
        Self(Arc::new(Shared {
            folder: folder.to_owned(),
            status: Mutex::new(Status::starting(file.clone())),
            file,
            limits: Mutex::new(limits),
            recorded: watch::Sender::new(0),
            taken: AtomicU64::new(0),
            suspect: AtomicBool::new(false),
            readers: Mutex::default(),
        }))
    }

    /// The folder it lies in.
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// How it fares.
    pub fn status(&self) -> Status {
        lock(&self.0.status).clone()
    }

    /// How much is kept.
    pub fn limits(&self) -> Limits {
        *lock(&self.0.limits)
    }

    /// Keeps so much from now on; what is beyond goes little by little.
    pub fn set_limits(&self, limits: Limits) {
        *lock(&self.0.limits) = limits;
    }

    /// The `seq` up to which this run is in the file, told at each commit.
    pub fn recorded(&self) -> watch::Receiver<u64> {
        self.0.recorded.subscribe()
    }

    /// True if the recorder has taken this event out of the hub's log: it is in the file, or about to be.
    pub fn is_taken(&self, seq: u64) -> bool {
        seq <= self.0.taken.load(Ordering::Acquire)
    }

    /// A stretch of one epoch after `after`; `None` if the history does not know the epoch.
    ///
    /// # Errors
    /// [`HistoryError`] if the file cannot be read now.
    pub fn epoch_page(
        &self,
        epoch: &str,
        after: u64,
        wanted: &Selection,
        limit: usize,
    ) -> Result<Option<EpochPage>, HistoryError> {
        self.read(|reader| reader.epoch_page(epoch, after, wanted, limit))
    }

    /// A stretch over all epochs.
    ///
    /// # Errors
    /// [`HistoryError`] if the file cannot be read now.
    pub fn page(
        &self,
        after: Option<&Position>,
        wanted: &Selection,
        limit: usize,
    ) -> Result<Option<Page>, HistoryError> {
        self.read(|reader| reader.page(after, wanted, limit))
    }

    /// The stable segments of a stretch of time.
    ///
    /// # Errors
    /// [`HistoryError`] if the file cannot be read now.
    pub fn segments(
        &self,
        after: Option<&Position>,
        wanted: &Selection,
        limit: usize,
    ) -> Result<Option<SegmentPage>, HistoryError> {
        self.read(|reader| reader.segments(after, wanted, limit))
    }

    fn read<T>(&self, read: impl FnOnce(&Reader) -> Result<T, HistoryError>) -> Result<T, HistoryError> {
        let (file, idle) = {
            let mut readers = lock(&self.0.readers);
            if !readers.open {
                let status = lock(&self.0.status);
                let why = status.reason.clone().unwrap_or_else(|| "nobody records".into());
                return Err(HistoryError::Closed(why));
            }
            (readers.file, readers.idle.pop())
        };
        let reader = match idle {
            Some(reader) => reader,
            None => Reader::open_file(&self.0.file)?,
        };
        let result = read(&reader);
        if matches!(result, Err(HistoryError::Damaged(_))) || reader.met_damage() {
            self.0.suspect.store(true, Ordering::Release);
        }
        let mut readers = lock(&self.0.readers);
        if result.is_ok() && readers.open && readers.file == file && readers.idle.len() < IDLE {
            readers.idle.push(reader);
        }
        result
    }

    pub(super) fn file(&self) -> &Path {
        &self.0.file
    }

    /// Changes the status and returns it.
    pub(super) fn tell<T>(&self, change: impl FnOnce(&mut Status) -> T) -> T {
        change(&mut lock(&self.0.status))
    }

    /// There is a file to read, or there is none any more.
    pub(super) fn set_open(&self, open: bool) {
        let idle = {
            let mut readers = lock(&self.0.readers);
            readers.open = open;
            readers.file += u64::from(!open);
            if open { Vec::new() } else { std::mem::take(&mut readers.idle) }
        };
        // Closed outside the lock.
        drop(idle);
    }

    pub(super) fn set_taken(&self, seq: u64) {
        self.0.taken.store(seq, Ordering::Release);
    }

    pub(super) fn set_recorded(&self, seq: u64) {
        self.tell(|status| status.recorded_seq = seq);
        self.0.recorded.send_replace(seq);
    }

    /// Whether a reader has met damage since this was asked last.
    pub(super) fn take_suspicion(&self) -> bool {
        self.0.suspect.swap(false, Ordering::AcqRel)
    }

    pub(super) fn ended(&self) {
        self.tell(|status| status.turn(StatusKind::Ended, None));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
