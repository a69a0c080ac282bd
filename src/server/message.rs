//! Connection messages of `genrecast.v1`: what the server says without using up a `seq`.
//! Touch it when such a message gets a field; within v1 changes are additive only.

mod wire;

use jiff::Timestamp;

use super::access::Access;
use super::filter::Filter;
use super::{DEFAULT_TOP_K, MAX_MESSAGE, Shared};
use crate::event::PROTOCOL_VERSION;
use crate::history::{EpochEnd, Position};
use crate::hub::{Entry, Hub, SourceLatest};
use wire::{
    Alive, AuthState, ConnectionLimits, ErrorMessage, Gap, Heartbeat, Hello, Pong, Recording, RecordingState,
};
pub(super) use wire::{Frame, GapReason, ServerMessage};
use wire::{Snapshot, SnapshotSource};

/// The first message of every connection; `filter` is what its URL asks for.
pub(super) fn hello(shared: &Shared, filter: Option<&Filter>) -> String {
    let (about, hub) = (&shared.about, &shared.hub);
    let (limits, live) = (hub.limits(), shared.live());
    let sources: Vec<String> = shared.health.sources().into_iter().map(|of| of.name).collect();
    // Oldest first: events published in between then cannot make the two contradict each other.
    let oldest_seq = hub.oldest();
    let hello = Hello {
        v: PROTOCOL_VERSION,
        version: about.version.clone(),
        epoch: hub.epoch().to_owned(),
        oldest_seq,
        latest_seq: hub.latest(),
        unknown_sources: filter.map_or(Vec::new(), |filter| filter.unknown(&sources)),
        sources,
        labels: about.labels.clone(),
        model: about.model.clone(),
        gate: about.gate.clone(),
        limits: ConnectionLimits {
            message_bytes: MAX_MESSAGE,
            clients: live.settings().max_clients,
            log_events: limits.events,
            log_bytes: limits.bytes,
            heartbeat_s: live.settings().heartbeat.as_secs_f64(),
            top_k: DEFAULT_TOP_K,
        },
        history: recording(shared),
    };
    ServerMessage::Hello(Box::new(hello)).to_string()
}

fn recording(shared: &Shared) -> Recording {
    match &shared.archive {
        Some(archive) => {
            let status = archive.history().status();
            Recording { state: status.state.into(), trouble: status.trouble }
        }
        None => Recording { state: RecordingState::Off, trouble: None },
    }
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
pub(super) fn snapshot(hub: &Hub, snapshot: &crate::hub::Snapshot, filter: &Filter) -> String {
    let wanted = snapshot.sources.iter().filter(|of| filter.wants(&of.source));
    let sources = wanted.map(|of| {
        let (state, window) = frames(Some(of), filter.top_k);
        SnapshotSource { source: of.source.to_string(), state, window }
    });
    let (epoch, sources) = (hub.epoch().to_owned(), sources.collect());
    ServerMessage::Snapshot(Snapshot { v: PROTOCOL_VERSION, epoch, seq: snapshot.seq, sources }).to_string()
}

/// The newest `source.state` and `genre.window` of a source.
pub(super) fn frames(of: Option<&SourceLatest>, top_k: usize) -> (Option<Frame>, Option<Frame>) {
    let frame = |entry: &std::sync::Arc<Entry>| Frame(entry.frame(top_k));
    (of.and_then(|of| of.state.as_ref().map(frame)), of.and_then(|of| of.window.as_ref().map(frame)))
}

/// Events of an epoch, both ends included, that the connection will not get; none if `to_seq < from_seq`.
pub(super) fn gap(epoch: &str, from_seq: u64, to_seq: u64, reason: GapReason) -> String {
    let (v, epoch) = (PROTOCOL_VERSION, epoch.to_owned());
    let gap = Gap { v, epoch, from_seq, to_seq, reason, complete: None, next_epoch: None };
    ServerMessage::Gap(gap).to_string()
}

/// An epoch is over: what follows is of the next one, from 1. `complete` is false if that run was killed: of its last
/// second some events may be missing, how many nobody knows.
pub(super) fn restart(epoch: &str, end: &EpochEnd, next: &str) -> String {
    let gap = Gap {
        v: PROTOCOL_VERSION,
        epoch: epoch.to_owned(),
        from_seq: end.last_seq + 1,
        to_seq: end.last_seq,
        reason: GapReason::Restart,
        complete: Some(end.complete),
        next_epoch: Some(next.to_owned()),
    };
    ServerMessage::Gap(gap).to_string()
}

/// Sign of life; `position` is where a subscriber has been served up to.
pub(super) fn heartbeat(hub: &Hub, position: Option<Position>) -> String {
    ServerMessage::Heartbeat(Heartbeat { alive: alive(hub, position) }).to_string()
}

/// The answer to `ping`.
pub(super) fn pong(hub: &Hub, position: Option<Position>) -> String {
    ServerMessage::Pong(Pong { alive: alive(hub, position) }).to_string()
}

fn alive(hub: &Hub, position: Option<Position>) -> Alive {
    let epoch = position.as_ref().map_or(hub.epoch(), |position| &position.epoch).to_owned();
    Alive { v: PROTOCOL_VERSION, epoch, cursor: position.map(|position| position.seq) }
}

/// The answer to `auth`: whether a token is asked for, and what the one that was shown opens.
pub(super) fn auth(access: &Access) -> String {
    let scopes = match access {
        Access::Granted(grant) => Some(grant.scopes().names().collect()),
        Access::Open | Access::Pending => None,
    };
    ServerMessage::Auth(AuthState { v: PROTOCOL_VERSION, required: scopes.is_some(), scopes }).to_string()
}

/// Something is wrong; the connection closes after it if `fatal`.
pub(super) fn error(code: &str, message: &str, fatal: bool) -> String {
    let (code, message) = (code.to_owned(), message.to_owned());
    ServerMessage::Error(ErrorMessage { v: PROTOCOL_VERSION, code, message, fatal }).to_string()
}

/// Why there is no room for a subscriber.
pub(super) fn full(shared: &Shared) -> String {
    let most = shared.live().settings().max_clients;
    format!("there are {most} clients already, as many as allowed; try again later")
}

/// Why there is no room for one more from an address.
pub(super) fn full_address(most: usize) -> String {
    format!(
        "there are {most} of your address already, as many as allowed \
         (server.max_connections_per_address in the daemon's configuration); close some first"
    )
}
