//! Telling others of events as they come: an MQTT broker, webhooks. Each is one more reader of the hub's log, with a
//! bounded queue of its own, so nobody who is slow or away delays an event or costs more than that queue.
//!
//! [`run`] is the thread `deliver`: one runtime of one thread, on which each output is a task. Touch this file when there is
//! another kind of output.

mod identity;
mod manager;
mod mqtt;
mod output;
mod queue;
mod secret;
mod selection;
mod status;
mod webhook;

use std::path::PathBuf;
use std::sync::Arc;

pub use manager::{END_LIMIT, run};
pub use mqtt::{Broker, MqttSettings, topic_fault};
pub use secret::{Secret, SecretError, SecretFile};
pub use selection::Selection;
pub use status::{State, Status, Statuses};
pub use webhook::WebhookSettings;

use crate::hub::Hub;

/// Whom to tell, and of what; it may change while the daemon runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// The broker, if there is one.
    pub mqtt: Option<MqttSettings>,
    /// The webhooks; their names differ.
    pub webhooks: Vec<WebhookSettings>,
}

/// What is to hold from now on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted {
    /// Whom to tell.
    pub settings: Settings,
    /// Names of the sources that are configured.
    pub sources: Vec<String>,
}

/// What does not change while the daemon runs.
#[derive(Clone)]
pub struct Ground {
    /// The events.
    pub hub: Arc<Hub>,
    /// Where each output tells how it fares.
    pub statuses: Statuses,
    /// The folder in which the installation's id is kept; `None` if there is none.
    pub folder: Option<PathBuf>,
    /// Version of the program.
    pub version: String,
    /// Name of the model.
    pub model: String,
}
