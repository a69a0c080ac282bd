//! Telling what was heard as a `model-K` thread does, without daemon: so that its cost can be measured.
//! Touch it when more becomes of an outcome before a subscriber has it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::board::{Expects, Row};
use super::publish::Publisher;
use super::work::Begin;
use crate::event::ModelInfo;
use crate::hub::{Entry, Hub, HubLimits};
use crate::pipeline::Outcome;
use crate::source::{Mixdown, Own, SourceSpec, SourceUri};
use crate::units::SampleRate;

/// Labels of a window in the frame of a subscriber who has not asked for more or fewer.
const TOP: usize = 5;

/// One source, a hub that keeps its events, and a subscriber who reads each.
pub struct Rehearsal {
    row: Row,
    publisher: Publisher,
    hub: Arc<Hub>,
    read: Vec<Arc<Entry>>,
}

impl Rehearsal {
    /// For a source at `rate` that the model hears.
    pub fn new(model: ModelInfo, labels: &[String], rate: SampleRate) -> Self {
        let uri = SourceUri::Stdin { pcm: None, mixdown: Mixdown::default() };
        let spec =
            SourceSpec { name: "source".into(), uri, model: None, ring_seconds: 1.0, own: Own::default() };
        let row = Row::new(0, &spec, Expects::new(Duration::ZERO, Duration::ZERO));
        let hub = Hub::new(HubLimits::default());
        let mut publisher = Publisher::new(Arc::clone(&hub), Arc::new(labels.to_vec()), Arc::new(model));
        publisher.begin(&row, Begin { rate, anchor: SystemTime::now(), origin_s: 0.0, pace: Some(1.0) });
        Self { row, publisher, hub, read: Vec::new() }
    }

    /// Publishes a window, of which the model took so long, and whatever it changes; and makes the frames for the
    /// subscriber. Gives the bytes of these.
    pub fn window(&mut self, outcome: &Outcome, inference: Duration) -> usize {
        let before = self.hub.latest();
        self.publisher.window(&self.row, outcome, inference);
        self.read.clear();
        self.hub.read(before, usize::MAX, &mut self.read);
        self.read.iter().map(|entry| entry.frame(TOP).len()).sum()
    }
}
