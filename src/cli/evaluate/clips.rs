//! Which clips are evaluated: those of a folder with a folder for each genre. `list` has the other way.
//! Touch it when a folder may look otherwise.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use serde::Serialize;

use crate::cli::exit::{Failure, Status};

/// Suffixes of files of audio, also of such that cannot be decoded: that is a fault to be told. What has another suffix
/// is a clip only if its content is audio.
#[rustfmt::skip]
pub(super) const SUFFIXES: [&str; 20] = [
    "ogg", "flac", "wav", "mp3", "opus", "m4a", "aac", "oga", "mp4",
    "au", "snd", "aif", "aiff", "wma", "ape", "wv", "mpc", "caf", "mka", "webm",
];

/// A clip to be evaluated.
#[derive(Debug, PartialEq)]
pub(super) struct Clip {
    /// As reports call it.
    pub name: String,
    pub path: PathBuf,
    /// Index of its genre among the labels.
    pub genre: usize,
    /// Whether it claims to be audio, so that it is a fault if it is not.
    pub claimed: bool,
}

/// Something that was passed over, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Passed {
    pub name: String,
    pub reason: String,
}

/// What is to be evaluated, and what is not.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Selection {
    pub clips: Vec<Clip>,
    pub left_out: Vec<Passed>,
}

impl Selection {
    fn leave_out(&mut self, name: &str, reason: &str) {
        self.left_out.push(Passed { name: name.to_owned(), reason: reason.to_owned() });
    }
}

/// An entry of a folder.
struct Entry {
    name: String,
    path: PathBuf,
    /// Of what it leads to, if it is a symbolic link; `None` if it leads nowhere.
    kind: Option<fs::FileType>,
}

impl Entry {
    fn is_hidden(&self) -> bool {
        self.name.starts_with('.')
    }

    fn is_folder(&self) -> bool {
        self.kind.is_some_and(|kind| kind.is_dir())
    }
}

/// The entries of a folder by name.
fn entries(folder: &Path) -> Result<Vec<Entry>, Failure> {
    let unreadable = |error: std::io::Error| {
        let error = anyhow!(
            "the folder {} cannot be read: {error}; expected one with a folder of clips for each genre, or one that --list belongs to",
            folder.display()
        );
        Failure::new(Status::Unreadable, error)
    };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let kind = fs::metadata(&path).ok().map(|metadata| metadata.file_type());
        entries.push(Entry { name, path, kind });
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

/// The clips of `folder/GENRE/*`, by genre and name.
pub(super) fn of_folder(folder: &Path, model: &str, labels: &[String]) -> Result<Selection, Failure> {
    let mut selection = Selection::default();
    let mut genres = Vec::new();
    for entry in entries(folder)? {
        match entry.is_folder() {
            _ if entry.is_hidden() => selection.leave_out(&entry.name, "hidden"),
            true => genres.push(entry),
            false => selection.leave_out(&entry.name, "not in the folder of a genre"),
        }
    }
    if genres.is_empty() {
        let error = anyhow!(
            "{} has no folder of a genre; expected DIR/GENRE/*, GENRE being one of {}, or --list FILE.csv",
            folder.display(),
            labels.join(", ")
        );
        return Err(Failure::new(Status::Usage, error));
    }
    let known = indices(genres.iter().map(|entry| entry.name.as_str()), "folder", model, labels)?;
    for (genre, index) in genres.iter().zip(known) {
        for entry in entries(&genre.path)? {
            let name = format!("{}/{}", genre.name, entry.name);
            match entry.kind {
                _ if entry.is_hidden() => selection.leave_out(&name, "hidden"),
                Some(kind) if kind.is_dir() => selection.leave_out(&name, "a folder within that of a genre"),
                _ => {
                    let claimed = claims_audio(&entry.path);
                    selection.clips.push(Clip { name, path: entry.path, genre: index, claimed });
                }
            }
        }
    }
    Ok(selection)
}

fn claims_audio(path: &Path) -> bool {
    let suffix = path.extension().map(|suffix| suffix.to_string_lossy().to_lowercase());
    suffix.is_some_and(|suffix| SUFFIXES.contains(&suffix.as_str()))
}

/// The index of each of these genres among the labels.
pub(super) fn indices<'a>(
    genres: impl Iterator<Item = &'a str>,
    what: &str,
    model: &str,
    labels: &[String],
) -> Result<Vec<usize>, Failure> {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for genre in genres {
        match labels.iter().position(|label| label == genre) {
            Some(index) => known.push(index),
            None if unknown.contains(&genre) => {}
            None => unknown.push(genre),
        }
    }
    if unknown.is_empty() {
        return Ok(known);
    }
    let error = anyhow!(
        "{what} {} is none of the labels of the model {model}, which are {}; rename or remove it, or give another --model",
        unknown.join(", "),
        labels.join(", ")
    );
    Err(Failure::new(Status::Usage, error))
}
