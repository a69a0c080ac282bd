//! The room that turns mel columns into logits: model folders, runtimes, sessions, cached state per source.
//! It knows neither audio nor wall clock. Touch it to serve a new kind of model or another runtime.

mod batch;
mod encoder;
mod encoder_head;
mod folder;
mod history;
mod library;
mod network;
mod onnxruntime;
mod probe;
mod runtime;
mod session;
#[cfg(feature = "tract")]
mod tract;
mod window_model;

use std::path::PathBuf;

pub use folder::{Model, find_model, list_models, model_folders};
pub use history::ColumnHistory;
pub use library::library_candidates;
pub use network::Network;
pub use runtime::{DeviceChoice, Runtime, RuntimeChoice, RuntimeSettings};
pub use session::TensorView;

use crate::manifest::{ManifestError, Role};
use encoder::EncoderState;

/// A model that answers for one window at a time, incrementally: what was heard before is cached in a
/// [`ModelState`], one a source.
pub trait Classifier: Send {
    /// The state of a source that has heard nothing.
    fn new_state(&self) -> ModelState;

    /// Takes the columns (`[frames, n_mels]`) that are new since the last call. What a later answer needs is computed
    /// here, so to skip only [`evaluate`](Self::evaluate) changes none. `last` marks the end of a stream, where a block
    /// may be short.
    ///
    /// # Errors
    /// [`ModelError::Inference`] if the runtime fails.
    fn push(&mut self, state: &mut ModelState, columns: &[f32], last: bool) -> Result<(), ModelError>;

    /// Takes new columns in the place of [`push`](Self::push) and computes nothing, because there is no time for it. Later
    /// answers are poorer by what was left out, until the window holds only what was pushed: then they are again those of
    /// a source of which nothing was left out.
    fn leave_out(&mut self, state: &mut ModelState, columns: &[f32]);

    /// Whether there is something to judge: a model that hears patches has nothing before the first.
    fn is_ready(&self, state: &ModelState) -> bool {
        state.heard() > 0
    }

    /// The logits for the window that ends now, of a state that [is ready](Self::is_ready), valid until the next call; need not be
    /// asked for after each [`push`](Self::push).
    ///
    /// # Errors
    /// [`ModelError::Inference`] if the runtime fails.
    fn evaluate(&mut self, state: &ModelState) -> Result<&[f32], ModelError>;

    /// The most sources that it hears in one run.
    fn batch(&self) -> usize {
        1
    }

    /// Does for each of several sources, in as few runs as it can, what [`push`](Self::push) does for one.
    fn push_all(&mut self, heard: &mut [Push<'_>]) {
        heard.iter_mut().for_each(|heard| heard.done = self.push(heard.state, heard.columns, heard.last));
    }

    /// Does for each of several sources, in as few runs as it can, what [`evaluate`](Self::evaluate) does for one.
    fn evaluate_all(&mut self, states: &[&ModelState], told: &mut Told<'_>) {
        states.iter().enumerate().for_each(|(place, state)| told(place, self.evaluate(state)));
    }
}

/// What one of several sources has heard.
pub struct Push<'a> {
    /// The source's.
    pub state: &'a mut ModelState,
    /// What [`Classifier::push`] takes.
    pub columns: &'a [f32],
    /// The same.
    pub last: bool,
    /// What it gave.
    pub done: Result<(), ModelError>,
}

/// Takes the place of a source among several, and its logits.
pub type Told<'a> = dyn FnMut(usize, Result<&[f32], ModelError>) + 'a;

/// What one source has been heard to say.
#[derive(Debug, Clone)]
pub struct ModelState {
    /// The newest columns.
    pub(crate) columns: ColumnHistory,
    /// The newest embeddings, oldest first (encoder+head models only).
    pub(crate) embeddings: Vec<f32>,
    /// What the encoder keeps (encoders with a state only).
    pub(crate) encoder: EncoderState,
}

impl ModelState {
    /// The state of a source that has heard nothing, for a model that needs the newest `capacity` columns of `n_mels`.
    pub fn new(capacity: usize, n_mels: usize) -> Self {
        Self {
            columns: ColumnHistory::new(capacity, n_mels),
            embeddings: Vec::new(),
            encoder: EncoderState::default(),
        }
    }

    /// Appends columns (`[frames, n_mels]`).
    pub fn push(&mut self, columns: &[f32]) {
        self.columns.push(columns);
    }

    /// Columns heard since this state was made.
    pub fn heard(&self) -> u64 {
        self.columns.heard()
    }
}

/// Why a model cannot be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No folder of that name in any of the places.
    #[error("no model {id:?} found; looked in {}; models there: {}", list(.searched), if .available.is_empty() { "none; give --models DIR or set model.folder".into() } else { .available.join(", ") })]
    NotFound {
        /// What was asked for.
        id: String,
        /// Where it was looked for.
        searched: Vec<PathBuf>,
        /// What is there instead.
        available: Vec<String>,
    },
    /// A file of the model cannot be read.
    #[error("cannot read {}: {error}; restore the model's folder from where it came", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: std::io::Error,
    },
    /// The manifest is wrong.
    #[error("{}: {error}", .path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        error: Box<ManifestError>,
    },
    /// A file is not the one the manifest describes.
    #[error("{} is not the file its manifest names: expected sha256 {expected}, found {actual}; restore the file or, if you changed it on purpose, write its hash into manifest.toml", .path.display())]
    Hash {
        /// The file.
        path: PathBuf,
        /// From the manifest.
        expected: String,
        /// Of the file.
        actual: String,
    },
    /// It is for something else.
    #[error(
        "the model {id} has the role {role} in its manifest, expected one of role {wanted}: model.id names a model of genres, gate.model one that tells music from speech and noise"
    )]
    Role {
        /// The model.
        id: String,
        /// What it is for.
        role: Role,
        /// What was wanted.
        wanted: Role,
    },
    /// The network's tensors differ from the manifest.
    #[error(
        "{file}: its {what} is {actual}, expected {expected} as manifest.toml says; export the network again or mend the manifest"
    )]
    Shape {
        /// The ONNX file.
        file: String,
        /// Which tensor or buffer.
        what: String,
        /// From the manifest.
        expected: String,
        /// Of the network.
        actual: String,
    },
    /// The wanted runtime or device is not to be had.
    #[error("{wanted} was asked for, but {reason}; {remedy}")]
    Runtime {
        /// What was asked for.
        wanted: String,
        /// Why it cannot be.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// The runtime failed.
    #[error("the runtime failed on {file}: {reason}")]
    Inference {
        /// The ONNX file.
        file: String,
        /// The runtime's words.
        reason: String,
    },
    /// The golden window gave other answers than recorded.
    #[error(
        "model {id} does not compute what it should on {runtime}/{device}: its golden window gives p = {actual} for {label:?}, recorded was {expected} (tolerance {tolerance}); the runtime or the device cannot be trusted with this model, try another (runtime, device)"
    )]
    SelfTest {
        /// The model.
        id: String,
        /// Where it ran.
        runtime: String,
        /// Where it ran.
        device: String,
        /// The label that differs most.
        label: String,
        /// Recorded.
        expected: f32,
        /// Computed.
        actual: f32,
        /// Allowed difference.
        tolerance: f32,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
