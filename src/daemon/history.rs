//! The thread `history` and the way to what it writes. Touch it when the daemon is to do more about the history.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;

use super::threads::{Spawner, join_stage};
use super::{DaemonError, STAGE_LIMIT, Stage};
use crate::history::{History, Limits, Recorder, Stop};

/// How long the start waits for the file to be opened, so that whoever comes back at once finds the past.
const OPEN_LIMIT: Duration = Duration::from_secs(2);

/// The history, if there is to be one.
pub(super) struct Historian {
    history: Option<History>,
    stop: Option<Stop>,
    thread: Option<JoinHandle<()>>,
}

impl Historian {
    /// Records in this folder, or says why not: events go on either way.
    pub fn start(
        folder: &Result<PathBuf, String>,
        limits: Limits,
        stage: &Stage,
        spawner: &Spawner,
    ) -> Result<Self, DaemonError> {
        match folder {
            Ok(folder) => Self::record(folder, limits, stage, spawner),
            Err(why) => {
                tracing::info!("no history is recorded: {why}");
                stage.board.set_detail("history", json!({"state": "off", "reason": why}));
                Ok(Self { history: None, stop: None, thread: None })
            }
        }
    }

    fn record(folder: &Path, limits: Limits, stage: &Stage, spawner: &Spawner) -> Result<Self, DaemonError> {
        let history = History::new(folder, limits);
        let board = Arc::clone(&stage.board);
        let on_status = move |status: &_| board.set_detail("history", json!(status));
        let (mut recorder, stop) = Recorder::new(history.clone(), Arc::clone(&stage.hub), on_status);
        let (opened, on_opened) = crossbeam_channel::bounded::<()>(0);
        let thread = spawner.spawn("history", move || {
            recorder.open();
            drop(opened);
            recorder.run();
        })?;
        // A disk that hangs must not keep the daemon from starting.
        let _ = on_opened.recv_timeout(OPEN_LIMIT);
        Ok(Self { history: Some(history), stop: Some(stop), thread: Some(thread) })
    }

    /// What can be read.
    pub fn history(&self) -> Option<History> {
        self.history.clone()
    }

    /// Writes what was published up to now, and ends.
    pub fn end(mut self) {
        self.stop = None;
        join_stage("history", self.thread.take(), STAGE_LIMIT);
    }
}
