//! What a `model-K` thread knows of a source, and what becomes of an answer of the model. Touch it when more is to be told
//! of a window, or of a model that fails.

use std::time::Duration;

use super::board::Row;
use super::publish::Publisher;
use crate::model::ModelError;
use crate::pipeline::{Back, DecideSettings, MelBlock, Outcome};
use crate::source::Own;

/// A block that ends so little before the next window is due completes it, in seconds.
pub(super) const TOLERANCE_S: f64 = 0.05;

/// A source.
pub(super) struct Track {
    pub back: Back,
    pub course: Course,
}

/// Where it stands.
pub(super) struct Course {
    pub own: Own,
    pub paced: bool,
    /// Stream time of the last good window, while the model fails.
    failing_since_s: Option<f64>,
    pub evaluated_s: f64,
    /// Stream time of the last window since then that was left out.
    missed_s: f64,
    /// What its last block took.
    pub took: Duration,
    /// Blocks since the last one that was evaluated.
    pub hops: u64,
}

/// The decisions as they are for a source of its own.
pub(super) fn own_of(own: Own, mut decide: DecideSettings) -> DecideSettings {
    decide.gate.quiet_dbfs = own.quiet_dbfs.unwrap_or(decide.gate.quiet_dbfs);
    decide.abstain_below = own.abstain_below.or(decide.abstain_below);
    decide
}

impl Course {
    /// Of a source that begins.
    pub fn new(own: Own) -> Self {
        Self {
            own,
            paced: true,
            failing_since_s: None,
            evaluated_s: 0.0,
            missed_s: f64::NEG_INFINITY,
            took: Duration::ZERO,
            hops: 0,
        }
    }

    /// True if a block comes too early for a source that is to have fewer windows than the model could give.
    pub fn is_early(&self, block: MelBlock<'_>) -> bool {
        let after = |hop| block.end_s < self.evaluated_s + hop - TOLERANCE_S;
        !block.last && self.own.hop_seconds.is_some_and(after)
    }

    /// A block was left out; true if that costs the source a window. With a hop of its own it would have had one only so often.
    pub fn misses(&mut self, block: MelBlock<'_>) -> bool {
        let since = |hop| block.end_s >= self.missed_s + hop - TOLERANCE_S;
        let missed = !self.is_early(block) && self.own.hop_seconds.is_none_or(since);
        if missed {
            self.missed_s = block.end_s;
        }
        missed
    }

    /// Publishes what the model said of a block, which took so long. False if it failed: what it has cached may have a hole
    /// now.
    pub fn answered(
        &mut self,
        source: &Row,
        publisher: &mut Publisher,
        heard: Result<Option<&Outcome>, ModelError>,
        took: Duration,
    ) -> bool {
        match heard {
            Ok(Some(outcome)) => {
                if let Some(since_s) = self.failing_since_s.take() {
                    publisher.model_works_again(source, since_s, outcome.start_s);
                }
                (self.evaluated_s, self.missed_s) = (outcome.end_s, f64::NEG_INFINITY);
                self.hops = 0;
                publisher.window(source, outcome, took);
                true
            }
            Ok(None) => true,
            Err(error) => {
                if self.failing_since_s.is_none() {
                    self.failing_since_s = Some(self.evaluated_s);
                    publisher.model_failed(source, &error);
                }
                false
            }
        }
    }
}
