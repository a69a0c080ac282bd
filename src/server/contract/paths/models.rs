//! The paths about models. Touch it with them.

use super::{Content, ENDING, GET, NO_MODEL, Path, failure, json};

pub(super) const PATHS: &[Path] = &[
    Path {
        path: "/v1/models",
        operation: "getModels",
        summary: "which models there are; /v1/models/ID/report and /v1/models/ID/card tell more of each",
        answers: &[json("Every model there is.", &[("application/json", Content::Schema("ModelList"))])],
        errors: &[failure(404, &["no_models"], "This server shows no models."), ENDING],
        ..GET
    },
    Path {
        path: "/v1/models/{id}/report",
        operation: "getModelReport",
        answers: &[json(
            "What training measured of it: its `report.json` as it is.",
            &[("application/json", Content::Document)],
        )],
        errors: &[NO_MODEL, UNREADABLE, ENDING],
        ..GET
    },
    Path {
        path: "/v1/models/{id}/card",
        operation: "getModelCard",
        answers: &[json("Its `CARD.md`.", &[("text/markdown", Content::Text("Markdown."))])],
        errors: &[NO_MODEL, UNREADABLE, ENDING],
        ..GET
    },
];

const UNREADABLE: super::Failure = failure(500, &["unreadable"], "The file cannot be read.");
