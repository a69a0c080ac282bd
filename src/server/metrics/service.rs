//! Metrics of the service as a whole: what runs, who listens, what is kept. Touch it to tell more of these.
//! Labels have words out of short lists, or names out of the configuration: never anything that a client sends.

use std::fmt;

use super::families::{Families, Labels, one};
use super::snapshot::{Certificate, Snapshot};
use crate::history::StatusKind;

/// States of the history, in the words of `/healthz`; `off` where nothing is recorded.
const HISTORY: [(&str, Option<StatusKind>); 5] = [
    ("off", None),
    ("starting", Some(StatusKind::Starting)),
    ("recording", Some(StatusKind::Recording)),
    ("failing", Some(StatusKind::Failing)),
    ("ended", Some(StatusKind::Ended)),
];

pub(super) fn tell(snapshot: &Snapshot, to: &mut Families<'_>) -> fmt::Result {
    about(snapshot, to)?;
    events(snapshot, to)?;
    subscribers(snapshot, to)?;
    turned_away(snapshot, to)?;
    tls(snapshot, to)?;
    history(snapshot, to)?;
    uploads(snapshot, to)
}

fn about(snapshot: &Snapshot, to: &mut Families<'_>) -> fmt::Result {
    let build: Labels = vec![("version", snapshot.version.clone())];
    to.gauge("genrecast_build_info", "Which version this is; always 1", [(build, 1u64)])?;
    let models = snapshot.models.iter().map(|(role, model)| {
        let labels: Labels = vec![
            ("role", (*role).to_owned()),
            ("model", model.id.clone()),
            ("runtime", model.runtime.clone()),
            ("device", model.device.clone()),
        ];
        (labels, 1u64)
    });
    to.gauge("genrecast_model_info", "Models in use, with runtime and device; always 1", models)?;
    to.gauge(
        "genrecast_live",
        "Whether the daemon does its work, as /livez says",
        one(u64::from(snapshot.live)),
    )?;
    to.gauge(
        "genrecast_ready",
        "Whether audio flows and windows come from every source, as /readyz says",
        one(u64::from(snapshot.ready)),
    )?;
    to.counter(
        "genrecast_log_lines_left_out",
        "Lines that were kept out of the log because there were too many of their kind",
        one(snapshot.log_lines_left_out),
    )
}

fn events(snapshot: &Snapshot, to: &mut Families<'_>) -> fmt::Result {
    let published = snapshot.events.iter().map(|(kind, count)| (vec![("type", (*kind).to_owned())], *count));
    to.counter("genrecast_events", "Events published, by their type", published)?;
    to.gauge("genrecast_memory_events", "Events in memory, for resuming", one(snapshot.memory_events))?;
    to.gauge("genrecast_memory_events_bytes", "Bytes that they take", one(snapshot.memory_bytes))?;
    to.counter(
        "genrecast_frames_serialised",
        "How often an event was written as JSON: at most once for each top_k that is asked for",
        one(snapshot.frames_serialised),
    )
}

fn subscribers(snapshot: &Snapshot, to: &mut Families<'_>) -> fmt::Result {
    let of = |name: &'static str| -> Labels { vec![("transport", name.to_owned())] };
    let now = snapshot.subscribers.iter().map(|(transport, now, _)| (of(transport.name()), *now));
    to.gauge("genrecast_subscribers", "Subscribers that are connected", now)?;
    let seated = snapshot.subscribers.iter().map(|(transport, _, seated)| (of(transport.name()), *seated));
    to.counter("genrecast_subscriptions", "Subscribers that were let in", seated)?;
    to.counter(
        "genrecast_subscriptions_refused",
        "Subscribers that were sent away because there were too many",
        one(snapshot.subscribers_refused),
    )?;
    to.gauge("genrecast_subscribers_limit", "Most subscribers at a time", one(snapshot.subscriber_limit))?;
    to.gauge(
        "genrecast_subscriber_lag_events",
        "Events that the subscriber who is furthest behind has still to get",
        one(snapshot.furthest_behind),
    )?;
    to.counter(
        "genrecast_subscriber_gaps",
        "Gaps told to subscribers: events that were gone when they came to them",
        one(snapshot.gaps_told),
    )?;
    to.gauge("genrecast_connections", "Connections of any kind that are open", one(snapshot.connections))
}

fn turned_away(snapshot: &Snapshot, to: &mut Families<'_>) -> fmt::Result {
    let of = |(reason, count): (&'static str, u64)| (vec![("reason", reason.to_owned())], count);
    let help = "Connections that were closed before a request of theirs was heard, by the reason";
    to.counter("genrecast_connections_refused", help, snapshot.connections_refused.map(of))?;
    let help =
        "Requests, and first messages of a WebSocket, that were refused for who sent them, by the reason";
    to.counter("genrecast_requests_refused", help, snapshot.requests_refused.map(of))
}

fn tls(snapshot: &Snapshot, to: &mut Families<'_>) -> fmt::Result {
    let of = |value: fn(&Certificate) -> i64| {
        snapshot.certificate.iter().map(move |of| (Labels::new(), value(of)))
    };
    to.gauge(
        "genrecast_tls_certificate_expiry_timestamp_seconds",
        "When the certificate that is shown ends, in seconds since 1970; absent without TLS",
        of(|certificate| certificate.ends_s),
    )?;
    to.gauge(
        "genrecast_tls_last_reload_success_timestamp_seconds",
        "When the certificate that is shown was read, in seconds since 1970; absent without TLS",
        of(|certificate| certificate.read_s),
    )?;
    to.gauge(
        "genrecast_tls_last_reload_successful",
        "Whether the certificate's files could be used when they were read last; absent without TLS",
        of(|certificate| i64::from(certificate.renewed)),
    )
}

fn history(snapshot: &Snapshot, to: &mut Families<'_>) -> fmt::Result {
    let state = snapshot.history.as_ref().map(|status| status.state);
    let states = HISTORY.map(|(word, of)| (vec![("state", word.to_owned())], u64::from(of == state)));
    to.gauge("genrecast_history_state", "1 for the state that the history is in", states)?;
    let Some(status) = &snapshot.history else { return Ok(()) };
    to.gauge("genrecast_history_bytes", "Bytes of the history's file in use", one(status.bytes))?;
    to.gauge("genrecast_history_events", "Events in the history's file, of all runs", one(status.events))?;
    to.counter(
        "genrecast_history_events_not_recorded",
        "Events of this run that never got into the history",
        one(status.not_recorded),
    )
}

fn uploads(snapshot: &Snapshot, to: &mut Families<'_>) -> fmt::Result {
    let Some(uploads) = &snapshot.uploads else { return Ok(()) };
    to.gauge("genrecast_uploads_waiting", "Clips that wait for their turn", one(uploads.waiting))?;
    to.gauge("genrecast_uploads_heard", "Clips that are being heard", one(uploads.heard))?;
    let outcomes =
        uploads.outcomes.iter().map(|(outcome, count)| (vec![("outcome", (*outcome).to_owned())], *count));
    to.counter("genrecast_uploads", "Clips that clients sent, by what became of them", outcomes)
}
