//! Why a clip that was sent is not classified, in words for whoever sent it.
//! Touch it when a failure deserves its own advice.

use crate::hearing::HearingError;
use crate::model::ModelError;
use crate::source::SourceError;

/// What became of a clip instead of an answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum UploadError {
    /// Uploads are switched off.
    #[error("no clips are taken here; upload.enabled in the daemon's configuration decides")]
    Disabled,
    /// There are too many already.
    #[error("{waiting} clips wait already, and no more are taken; try again in some seconds")]
    QueueFull {
        /// How many wait.
        waiting: usize,
    },
    /// Its id is that of another clip.
    #[error("a clip with the id {id} is waiting or being heard; give each a new ULID")]
    IdInUse {
        /// The id.
        id: String,
    },
    /// It has too many bytes.
    #[error(
        "it has more than {limit} bytes; send less, or raise upload.max_bytes in the daemon's configuration"
    )]
    TooLarge {
        /// What is allowed.
        limit: u64,
    },
    /// It is an MP4 whose index comes last, and too large to be held until then.
    #[error(
        "its index is at its end, so all of it would have to be held in memory, and it has more than {limit} bytes; \
         have the index moved to its beginning: ffmpeg -i INPUT -c copy -movflags +faststart OUTPUT.m4a"
    )]
    IndexAtEnd {
        /// What is held.
        limit: u64,
    },
    /// It is too long.
    #[error(
        "it is longer than {limit_s} s; send a part of it, or raise upload.max_seconds in the daemon's configuration"
    )]
    TooLong {
        /// What is allowed, in seconds.
        limit_s: f64,
    },
    /// It cannot be decoded, or there is no sound in it.
    #[error("{reason}")]
    NotAudio {
        /// Why, and what to do.
        reason: String,
    },
    /// Nothing came for too long, or next to nothing.
    #[error("next to nothing more of it came for {seconds} s; send it again")]
    Idle {
        /// For how long.
        seconds: u64,
    },
    /// It took too long as a whole.
    #[error(
        "it was not done {seconds} s after its turn had come; send a shorter one, ask fewer models, or raise \
         upload.timeout_seconds in the daemon's configuration"
    )]
    TooSlow {
        /// What is allowed, in seconds.
        seconds: u64,
    },
    /// What came is not what HTTP promises.
    #[error("the rest of it did not come: {reason}")]
    BrokenBody {
        /// Why, in words.
        reason: String,
    },
    /// No such model.
    #[error("{reason}")]
    NoSuchModel {
        /// What is there instead.
        reason: String,
    },
    /// The model or its runtime failed.
    #[error("{reason}")]
    Model {
        /// Why, and what to do.
        reason: String,
    },
    /// A mistake in the program.
    #[error("hearing it broke down, which is a mistake in the program; please report it, with the clip")]
    BrokeDown,
    /// Whoever sent it is gone.
    #[error("whoever sent it is gone")]
    Cancelled,
    /// The daemon ends.
    #[error("the daemon ends; send it again when it is back")]
    Ending,
}

impl From<HearingError> for UploadError {
    fn from(error: HearingError) -> Self {
        match error {
            HearingError::Source(error) => (*error).into(),
            HearingError::Features(error) => Self::NotAudio { reason: error.to_string() },
            HearingError::Model(error) => (*error).into(),
            HearingError::Stopped => Self::Cancelled,
        }
    }
}

impl From<SourceError> for UploadError {
    fn from(error: SourceError) -> Self {
        let remedy = match &error {
            SourceError::Empty => Some("send the bytes of a file as the body".into()),
            error => error.remedy(),
        };
        let reason = match remedy {
            Some(remedy) => format!("{error}; {remedy}"),
            None => error.to_string(),
        };
        Self::NotAudio { reason }
    }
}

impl From<ModelError> for UploadError {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::NotFound { .. } | ModelError::Role { .. } => {
                Self::NoSuchModel { reason: error.to_string() }
            }
            error => Self::Model { reason: error.to_string() },
        }
    }
}
