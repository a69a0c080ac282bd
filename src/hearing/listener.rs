//! Listeners, each a model with its gate, and a clip that any number of them hear at once: it is decoded once.
//! Touch it when a file is to be heard otherwise.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::HearingError;
use crate::event::ModelInfo;
use crate::model::{Classifier, Model, ModelError, Runtime};
use crate::pipeline::{
    Classifiers, ClipScore, DecideSettings, Manifests, Outcome, Pipeline, Seen, self_test,
};
use crate::source::{Decoded, Decoder};
use crate::units::SampleRate;

/// What hears, and where it runs.
#[derive(Clone)]
pub struct Ears {
    /// What names genres.
    pub model: Arc<Model>,
    /// What tells music from what is none.
    pub gate: Option<Arc<Model>>,
    /// What computes.
    pub runtime: Runtime,
}

impl Ears {
    /// How answers name the model.
    pub fn info(&self) -> ModelInfo {
        self.model.info(&self.runtime)
    }

    /// Sessions that have passed the self-test.
    fn sessions(&self) -> Result<Classifiers, ModelError> {
        let open = |model: &Model| -> Result<Box<dyn Classifier>, ModelError> {
            let mut classifier = model.classifier(&self.runtime)?;
            self_test(model, &mut *classifier, &self.runtime)?;
            Ok(classifier)
        };
        Ok(Classifiers { genre: open(&self.model)?, gate: self.gate.as_deref().map(open).transpose()? })
    }
}

/// Hears one clip after the other with sessions of its own.
pub struct Listener {
    ears: Ears,
    manifests: Manifests,
    decide: DecideSettings,
    /// Between clips.
    classifiers: Option<Classifiers>,
    /// Within a clip.
    pipeline: Option<Pipeline>,
    score: ClipScore,
}

/// What was heard of a clip by all who listened.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// How long it is, in seconds.
    pub duration_s: f64,
    /// Of each listener the probabilities of the whole clip; `None` if there was no window at all.
    pub p: Vec<Option<Vec<f32>>>,
    /// What is missing or broken, in words.
    pub damage: Option<String>,
}

/// Whoever wants to know more of a clip than its probabilities.
pub trait Audience {
    /// The listener of that index has heard a window. Its times are to be moved by `offset_s`: where the sample rate
    /// changes within a clip, another stream begins.
    fn window(&mut self, _listener: usize, _outcome: &Outcome, _offset_s: f64) {}

    /// Mel columns (`[frames, n_mels]`) that the first listener's model has heard.
    fn columns(&mut self, _columns: &[f32]) {}

    /// So many seconds have been heard; the clip is not heard any further if this says so.
    fn heard(&mut self, _seconds: f64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl Listener {
    /// Opens sessions, which must pass the self-test.
    ///
    /// # Errors
    /// [`ModelError`] if the runtime refuses the model or computes something else than was recorded.
    pub fn open(ears: Ears, decide: DecideSettings) -> Result<Self, ModelError> {
        let gate = ears.gate.as_ref().map(|gate| gate.manifest.clone());
        let manifests = Manifests { genre: ears.model.manifest.clone(), gate };
        let classifiers = Some(ears.sessions()?);
        Ok(Self { ears, manifests, decide, classifiers, pipeline: None, score: ClipScore::default() })
    }

    /// What hears.
    pub fn ears(&self) -> &Ears {
        &self.ears
    }

    /// How decisions are made.
    pub fn decide(&self) -> &DecideSettings {
        &self.decide
    }

    /// Clips are decided on by these settings from the next one on.
    pub fn decide_by(&mut self, decide: DecideSettings) {
        self.decide = decide;
    }

    fn begin(&mut self, rate: SampleRate) -> Result<(), HearingError> {
        // What a clip that was not heard to its end has left behind keeps nothing of it that classifies.
        let left = self.pipeline.take().map(Pipeline::into_classifiers);
        let classifiers = match self.classifiers.take().or(left) {
            Some(classifiers) => classifiers,
            None => self.ears.sessions()?,
        };
        self.pipeline = Some(Pipeline::of(&self.manifests, classifiers, &self.decide, rate)?);
        Ok(())
    }

    fn push(
        &mut self,
        samples: &[f32],
        index: usize,
        offset_s: f64,
        audience: &mut impl Audience,
    ) -> Result<(), ModelError> {
        let Some(pipeline) = &mut self.pipeline else { return Ok(()) };
        let score = &mut self.score;
        pipeline.push_seen(samples, |seen| tell(seen, score, index, offset_s, audience))
    }

    /// Ends the stream that is heard now.
    fn end(&mut self, index: usize, offset_s: f64, audience: &mut impl Audience) -> Result<(), ModelError> {
        let Some(mut pipeline) = self.pipeline.take() else { return Ok(()) };
        let score = &mut self.score;
        pipeline.finish_seen(|seen| tell(seen, score, index, offset_s, audience))?;
        self.classifiers = Some(pipeline.into_classifiers());
        Ok(())
    }
}

fn tell(seen: Seen<'_>, score: &mut ClipScore, index: usize, offset_s: f64, audience: &mut impl Audience) {
    match seen {
        Seen::Columns(columns) if index == 0 => audience.columns(columns),
        Seen::Columns(_) => {}
        Seen::Outcome(outcome) => {
            score.push(outcome);
            audience.window(index, outcome, offset_s);
        }
    }
}

/// Has all listeners hear a clip to its end.
///
/// # Errors
/// [`HearingError`] when reading it or a model fails, or when the audience wants no more. What is wrong with the content is
/// no error but [`Clip::damage`].
pub fn hear(
    mut decoder: Decoder,
    listeners: &mut [&mut Listener],
    audience: &mut impl Audience,
) -> Result<Clip, HearingError> {
    let mut rate = decoder.rate();
    for listener in listeners.iter_mut() {
        listener.score = ClipScore::default();
        listener.begin(rate)?;
    }
    let mut heard_before_s = 0.0;
    let mut samples = 0;
    let damage = loop {
        match decoder.next_block()? {
            Decoded::Samples(block) => {
                samples += block.len() as u64;
                for (index, listener) in listeners.iter_mut().enumerate() {
                    listener.push(block, index, heard_before_s, audience)?;
                }
                if audience.heard(heard_before_s + rate.seconds(samples)).is_break() {
                    return Err(HearingError::Stopped);
                }
            }
            Decoded::RateChanged(new) => {
                let offset_s = heard_before_s;
                heard_before_s += rate.seconds(samples);
                (rate, samples) = (new, 0);
                for (index, listener) in listeners.iter_mut().enumerate() {
                    listener.end(index, offset_s, audience)?;
                    listener.begin(rate)?;
                }
            }
            Decoded::Title(_) | Decoded::Gap { .. } | Decoded::Stalled(_) => {}
            Decoded::End(ending) => break ending.damage,
        }
    };
    for (index, listener) in listeners.iter_mut().enumerate() {
        listener.end(index, heard_before_s, audience)?;
    }
    let p = listeners.iter().map(|listener| listener.score.result()).collect();
    Ok(Clip { duration_s: heard_before_s + rate.seconds(samples), p, damage })
}
