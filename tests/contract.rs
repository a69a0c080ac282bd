//! The published contract against the sources of the server and against `docs/api`. What the daemon really says is held to
//! it by `tests/contract/`. Touch it when paths, parameters or codes are written otherwise in the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use genrecast::event::EventBody;
use genrecast::server::contract::documents;
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn document(path: &str) -> Value {
    serde_json::from_str(&documents()[path]).expect("JSON")
}

/// The text of every file of the server's room, but for its tests.
fn server() -> String {
    fn collect(folder: &Path, texts: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => collect(&path, texts),
                false if path.ends_with("tests.rs") => {}
                false => texts.push(fs::read_to_string(path).expect("text")),
            }
        }
    }
    let mut texts = Vec::new();
    collect(&root().join("src/server"), &mut texts);
    texts.iter().map(|text| text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()).collect()
}

/// What stands in quotes within `text` next.
fn quoted(text: &str) -> Option<&str> {
    text.split('"').nth(1)
}

/// The routes of the router: path and methods.
fn routes(server: &str) -> BTreeMap<String, BTreeSet<String>> {
    let route = |text: &str| {
        let path = quoted(text).expect("a path").to_owned();
        let handler = text.split(".route(").next().unwrap_or_default();
        let methods = ["get", "post", "put", "delete"];
        let taken = methods.iter().filter(|method| {
            [format!(" {method}("), format!(".{method}("), format!("::{method}(")]
                .iter()
                .any(|call| handler.split('\n').next().unwrap_or_default().contains(call.as_str()))
        });
        (path, taken.map(|method| (*method).to_owned()).collect())
    };
    server.split(".route(").skip(1).map(route).collect()
}

#[test]
fn docs_api_is_what_the_daemon_serves() {
    let folder = root().join("docs/api");
    let mut there = BTreeSet::new();
    for (path, text) in documents() {
        let kept = fs::read_to_string(folder.join(path)).unwrap_or_default();
        assert!(
            kept == *text,
            "docs/api/{path} differs from what the daemon serves; if the change is meant (and additive), renew it with\n\
             cargo run --example contract -- docs/api"
        );
        there.insert(folder.join(path));
    }
    for place in [folder.clone(), folder.join("schema")] {
        for entry in fs::read_dir(place).expect("a folder") {
            let path = entry.expect("an entry").path();
            let is_document = path.extension().is_some_and(|extension| extension == "json");
            assert!(!is_document || there.contains(&path), "{} is not served any more", path.display());
        }
    }
}

#[test]
fn every_route_is_described() {
    let routes = routes(&server());
    let openapi = document("openapi.json");
    let described: BTreeMap<String, BTreeSet<String>> = openapi["paths"]
        .as_object()
        .expect("an object")
        .iter()
        .map(|(path, item)| (path.clone(), item.as_object().expect("an object").keys().cloned().collect()))
        .collect();
    assert_eq!(routes, described, "routes on the left, src/server/contract/paths on the right");
    assert!(routes.len() > 10 && routes["/v1/now"] == BTreeSet::from(["get".to_owned()]), "{routes:?}");
}

#[test]
fn every_parameter_is_described() {
    let openapi = document("openapi.json");
    let described: BTreeSet<&str> = openapi["paths"]
        .as_object()
        .expect("an object")
        .values()
        .flat_map(|item| item.as_object().expect("an object").values())
        .flat_map(|operation| operation["parameters"].as_array().into_iter().flatten())
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    let text = fs::read_to_string(root().join("src/server/request/query.rs")).expect("text");
    let mut seen = 0;
    for list in text.split(": &[&str] =").skip(1) {
        let list = list.split(';').next().unwrap_or_default();
        for name in list.split('"').skip(1).step_by(2) {
            assert!(
                described.contains(name),
                "the parameter {name:?} is in query.rs and not in contract/parameters.rs"
            );
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} parameters seen");
}

#[test]
fn every_error_code_is_described() {
    let openapi = document("openapi.json");
    let mut described = BTreeSet::new();
    collect_codes(&openapi, &mut described);
    let asyncapi = document("asyncapi.json");
    let mut told = BTreeSet::new();
    collect_codes(&asyncapi, &mut told);
    let server = server();
    for (before, described) in [("StatusCode::", &described), ("message::error(", &told)] {
        let codes: BTreeSet<String> = server.split(before).skip(1).filter_map(code).collect();
        assert!(codes.len() > 4, "{codes:?}");
        let missing: Vec<_> = codes.difference(described).collect();
        assert!(missing.is_empty(), "{missing:?} are told after {before} and not described");
        let written =
            |code: &&String| server.matches(&format!("{code:?}")).count() > 1 || codes.contains(*code);
        let extra: Vec<_> = described.iter().filter(|code| !written(code)).collect();
        assert!(extra.is_empty(), "{extra:?} are described and never told");
    }
}

/// The code in `BAD_REQUEST, "bad_query"` or `"bad_message"`, where such a call begins.
fn code(text: &str) -> Option<String> {
    let name = text.trim_start_matches(|letter: char| letter.is_ascii_uppercase() || letter == '_');
    let name = name.trim_start_matches(|letter: char| letter == ',' || letter.is_whitespace());
    name.starts_with('"').then(|| quoted(name).unwrap_or_default().to_owned())
}

fn collect_codes(value: &Value, codes: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let listed = fields.get("x-error-codes").and_then(Value::as_array).into_iter().flatten();
            codes.extend(listed.filter_map(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| collect_codes(value, codes));
        }
        Value::Array(list) => list.iter().for_each(|value| collect_codes(value, codes)),
        _ => {}
    }
}

#[test]
fn every_type_of_event_has_its_schema_with_everything_that_events_have() {
    for name in EventBody::TYPES {
        let schema = document(&format!("schema/{name}.json"));
        let required = schema["required"].as_array().expect("a list");
        for field in ["type", "v", "epoch", "seq", "source", "time"] {
            assert!(required.iter().any(|of| of == field), "{name}: {field} is always there");
            assert!(schema["properties"][field].is_object(), "{name}: {field} is described");
        }
        assert_eq!(schema["properties"]["type"]["const"], name);
        assert_eq!(schema["properties"]["v"]["const"], 1);
        assert_eq!(schema["properties"]["time"]["format"], "date-time");
    }
    let window = document("schema/genre.window.json");
    assert_eq!(window["$defs"]["LabelScore"]["properties"]["p"]["maximum"], 1.0);
    let track = &window["required"].as_array().expect("a list");
    assert!(!track.iter().any(|of| of == "track"), "a track is not always there");
}
