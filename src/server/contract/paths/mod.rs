//! Which paths there are, what each takes and what it answers: `/openapi.json` and the index are made of it.
//! Touch it with every path, parameter, status or error code; tests hold it to the router, the queries and the errors.

mod about;
mod live;
mod models;
mod past;
mod uploads;

use crate::server::request::query;

/// A path and what it answers to a method.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path {
    /// As the router has it.
    pub(super) path: &'static str,
    /// In lower case.
    pub(super) method: &'static str,
    /// A name for generators of code.
    pub(super) operation: &'static str,
    /// For the index: one line. Empty for what is not listed there.
    pub(super) summary: &'static str,
    /// Whatever else there is to know.
    pub(super) about: &'static str,
    /// The parameters of its query.
    pub(super) parameters: &'static [&'static str],
    /// What is sent, in words, where something is.
    pub(super) body: Option<&'static str>,
    /// Headers that change the answer.
    pub(super) headers: &'static [&'static str],
    /// What it answers if all is well.
    pub(super) answers: &'static [Answer],
    /// What it answers if not, besides what every path does.
    pub(super) errors: &'static [Failure],
}

/// A path that is only asked, of which nothing is known yet.
const GET: Path = Path {
    path: "",
    method: "get",
    operation: "",
    summary: "",
    about: "",
    parameters: &[],
    body: None,
    headers: &[],
    answers: &[],
    errors: &[],
};

/// An answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) about: &'static str,
    /// Media types and what is in them.
    pub(super) bodies: &'static [(&'static str, Content)],
}

/// What a body holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    /// JSON of that schema.
    Schema(&'static str),
    /// Text of which no schema is published: its lines or frames are described in words.
    Text(&'static str),
    /// Any JSON Schema, OpenAPI or AsyncAPI document.
    Document,
}

/// An answer that is an error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure {
    pub(super) status: u16,
    /// The values of `error.code`.
    pub(super) codes: &'static [&'static str],
    pub(super) about: &'static str,
    /// The schema of the body.
    pub(super) schema: &'static str,
    /// Headers that it has.
    pub(super) headers: &'static [&'static str],
}

/// What every path may answer.
pub(super) const COMMON: &[Failure] = &[
    failure(
        403,
        &["foreign_origin", "forbidden"],
        "Neither `Host` nor `Origin` may be of a foreign name; see `server.public_url` and `server.allow_origins`. Where tokens are asked for: this one does not open the path.",
    ),
    failure(401, &["unauthenticated"], "Where tokens are asked for: there is none, or a wrong one."),
    Failure {
        status: 429,
        codes: &["too_many_connections"],
        about: "As many connections as allowed are open from the client's address (`server.max_connections_per_address`); of all addresses together \
                (`server.max_connections`) it is 503 with the same code. Nothing of the request is read.",
        schema: "ErrorAnswer",
        headers: &["Retry-After"],
    },
    failure(405, &["method_not_allowed"], "The path does not answer to this method."),
];

/// What paths that do not exist answer.
pub(super) const ABSENT: Failure = failure(404, &["not_found"], "There is no such path.");

/// What is answered when the daemon ends.
const ENDING: Failure = failure(503, &["ending"], "The daemon ends; ask again when it is back.");

/// What is answered of a model that does not exist, or of a file that it does not have.
const NO_MODEL: Failure = failure(
    404,
    &["no_models", "no_such_model", "no_such_file"],
    "There is no such model, or it has no such file.",
);

/// What a query that is wrong is answered.
const BAD_QUERY: Failure = failure(
    400,
    &["bad_query"],
    "A parameter does not exist, stands twice, or has a value that it cannot have.",
);

/// Every path, as the index lists them.
pub(super) fn all() -> Vec<Path> {
    [live::PATHS, past::PATHS, models::PATHS, uploads::PATHS, about::PATHS].concat()
}

const fn failure(status: u16, codes: &'static [&'static str], about: &'static str) -> Failure {
    Failure { status, codes, about, schema: "ErrorAnswer", headers: &[] }
}

const fn json(about: &'static str, schema: &'static [(&'static str, Content)]) -> Answer {
    Answer { status: 200, about, bodies: schema }
}
