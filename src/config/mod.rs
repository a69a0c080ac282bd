//! Typed configuration: the keys, their defaults and their bounds. Touch it to add a key, together with
//! `config.toml`, which is compiled in and where every key stands.

mod address;
mod decide;
mod diff;
mod gate;
mod history;
mod layers;
mod load;
mod log;
mod mqtt;
mod origin;
mod places;
mod server;
mod source;
mod sources;
mod spelling;
mod state;
mod upload;
mod webhook;

use std::path::PathBuf;

use serde::Deserialize;

pub use decide::DecideConfig;
pub use diff::Change;
pub use gate::GateConfig;
pub use history::HistoryConfig;
#[cfg(any(fuzzing, test))]
pub use load::from_text;
pub use load::{Flag, Loaded, load};
pub use log::{LogConfig, LogFormat, log_filter};
pub use mqtt::MqttConfig;
pub use origin::Setting;
pub use server::ServerConfig;
pub use source::{ChannelName, SourceConfig};
pub use state::state_folder;
pub use upload::UploadConfig;
pub use webhook::WebhookConfig;

use layers::Step;

use crate::deliver;
use crate::model::{DeviceChoice, RuntimeChoice};
use crate::pipeline::DecideSettings;

/// The shipped `config.toml`: every key with its default.
pub const SHIPPED: &str = include_str!("../../config.toml");

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: std::io::Error,
    },
    /// Not TOML.
    #[error("{place}: not valid TOML: {reason}")]
    Syntax {
        /// File and line.
        place: String,
        /// The parser's words.
        reason: String,
    },
    /// A key that does not exist.
    #[error("{place}: unknown key {key:?}{}", suggestion(.nearest))]
    UnknownKey {
        /// File and line, or the environment variable.
        place: String,
        /// Dotted key.
        key: String,
        /// The key that was probably meant.
        nearest: Option<String>,
    },
    /// A value of the wrong type or out of bounds.
    #[error("{place}: {key}: {reason}")]
    Value {
        /// File and line, or the environment variable.
        place: String,
        /// Dotted key.
        key: String,
        /// What was expected and what came.
        reason: String,
    },
}

fn suggestion(key: &Option<String>) -> String {
    match key {
        Some(key) => format!(", did you mean {key:?}?"),
        None => "; `genrecast config` prints every key".into(),
    }
}

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    /// The network side.
    pub server: ServerConfig,
    /// Which model runs where.
    pub model: ModelConfig,
    /// What tells music from what is none.
    pub gate: GateConfig,
    /// When a hop is quiet and when the stable genre changes.
    pub decide: DecideConfig,
    /// The log of events.
    pub events: EventsConfig,
    /// The events in a file.
    pub history: HistoryConfig,
    /// Clips that clients send.
    pub upload: UploadConfig,
    /// The broker that is told of events.
    pub mqtt: MqttConfig,
    /// Web servers that are told of events.
    #[serde(rename = "webhook", default)]
    pub webhooks: Vec<WebhookConfig>,
    /// The daemon's own log.
    pub log: LogConfig,
    /// What is listened to.
    #[serde(rename = "source", default)]
    pub sources: Vec<SourceConfig>,
}

/// `[model]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ModelConfig {
    /// Folder name of the model.
    pub id: String,
    /// A further place to look for models.
    pub folder: Option<PathBuf>,
    /// Which runtime.
    pub runtime: RuntimeChoice,
    /// Which device.
    pub device: DeviceChoice,
    /// ONNX Runtime's library.
    pub onnxruntime: Option<PathBuf>,
    /// Threads within one inference.
    pub threads: usize,
}

/// `[events]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct EventsConfig {
    /// Events kept in memory.
    pub keep: usize,
    /// Most memory they take, in bytes.
    pub keep_bytes: usize,
}

impl Config {
    /// What the pipeline is told.
    pub fn decisions(&self) -> DecideSettings {
        let decide = self.decide.settings();
        DecideSettings { gate: self.gate.settings(decide.gate.quiet_dbfs), ..decide }
    }

    /// Who is told of events, but for passwords and secrets, which are in files of their own.
    pub fn deliveries(&self) -> deliver::Settings {
        deliver::Settings {
            mqtt: self.mqtt.settings(self.server.public_url.as_deref()),
            // The check of the configuration has found no fault with them.
            webhooks: webhook::settings(&self.webhooks).unwrap_or_default(),
        }
    }

    /// The first key that is out of bounds, and why.
    fn fault(&self) -> Option<(Vec<Step>, String)> {
        let path = |key: &str| key.split('.').map(|key| Step::Key(key.to_owned())).collect::<Vec<_>>();
        let fault = |key: &str, reason: String| Some((path(key), reason));
        if let Some((key, reason)) = self.server.fault() {
            return fault(key, reason);
        }
        if !(1..=256).contains(&self.model.threads) {
            return fault("model.threads", format!("expected 1 to 256, got {}", self.model.threads));
        }
        if let Some((key, reason)) = self.gate.fault().or_else(|| self.decide.fault()) {
            return fault(key, reason);
        }
        if !(1..=10_000_000).contains(&self.events.keep) {
            return fault("events.keep", format!("expected 1 to 10000000, got {}", self.events.keep));
        }
        if self.events.keep_bytes < 65_536 {
            return fault(
                "events.keep_bytes",
                format!("expected at least 65536, got {}", self.events.keep_bytes),
            );
        }
        if let Some((key, reason)) =
            self.history.fault().or_else(|| self.upload.fault()).or_else(|| self.mqtt.fault())
        {
            return fault(key, reason);
        }
        if let Err(reason) = log_filter(&self.log.level) {
            return fault("log.level", reason);
        }
        let of_list = |list: &str, (index, key, reason): (usize, &str, String)| {
            let mut path = path(&format!("{list}.{key}"));
            path.insert(1, Step::Index(index));
            (path, reason)
        };
        if let Err(fault) = webhook::settings(&self.webhooks) {
            return Some(of_list("webhook", fault));
        }
        sources::specs(&self.sources).err().map(|fault| of_list("source", fault))
    }
}
