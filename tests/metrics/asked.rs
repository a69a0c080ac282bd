//! What the dashboard and the alerts ask for, against what the daemon tells. Touch it when there is another such file.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::daemon::{Scene, ask};
use crate::support::root;

/// Metrics that no panel needs to show, each for a reason.
const NOT_SHOWN: [&str; 4] = [
    // What ready does not say, the supervisor acts on.
    "genrecast_live",
    // For whoever looks for a mistake in the program.
    "genrecast_frames_serialised_total",
    "genrecast_memory_events",
    "genrecast_memory_events_bytes",
];

/// Names of metrics in the text of a query.
fn named(query: &str) -> BTreeSet<String> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = query.split(|letter| !is_name(letter));
    let ours = |word: &&str| word.starts_with("genrecast_") || word.starts_with("process_");
    words.filter(ours).map(str::to_owned).collect()
}

/// Every query of the dashboard, those of its variables and annotations included.
fn dashboard() -> Vec<String> {
    fn collect(value: &Value, queries: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    match value {
                        Value::String(text) if key == "expr" || key == "query" => queries.push(text.clone()),
                        other => collect(other, queries),
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|value| collect(value, queries)),
            _ => {}
        }
    }
    let text = std::fs::read_to_string(root().join("contrib/grafana/genrecast.json")).expect("readable");
    let mut queries = Vec::new();
    collect(&serde_json::from_str(&text).expect("JSON"), &mut queries);
    assert!(queries.len() > 20, "{queries:?}");
    queries
}

/// The expressions of the alerts.
fn alerts() -> String {
    let text = std::fs::read_to_string(root().join("contrib/prometheus/alerts.yml")).expect("readable");
    text.lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n")
}

/// Names of all samples that a daemon tells, and of families that have none at present: it speaks no TLS and tells nobody.
fn told() -> BTreeSet<String> {
    let text = ask(&Scene::new().daemon, "/metrics", "").2;
    let families = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let samples = samples.filter_map(|line| line.split(['{', ' ']).next());
    families.chain(samples).map(str::to_owned).collect()
}

pub fn exist() {
    let told = told();
    assert!(told.len() > 40, "{told:?}");
    let asked =
        dashboard().iter().flat_map(|query| named(query)).chain(named(&alerts())).collect::<BTreeSet<_>>();
    assert!(asked.len() > 30, "{asked:?}");
    let unknown: Vec<_> = asked.difference(&told).collect();
    assert!(unknown.is_empty(), "{unknown:?} are asked for and never told");
}

pub fn shown() {
    let shown: BTreeSet<String> = dashboard().iter().flat_map(|query| named(query)).collect();
    let family = |name: &str| {
        let ending = ["_bucket", "_sum", "_count"].into_iter().find_map(|ending| name.strip_suffix(ending));
        ending.unwrap_or(name).to_owned()
    };
    let shown: BTreeSet<String> = shown.iter().map(|name| family(name)).collect();
    let told: BTreeSet<String> = told().iter().map(|name| family(name)).collect();
    let missing: Vec<_> =
        told.iter().filter(|name| !shown.contains(*name) && !NOT_SHOWN.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?} are told and on no panel");
    assert!(
        NOT_SHOWN.iter().all(|name| told.contains(*name) && !shown.contains(*name)),
        "NOT_SHOWN is out of date"
    );
}
