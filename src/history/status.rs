//! How the history fares, for `/healthz`, `hello` and the log. Touch it when it has more to tell.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::HistoryError;

/// What the recorder does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusKind {
    /// Nothing has been tried yet.
    Starting,
    /// Every event is written.
    Recording,
    /// Nothing is written; it is tried again and again.
    Failing,
    /// The daemon ends.
    Ended,
}

/// How the history fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// What the recorder does.
    pub state: StatusKind,
    /// Since when.
    pub since: Timestamp,
    /// The file.
    pub file: PathBuf,
    /// One word for what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<&'static str>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What a person can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<&'static str>,
    /// Bytes of the file in use.
    pub bytes: u64,
    /// Events in it, of all runs.
    pub events: u64,
    /// The newest event of this run that is in the file.
    pub recorded_seq: u64,
    /// Events of this run that never got there.
    pub not_recorded: u64,
    /// Where the last damaged file went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damaged_file: Option<PathBuf>,
}

impl Status {
    pub(super) fn starting(file: PathBuf) -> Self {
        Self {
            state: StatusKind::Starting,
            since: Timestamp::now(),
            file,
            trouble: None,
            reason: None,
            remedy: None,
            bytes: 0,
            events: 0,
            recorded_seq: 0,
            not_recorded: 0,
            damaged_file: None,
        }
    }

    /// It does this from now on; true if it did something else before.
    pub(super) fn turn(&mut self, state: StatusKind, error: Option<&HistoryError>) -> bool {
        let trouble = error.map(HistoryError::word);
        let other = self.state != state || self.trouble != trouble;
        if other {
            (self.state, self.trouble, self.since) = (state, trouble, Timestamp::now());
        }
        self.reason = error.map(ToString::to_string);
        self.remedy = error.map(HistoryError::remedy);
        other
    }
}
