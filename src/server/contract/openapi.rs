//! `/openapi.json`: OpenAPI 3.1 of `paths` and of the generated schemas. Touch it when the document is to say more of each
//! path; what is said of one stands in `paths`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::parameters::{header, in_path, parameter};
use super::paths::{self, Answer, Content, Failure, Path};
use super::schemas::{PLACE, last};

/// The unions whose members `type` tells apart.
const UNIONS: [&str; 3] = ["Event", "ServerMessage", "ClientMessage"];

/// The document.
pub(super) fn document(definitions: &BTreeMap<String, Value>) -> Value {
    let mut paths = BTreeMap::<_, Map<_, _>>::new();
    for of in paths::all() {
        paths.entry(of.path).or_default().insert(of.method.to_owned(), operation(&of));
    }
    let mut schemas = definitions.clone();
    for name in UNIONS {
        if let Some(Value::Object(union)) = schemas.get_mut(name) {
            union.insert("discriminator".into(), json!({"propertyName": "type", "mapping": mapping(union)}));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "genrecast",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Which music genre is playing, live.",
            "description": "What the daemon answers over HTTP. Within v1 changes are additive only: fields, values of `type` and codes of errors \
                            may be added, so ignore what you do not know. Paths are relative to where the daemon is found.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "this daemon"}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {"absent": failure(&paths::ABSENT)},
            "securitySchemes": {"token": {
                "type": "http", "scheme": "bearer",
                "description": "Where `server.token_file` is set; everything but `/`, its files and `/livez` asks for it then.",
            }},
        },
    })
}

/// Which schema each `type` has.
fn mapping(union: &Map<String, Value>) -> BTreeMap<String, Value> {
    let choices = union.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let of = |choice: &Value| {
        let reference = choice["$ref"].as_str().unwrap_or_default();
        (last(reference).trim_start_matches("client.").to_owned(), choice["$ref"].clone())
    };
    choices.map(of).collect()
}

fn operation(path: &Path) -> Value {
    let mut parameters: Vec<Value> = path.parameters.iter().filter_map(|name| parameter(name)).collect();
    parameters.extend(path.headers.iter().filter_map(|name| header(name)));
    parameters.extend(braced(path.path).map(|name| in_path(path.path, name)));
    let mut responses: BTreeMap<String, Value> =
        path.answers.iter().map(|of| (of.status.to_string(), answer(of))).collect();
    for of in path.errors.iter().chain(paths::COMMON) {
        responses.insert(of.status.to_string(), failure(of));
    }
    let mut operation = json!({
        "operationId": path.operation, "summary": path.summary, "responses": responses,
    });
    if !path.about.is_empty() {
        operation["description"] = path.about.into();
    }
    if let Some(about) = path.body {
        let content = json!({"*/*": {"schema": {"type": "string", "format": "binary"}}});
        operation["requestBody"] = json!({"required": true, "description": about, "content": content});
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    operation
}

/// The names in braces of a path.
fn braced(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

fn answer(of: &Answer) -> Value {
    let mut answer = json!({"description": of.about});
    if !of.bodies.is_empty() {
        let content = of.bodies.iter().map(|(media, content)| ((*media).to_owned(), body(*content)));
        answer["content"] = content.collect::<Map<_, _>>().into();
    }
    answer
}

fn body(content: Content) -> Value {
    match content {
        Content::Schema(name) => json!({"schema": {"$ref": format!("#{PLACE}/{name}")}}),
        Content::Text(about) => json!({"schema": {"type": "string", "description": about}}),
        Content::Document => json!({"schema": {"type": "object"}}),
    }
}

fn failure(of: &Failure) -> Value {
    let codes: Vec<String> = of.codes.iter().map(|code| format!("`{code}`")).collect();
    let mut answer = json!({
        "description": format!("{} ({})", of.about, codes.join(", ")),
        "content": {"application/json": body(Content::Schema(of.schema))},
        "x-error-codes": of.codes,
    });
    if !of.headers.is_empty() {
        let header = |name: &&str| {
            ((*name).to_owned(), json!({"description": "Seconds to wait.", "schema": {"type": "integer"}}))
        };
        answer["headers"] = of.headers.iter().map(header).collect::<Map<_, _>>().into();
    }
    answer
}
