//! What Home Assistant is told so that it finds a daemon and its sources: a device a daemon, three sensors a source. Touch it
//! when there is another entity. <https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery>

use serde_json::{Value as Json, json};

use super::MqttSettings;
use super::connect::{OFFLINE, ONLINE};
use super::topics::{Topics, Value, object_id};
use crate::deliver::Ground;
use crate::event::SourceState;

/// The entities of a source, each with the value that is its state.
const SENSORS: [(Value, &str); 3] =
    [(Value::Genre, "mdi:music"), (Value::State, "mdi:access-point"), (Value::Track, "mdi:playlist-music")];

/// Every state, for the list of what a sensor can say.
const STATES: [SourceState; 7] = [
    SourceState::Starting,
    SourceState::Live,
    SourceState::Silent,
    SourceState::Stalled,
    SourceState::Reconnecting,
    SourceState::Failed,
    SourceState::Ended,
];

/// The descriptions that Home Assistant reads.
pub(super) struct Discovery<'a> {
    /// What their topics begin with.
    prefix: &'a str,
    settings: &'a MqttSettings,
    topics: &'a Topics,
    id: &'a str,
    ground: &'a Ground,
}

impl<'a> Discovery<'a> {
    /// `None` if Home Assistant is not to find anything.
    pub fn new(
        settings: &'a MqttSettings,
        topics: &'a Topics,
        id: &'a str,
        ground: &'a Ground,
    ) -> Option<Self> {
        let prefix = settings.discovery.as_deref()?;
        Some(Self { prefix, settings, topics, id, ground })
    }

    /// Where Home Assistant says that it has started.
    pub fn birth(&self) -> String {
        format!("{}/status", self.prefix)
    }

    /// All topics that descriptions of this installation can have, as a filter.
    pub fn filter(&self) -> String {
        format!("{}/sensor/genrecast_{}/+/config", self.prefix, self.id)
    }

    /// Topics and descriptions of a source's entities.
    pub fn entities(&self, source: &str) -> impl Iterator<Item = (String, String)> {
        SENSORS.iter().map(move |(value, icon)| {
            (self.topic(source, *value), self.description(source, *value, icon).to_string())
        })
    }

    /// Whether one of these sources has an entity with this topic.
    pub fn is_ours(&self, topic: &str, sources: &[String]) -> bool {
        sources.iter().any(|source| SENSORS.iter().any(|(value, _)| self.topic(source, *value) == topic))
    }

    fn topic(&self, source: &str, value: Value) -> String {
        let object = object_id(source);
        format!("{}/sensor/genrecast_{}/{object}_{}/config", self.prefix, self.id, value.name())
    }

    fn description(&self, source: &str, value: Value, icon: &str) -> Json {
        let state = self.topics.value(source, value);
        let mut availability = vec![json!({"topic": self.topics.status()})];
        if value != Value::State {
            availability.push(json!({
                "topic": self.topics.value(source, Value::State),
                "value_template":
                    format!("{{{{ '{ONLINE}' if value in ['live', 'silent'] else '{OFFLINE}' }}}}"),
            }));
        }
        let mut description = json!({
            "name": format!("{source} {}", value.name()),
            "unique_id": format!("genrecast_{}_{source}_{}", self.id, value.name()),
            "state_topic": state,
            "json_attributes_topic": self.topics.value(source, Value::Details),
            "json_attributes_template": format!("{{{{ value_json.{} | default({{}}, true) | tojson }}}}", value.name()),
            "availability": availability,
            "availability_mode": "all",
            "payload_available": ONLINE,
            "payload_not_available": OFFLINE,
            "qos": u8::from(self.settings.acknowledged),
            "icon": icon,
            "device": self.device(),
            "origin": {"name": "genrecast", "sw_version": self.ground.version},
        });
        match value {
            Value::State => {
                description["device_class"] = json!("enum");
                description["options"] = json!(STATES);
                description["entity_category"] = json!("diagnostic");
            }
            // A state of Home Assistant has at most 255 characters.
            Value::Track => description["value_template"] = json!("{{ value[:255] }}"),
            _ => {}
        }
        description
    }

    fn device(&self) -> Json {
        let mut device = json!({
            "identifiers": [format!("genrecast_{}", self.id)],
            "name": host().map_or_else(|| "genrecast".to_owned(), |host| format!("genrecast {host}")),
            "manufacturer": "genrecast",
            "model": self.ground.model,
            "sw_version": self.ground.version,
        });
        if let Some(page) = &self.settings.page {
            device["configuration_url"] = json!(page);
        }
        device
    }
}

/// What this machine calls itself.
fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().chars().take(64).collect()).filter(|name: &String| !name.is_empty())
}
