//! The paths about the daemon itself and its contract. Touch it with them.

use super::{Answer, Content, GET, Path, failure, json};

pub(super) const PATHS: &[Path] = &[
    Path {
        path: "/livez",
        operation: "getLiveness",
        summary: "200 while the process works",
        answers: &[json("The process works.", &[("application/json", Content::Schema("Liveness"))])],
        errors: &[failure(503, &["not_live"], "It does not; restart it.")],
        ..GET
    },
    Path {
        path: "/readyz",
        operation: "getReadiness",
        summary: "200 while audio flows and windows come",
        answers: &[json(
            "Audio flows and windows come from every source that was not played to its end.",
            &[("application/json", Content::Schema("Readiness"))],
        )],
        errors: &[super::Failure {
            schema: "Readiness",
            ..failure(503, &["not_ready"], "They do not; `reasons` says why.")
        }],
        ..GET
    },
    Path {
        path: "/healthz",
        operation: "getHealth",
        summary: "how everything is, in detail",
        answers: &[
            json("How everything is.", &[("application/json", Content::Schema("HealthDetail"))]),
            Answer {
                status: 503,
                about: "The same, if the process does not work.",
                bodies: &[("application/json", Content::Schema("HealthDetail"))],
            },
        ],
        ..GET
    },
    Path {
        path: "/metrics",
        operation: "getMetrics",
        summary: "what is counted, for Prometheus",
        about: "Names and meanings stand in the text itself, in lines that begin with `# HELP`. Within v1 metrics are only added. \
                The second form is that of OpenMetrics, for whoever asks for it by `Accept`.",
        answers: &[json(
            "Every metric.",
            &[
                ("text/plain", Content::Text("Prometheus' text form, version 0.0.4.")),
                ("application/openmetrics-text", Content::Text("OpenMetrics 1.0.0.")),
            ],
        )],
        errors: &[failure(
            500,
            &["no_metrics"],
            "They could not be written, which is a mistake in the program.",
        )],
        ..GET
    },
    Path {
        path: "/openapi.json",
        operation: "getOpenApi",
        summary: "this contract: what HTTP answers (OpenAPI 3.1)",
        answers: &[json("This document.", &[("application/json", Content::Document)])],
        ..GET
    },
    Path {
        path: "/asyncapi.json",
        operation: "getAsyncApi",
        summary: "this contract: events and messages (AsyncAPI 3.0)",
        answers: &[json(
            "The messages of WebSockets and server-sent events.",
            &[("application/json", Content::Document)],
        )],
        ..GET
    },
    Path {
        path: "/schema/{name}",
        operation: "getSchema",
        summary: "the JSON Schema of one message or answer, such as /schema/genre.window.json; /schema/index.json lists them",
        answers: &[json("JSON Schema, draft 2020-12.", &[("application/schema+json", Content::Document)])],
        errors: &[failure(404, &["no_such_schema"], "There is no schema of that name.")],
        ..GET
    },
];
