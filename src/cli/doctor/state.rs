//! The folder of state and the history in it. Touch it when more is kept there.

use std::fs;
use std::path::Path;

use genrecast::config::Config;
use genrecast::history::{FILE_NAME, HistoryError, Reader};
use rustix::fs::{Access, access, statvfs};

use super::report::Report;
use crate::cli::setup;

/// What a damaged file is called after it was moved aside.
const DAMAGED: &str = "history.db.damaged-";

pub(super) fn look(report: &mut Report, config: &Config, state_dir: Option<&Path>) {
    let folder = match setup::history(config, state_dir) {
        Ok(folder) => folder,
        Err(why) => {
            report.tell("state", "history", "off");
            return report.note("history", format!("none is recorded: {why}"), "nothing, if that is meant");
        }
    };
    report.tell("state", "folder", folder.display().to_string());
    place(report, config, &folder);
    let file = folder.join(FILE_NAME);
    if let Ok(metadata) = fs::metadata(&file) {
        report.tell("state", "history", format!("{}, {} bytes", file.display(), metadata.len()));
    }
    match Reader::open(&folder) {
        Ok(reader) => match newest(&reader) {
            Ok(words) => report.tell("state", "history can be read", words),
            Err(error) => report.bad("history", error.to_string(), error.remedy()),
        },
        Err(HistoryError::Absent(_)) => report.tell("state", "history", "none yet"),
        Err(error) => report.bad("history", error.to_string(), error.remedy()),
    }
}

fn newest(reader: &Reader) -> Result<&'static str, HistoryError> {
    reader.page(None, &Default::default(), 1)?;
    Ok(if reader.met_damage() { "in part: there is damage" } else { "yes" })
}

/// Whether it can be written to, and what room there is.
fn place(report: &mut Report, config: &Config, folder: &Path) {
    // One that is not there yet will be made.
    let Some(there) = folder.ancestors().find(|folder| folder.is_dir()) else { return };
    if access(there, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let what = format!("{} cannot be written to by this user", there.display());
        report.note("history", what, "run this as the daemon's user, or name another folder by --state-dir");
    }
    if let Ok(disk) = statvfs(there) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        report.tell("state", "free on the disk", format!("{} MiB", free >> 20));
        if free < config.history.keep_bytes.min(1 << 30) / 4 {
            let what = format!(
                "{} MiB are free, and history.keep_bytes is {} MiB",
                free >> 20,
                config.history.keep_bytes >> 20
            );
            report.note("history", what, "make room, or let history.keep_bytes be less");
        }
    }
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let damaged: Vec<_> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with(DAMAGED))
        .collect();
    if !damaged.is_empty() {
        let what = format!("damaged files were moved aside: {}", damaged.join(", "));
        report.note("history", what, "sqlite3 FILE .recover may save much of one; then remove it");
    }
}
