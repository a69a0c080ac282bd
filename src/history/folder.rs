//! The folder that holds the history: made if it is not there, taken for one daemon, and where a damaged file goes.
//! Touch it when more than one file is to lie there.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::HistoryError;

/// Name of the database in the folder of state.
pub const FILE_NAME: &str = "history.db";

const LOCK_NAME: &str = "history.lock";

/// What SQLite adds to the name of a database for its companions.
const COMPANIONS: [&str; 3] = ["", "-wal", "-shm"];

/// Damaged files that are kept; of more, the oldest go.
const KEPT: usize = 3;

/// Makes the folder and takes it: as long as the file lives, no other daemon records there.
pub(super) fn take(folder: &Path) -> Result<File, HistoryError> {
    let wrong = |io| HistoryError::Folder { path: folder.to_owned(), io };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(wrong)?;
    let lock = OpenOptions::new().create(true).append(true).open(folder.join(LOCK_NAME)).map_err(wrong)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(HistoryError::InUse(folder.to_owned())),
        Err(TryLockError::Error(io)) => Err(wrong(io)),
    }
}

/// Gives a damaged database, and what belongs to it, a name that tells when that was; returns the name.
pub(super) fn move_aside(folder: &Path) -> io::Result<PathBuf> {
    let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ");
    let name = format!("{FILE_NAME}.damaged-{stamp}");
    for companion in COMPANIONS {
        match std::fs::rename(
            folder.join(format!("{FILE_NAME}{companion}")),
            folder.join(format!("{name}{companion}")),
        ) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let mut damaged: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(&format!("{FILE_NAME}.damaged-")) && name.ends_with('Z'))
        .collect();
    damaged.sort_unstable();
    for name in damaged.iter().rev().skip(KEPT) {
        tracing::warn!(file = name, "history: removed, because there are newer damaged files");
        for companion in COMPANIONS {
            let _ = std::fs::remove_file(folder.join(format!("{name}{companion}")));
        }
    }
    Ok(folder.join(name))
}

#[cfg(test)]
mod tests {
    use temp_dir::TempDir;

    use super::*;

    #[test]
    fn a_folder_is_taken_once_and_free_again_afterwards() {
        let place = TempDir::new().expect("a folder");
        let folder = place.child("a/b");
        let lock = take(&folder).expect("made");
        assert!(matches!(take(&folder), Err(HistoryError::InUse(_))));
        drop(lock);
        take(&folder).expect("free again");
    }

    #[test]
    fn what_is_no_folder_is_told() {
        let place = TempDir::new().expect("a folder");
        std::fs::write(place.child("file"), "x").expect("written");
        let error = take(&place.child("file/below")).expect_err("no folder");
        assert!(matches!(error, HistoryError::Folder { .. }), "{error}");
    }

    #[test]
    fn the_newest_damaged_files_are_kept() {
        let place = TempDir::new().expect("a folder");
        let mut names = Vec::new();
        for round in 0..5 {
            for companion in COMPANIONS {
                std::fs::write(place.child(format!("{FILE_NAME}{companion}")), round.to_string())
                    .expect("written");
            }
            names.push(move_aside(place.path()).expect("moved"));
            // Names are made of milliseconds.
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let there: Vec<_> = names.iter().map(|name| name.exists()).collect();
        assert_eq!(there, [false, false, true, true, true]);
        assert_eq!(std::fs::read_dir(place.path()).expect("readable").count(), KEPT * COMPANIONS.len());
    }
}
