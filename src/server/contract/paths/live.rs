//! The paths about what is now. Touch it with them.

use super::{Answer, BAD_QUERY, Content, Failure, GET, Path, failure, json, query};

pub(super) const PATHS: &[Path] = &[
    Path {
        path: "/",
        operation: "getIndex",
        summary: "the page, for browsers; this list, for programs",
        about: "Who names `text/html` in `Accept` and likes it no less than JSON is a browser. The files of the page lie below `/assets/`.",
        answers: &[json(
            "Each path and what it answers, or the page.",
            &[("application/json", Content::Schema("Index")), ("text/html", Content::Text("The page."))],
        )],
        ..GET
    },
    Path {
        path: "/v1/events",
        operation: "getEvents",
        summary: "every event, live: WebSocket (subprotocol genrecast.v1.json) or, with Accept: text/event-stream, SSE",
        about: "The messages of both are described by `/asyncapi.json`. Without a parameter a WebSocket gets `hello` and heartbeats \
                until it subscribes; server-sent events, whose client can say nothing, get everything.",
        parameters: query::EVENTS,
        headers: &["Last-Event-ID"],
        answers: &[
            Answer { status: 101, about: "A WebSocket: one message is one JSON text frame.", bodies: &[] },
            Answer {
                status: 200,
                about: "Server-sent events, where `Accept` names them: `event` is the message's `type`, `data` the message, `id` \
                        `EPOCH:SEQ` on logged events. A bare `id` moves the client's place.",
                bodies: &[("text/event-stream", Content::Text("Server-sent events; see `/asyncapi.json`."))],
            },
        ],
        errors: &[
            failure(400, &["bad_query", "bad_handshake"], "The query or the handshake is wrong."),
            failure(409, &["future_cursor"], "Server-sent events: the cursor lies in the future."),
            failure(
                426,
                &["upgrade_required", "bad_version"],
                "Neither a WebSocket nor server-sent events were asked for.",
            ),
            Failure {
                headers: &["Retry-After"],
                ..failure(
                    503,
                    &["full"],
                    "Server-sent events: there are as many subscribers as allowed. (A WebSocket is closed with 1013.)",
                )
            },
        ],
        ..GET
    },
    Path {
        path: "/v1/now",
        operation: "getNow",
        summary: "how each source is, with its newest events",
        parameters: query::NOW,
        answers: &[json("How things are.", &[("application/json", Content::Schema("Now"))])],
        errors: &[BAD_QUERY],
        ..GET
    },
    Path {
        path: "/v1/sources",
        operation: "getSources",
        summary: "how each source is: state, genre, level, counters",
        parameters: query::NOW,
        answers: &[json("How each source is.", &[("application/json", Content::Schema("Sources"))])],
        errors: &[BAD_QUERY],
        ..GET
    },
];
