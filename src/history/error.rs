//! What can go wrong with the history, told apart by what helps. Touch it when another trouble has its own remedy.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why the history cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The folder cannot be made or opened.
    #[error("the folder {} cannot be used: {io}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        io: io::Error,
    },
    /// There is no file.
    #[error("there is no history in {}", .0.display())]
    Absent(PathBuf),
    /// Another daemon records there.
    #[error("another genrecast records in {}", .0.display())]
    InUse(PathBuf),
    /// Somebody holds the database locked.
    #[error("the database is locked by another program")]
    Locked,
    /// No room on the disk, or the ceiling is met.
    #[error("no room: {0}")]
    Full(rusqlite::Error),
    /// The file may not be written or opened.
    #[error("the file cannot be opened for this: {0}")]
    Denied(rusqlite::Error),
    /// The file is no database, or a damaged one.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// A later version of the program made the file.
    #[error("the file has version {found}, this program knows up to {known}")]
    Newer {
        /// Its version.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// The file is a database of something else.
    #[error("the file is a database, but not of genrecast (application id {0:#x})")]
    Foreign(i32),
    /// A reader of long standing keeps the log of changes from being folded in.
    #[error("the log of changes has {0} bytes, because another program reads the database without end")]
    LogHeld(u64),
    /// Nothing is open at the moment.
    #[error("the history is not open: {0}")]
    Closed(String),
    /// Whatever else SQLite says.
    #[error("SQLite: {0}")]
    Sqlite(rusqlite::Error),
}

impl HistoryError {
    /// One word for the kind of trouble, for `/healthz` and for telling a new one from one already told.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Folder { .. } => "folder",
            Self::Absent(_) => "absent",
            Self::InUse(_) => "in_use",
            Self::Locked => "locked",
            Self::Full(_) => "full",
            Self::Denied(_) => "denied",
            Self::Damaged(_) => "damaged",
            Self::Newer { .. } => "newer",
            Self::Foreign(_) => "foreign",
            Self::LogHeld(_) => "log_held",
            Self::Closed(_) => "closed",
            Self::Sqlite(_) => "sqlite",
        }
    }

    /// What a person can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Folder { .. } | Self::Denied(_) => {
                "give this user the right to write there, or name another folder with --state-dir"
            }
            Self::Absent(_) => "name the folder of a daemon that has recorded with --state-dir",
            Self::InUse(_) => "give each daemon a folder of its own with --state-dir",
            Self::Locked => "end the program that holds it locked",
            Self::Full(_) => {
                "make room on the disk, or lower history.keep_bytes; recording goes on by itself"
            }
            Self::Damaged(_) => "nothing: a new file is begun, and the old one stays beside it",
            Self::Newer { .. } => "run the newer genrecast, or name another folder with --state-dir",
            Self::Foreign(_) => "move the file away, or name another folder with --state-dir",
            Self::LogHeld(_) => "end the program that reads the database",
            Self::Closed(_) => "see the log, or history under /healthz",
            Self::Sqlite(_) => "it is tried again; if it stays, please report it",
        }
    }
}

impl From<rusqlite::Error> for HistoryError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error.to_string()),
            Some(ErrorCode::DiskFull) => Self::Full(error),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::Denied(error)
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            _ => Self::Sqlite(error),
        }
    }
}
