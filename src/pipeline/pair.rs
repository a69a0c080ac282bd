//! A genre's model and, if there is one, the gate's beside it: what both halves of the pipeline are made of. Touch it when
//! a further model is to hear along.

use super::{Back, DecideSettings, Front, MelBlock, Outcome};
use crate::features::FeatureError;
use crate::manifest::Manifest;
use crate::model::{Classifier, ModelError};
use crate::units::SampleRate;

/// What the models want to hear.
#[derive(Debug, Clone)]
pub struct Manifests {
    /// The genre's.
    pub genre: Manifest,
    /// The gate's.
    pub gate: Option<Manifest>,
}

/// The models, ready to run.
pub struct Classifiers {
    /// The genre's.
    pub genre: Box<dyn Classifier>,
    /// The gate's, if [`Manifests::gate`] has one.
    pub gate: Option<Box<dyn Classifier>>,
}

impl Manifests {
    /// The first half for a source at `rate`.
    ///
    /// # Errors
    /// [`FeatureError`] if the rate cannot be resampled.
    pub fn front(&self, rate: SampleRate) -> Result<Front, FeatureError> {
        let front = Front::new(&self.genre, rate)?;
        match &self.gate {
            Some(gate) => front.with_gate(gate),
            None => Ok(front),
        }
    }

    /// The second half for a source that has not been heard.
    pub fn back(&self, classifiers: &Classifiers, settings: &DecideSettings) -> Back {
        let back = Back::new(&self.genre, &*classifiers.genre, settings);
        match (&self.gate, &classifiers.gate) {
            (Some(manifest), Some(gate)) => back.with_gate(manifest, &**gate, settings),
            _ => back,
        }
    }
}

impl Classifiers {
    /// Lets `back` take a block, as [`Back::listen`] and then [`Back::push`] say.
    ///
    /// # Errors
    /// [`ModelError::Inference`] if the runtime fails.
    pub fn push<'a>(
        &mut self,
        back: &'a mut Back,
        block: MelBlock<'_>,
        evaluate: bool,
    ) -> Result<Option<&'a Outcome>, ModelError> {
        if let Some(gate) = &mut self.gate {
            back.listen(&mut **gate, block)?;
        }
        back.push(&mut *self.genre, block, evaluate)
    }

    /// Lets `back` take a block without computing anything, as [`Back::leave_out`] says.
    pub fn leave_out(&mut self, back: &mut Back, block: MelBlock<'_>) -> bool {
        back.leave_out(&mut *self.genre, self.gate.as_deref_mut(), block)
    }
}
