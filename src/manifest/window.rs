//! The window: how many mel columns a model hears at once, and how often. Touch it with the grid of windows.

use serde::Deserialize;

use super::{ManifestError, bad_value};

/// Grid of the windows of a continuous stream: a window ends after `first`, `first + stride`, … columns.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Columns of a full window.
    pub frames: usize,
    /// Columns heard before the first window, which is provisional while it is shorter than `frames`.
    pub first: usize,
    /// Columns between windows.
    pub stride: usize,
    /// What is done to a window before the network sees it.
    pub normalise: Normalise,
}

/// Normalisation of a whole window.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Normalise {
    /// As it is.
    None,
    /// Clipped from below at its maximum − `floor_db`, then zero mean and unit variance.
    Standardise {
        /// Dynamic range kept, in the unit of the columns.
        floor_db: f32,
    },
}

impl Window {
    pub(super) fn check(&self) -> Result<(), ManifestError> {
        if self.frames == 0 || self.frames > 100_000 {
            return Err(bad_value("window.frames", self.frames, "1 to 100000"));
        }
        if self.first == 0 || self.first > self.frames {
            return Err(bad_value(
                "window.first",
                self.first,
                format!("1 to window.frames ({})", self.frames),
            ));
        }
        if self.stride == 0 || self.stride > self.frames {
            return Err(bad_value(
                "window.stride",
                self.stride,
                format!("1 to window.frames ({})", self.frames),
            ));
        }
        if !(self.frames - self.first).is_multiple_of(self.stride) {
            return Err(bad_value(
                "window.first",
                self.first,
                format!(
                    "frames − first to be a multiple of the stride ({}), so that a window ends when the first full one has been heard",
                    self.stride
                ),
            ));
        }
        match self.normalise {
            Normalise::Standardise { floor_db } if floor_db.is_nan() || floor_db <= 0.0 => {
                Err(bad_value("window.normalise.floor_db", floor_db, "a number above 0"))
            }
            _ => Ok(()),
        }
    }
}
