//! The newest values of each source, and which of them the broker has not got yet. Touch it when there is another value, or
//! when the details are to say more.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::topics::Value;
use crate::event::{EventBody, GenreWindow, SourceState, SourceStateChange};
use crate::hub::{Snapshot, SourceLatest};

/// Labels in the details.
const LABELS: usize = 5;

/// What the broker was told of each source.
#[derive(Debug, Default)]
pub(super) struct Values {
    told: BTreeMap<String, Told>,
}

#[derive(Debug, Default)]
struct Told {
    values: BTreeMap<Value, String>,
    /// When the details were told.
    details: Option<Instant>,
}

/// A value that is to be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct News {
    pub source: String,
    pub value: Value,
    pub text: String,
}

impl Values {
    /// The broker knows nothing any more, or is to be told again.
    pub fn forget(&mut self) {
        self.told.clear();
    }

    /// What is new of these sources. Details that only differ in numbers are told once in `details_every`.
    pub fn news(&mut self, snapshot: &Snapshot, sources: &[String], details_every: Duration) -> Vec<News> {
        self.told.retain(|name, _| sources.contains(name));
        let mut news = Vec::new();
        for latest in
            snapshot.sources.iter().filter(|latest| sources.iter().any(|name| **name == *latest.source))
        {
            let told = self.told.entry(latest.source.to_string()).or_default();
            let (words, details) = values(latest);
            let mut changed = false;
            let mut tell = |told: &mut Told, value, text: String| {
                news.push(News { source: latest.source.to_string(), value, text: text.clone() });
                told.values.insert(value, text);
            };
            for (value, text) in words {
                if told.values.get(&value) != Some(&text) {
                    changed = true;
                    tell(told, value, text);
                }
            }
            let due = changed || told.details.is_none_or(|at| at.elapsed() >= details_every);
            if due && told.values.get(&Value::Details) != Some(&details) {
                tell(told, Value::Details, details);
                told.details = Some(Instant::now());
            }
        }
        news
    }
}

/// The values that are words, and the details.
fn values(latest: &SourceLatest) -> (Vec<(Value, String)>, String) {
    let state = latest.state.as_ref().and_then(|entry| match &entry.event().body {
        EventBody::SourceState(change) => Some(change),
        _ => None,
    });
    let window = latest.window.as_ref().and_then(|entry| match &entry.event().body {
        EventBody::Window(window) => Some(&**window),
        _ => None,
    });
    // What has ended, or is away, plays nothing.
    let plays = state.is_none_or(|state| matches!(state.state, SourceState::Live | SourceState::Silent));
    let track = window.and_then(|window| window.track.as_ref()).filter(|_| plays);
    let mut words = Vec::new();
    if let Some(window) = window {
        words.push((Value::Genre, window.stable.label.clone()));
    }
    if let Some(state) = state {
        words.push((Value::State, word(state.state)));
    }
    words.push((Value::Track, track.map_or_else(String::new, |track| track.title.clone())));
    let details = json!({
        "genre": window.map(genre),
        "state": state.map(reasons),
        "track": track.map(|track| json!({"title": track.title, "start": track.start})),
    });
    (words, details.to_string())
}

fn genre(window: &GenreWindow) -> Json {
    let of = |label: &str| window.top.iter().find(|score| score.label == label).map(|score| score.p);
    let probabilities: serde_json::Map<String, Json> =
        window.top.iter().take(LABELS).map(|score| (score.label.clone(), json!(score.p))).collect();
    json!({
        "label": window.stable.label,
        "since": window.stable.since,
        "probability": of(&window.stable.label),
        "probabilities": probabilities,
        "heard": window.state,
        "level_dbfs": window.audio.rms_dbfs,
    })
}

fn reasons(state: &SourceStateChange) -> Json {
    json!({"state": state.state, "reason": state.reason, "remedy": state.remedy})
}

/// A state as it stands in events.
fn word(state: SourceState) -> String {
    match json!(state) {
        Json::String(word) => word,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::hub::{Hub, HubLimits};

    fn publish(hub: &Arc<Hub>, state: SourceState) {
        hub.publish("a", EventBody::SourceState(SourceStateChange { state, reason: None, remedy: None }));
    }

    #[test]
    fn what_is_new_is_told_once_and_all_of_it_after_a_new_connection() {
        let hub = Hub::new(HubLimits::default());
        let mut values = Values::default();
        let names = ["a".to_owned()];
        let told = |values: &mut Values, names: &[String]| {
            let news = values.news(&hub.snapshot(), names, Duration::ZERO);
            news.into_iter().map(|news| (news.value, news.text)).collect::<Vec<_>>()
        };
        assert_eq!(told(&mut values, &names), []);
        publish(&hub, SourceState::Starting);
        let first = told(&mut values, &names);
        assert_eq!(first[..2], [(Value::State, "starting".to_owned()), (Value::Track, String::new())]);
        let details: Json = serde_json::from_str(&first[2].1).expect("JSON");
        assert_eq!((&details["state"]["state"], &details["genre"]), (&json!("starting"), &Json::Null));
        assert_eq!(told(&mut values, &names), []);
        publish(&hub, SourceState::Live);
        assert_eq!(told(&mut values, &names)[0], (Value::State, "live".to_owned()));
        values.forget();
        assert_eq!(told(&mut values, &names).len(), 3);
        assert_eq!(told(&mut values, &[]), [], "nothing of a source that is not configured");
        assert_eq!(told(&mut values, &names).len(), 3, "and everything when it comes back");
    }
}
