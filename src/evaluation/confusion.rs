//! Who is taken for whom, and what follows from it for each label. Touch it when a genre is to be judged by more.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{ScoredClip, leader};

/// Counts of clips by their genre and by what they are named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// The order of rows and columns.
    pub labels: Vec<String>,
    /// A row for each true genre, a column for each named one.
    #[serde(rename = "rows_true_columns_named")]
    pub rows: Vec<Vec<usize>>,
}

/// Figures of one label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Genre {
    /// The label.
    #[serde(skip)]
    pub label: String,
    /// Clips that are of this genre.
    pub clips: usize,
    /// Share of the clips so named that are; 0 if none is so named.
    pub precision: f64,
    /// Share of its clips that are so named; 0 if it has none.
    pub recall: f64,
    /// Harmonic mean of the two; 0 if both are.
    pub f1: f64,
}

impl Confusion {
    pub(super) fn new(labels: &[String], clips: &[ScoredClip]) -> Self {
        let mut rows = vec![vec![0; labels.len()]; labels.len()];
        for clip in clips {
            rows[clip.genre][leader(&clip.p)] += 1;
        }
        Self { labels: labels.to_vec(), rows }
    }

    pub(super) fn genres(&self) -> Vec<Genre> {
        let genre = |(at, label): (usize, &String)| {
            let (hits, clips) = (self.rows[at][at], self.clips(at));
            let named: usize = self.rows.iter().map(|row| row[at]).sum();
            let share = |of: usize| hits as f64 / of.max(1) as f64;
            let (precision, recall) = (share(named), share(clips));
            let f1 = 2.0 * precision * recall / (precision + recall).max(1e-12);
            Genre { label: label.clone(), clips, precision, recall, f1 }
        };
        self.labels.iter().enumerate().map(genre).collect()
    }

    /// Clips of the genre of this row.
    pub fn clips(&self, row: usize) -> usize {
        self.rows[row].iter().sum()
    }

    /// Share of a row's clips that are in a cell, 0 to 1.
    pub fn share(&self, row: usize, column: usize) -> f64 {
        self.rows[row][column] as f64 / self.clips(row).max(1) as f64
    }
}

pub(super) fn macro_f1(genres: &[Genre]) -> f64 {
    genres.iter().map(|genre| genre.f1).sum::<f64>() / genres.len().max(1) as f64
}

/// As an object with the labels for keys, in their order.
pub(super) fn by_label<S: Serializer>(genres: &[Genre], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(genres.len()))?;
    for genre in genres {
        map.serialize_entry(&genre.label, genre)?;
    }
    map.end()
}
