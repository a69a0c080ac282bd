//! The pure composition: samples → [`Front`] → blocks of mel columns → [`Back`] → outcomes. No threads, no I/O,
//! no clocks, so a file and a live stream are the same. Touch it when rooms are to be joined otherwise.

mod attention;
mod back;
mod clip;
mod ear;
mod front;
mod pair;
mod quantise;
mod round;
mod self_test;

pub use back::{Back, DecideSettings, Outcome};
pub use clip::ClipScore;
pub use front::{Front, MelBlock};
pub use pair::{Classifiers, Manifests};
pub use quantise::MelScaleBytes;
pub use round::Turn;
pub use self_test::self_test;

use crate::features::FeatureError;
use crate::manifest::Manifest;
use crate::model::{Classifier, ModelError};
use crate::units::SampleRate;

/// What comes out between and behind the halves.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// New mel columns of the genre's model, `[frames, n_mels]`.
    Columns(&'a [f32]),
    /// A classified window.
    Outcome(&'a Outcome),
}

fn outcomes(mut sink: impl FnMut(&Outcome)) -> impl FnMut(Seen<'_>) {
    move |seen| {
        if let Seen::Outcome(outcome) = seen {
            sink(outcome);
        }
    }
}

/// Both halves for one source, on one thread.
pub struct Pipeline {
    front: Front,
    back: Back,
    classifiers: Classifiers,
}

impl Pipeline {
    /// Plans for a source at `rate`, without a gate's model.
    ///
    /// # Errors
    /// [`FeatureError`] if the rate cannot be resampled.
    pub fn new(
        manifest: &Manifest,
        classifier: Box<dyn Classifier>,
        settings: &DecideSettings,
        rate: SampleRate,
    ) -> Result<Self, FeatureError> {
        let manifests = Manifests { genre: manifest.clone(), gate: None };
        Self::of(&manifests, Classifiers { genre: classifier, gate: None }, settings, rate)
    }

    /// Plans for a source at `rate`.
    ///
    /// # Errors
    /// [`FeatureError`] if the rate cannot be resampled.
    pub fn of(
        manifests: &Manifests,
        classifiers: Classifiers,
        settings: &DecideSettings,
        rate: SampleRate,
    ) -> Result<Self, FeatureError> {
        let back = manifests.back(&classifiers, settings);
        Ok(Self { front: manifests.front(rate)?, back, classifiers })
    }

    /// Takes mono samples and gives each outcome that they complete; it can be read until `sink` returns.
    ///
    /// # Errors
    /// [`ModelError::Inference`] if the runtime fails.
    pub fn push(&mut self, samples: &[f32], sink: impl FnMut(&Outcome)) -> Result<(), ModelError> {
        self.push_seen(samples, outcomes(sink))
    }

    /// Ends the stream and gives its last outcomes.
    ///
    /// # Errors
    /// [`ModelError::Inference`] if the runtime fails.
    pub fn finish(&mut self, sink: impl FnMut(&Outcome)) -> Result<(), ModelError> {
        self.finish_seen(outcomes(sink))
    }

    /// As [`push`](Self::push), and gives the columns that the outcomes were made of, each time before the outcome.
    ///
    /// # Errors
    /// [`ModelError::Inference`] if the runtime fails.
    pub fn push_seen(&mut self, samples: &[f32], sink: impl FnMut(Seen<'_>)) -> Result<(), ModelError> {
        self.run(sink, |front, on_block| front.push(samples, on_block))
    }

    /// As [`finish`](Self::finish), and gives the last columns too.
    ///
    /// # Errors
    /// [`ModelError::Inference`] if the runtime fails.
    pub fn finish_seen(&mut self, sink: impl FnMut(Seen<'_>)) -> Result<(), ModelError> {
        self.run(sink, |front, on_block| front.finish(on_block))
    }

    /// Gives back what classifies, for the next source: it keeps nothing of this one.
    pub fn into_classifiers(self) -> Classifiers {
        self.classifiers
    }

    fn run(
        &mut self,
        mut sink: impl FnMut(Seen<'_>),
        feed: impl FnOnce(&mut Front, &mut dyn FnMut(MelBlock<'_>)),
    ) -> Result<(), ModelError> {
        let mut failed = None;
        feed(&mut self.front, &mut |block| {
            if failed.is_some() {
                return;
            }
            sink(Seen::Columns(block.columns));
            match self.classifiers.push(&mut self.back, block, true) {
                Ok(Some(outcome)) => sink(Seen::Outcome(outcome)),
                Ok(None) => {}
                Err(error) => failed = Some(error),
            }
        });
        failed.map_or(Ok(()), Err)
    }
}
