//! A whole clip through the whole pipeline, as `classify`, `evaluate` and uploads hear it: the same samples give the same
//! answer to all of them. Touch it when a clip is to be heard otherwise.

mod answer;
mod judge;
mod listener;
mod picture;
mod segments;

use crate::features::FeatureError;
use crate::model::ModelError;
use crate::source::SourceError;

pub use answer::{ClipAnswer, ClipWindow, Notes};
pub use judge::{ClipVerdict, Judge, Reservation};
pub use listener::{Audience, Clip, Ears, Listener, hear};
pub use picture::{MelPicture, Picture};
pub use segments::{ClipSegment, Segments};

/// What is said of a clip without a window.
pub const NOTHING_HEARD: &str = "there is no sound in it; expected at least one sample of audio";

/// Why a clip cannot be heard.
#[derive(Debug, thiserror::Error)]
pub enum HearingError {
    /// It cannot be read or decoded.
    #[error(transparent)]
    Source(Box<SourceError>),
    /// Model or runtime.
    #[error(transparent)]
    Model(Box<ModelError>),
    /// Its sample rate.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// Whoever listens along wanted no more.
    #[error("it was not heard to its end")]
    Stopped,
}

impl From<SourceError> for HearingError {
    fn from(error: SourceError) -> Self {
        Self::Source(Box::new(error))
    }
}

impl From<ModelError> for HearingError {
    fn from(error: ModelError) -> Self {
        Self::Model(Box::new(error))
    }
}
