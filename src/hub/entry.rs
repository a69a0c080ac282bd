//! One logged event and its serialised frames, each made at most once, when first asked for.
//! Touch it when what a frame holds, or what an event weighs, changes.

use std::mem::size_of;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A text frame: shared, immutable, known to be UTF-8.
pub use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::event::{Event, EventBody, GenreWindow, LabelScore};
use crate::stats::Counter;

/// What a log weighs, shared by its entries, because frames are added to them later.
#[derive(Debug, Default)]
pub(super) struct Meter {
    bytes: AtomicUsize,
    /// Frames serialised so far.
    pub(super) frames: Counter,
}

impl Meter {
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// A logged event. It can outlive its place in the log while a reader holds it.
#[derive(Debug)]
pub struct Entry {
    event: Event,
    type_index: usize,
    /// For windows one place for each length of `top`, from 1; for all others one place.
    frames: Box<[OnceLock<Utf8Bytes>]>,
    meter: Arc<Meter>,
    /// What this entry has added to the meter; `None` once it has left the log.
    weight: Mutex<Option<usize>>,
}

impl Entry {
    pub(super) fn new(event: Event, meter: Arc<Meter>) -> Self {
        let variants = match &event.body {
            EventBody::Window(window) => window.top.len().max(1),
            _ => 1,
        };
        let frames: Box<[_]> = (0..variants).map(|_| OnceLock::new()).collect();
        let weight = weigh(&event) + frames.len() * size_of::<OnceLock<Utf8Bytes>>();
        meter.bytes.fetch_add(weight, Ordering::Relaxed);
        let name = event.body.type_name();
        Self {
            type_index: EventBody::TYPES.iter().position(|known| *known == name).unwrap_or(0),
            event,
            frames,
            meter,
            weight: Mutex::new(Some(weight)),
        }
    }

    /// Its sequence number.
    pub fn seq(&self) -> u64 {
        self.event.seq
    }

    /// Name of its source.
    pub fn source(&self) -> &str {
        &self.event.source
    }

    /// Its `type`.
    pub fn type_name(&self) -> &'static str {
        EventBody::TYPES[self.type_index]
    }

    /// Place of its `type` in [`EventBody::TYPES`].
    pub fn type_index(&self) -> usize {
        self.type_index
    }

    /// Probability of the best label, 0 to 1; `None` for everything but windows.
    pub fn top_p(&self) -> Option<f32> {
        match &self.event.body {
            EventBody::Window(window) => window.top.first().map(|best| best.p),
            _ => None,
        }
    }

    /// The event itself, with all labels.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The event as JSON, a window with its best `top_k` labels (at least 1, at most all).
    pub fn frame(&self, top_k: usize) -> Utf8Bytes {
        let k = top_k.clamp(1, self.frames.len());
        self.frames[k - 1]
            .get_or_init(|| {
                let frame = Utf8Bytes::from(self.serialise(k));
                self.meter.frames.add(1);
                let mut weight = self.weight.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(weight) = weight.as_mut() {
                    *weight += frame.len();
                    self.meter.bytes.fetch_add(frame.len(), Ordering::Relaxed);
                }
                frame
            })
            .clone()
    }

    /// The event as JSON with all labels, as [`Self::frame`] gives it, but not kept for others: for whoever reads each
    /// event once and would only fill the log with frames that nobody asks for.
    pub fn json(&self) -> Utf8Bytes {
        let whole = self.frames.last().and_then(OnceLock::get);
        whole.cloned().unwrap_or_else(|| self.serialise(self.frames.len()).into())
    }

    fn serialise(&self, k: usize) -> String {
        let json = match &self.event.body {
            EventBody::Window(window) if k < window.top.len() => {
                let mut shorter = self.event.clone();
                if let EventBody::Window(window) = &mut shorter.body {
                    window.top.truncate(k);
                }
                serde_json::to_string(&shorter)
            }
            _ => serde_json::to_string(&self.event),
        };
        json.expect("an Event is made of structs, strings, numbers and lists, which always serialise")
    }

    /// Takes the entry's weight off the meter: it has left the log.
    pub(super) fn leave(&self) {
        let mut weight = self.weight.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(weight) = weight.take() {
            self.meter.bytes.fetch_sub(weight, Ordering::Relaxed);
        }
    }
}

/// Bytes an event takes in memory, near enough for a bound.
fn weigh(event: &Event) -> usize {
    let body = match &event.body {
        EventBody::Window(window) => {
            let labels: usize = window.top.iter().map(|score| score.label.len()).sum();
            size_of::<GenreWindow>()
                + window.top.len() * size_of::<LabelScore>()
                + labels
                + window.stable.label.len()
        }
        EventBody::Changed(change) => {
            change.to.label.len() + change.from.as_ref().map_or(0, |from| from.label.len())
        }
        EventBody::Corrected(corrected) => corrected.label.len(),
        EventBody::TrackStarted(track) => track.title.len(),
        EventBody::TrackEnded(track) => {
            track.title.len() + track.genre.as_ref().map_or(0, |genre| genre.genre.len())
        }
        EventBody::SourceState(change) => {
            change.reason.as_ref().map_or(0, String::len) + change.remedy.as_ref().map_or(0, String::len)
        }
        EventBody::SourceGap(gap) => gap.reason.len(),
    };
    size_of::<Entry>() + event.source.len() + event.epoch.len() + body
}
