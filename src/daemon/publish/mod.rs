//! From outcomes in stream time to events in wall-clock time. Touch it when an event gets a new field.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

mod segments;
mod silence;

use super::board::Row;
use super::work::Begin;
use crate::decide::EndedTrack;
use crate::event::{
    AudioReport, EventBody, GenreWindow, LabelScore, ModelInfo, Silence, SourceGap, SourceState,
    SourceStateChange, Stable, Timing, Track, TrackStarted, UNKNOWN, WindowSpan,
};
use crate::hub::Hub;
use crate::model::ModelError;
use crate::pipeline::Outcome;

/// Publishes for the sources of one model thread.
pub(super) struct Publisher {
    hub: Arc<Hub>,
    labels: Arc<Vec<String>>,
    model: Arc<ModelInfo>,
    sources: HashMap<u64, Published>,
}

/// What is remembered of a source between its events.
struct Published {
    begin: Begin,
    stable: Stable,
    gap_ms: u64,
    skipped_hops: u64,
    /// What kind of silence was told last, while it lasts.
    silence: Option<Silence>,
    /// The track that was announced last.
    track: Option<Arc<Track>>,
}

impl Publisher {
    pub fn new(hub: Arc<Hub>, labels: Arc<Vec<String>>, model: Arc<ModelInfo>) -> Self {
        Self { hub, labels, model, sources: HashMap::new() }
    }

    /// Nothing more comes of this source.
    pub fn forget(&mut self, row: &Row) {
        self.sources.remove(&row.id);
    }

    /// A continuous stream begins.
    pub fn begin(&mut self, row: &Row, begin: Begin) {
        row.begin(begin.rate.hz(), begin.pace);
        self.sources.entry(row.id).and_modify(|published| published.begin = begin).or_insert_with(|| {
            let since = wall(&begin, begin.origin_s);
            Published {
                begin,
                stable: Stable { label: UNKNOWN.into(), since, since_seq: None },
                gap_ms: 0,
                skipped_hops: 0,
                silence: None,
                track: None,
            }
        });
    }

    /// A source changed its state.
    pub fn state(&mut self, row: &Row, change: SourceStateChange) {
        let (state, reason) = (change.state, change.reason.as_deref());
        if state == SourceState::Live && row.is_away() {
            row.counters.reconnects.add(1);
        }
        match state {
            SourceState::Failed => {
                tracing::error!(source = row.name, reason, remedy = change.remedy, "failed")
            }
            SourceState::Stalled | SourceState::Reconnecting => {
                tracing::warn!(source = row.name, ?state, reason, remedy = change.remedy, "trouble");
            }
            _ => tracing::info!(source = row.name, ?state, reason, "source"),
        }
        if let Some(published) = self.sources.get_mut(&row.id) {
            // A source that is live again may still be silent; the next window then says so.
            published.silence = None;
        }
        self.publish_state(row, change);
    }

    /// The station's title from this stream time on; empty if it says none.
    pub fn title(&self, row: &Row, at_s: f64, title: &str) {
        tracing::debug!(source = row.name, at_s, title, "title");
        row.set_title(title.to_owned());
    }

    /// The model failed for a source.
    pub fn model_failed(&mut self, row: &Row, error: &ModelError) {
        row.set_model_fails(true);
        let (reason, remedy) = (Some(error.to_string()), Some("genrecast check proves the model".to_owned()));
        tracing::error!(source = row.name, %error, remedy, "no windows until the model works again");
        self.publish_state(row, SourceStateChange { state: SourceState::Stalled, reason, remedy });
    }

    /// The model works again; what it did not hear is lost.
    pub fn model_works_again(&mut self, row: &Row, from_s: f64, to_s: f64) {
        row.set_model_fails(false);
        self.publish_state(row, SourceStateChange { state: SourceState::Live, reason: None, remedy: None });
        self.gap(row, from_s, to_s.max(from_s), "the model failed".to_owned());
    }

    fn publish_state(&self, row: &Row, change: SourceStateChange) {
        row.set_state(&change);
        self.hub.publish(&row.name, EventBody::SourceState(change));
    }

    /// Audio was lost.
    pub fn gap(&mut self, row: &Row, from_s: f64, to_s: f64, reason: String) {
        let Some(published) = self.sources.get_mut(&row.id) else { return };
        tracing::warn!(source = row.name, from_s, to_s, reason, "audio lost");
        row.counters.gaps.add(1);
        row.worked_off();
        let lost_ms = ((to_s - from_s) * 1000.0).round() as u64;
        row.counters.gap_ms.add(lost_ms);
        published.gap_ms += lost_ms;
        let (from, to) = (wall(&published.begin, from_s), wall(&published.begin, to_s));
        self.hub.publish(&row.name, EventBody::SourceGap(SourceGap { from_s, to_s, from, to, reason }));
    }

    /// An evaluation was skipped; the next event tells how many.
    pub fn skipped(&mut self, row: &Row) {
        row.counters.skipped_hops.add(1);
        row.worked_off();
        if let Some(published) = self.sources.get_mut(&row.id) {
            published.skipped_hops += 1;
        }
    }

    /// The source announced another title at stream time `at_s`, or that there is none; `ended` is the track that it ends.
    pub fn announced(&mut self, row: &Row, title: Option<&str>, at_s: f64, ended: Option<EndedTrack>) {
        let Some(published) = self.sources.get_mut(&row.id) else { return };
        if title == published.track.as_ref().map(|track| track.title.as_str()) {
            return;
        }
        if let Some(ended) = ended {
            let body = segments::ended(&self.labels, &published.begin, ended);
            self.hub.publish(&row.name, EventBody::TrackEnded(body));
        }
        published.track = title.map(|title| {
            let start = wall(&published.begin, at_s);
            tracing::info!(source = row.name, title, "track");
            let started = TrackStarted { title: title.to_owned(), start };
            self.hub.publish(&row.name, EventBody::TrackStarted(started));
            Arc::new(Track { title: title.to_owned(), start })
        });
    }

    /// A window was classified.
    pub fn window(&mut self, row: &Row, outcome: &Outcome, inference: Duration) {
        let Some(published) = self.sources.get_mut(&row.id) else { return };
        if let Some(change) = &outcome.changed {
            let body = segments::told(&self.labels, &published.begin, &published.stable, change);
            tracing::info!(source = row.name, genre = segments::label(&body), "{}", body.type_name());
            let seq = self.hub.publish(&row.name, body.clone());
            published.stable = segments::stable(body, &published.stable, seq);
        }
        let silence = Silence::of(outcome.heard).filter(|_| outcome.silent);
        if silence != published.silence {
            published.silence = silence;
            let state = silence::state(silence);
            row.set_state(&state);
            self.hub.publish(&row.name, EventBody::SourceState(state));
        }
        let begin = &published.begin;
        let end = begin.wall_time(outcome.end_s);
        let late = SystemTime::now().duration_since(end).unwrap_or_default();
        row.counters.inference.record(inference);
        if begin.pace.is_some() {
            row.counters.capture_to_emit.record(late);
        }
        let body = GenreWindow {
            window: WindowSpan {
                start: wall(begin, outcome.start_s),
                end: wall(begin, outcome.end_s),
                start_s: outcome.start_s,
                end_s: outcome.end_s,
                seconds: outcome.end_s - outcome.start_s,
            },
            provisional: outcome.provisional,
            state: outcome.heard.into(),
            top: LabelScore::ranked(&self.labels, &outcome.p),
            stable: published.stable.clone(),
            audio: AudioReport {
                native_hz: begin.rate.hz(),
                rms_dbfs: outcome.level.rms_dbfs(),
                silence: Silence::of(outcome.heard),
                clipped: outcome.level.clipped,
                gap_ms: std::mem::take(&mut published.gap_ms),
                skipped_hops: std::mem::take(&mut published.skipped_hops),
            },
            timing: Timing {
                capture_to_emit_ms: if begin.pace.is_some() { late.as_millis() as u64 } else { 0 },
                infer_ms: inference.as_millis() as u64,
            },
            model: Arc::clone(&self.model),
            track: published.track.clone(),
        };
        self.hub.publish(&row.name, EventBody::Window(Box::new(body)));
        row.window_published(&published.stable.label);
    }
}

/// Wall-clock time of a stream time, in whole milliseconds.
fn wall(begin: &Begin, stream_s: f64) -> Timestamp {
    let milliseconds = begin
        .wall_time(stream_s)
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64);
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
