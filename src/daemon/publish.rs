//! From outcomes in stream time to events in wall-clock time. Touch it when an event gets a new field.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::board::Row;
use super::work::Begin;
use crate::decide::{StableChange, Verdict};
use crate::event::{
    AudioReport, BegunSegment, EndedSegment, EventBody, GenreChanged, GenreWindow, LabelScore, ModelInfo,
    SILENCE, Silence, SourceGap, SourceState, SourceStateChange, Stable, Timing, UNKNOWN, WindowSpan,
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
            }
        });
    }

    /// A source changed its state.
    pub fn state(&mut self, row: &Row, change: SourceStateChange) {
        let (state, reason) = (change.state, change.reason.as_deref());
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
        published.gap_ms += ((to_s - from_s) * 1000.0).round() as u64;
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

    /// A window was classified.
    pub fn window(&mut self, row: &Row, outcome: &Outcome, inference: Duration) {
        let Some(published) = self.sources.get_mut(&row.id) else { return };
        if let Some(change) = &outcome.changed {
            let body = changed(&self.labels, &published.begin, &published.stable, change);
            let (label, since) = (body.to.label.clone(), body.to.start);
            tracing::info!(source = row.name, genre = label, "stable genre");
            let seq = self.hub.publish(&row.name, EventBody::Changed(body));
            published.stable = Stable { label, since, since_seq: Some(seq) };
        }
        let silent = outcome.stable.verdict == Verdict::Silence;
        let silence = Silence::of(outcome.heard).filter(|_| silent);
        if silence != published.silence {
            published.silence = silence;
            let state = hearing(silence);
            row.set_state(&state);
            self.hub.publish(&row.name, EventBody::SourceState(state));
        }
        let begin = &published.begin;
        let end = begin.wall_time(outcome.end_s);
        let late = SystemTime::now().duration_since(end).unwrap_or_default();
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
        };
        self.hub.publish(&row.name, EventBody::Window(Box::new(body)));
        row.window_published(&published.stable.label);
    }
}

/// The name of a verdict on the wire.
fn verdict_name(labels: &[String], verdict: Verdict) -> String {
    match verdict {
        Verdict::Label(index) => labels[index].clone(),
        Verdict::Unknown => UNKNOWN.into(),
        Verdict::Silence => SILENCE.into(),
    }
}

fn changed(labels: &[String], begin: &Begin, before: &Stable, change: &StableChange) -> GenreChanged {
    let start = wall(begin, change.to.since_s);
    GenreChanged {
        from: change.from.map(|segment| EndedSegment {
            label: before.label.clone(),
            start: before.since,
            end: start,
            confidence: segment.confidence,
        }),
        to: BegunSegment { label: verdict_name(labels, change.to.verdict), start },
    }
}

/// The state of a source in which this kind of silence, or none, is heard.
fn hearing(silence: Option<Silence>) -> SourceStateChange {
    let told = match silence {
        None => None,
        Some(Silence::DigitalZero) => Some((
            "every sample is exactly zero",
            "look for a muted input, a missing permission or an unplugged cable",
        )),
        Some(Silence::Quiet) => {
            Some(("the level is below the threshold of quiet", "raise the gain or lower decide.quiet_dbfs"))
        }
    };
    SourceStateChange {
        state: if told.is_some() { SourceState::Silent } else { SourceState::Live },
        reason: told.map(|(reason, _)| reason.to_owned()),
        remedy: told.map(|(_, remedy)| remedy.to_owned()),
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
