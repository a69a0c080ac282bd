//! `[mqtt]`: the broker that is told of events. Touch it when MQTT gets a key.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::deliver::{Broker, MqttSettings, Selection, topic_fault};

/// `[mqtt]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MqttConfig {
    /// The broker's address; without it there is none.
    pub url: Option<String>,
    /// Who we are to it.
    pub username: Option<String>,
    /// The file with our password.
    pub password_file: Option<PathBuf>,
    /// Whose certificates its own may be signed by.
    pub ca_file: Option<PathBuf>,
    /// Our name among its clients.
    pub client_id: Option<String>,
    /// What every topic begins with.
    pub topic_prefix: String,
    /// 0 or 1.
    pub qos: u8,
    /// Whether the broker keeps the newest values.
    pub retain: bool,
    /// Whether Home Assistant is to find the sources.
    pub discovery: bool,
    /// What its topics begin with.
    pub discovery_prefix: String,
    /// Types of events that are published.
    pub types: Vec<String>,
    /// Least seconds between two messages of a source's details.
    pub details_seconds: f64,
    /// Most events that wait.
    pub queue: usize,
}

impl MqttConfig {
    /// What the output is told, but for the password; `None` if there is no broker.
    pub(super) fn settings(&self, page: Option<&str>) -> Option<MqttSettings> {
        let broker = Broker::parse(self.url.as_deref()?).ok()?;
        Some(MqttSettings {
            broker,
            username: self.username.clone(),
            password: None,
            ca_file: self.ca_file.clone(),
            client_id: self.client_id.clone(),
            prefix: self.topic_prefix.clone(),
            acknowledged: self.qos == 1,
            retain: self.retain,
            discovery: self.discovery.then(|| self.discovery_prefix.clone()),
            page: page.map(str::to_owned),
            selection: Selection::of_types(&self.types).ok()?,
            details_every: Duration::from_secs_f64(self.details_seconds),
            queue: self.queue,
        })
    }

    /// The first key that is out of bounds, and why.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        if let Some(Err(reason)) = self.url.as_deref().map(Broker::parse) {
            return Some(("mqtt.url", reason));
        }
        if self.username.is_none() && self.password_file.is_some() {
            return Some(("mqtt.password_file", "a password needs mqtt.username, too".into()));
        }
        for (key, text) in [("mqtt.username", &self.username), ("mqtt.client_id", &self.client_id)] {
            let fits = |text: &String| (1..=256).contains(&text.len()) && !text.chars().any(char::is_control);
            if text.as_ref().is_some_and(|text| !fits(text)) {
                return Some((key, "expected 1 to 256 characters".into()));
            }
        }
        for (key, prefix) in
            [("mqtt.topic_prefix", &self.topic_prefix), ("mqtt.discovery_prefix", &self.discovery_prefix)]
        {
            if let Some(reason) = topic_fault(prefix) {
                return Some((key, reason));
            }
        }
        if self.qos > 1 {
            return Some(("mqtt.qos", format!("expected 0 or 1, got {}", self.qos)));
        }
        if let Err(reason) = Selection::of_types(&self.types) {
            return Some(("mqtt.types", reason));
        }
        if !(0.0..=86_400.0).contains(&self.details_seconds) {
            let got = self.details_seconds;
            return Some(("mqtt.details_seconds", format!("expected 0 to 86400 seconds, got {got}")));
        }
        if !(1..=1_000_000).contains(&self.queue) {
            return Some(("mqtt.queue", format!("expected 1 to 1000000, got {}", self.queue)));
        }
        None
    }
}
