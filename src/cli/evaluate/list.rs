//! Which clips are evaluated: those that a CSV list names. `training/evaluate.py` reads the same lists.
//! Touch it when lists may look otherwise.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use serde::Deserialize;

use super::clips::{Clip, SUFFIXES, Selection, indices};
use crate::cli::exit::{Failure, Status};

/// What matters of a row.
#[derive(Deserialize)]
struct Row {
    clip: String,
    genre: String,
    #[serde(default)]
    split: Option<String>,
}

/// The clips of the rows of a list, in their order; with `split` only those of that split.
pub(super) fn of_list(
    list: &Path,
    split: Option<&str>,
    folder: &Path,
    model: &str,
    labels: &[String],
) -> Result<Selection, Failure> {
    let rows = rows(list, split)?;
    let known = indices(rows.iter().map(|row| row.genre.as_str()), "in the list: genre", model, labels)?;
    let clip = |(row, genre): (Row, usize)| {
        let path = find(folder, &row.clip);
        Clip { name: row.clip, path, genre, claimed: true }
    };
    Ok(Selection { clips: rows.into_iter().zip(known).map(clip).collect(), left_out: Vec::new() })
}

fn rows(list: &Path, split: Option<&str>) -> Result<Vec<Row>, Failure> {
    let shown = list.display();
    let refused = |status, why: String| Err(Failure::new(status, anyhow!("{shown}: {why}")));
    let text = match std::fs::read_to_string(list) {
        Ok(text) => text,
        Err(error) => return refused(Status::Unreadable, format!("the list cannot be read: {error}")),
    };
    // Spreadsheets begin their UTF-8 with a byte order mark.
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let columns = match reader.headers() {
        Ok(columns) => columns.clone(),
        Err(error) => return refused(Status::Usage, error.to_string()),
    };
    let needed = ["clip", "genre"].into_iter().chain(split.map(|_| "split"));
    if let Some(missing) = needed.into_iter().find(|&needed| columns.iter().all(|column| column != needed)) {
        let found = columns.iter().collect::<Vec<_>>().join(", ");
        let why = format!(
            "expected a CSV file with the columns clip, genre and for --split split; {missing} is missing, found {found}"
        );
        return refused(Status::Usage, why);
    }
    let mut rows = Vec::new();
    for row in reader.deserialize::<Row>() {
        match row {
            Ok(row) if split.is_none() || row.split.as_deref() == split => rows.push(row),
            Ok(_) => {}
            Err(error) => return refused(Status::Usage, error.to_string()),
        }
    }
    let mut names = HashSet::new();
    if let Some(twice) = rows.iter().find(|row| !names.insert(row.clip.as_str())) {
        let why = format!("{} is there twice: a clip counts once", twice.clip);
        return refused(Status::Usage, why);
    }
    match split {
        _ if !rows.is_empty() => Ok(rows),
        Some(split) => refused(Status::Usage, format!("the list has no row whose split is {split}")),
        None => refused(Status::Usage, "the list has no row".into()),
    }
}

/// The file of a clip: the one of that name, else that name with a suffix; if there is none, the name itself.
fn find(folder: &Path, name: &str) -> PathBuf {
    let plain = folder.join(name);
    let with_suffix = SUFFIXES.iter().map(|suffix| folder.join(format!("{name}.{suffix}")));
    let candidates = std::iter::once(plain.clone()).chain(with_suffix);
    candidates.into_iter().find(|path| path.is_file()).unwrap_or(plain)
}
