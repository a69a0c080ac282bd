//! The real daemon on a station's mounts, and every event that it tells with the moment it came.
//! Touch it when the trials ask it something else.

use std::process::Command;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use serde_json::Value;
use tokio_tungstenite::tungstenite::{self, Message};

use super::support::daemon::Daemon;

pub struct Listener {
    pub daemon: Daemon,
    incoming: Receiver<Value>,
    pub seen: Vec<(Instant, Value)>,
}

impl Listener {
    /// On these sources, each with its name.
    pub fn start(mut command: Command, sources: &[(&str, String)]) -> Self {
        let place = temp_dir::TempDir::new().expect("a directory");
        let path = place.child("config.toml");
        let text = sources.iter().map(|(name, uri)| format!("[[source]]\nname = {name:?}\nuri = {uri:?}\n"));
        std::fs::write(&path, text.collect::<String>()).expect("written");
        let daemon = Daemon::start(command.arg("--config").arg(&path));
        let url = format!("ws://{}/v1/events?top_k=10", daemon.address);
        let (mut socket, _) = tungstenite::connect(url).expect("the daemon answers");
        let (tell, incoming) = bounded(65_536);
        std::thread::spawn(move || {
            while let Ok(message) = socket.read() {
                if let Message::Text(text) = message
                    && tell.send(serde_json::from_str(&text).expect("JSON")).is_err()
                {
                    return;
                }
            }
        });
        Self { daemon, incoming, seen: Vec::new() }
    }

    /// Waits for an event; what was seen before does not count.
    pub fn wait_for(
        &mut self,
        limit: Duration,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> (Instant, Value) {
        let deadline = Instant::now() + limit;
        loop {
            let Ok(event) = self.incoming.recv_deadline(deadline) else {
                panic!("not within {limit:?}: {what}; sources: {}", self.daemon.get("/v1/sources").1);
            };
            let fit = fits(&event);
            self.seen.push((Instant::now(), event));
            if let Some(last) = self.seen.last().filter(|_| fit) {
                return last.clone();
            }
        }
    }

    pub fn wait_for_state(&mut self, limit: Duration, states: &[&str]) -> (Instant, Value) {
        let fits = |event: &Value| {
            event["type"] == "source.state" && states.iter().any(|state| event["state"] == *state)
        };
        self.wait_for(limit, &format!("{states:?}"), fits)
    }

    /// What `/v1/sources` tells of one.
    pub fn source(&self, name: &str) -> Value {
        let told = self.daemon.get("/v1/sources").1;
        let sources = told["sources"].as_array().expect("a list");
        sources.iter().find(|source| source["name"] == name).expect("it is listed").clone()
    }
}
