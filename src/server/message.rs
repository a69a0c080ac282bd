//! Connection messages of `genrecast.v1`: what the server says without using up a `seq`.
//! Touch it when such a message gets a field; within v1 changes are additive only.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::access::Access;
use super::filter::Filter;
use super::{DEFAULT_TOP_K, MAX_MESSAGE, Shared};
use crate::event::PROTOCOL_VERSION;
use crate::history::{EpochEnd, Position};
use crate::hub::{Hub, Snapshot, SourceLatest};

/// The first message of every connection; `filter` is what its URL asks for.
pub(super) fn hello(shared: &Shared, filter: Option<&Filter>) -> String {
    let (about, hub) = (&shared.about, &shared.hub);
    let (limits, live) = (hub.limits(), shared.live());
    let sources: Vec<String> = shared.health.sources().into_iter().map(|of| of.name).collect();
    // Oldest first: events published in between then cannot make the two contradict each other.
    let oldest = hub.oldest();
    let mut hello = json!({
        "type": "hello", "v": PROTOCOL_VERSION, "version": about.version,
        "epoch": hub.epoch(), "oldest_seq": oldest, "latest_seq": hub.latest(),
        "sources": sources, "labels": about.labels, "model": about.model, "gate": about.gate,
        "limits": {
            "message_bytes": MAX_MESSAGE, "clients": live.settings().max_clients,
            "log_events": limits.events, "log_bytes": limits.bytes,
            "heartbeat_s": live.settings().heartbeat.as_secs_f64(), "top_k": DEFAULT_TOP_K,
        },
    });
    hello["history"] = match &shared.archive {
        Some(archive) => {
            let status = archive.history().status();
            json!({"state": status.state, "trouble": status.trouble})
        }
        None => json!({"state": "off"}),
    };
    let unknown = filter.map_or(Vec::new(), |filter| filter.unknown(&sources));
    if !unknown.is_empty() {
        hello["unknown_sources"] = json!(unknown);
    }
    hello.to_string()
}

/// The names a filter wants that no source has now; one may come that has.
pub(super) fn unknown_sources(shared: &Shared, filter: &Filter) -> Vec<String> {
    let sources: Vec<String> = shared.health.sources().into_iter().map(|of| of.name).collect();
    filter.unknown(&sources)
}

/// This moment, in whole milliseconds, as events have it.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// How things are at `snapshot.seq`: of each source the newest `source.state` and `genre.window`, as they were logged.
pub(super) fn snapshot(hub: &Hub, snapshot: &Snapshot, filter: &Filter) -> String {
    let head = json!({
        "type": "snapshot", "v": PROTOCOL_VERSION, "epoch": hub.epoch(), "seq": snapshot.seq,
    });
    let mut out = open_list(&head, "sources");
    let wanted = snapshot.sources.iter().filter(|of| filter.wants(&of.source));
    for (place, of) in wanted.enumerate() {
        push_source(&mut out, place, &json!({"source": of.source}), Some(of), filter.top_k);
    }
    out.push_str("]}");
    out
}

/// A JSON object up to the opening of a list in it. Frames are JSON already: they are set in as they are.
pub(super) fn open_list(head: &Value, field: &str) -> String {
    let mut out = head.to_string();
    out.pop();
    out.push_str(&format!(r#","{field}":["#));
    out
}

/// One source of such a list: the fields of `head`, which is a struct or a map, and its newest events.
pub(super) fn push_source(
    out: &mut String,
    place: usize,
    head: &impl Serialize,
    of: Option<&SourceLatest>,
    top_k: usize,
) {
    if place > 0 {
        out.push(',');
    }
    let head = serde_json::to_string(head);
    out.push_str(&head.expect("structs of strings, numbers and times always serialise"));
    out.pop();
    let events = of.map(|of| [("state", &of.state), ("window", &of.window)]);
    for (field, entry) in events.into_iter().flatten() {
        if let Some(entry) = entry {
            out.push_str(&format!(r#","{field}":{}"#, entry.frame(top_k)));
        }
    }
    out.push('}');
}

/// Why events are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum GapReason {
    /// They are no longer kept.
    Evicted,
    /// The history could not take them down while there was time.
    NotRecorded,
    /// The history's file is damaged at their place.
    Damaged,
    /// The cursor was of an epoch that is not known: everything of this one up to the snapshot is skipped.
    UnknownEpoch,
}

/// Events of an epoch, both ends included, that the connection will not get; none if `to_seq < from_seq`.
pub(super) fn gap(epoch: &str, from_seq: u64, to_seq: u64, reason: GapReason) -> String {
    json!({
        "type": "gap", "v": PROTOCOL_VERSION, "epoch": epoch,
        "from_seq": from_seq, "to_seq": to_seq, "reason": reason,
    })
    .to_string()
}

/// An epoch is over: what follows is of the next one, from 1. `complete` is false if that run was killed: of its last
/// second some events may be missing, how many nobody knows.
pub(super) fn restart(epoch: &str, end: &EpochEnd, next: &str) -> String {
    json!({
        "type": "gap", "v": PROTOCOL_VERSION, "epoch": epoch,
        "from_seq": end.last_seq + 1, "to_seq": end.last_seq, "reason": "restart",
        "complete": end.complete, "next_epoch": next,
    })
    .to_string()
}

/// Sign of life; `position` is where a subscriber has been served up to.
pub(super) fn heartbeat(hub: &Hub, position: Option<Position>) -> String {
    alive("heartbeat", hub, position)
}

/// The answer to `ping`.
pub(super) fn pong(hub: &Hub, position: Option<Position>) -> String {
    alive("pong", hub, position)
}

fn alive(word: &str, hub: &Hub, position: Option<Position>) -> String {
    let epoch = position.as_ref().map_or(hub.epoch(), |position| &position.epoch);
    let mut message = json!({"type": word, "v": PROTOCOL_VERSION, "epoch": epoch});
    if let Some(position) = position {
        message["cursor"] = position.seq.into();
    }
    message.to_string()
}

/// The answer to `auth`: whether a token is asked for, and what the one that was shown opens.
pub(super) fn auth(access: &Access) -> String {
    let mut message = json!({"type": "auth", "v": PROTOCOL_VERSION, "required": false});
    if let Access::Granted(grant) = access {
        message["required"] = true.into();
        message["scopes"] = grant.scopes().names().collect();
    }
    message.to_string()
}

/// Something is wrong; the connection closes after it if `fatal`.
pub(super) fn error(code: &str, message: &str, fatal: bool) -> String {
    json!({
        "type": "error", "v": PROTOCOL_VERSION, "code": code, "message": message, "fatal": fatal,
    })
    .to_string()
}

/// Why there is no room for a subscriber.
pub(super) fn full(shared: &Shared) -> String {
    let most = shared.live().settings().max_clients;
    format!("there are {most} clients already, as many as allowed; try again later")
}
