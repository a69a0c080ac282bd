//! The paths about what was before. Touch it with them.

use super::{BAD_QUERY, Content, Failure, GET, Path, failure, json, query};

const NO_HISTORY: Failure = failure(404, &["no_history"], "No history is recorded here.");
const UNKNOWN_CURSOR: Failure =
    failure(410, &["unknown_cursor"], "Nothing of the cursor's epoch is kept any more.");
const UNAVAILABLE: Failure = failure(503, &["history_unavailable"], "The history cannot be read now.");
const UNREADABLE: Failure = failure(500, &["history_unreadable"], "An event in the history is no JSON.");

pub(super) const PATHS: &[Path] = &[
    Path {
        path: "/v1/history",
        operation: "getHistory",
        summary: "every event that is kept, over restarts: JSON, JSON Lines or CSV",
        about: "`format`, else `Accept`, says in which form. JSON comes in pages of `limit` events (500 if left out, at most 5000) or a \
                mebibyte; JSON Lines and CSV come as one stream of all events, or of `limit`. Windows have every label unless `top_k` is given.",
        parameters: query::HISTORY,
        answers: &[json(
            "The events, the oldest first.",
            &[
                ("application/json", Content::Schema("HistoryPage")),
                ("application/x-ndjson", Content::Text("An `Event` a line.")),
                (
                    "text/csv",
                    Content::Text(
                        "RFC 4180, with a head: time, source, type, label, p, start, end, state, text, epoch, seq.",
                    ),
                ),
            ],
        )],
        errors: &[BAD_QUERY, NO_HISTORY, UNKNOWN_CURSOR, UNREADABLE, UNAVAILABLE],
        ..GET
    },
    Path {
        path: "/v1/history/segments",
        operation: "getSegments",
        summary: "the stable genre over a stretch of time, for drawing",
        about: "Segments that overlap the time asked for come whole. The forms are those of `/v1/history`.",
        parameters: query::SEGMENTS,
        answers: &[json(
            "The segments by start.",
            &[
                ("application/json", Content::Schema("SegmentPage")),
                ("application/x-ndjson", Content::Text("A `Segment` a line.")),
                (
                    "text/csv",
                    Content::Text(
                        "RFC 4180, with a head: start, end, source, label, confidence, epoch, seq.",
                    ),
                ),
            ],
        )],
        errors: &[BAD_QUERY, NO_HISTORY, UNKNOWN_CURSOR, UNREADABLE, UNAVAILABLE],
        ..GET
    },
];
