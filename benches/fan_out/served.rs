//! The daemon's own server over a hub, on a runtime as the daemon's. Touch it when the server needs more to start.

use std::sync::Arc;
use std::time::Duration;

use genrecast::hub::{Hub, HubLimits};
use genrecast::server::{
    About, Events, Health, HealthReport, Live, LiveSettings, Served, ServerSettings, SourceInfo, bind, serve,
};
use tokio::sync::watch;

use super::{events, process};

/// A daemon of which nobody asks how it is.
struct Well;

impl Health for Well {
    fn report(&self) -> HealthReport {
        HealthReport { live: true, ready: true, reasons: Vec::new(), detail: serde_json::json!({}) }
    }

    fn sources(&self) -> Vec<SourceInfo> {
        Vec::new()
    }
}

/// The runtime that the daemon has for its network.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

pub fn run() {
    let runtime = runtime();
    let any = "127.0.0.1:0".parse().expect("an address");
    let listener = runtime.block_on(bind(any)).expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let hub = Hub::new(HubLimits::default());
    let about = Arc::new(About {
        version: "0.0.0".into(),
        labels: events::LABELS.map(String::from).to_vec(),
        model: events::model(),
        gate: None,
    });
    let live = LiveSettings {
        max_clients: 20_000,
        max_connections: 20_000,
        max_connections_per_address: 20_000,
        heartbeat: Duration::from_secs(3600),
        ..LiveSettings::default()
    };
    let (_live, on_live) = watch::channel(Live::new(live).expect("sound settings"));
    let (_stop, shutdown) = watch::channel(false);
    let served = Served {
        events: Events { hub: Arc::clone(&hub), history: None },
        about,
        health: Arc::new(Well),
        catalogue: None,
        hall: None,
    };
    runtime.spawn(serve(listener, ServerSettings::new(any), on_live, served, shutdown));
    process::publish_on_demand(port, || {
        // One that nobody wants, which each subscriber's filter leaves out, then the one that is timed.
        hub.publish("microphone", events::window(0.5));
        hub.publish("radio", events::window(0.5));
    });
}
