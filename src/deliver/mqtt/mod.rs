//! Events for an MQTT broker (3.1.1), and what Home Assistant needs to find them. rumqttc gives the packets; connection,
//! acknowledgements and order are ours, so that an event counts as delivered when the broker has said so.
//!
//! [`run`] connects, converses and begins again, for ever. Touch this file when the broker's settings get another one.

mod announce;
mod broker;
mod connect;
mod conversation;
mod discovery;
mod error;
mod flight;
mod hear;
mod link;
mod topics;
mod values;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use broker::Broker;
pub use topics::topic_fault;

use super::identity::Identity;
use super::output::{Output, Woken};
use super::status::{Line, State};
use super::{Ground, Secret, Selection};
use crate::backoff::Backoff;
use connect::connect;
use conversation::{Conversation, End};
use error::MqttError;

/// How long is waited before the next try, at first and at most.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// A connection that held for so long was a good one: after it the waits begin with the shortest.
const GOOD: Duration = Duration::from_secs(30);

/// Where the broker is and what it gets.
#[derive(Debug, Clone, PartialEq)]
pub struct MqttSettings {
    /// Its address.
    pub broker: Broker,
    /// Who we are to it.
    pub username: Option<String>,
    /// How we prove it.
    pub password: Option<Secret>,
    /// The certificates (PEM) that its own may be signed by, in the place of the system's.
    pub ca_file: Option<PathBuf>,
    /// Our name among its clients; `None`: one made of the installation's id.
    pub client_id: Option<String>,
    /// What every topic begins with, without a slash at its end.
    pub prefix: String,
    /// Whether every message is to be acknowledged (QoS 1).
    pub acknowledged: bool,
    /// Whether the broker keeps the newest values for who comes later.
    pub retain: bool,
    /// What the topics begin with by which Home Assistant finds entities; `None`: it is not to find any.
    pub discovery: Option<String>,
    /// The page's address, if it has one that others can use.
    pub page: Option<String>,
    /// Which events are published.
    pub selection: Selection,
    /// Least time between two messages of a source's details while nothing else changes.
    pub details_every: Duration,
    /// Most events that wait.
    pub queue: usize,
}

/// The settings, and the sources that there are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MqttWanted {
    pub settings: MqttSettings,
    pub sources: Vec<String>,
}

/// Tells the broker of events until the output is to end.
pub(super) async fn run(ground: Ground, mut output: Output<MqttWanted>, line: Line) {
    let folder = ground.folder.clone();
    let mut loading = tokio::task::spawn_blocking(move || Identity::load(folder.as_deref()));
    let identity = loop {
        match output.wait_for(&mut loading).await {
            Woken::Done(Ok(identity)) => break identity,
            Woken::Changed => {}
            Woken::Done(Err(_)) | Woken::Ended => return tell_left(&output),
        }
    };
    let mut backoff = Backoff::new(WAITS.0, WAITS.1);
    let mut announced = BTreeSet::new();
    loop {
        let wanted = Arc::clone(&output.wanted.borrow_and_update());
        let settings = &wanted.settings;
        output.queue.set(settings.selection.clone(), settings.queue);
        line.tell(|status| status.to = settings.broker.to_string());
        let error = match output.wait_for(connect(settings, &identity)).await {
            Woken::Changed => continue,
            Woken::Ended => return tell_left(&output),
            Woken::Done(Err(error)) => error,
            Woken::Done(Ok(link)) => {
                let waiting = output.queue.len();
                tracing::info!(broker = %settings.broker, waiting, "MQTT: connected");
                line.turn(State::Working);
                let begin = Instant::now();
                let wanted = Arc::clone(&wanted);
                let conversation =
                    Conversation::new(link, &mut output, wanted, &identity, &ground, &line, &mut announced);
                match conversation.run().await {
                    End::Changed => continue,
                    End::Ended => return tell_left(&output),
                    End::Lost(error) => {
                        if begin.elapsed() >= GOOD {
                            backoff.reset();
                        }
                        error
                    }
                }
            }
        };
        let wait = backoff.wait();
        tell_failure(&line, &wanted, &error, wait);
        line.tell(|status| status.waiting = output.queue.len());
        match output.wait_for(tokio::time::sleep(wait)).await {
            Woken::Done(()) => {}
            Woken::Changed => backoff.reset(),
            Woken::Ended => return tell_left(&output),
        }
        let (waiting, dropped) = (output.queue.len(), output.queue.dropped());
        line.tell(|status| (status.waiting, status.dropped) = (waiting, dropped));
        line.retry();
    }
}

fn tell_failure(line: &Line, wanted: &MqttWanted, error: &MqttError, wait: Duration) {
    let (broker, remedy, wait_s) = (&wanted.settings.broker, error.remedy(), wait.as_secs_f64());
    // Once an outage: the rest is seen in `/healthz`.
    if line.fail(&error.to_string(), remedy) {
        tracing::warn!(%broker, %error, remedy, "MQTT: not connected; it is tried again, and events wait");
    } else {
        tracing::debug!(%broker, %error, wait_s, "MQTT: still not connected");
    }
}

fn tell_left(output: &Output<MqttWanted>) {
    let left = output.queue.len();
    if left > 0 {
        tracing::warn!(left, "MQTT: events that the broker never got, because the daemon ends");
    }
}
