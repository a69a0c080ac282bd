//! The paths that hear a file. Touch it with them.

use super::{BAD_QUERY, Content, Failure, GET, Path, failure, json, query};

pub(super) const PATHS: &[Path] = &[
    Path {
        path: "/v1/classify",
        method: "post",
        operation: "classify",
        summary: "POST a file: its genre; /v1/classify/ID tells how far it is",
        about: "The bytes are decoded and heard while they come, by each of the models that are asked for, or by the configured one. A client \
                that goes away ends it.",
        parameters: query::CLASSIFY,
        body: Some(
            "The file itself: WAV, FLAC, MP3, Ogg Vorbis, Opus, AAC or M4A, whatever `Content-Type` says.",
        ),
        answers: &[json("What each model says.", &[("application/json", Content::Schema("UploadAnswer"))])],
        errors: &[
            failure(
                400,
                &["bad_query", "broken_body", "cancelled"],
                "A parameter is wrong, or the body is not what HTTP promises.",
            ),
            failure(
                404,
                &["no_such_model", "no_models", "no_such_file", "no_uploads"],
                "There is no such model, or files are not taken.",
            ),
            failure(408, &["too_slow"], "Nothing came for too long, or it took too long."),
            failure(409, &["id_in_use"], "A file of that id is on its way."),
            failure(
                413,
                &["too_large"],
                "It is larger than `upload.max_bytes`, or an M4A whose index stands too far behind.",
            ),
            failure(415, &["wrapped_body"], "The body is a form, or compressed; send the bytes as they are."),
            failure(
                422,
                &["not_audio", "too_long"],
                "It cannot be decoded, or is longer than `upload.max_seconds`.",
            ),
            failure(
                500,
                &["model_failed", "broke_down", "unreadable"],
                "The daemon failed; its log says why.",
            ),
            Failure {
                headers: &["Retry-After"],
                ..failure(
                    503,
                    &["queue_full", "ending"],
                    "`upload.waiting` files wait already, or the daemon ends.",
                )
            },
        ],
        ..GET
    },
    Path {
        path: "/v1/classify/{id}",
        operation: "getClassifyProgress",
        answers: &[json("How far it is.", &[("application/json", Content::Schema("UploadProgress"))])],
        errors: &[failure(
            404,
            &["no_such_upload"],
            "No file of that id is on its way, and none was among the last.",
        )],
        ..GET
    },
    Path {
        path: "/v1/mel",
        operation: "getMel",
        summary: "the mel columns that the model hears, as bytes, live: WebSocket (subprotocol genrecast.mel.v1)",
        about: "Its messages are described by `/asyncapi.json`.",
        parameters: query::MEL,
        answers: &[super::Answer { status: 101, about: "A WebSocket.", bodies: &[] }],
        errors: &[
            Failure { codes: &["bad_query", "bad_handshake"], ..BAD_QUERY },
            failure(426, &["upgrade_required", "bad_version"], "No WebSocket was asked for."),
        ],
        ..GET
    },
];
