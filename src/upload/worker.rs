//! Hears one clip after the other, each to its end or until nobody wants it any more. Touch it when a clip is to be heard
//! otherwise than `classify` does, which it should not.

use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::watch;

use super::body::{BodyReader, body};
use super::hall::{Hall, Turn};
use super::keeper::{Keeper, Library};
use super::visit::Visit;
use super::{UploadAnswer, UploadError, UploadState, mp4};
use crate::hearing::{Audience, Listener, NOTHING_HEARD, Notes, Picture, hear};
use crate::pipeline::{DecideSettings, Outcome};

/// Whoever hears what clients send.
pub struct Worker {
    hall: Hall,
    keeper: Keeper,
    decide: watch::Receiver<DecideSettings>,
}

/// Notes of every listener, and whether it goes on.
struct Listening<'a> {
    visit: &'a Visit,
    notes: Vec<Notes>,
    picture: Option<Picture>,
    max_seconds: f64,
}

impl Worker {
    /// One that takes turns in `hall`.
    pub fn new(hall: Hall, library: Library, decide: watch::Receiver<DecideSettings>) -> Self {
        hall.employ();
        Self { hall, keeper: Keeper::new(library), decide }
    }

    /// Hears until the hall is closed.
    pub fn run(mut self) {
        while let Some(turn) = self.hall.next() {
            self.serve(turn);
        }
    }

    fn serve(&mut self, turn: Turn) {
        let Turn { visit, begin, answer } = turn;
        let (sender, reader) = body(&visit, self.hall.settings().max_bytes);
        if begin.send(sender).is_err() {
            visit.cancel();
        }
        // The content is a stranger's: whatever it breaks, it breaks this clip only.
        let heard = catch_unwind(AssertUnwindSafe(|| self.hear(&visit, reader)));
        let heard = heard.unwrap_or(Err(UploadError::BrokeDown));
        let heard = heard.map_err(|error| visit.broken_off().unwrap_or(error));
        match &heard {
            Ok(_) => visit.set_state(UploadState::Done),
            Err(UploadError::Cancelled | UploadError::Ending) => visit.set_state(UploadState::Cancelled),
            Err(error) => {
                tracing::debug!(id = visit.request.id, %error, "an upload was not classified");
                visit.set_state(UploadState::Failed);
            }
        }
        self.hall.over(&visit);
        // Nobody waits for it who is gone.
        let _ = answer.send(heard);
    }

    fn hear(&mut self, visit: &Arc<Visit>, reader: BodyReader) -> Result<UploadAnswer, UploadError> {
        let decide = *self.decide.borrow();
        let wanted = || if visit.is_cancelled() { Err(UploadError::Cancelled) } else { Ok(()) };
        wanted()?;
        let mut kept = self.keeper.take(&visit.request.models, decide, wanted)?;
        let mut listeners: Vec<_> = kept.iter_mut().map(|kept| &mut kept.listener).collect();
        let heard = self.listen(visit, reader, &mut listeners, &decide);
        self.keeper.give_back(kept);
        heard
    }

    fn listen(
        &self,
        visit: &Visit,
        mut reader: BodyReader,
        listeners: &mut [&mut Listener],
        decide: &DecideSettings,
    ) -> Result<UploadAnswer, UploadError> {
        let request = &visit.request;
        let manifest = |listener: &&mut Listener| listener.ears().model.manifest.clone();
        let manifests: Vec<_> = listeners.iter().map(manifest).collect();
        let first = manifests.first().map(|manifest| &manifest.features);
        let mut listening = Listening {
            visit,
            notes: manifests.iter().map(|manifest| Notes::new(manifest, decide, request.top)).collect(),
            picture: first.filter(|_| request.mel).map(|features| Picture::new(features.n_mels)),
            max_seconds: self.hall.settings().max_seconds,
        };
        let decoder = mp4::open(reader.clone(), &request.name)?;
        // Else an hour of it would be heard for nothing. What says less than it is meets the limit when that is heard.
        let limit_s = listening.max_seconds;
        if decoder.stated_seconds().is_some_and(|seconds| seconds > limit_s) {
            return Err(UploadError::TooLong { limit_s });
        }
        let clip = hear(decoder, listeners, &mut listening)?;
        // What stands behind the sound belongs to the clip, too.
        if io::copy(&mut reader, &mut io::sink()).is_err() {
            return Err(UploadError::Cancelled);
        }
        let mut results = Vec::new();
        for ((notes, p), listener) in listening.notes.into_iter().zip(clip.p).zip(listeners.iter()) {
            let Some(p) = p else {
                return Err(UploadError::NotAudio { reason: NOTHING_HEARD.into() });
            };
            results.push(notes.answer(listener.ears().info(), &p, clip.duration_s).0);
        }
        Ok(UploadAnswer {
            id: request.id.clone(),
            name: request.name.clone(),
            duration_s: clip.duration_s,
            bytes: visit.bytes(),
            damage: clip.damage,
            results,
            mel: listening.picture.zip(first).map(|(picture, features)| picture.finish(features)),
        })
    }
}

impl Audience for Listening<'_> {
    fn window(&mut self, listener: usize, outcome: &Outcome, offset_s: f64) {
        if let Some(notes) = self.notes.get_mut(listener) {
            notes.push(outcome, offset_s);
        }
    }

    fn columns(&mut self, columns: &[f32]) {
        if let Some(picture) = &mut self.picture {
            picture.push(columns);
        }
    }

    fn heard(&mut self, seconds: f64) -> ControlFlow<()> {
        self.visit.heard(seconds);
        if seconds > self.max_seconds {
            self.visit.break_off(UploadError::TooLong { limit_s: self.max_seconds });
            return ControlFlow::Break(());
        }
        if self.visit.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
