//! A whole clip through the whole pipeline, as `classify` and `evaluate` hear it: the same samples give the same answer.
//! Touch it when a file is to be heard otherwise.

use genrecast::model::{Classifier, Model, Runtime};
use genrecast::pipeline::{Classifiers, ClipScore, DecideSettings, Manifests, Outcome, Pipeline, self_test};
use genrecast::source::{Decoded, Decoder};
use genrecast::units::SampleRate;

use super::exit::Failure;

/// What is said of a clip without a window.
pub(super) const NOTHING_HEARD: &str = "there is no sound in it; expected at least one sample of audio";

/// What hears, and where it runs.
#[derive(Clone, Copy)]
pub(super) struct Ears<'a> {
    pub model: &'a Model,
    /// What tells music from what is none.
    pub gate: Option<&'a Model>,
    pub runtime: &'a Runtime,
}

/// Hears one clip after the other with sessions of its own.
pub(super) struct Listener<'a> {
    ears: Ears<'a>,
    manifests: Manifests,
    decide: &'a DecideSettings,
    /// Between clips; a clip that fails takes them along.
    classifiers: Option<Classifiers>,
}

/// What was heard of a clip.
pub(super) struct Heard {
    pub duration_s: f64,
    /// Its probabilities; `None` if there was no window at all.
    pub p: Option<Vec<f32>>,
    /// What is missing or broken, in words.
    pub damage: Option<String>,
}

impl<'a> Listener<'a> {
    /// Opens sessions, which must pass the self-test.
    pub fn open(ears: Ears<'a>, decide: &'a DecideSettings) -> Result<Self, Failure> {
        let gate = ears.gate.map(|gate| gate.manifest.clone());
        let manifests = Manifests { genre: ears.model.manifest.clone(), gate };
        let classifiers = Some(ears.sessions()?);
        Ok(Self { ears, manifests, decide, classifiers })
    }

    /// Hears a clip to its end. `on_outcome` gets each window and the seconds by which its times are to be moved: where
    /// the sample rate changes within a clip, another stream begins. `on_progress` gets the seconds heard.
    pub fn hear(
        &mut self,
        mut decoder: Decoder,
        mut on_outcome: impl FnMut(&Outcome, f64),
        mut on_progress: impl FnMut(f64),
    ) -> Result<Heard, Failure> {
        let mut rate = decoder.rate();
        let mut pipeline = self.pipeline(rate)?;
        let mut score = ClipScore::default();
        let mut heard_before_s = 0.0;
        let mut samples = 0;
        let mut sink = |outcome: &Outcome, offset_s: f64| {
            score.push(outcome);
            on_outcome(outcome, offset_s);
        };
        let damage = loop {
            match decoder.next_block()? {
                Decoded::Samples(block) => {
                    samples += block.len() as u64;
                    pipeline.push(block, |outcome| sink(outcome, heard_before_s))?;
                    on_progress(heard_before_s + rate.seconds(samples));
                }
                Decoded::RateChanged(new) => {
                    pipeline.finish(|outcome| sink(outcome, heard_before_s))?;
                    heard_before_s += rate.seconds(samples);
                    (rate, samples) = (new, 0);
                    self.classifiers = Some(pipeline.into_classifiers());
                    pipeline = self.pipeline(rate)?;
                }
                Decoded::Title(_) | Decoded::Gap { .. } | Decoded::Stalled(_) => {}
                Decoded::End(ending) => break ending.damage,
            }
        };
        pipeline.finish(|outcome| sink(outcome, heard_before_s))?;
        self.classifiers = Some(pipeline.into_classifiers());
        Ok(Heard { duration_s: heard_before_s + rate.seconds(samples), p: score.result(), damage })
    }

    fn pipeline(&mut self, rate: SampleRate) -> Result<Pipeline, Failure> {
        let classifiers = match self.classifiers.take() {
            Some(classifiers) => classifiers,
            None => self.ears.sessions()?,
        };
        Ok(Pipeline::of(&self.manifests, classifiers, self.decide, rate)?)
    }
}

impl Ears<'_> {
    /// Sessions that have passed the self-test.
    fn sessions(&self) -> Result<Classifiers, Failure> {
        let open = |model: &Model| -> Result<Box<dyn Classifier>, Failure> {
            let mut classifier = model.classifier(self.runtime)?;
            self_test(model, &mut *classifier, self.runtime)?;
            Ok(classifier)
        };
        Ok(Classifiers { genre: open(self.model)?, gate: self.gate.map(open).transpose()? })
    }
}
