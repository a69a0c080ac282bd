//! How each source is at this moment, put together from what the daemon knows of it and what it published last.
//! Touch it when `/v1/sources` or `/v1/now` are to tell more.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::filter::Filter;
use super::message::{self, Frame};
use super::{Shared, SourceInfo};
use crate::event::{
    EventBody, GenreWindow, ModelInfo, PROTOCOL_VERSION, SignalState, Silence, SourceStateChange, Stable,
};
use crate::hub::SourceLatest;

/// The answer of `/v1/sources`: how each source is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Sources {
    #[serde(flatten)]
    head: Head,
    /// The sources that were asked for, in the order of the configuration.
    sources: Vec<Status>,
}

/// The answer of `/v1/now`: how each source is, with its newest events.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Now {
    /// Always `snapshot`.
    #[schemars(extend("const" = "snapshot"))]
    r#type: &'static str,
    #[serde(flatten)]
    head: Head,
    /// The model and where it really runs.
    model: ModelInfo,
    /// The model's labels.
    labels: Vec<String>,
    /// The sources that were asked for, in the order of the configuration.
    sources: Vec<NowSource>,
}

/// What answers about the present begin with.
#[derive(Debug, Serialize, JsonSchema)]
struct Head {
    /// Version of the event format.
    #[schemars(extend("const" = PROTOCOL_VERSION))]
    v: u32,
    /// Version of the daemon.
    version: String,
    /// This run of the daemon, a ULID.
    epoch: String,
    /// The newest event; 0 before the first.
    seq: u64,
    /// The moment that is told about.
    time: Timestamp,
    /// Names that were asked for and no source has; one may come that has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_sources: Vec<String>,
}

/// A source with its newest events.
#[derive(Debug, Serialize, JsonSchema)]
struct NowSource {
    /// Its name.
    source: String,
    /// What `/v1/sources` tells of it.
    info: Status,
    /// Its newest `source.state`, as it was logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<SourceStateChange>")]
    state: Option<Frame>,
    /// Its newest `genre.window`, as it was logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<GenreWindow>")]
    window: Option<Frame>,
}

/// How a source is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SourceStatus")]
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
#[derive(Debug, Serialize, JsonSchema)]
struct Heard {
    /// What the daemon stands by.
    stable: Stable,
    /// What the newest hop is: the window's `state`.
    signal: SignalState,
    /// What kind of silence it is, if `signal` is `silence`.
    #[serde(skip_serializing_if = "Option::is_none")]
    silence: Option<Silence>,
    /// Level (root mean square) in decibels re full scale; absent for digital zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    rms_dbfs: Option<f32>,
    /// When the window was published.
    last_window: Timestamp,
    /// Up to when audio is in it.
    last_audio: Timestamp,
}

/// How each source is.
pub(super) fn sources(shared: &Shared, filter: &Filter) -> Sources {
    let snapshot = shared.hub.snapshot();
    let latest = by_name(&snapshot.sources);
    let wanted = shared.health.sources().into_iter().filter(|info| filter.wants(&info.name));
    let sources = wanted.map(|info| status(&latest, info)).collect();
    Sources { head: head(shared, snapshot.seq, filter), sources }
}

/// Of each source what [`sources`] tells, and its newest events as they were logged.
pub(super) fn now(shared: &Shared, filter: &Filter) -> Now {
    let snapshot = shared.hub.snapshot();
    let latest = by_name(&snapshot.sources);
    let wanted = shared.health.sources().into_iter().filter(|info| filter.wants(&info.name));
    let sources = wanted.map(|info| {
        let of = latest.get(info.name.as_str()).copied();
        let (state, window) = message::frames(of, filter.top_k);
        NowSource { source: info.name.clone(), info: status(&latest, info), state, window }
    });
    Now {
        r#type: "snapshot",
        head: head(shared, snapshot.seq, filter),
        model: shared.about.model.clone(),
        labels: shared.about.labels.clone(),
        sources: sources.collect(),
    }
}

fn head(shared: &Shared, seq: u64, filter: &Filter) -> Head {
    Head {
        v: PROTOCOL_VERSION,
        version: shared.about.version.clone(),
        epoch: shared.hub.epoch().to_owned(),
        seq,
        time: message::now(),
        unknown_sources: message::unknown_sources(shared, filter),
    }
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
