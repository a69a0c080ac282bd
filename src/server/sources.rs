//! How each source is at this moment, put together from what the daemon knows of it and what it published last.
//! Touch it when `/v1/sources` or `/v1/now` are to tell more.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::filter::Filter;
use super::{Shared, SourceInfo, message};
use crate::event::{EventBody, PROTOCOL_VERSION, SignalState, Silence, Stable};
use crate::hub::SourceLatest;

/// A source of `/v1/now`, but for its events.
#[derive(Debug, Serialize)]
struct Named {
    source: String,
    info: Status,
}

/// One source, complete.
#[derive(Debug, Serialize)]
struct Status {
    #[serde(flatten)]
    info: SourceInfo,
    /// When it came into its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(flatten)]
    heard: Option<Heard>,
}

/// What its newest window tells.
#[derive(Debug, Serialize)]
struct Heard {
    stable: Stable,
    signal: SignalState,
    #[serde(skip_serializing_if = "Option::is_none")]
    silence: Option<Silence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rms_dbfs: Option<f32>,
    /// When the window was published.
    last_window: Timestamp,
    /// Up to when audio is in it.
    last_audio: Timestamp,
}

/// The answer of `/v1/sources`.
pub(super) fn sources(shared: &Shared, filter: &Filter) -> String {
    let snapshot = shared.hub.snapshot();
    let latest = by_name(&snapshot.sources);
    let wanted = shared.health.sources().into_iter().filter(|info| filter.wants(&info.name));
    let mut out = message::open_list(&head(shared, snapshot.seq, filter), "sources");
    for (place, info) in wanted.enumerate() {
        message::push_source(&mut out, place, &status(&latest, info), None, filter.top_k);
    }
    out.push_str("]}");
    out
}

/// The answer of `/v1/now`: of each source what `/v1/sources` tells, and its newest events as they were logged.
pub(super) fn now(shared: &Shared, filter: &Filter) -> String {
    let snapshot = shared.hub.snapshot();
    let latest = by_name(&snapshot.sources);
    let mut answer = head(shared, snapshot.seq, filter);
    answer["type"] = "snapshot".into();
    answer["model"] = json!(shared.about.model);
    answer["labels"] = json!(shared.about.labels);
    let mut out = message::open_list(&answer, "sources");
    let wanted = shared.health.sources().into_iter().filter(|info| filter.wants(&info.name));
    for (place, info) in wanted.enumerate() {
        let of = latest.get(info.name.as_str()).copied();
        let head = Named { source: info.name.clone(), info: status(&latest, info) };
        message::push_source(&mut out, place, &head, of, filter.top_k);
    }
    out.push_str("]}");
    out
}

fn head(shared: &Shared, seq: u64, filter: &Filter) -> Value {
    let mut head = json!({
        "v": PROTOCOL_VERSION, "version": shared.about.version, "epoch": shared.hub.epoch(), "seq": seq,
        "time": message::now(),
    });
    let unknown = message::unknown_sources(shared, filter);
    if !unknown.is_empty() {
        head["unknown_sources"] = json!(unknown);
    }
    head
}

fn by_name(sources: &[SourceLatest]) -> BTreeMap<&str, &SourceLatest> {
    sources.iter().map(|of| (&*of.source, of)).collect()
}

fn status(latest: &BTreeMap<&str, &SourceLatest>, info: SourceInfo) -> Status {
    let of = latest.get(info.name.as_str());
    let told = of.and_then(|of| of.state.as_ref()).map(|entry| entry.event());
    // The daemon's word is newer than the event for a moment: then the event's time is not that of the state.
    let same = told.filter(|event| match &event.body {
        EventBody::SourceState(change) => change.state == info.state,
        _ => false,
    });
    let since = same.map(|event| event.time);
    let window = of.and_then(|of| of.window.as_ref()).map(|entry| entry.event());
    let heard = window.and_then(|event| match &event.body {
        EventBody::Window(window) => Some(Heard {
            stable: window.stable.clone(),
            signal: window.state,
            silence: window.audio.silence,
            rms_dbfs: window.audio.rms_dbfs,
            last_window: event.time,
            last_audio: window.window.end,
        }),
        _ => None,
    });
    Status { info, since, heard }
}
