//! Exit statuses and how failures are told. Touch it when a new kind of failure deserves its own status.

use std::process::ExitCode;

use genrecast::config::ConfigError;
use genrecast::daemon::{DaemonError, SignalError};
use genrecast::features::FeatureError;
use genrecast::hearing::HearingError;
use genrecast::model::ModelError;
use genrecast::source::SourceError;

/// What `--help` says about exit statuses.
pub const HELP: &str = "Exit status: 0 done; 1 something else went wrong; 2 wrong usage or configuration; \
3 the input cannot be found or read; 4 the input is not audio that can be decoded; \
5 the input, or a clip of evaluate, is damaged or ends early (what could be heard is still printed); \
6 model or runtime; 7 microphone; 8 network; 9 doctor found something bad";

/// Why a command ended without doing what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Something else.
    Other = 1,
    /// Usage or configuration.
    Usage = 2,
    /// The input cannot be read.
    Unreadable = 3,
    /// The input is not audio.
    NotAudio = 4,
    /// The input ends early.
    Damaged = 5,
    /// Model or runtime.
    Model = 6,
    /// Microphone.
    Device = 7,
    /// Network.
    Network = 8,
    /// `doctor` found something that keeps the daemon, or a part of it, from working.
    Unwell = 9,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// An error and the status it deserves.
pub struct Failure {
    /// The exit status.
    pub status: Status,
    error: anyhow::Error,
    remedy: Option<String>,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(status: Status, error: impl Into<anyhow::Error>) -> Self {
        Self { status, error: error.into(), remedy: None }
    }

    /// A failure of the source `name`, which not every message of a source tells by itself.
    pub fn of_source(name: &str, error: SourceError) -> Self {
        let names_itself = matches!(
            error,
            SourceError::NotFound { .. } | SourceError::NotAFile { .. } | SourceError::Unreadable { .. }
        );
        let mut failure = Self::from(error);
        if !names_itself {
            failure.error = failure.error.context(name.to_owned());
        }
        failure
    }

    /// Prints the error and what to do about it.
    pub fn tell(self) -> ExitCode {
        let status = self.status;
        self.told();
        status.into()
    }

    /// The same; gives the exit status as a number.
    pub fn told(self) -> i32 {
        eprintln!("genrecast: {:#}", self.error);
        if let Some(remedy) = self.remedy {
            eprintln!("  what to do: {remedy}");
        }
        self.status as i32
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.error)?;
        self.remedy.as_ref().map_or(Ok(()), |remedy| write!(f, "; {remedy}"))
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Status::Usage, error)
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Self::new(Status::Model, error)
    }
}

impl From<FeatureError> for Failure {
    fn from(error: FeatureError) -> Self {
        Self::new(Status::NotAudio, error)
    }
}

impl From<HearingError> for Failure {
    fn from(error: HearingError) -> Self {
        match error {
            HearingError::Source(error) => (*error).into(),
            HearingError::Model(error) => (*error).into(),
            HearingError::Features(error) => error.into(),
            HearingError::Stopped => Self::new(Status::Other, error),
        }
    }
}

impl From<SignalError> for Failure {
    fn from(error: SignalError) -> Self {
        Self::new(Status::Other, error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Status::Other, error)
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        let status = match error {
            DaemonError::Model(_) | DaemonError::NoModel { .. } => Status::Model,
            DaemonError::Server(_) | DaemonError::ServerGone => Status::Network,
            DaemonError::Start { .. } | DaemonError::Panicked { .. } => Status::Other,
        };
        Self::new(status, error)
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        let status = match error {
            SourceError::NotFound { .. } | SourceError::NotAFile { .. } | SourceError::Unreadable { .. } => {
                Status::Unreadable
            }
            SourceError::Device { .. }
            | SourceError::SoundServer { .. }
            | SourceError::NoDevice { .. }
            | SourceError::AmbiguousDevice { .. } => Status::Device,
            SourceError::Terminal | SourceError::NoChannel { .. } => Status::Usage,
            _ => Status::NotAudio,
        };
        let remedy = error.remedy();
        Self { remedy, ..Self::new(status, error) }
    }
}
