//! What the threads share, and the rows that stand for sources. Touch it when all of them must know something more.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::watch;

use super::adjustable::Adjustable;
use super::board::{Board, Expects, Row};
use super::models::Models;
use super::progress::{Facts, Progress};
use crate::catalogue::Catalogue;
use crate::deliver::Statuses;
use crate::event::ModelInfo;
use crate::hub::Hub;
use crate::pipeline::{DecideSettings, Manifests};
use crate::server::{Live, ServerError};
use crate::source::SourceSpec;
use crate::upload::{Hall, UploadSettings};

/// What the threads share.
pub(super) struct Stage {
    pub manifests: Arc<Manifests>,
    pub model: Arc<ModelInfo>,
    /// What tells music from what is none.
    pub gate: Option<ModelInfo>,
    pub decide: watch::Sender<DecideSettings>,
    pub live: watch::Sender<Arc<Live>>,
    pub hub: Arc<Hub>,
    pub board: Arc<Board>,
    /// Where clips wait that clients send.
    pub hall: Hall,
    pub upload: watch::Sender<UploadSettings>,
    /// How those fare who are told of events.
    pub deliveries: Statuses,
    /// Which models there are.
    pub catalogue: Catalogue,
    /// Turned by every thread that must not stand still.
    pub progress: Progress,
}

impl Stage {
    /// # Errors
    /// [`ServerError`] for settings of the network side that cannot be meant.
    pub fn new(
        models: &Models,
        adjustable: &Adjustable,
        rows: Vec<Arc<Row>>,
        catalogue: Catalogue,
    ) -> Result<Self, ServerError> {
        let manifests = Arc::new(models.manifests());
        let deliveries = Statuses::default();
        let board = Arc::new(Board::new(rows, deliveries.clone()));
        let upload = watch::Sender::new(adjustable.upload.clone());
        board.set_detail("runtime_note", json!(models.note()));
        Ok(Self {
            manifests,
            gate: models.gate(),
            model: Arc::new(models.info()),
            decide: watch::Sender::new(adjustable.decide),
            live: watch::Sender::new(Live::new(adjustable.live.clone())?),
            hub: Hub::new(adjustable.hub),
            board,
            hall: Hall::new(upload.subscribe()),
            upload,
            deliveries,
            catalogue,
            progress: Progress::default(),
        })
    }

    /// How the daemon gets on at this moment.
    pub fn facts(&self) -> Facts {
        let (sources, subscribers) = self.board.facts();
        Facts { turns: self.progress.turns(), sources, subscribers }
    }
}

/// Makes rows, each with an id of its own.
#[derive(Default)]
pub(super) struct Rows {
    made: u64,
}

impl Rows {
    /// A row for a source that is about to start.
    pub fn row(&mut self, spec: &SourceSpec, expects: Expects) -> Arc<Row> {
        self.made += 1;
        Arc::new(Row::new(self.made, spec, expects))
    }
}
