//! The only place that spawns, names and joins threads. It wires the rooms along the line of the data and takes
//! them down in the same order. Touch it when a thread is added or must end otherwise.

mod board;
mod dsp;
mod model;
mod publish;
mod signals;
mod threads;
mod work;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;

use crate::event::ModelInfo;
use crate::hub::{Hub, HubLimits};
use crate::model::{Model, ModelError, Runtime};
use crate::pipeline::{self, DecideSettings};
use crate::server::{self, About, ServerError, ServerSettings};
use crate::source::{self, SourceSpec, Stop};
use board::{Board, Row};
use dsp::Slot;
use model::ModelThread;
use publish::Publisher;
pub use signals::{SignalError, Signals};
use threads::{Threads, spawn};
use work::Work;

/// Sources' notices that may wait; a source that has more to tell waits.
const NOTICES: usize = 16;

/// How long the threads of one stage may take to end at shutdown.
const STAGE_LIMIT: Duration = Duration::from_millis(500);

/// Everything the daemon is told at its start.
pub struct Settings {
    /// What to listen to; names are unique.
    pub sources: Vec<SourceSpec>,
    /// The model.
    pub model: Model,
    /// The runtime, started.
    pub runtime: Runtime,
    /// Gate and smoothing.
    pub decide: DecideSettings,
    /// Bounds of the event log.
    pub hub: HubLimits,
    /// The network side.
    pub server: ServerSettings,
}

/// Why the daemon could not start, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The model or its runtime.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The network side.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A thread or the network's runtime could not be started.
    #[error("cannot start {what}: {error}; the machine is out of threads or memory")]
    Start {
        /// What was to be started.
        what: String,
        /// The system's words.
        error: std::io::Error,
    },
    /// The network thread ended by itself.
    #[error("the server ended unexpectedly; see the log")]
    ServerGone,
}

/// Runs until a signal asks it to end, or until the server fails. `on_listening` gets the address that is
/// listened on, once subscribers can connect.
///
/// # Errors
/// [`DaemonError`] if it could not start or had to end.
pub fn run(
    settings: Settings,
    signals: &Signals,
    on_listening: impl FnOnce(std::net::SocketAddr, &ModelInfo),
) -> Result<(), DaemonError> {
    let Settings { sources, model, runtime, decide, hub: limits, server } = settings;
    let manifest = Arc::new(model.manifest.clone());
    let about_model = Arc::new(ModelInfo {
        id: manifest.id.clone(),
        sha256: model.sha256.clone(),
        device: runtime.device().into(),
        runtime: runtime.name().into(),
    });
    let hub = Hub::new(limits);
    let rows = sources.iter().map(|spec| Row::new(spec.name.clone(), spec.uri.to_string())).collect();
    let hop = Duration::from_secs_f64(manifest.window.stride as f64 * manifest.features.hop_seconds());
    let detail = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "epoch": hub.epoch(),
        "model": &*about_model,
        "runtime_note": runtime.note(),
    });
    let board = Arc::new(Board::new(rows, hop, detail));
    let mut threads = Threads::default();

    // Models first: one that does not compute what it should must stop the start.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = cores.min(sources.len()).max(1);
    let model_threads = if runtime.device() == "cuda" { 1 } else { workers };
    let mut classifiers = Vec::new();
    for _ in 0..model_threads {
        let mut classifier = model.classifier(&runtime)?;
        pipeline::self_test(&model, &mut *classifier, &runtime)?;
        classifiers.push(classifier);
    }

    // The network next, so that subscribers see the first event.
    let network = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("net-worker")
        .enable_all()
        .build()
        .map_err(|error| DaemonError::Start { what: "the network's runtime".into(), error })?;
    let listener = network.block_on(server::bind(server.listen))?;
    let address = listener.local_addr().unwrap_or(server.listen);
    let about = Arc::new(About {
        version: env!("CARGO_PKG_VERSION").into(),
        sources: sources.iter().map(|spec| spec.name.clone()).collect(),
        labels: manifest.labels.clone(),
        model: (*about_model).clone(),
    });
    let (shutdown, on_shutdown) = watch::channel(false);
    let (net_hub, health) = (Arc::clone(&hub), Arc::clone(&board) as Arc<dyn server::Health>);
    let ender = signals.ender();
    let net = spawn("net", move || {
        let served = network.block_on(server::serve(listener, server, net_hub, about, health, on_shutdown));
        network.shutdown_timeout(Duration::from_millis(200));
        ender.end();
        served
    })?;
    on_listening(address, &about_model);

    let stop = Stop::new();
    let labels = Arc::new(manifest.labels.clone());
    let mut to_models = Vec::new();
    for (index, classifier) in classifiers.into_iter().enumerate() {
        let (to_model, jobs) = crossbeam_channel::bounded::<Work>(model::QUEUE);
        to_models.push(to_model);
        let thread = ModelThread {
            jobs,
            classifier,
            manifest: Arc::clone(&manifest),
            decide,
            board: Arc::clone(&board),
            publisher: Publisher::new(
                Arc::clone(&hub),
                Arc::clone(&board),
                Arc::clone(&labels),
                Arc::clone(&about_model),
            ),
            stop: stop.clone(),
        };
        threads.models.push(spawn(&format!("model-{index}"), move || thread.run())?);
    }

    let mut slots: Vec<Vec<Slot>> = (0..workers).map(|_| Vec::new()).collect();
    let mut notices = Vec::new();
    for index in 0..sources.len() {
        let (to_dsp, from_source) = crossbeam_channel::bounded(NOTICES);
        notices.push(to_dsp);
        let to_model = to_models[index % to_models.len()].clone();
        slots[index % workers].push(Slot::new(index, from_source, to_model));
    }
    drop(to_models);
    let mut dsp_threads = Vec::new();
    for (index, slots) in slots.into_iter().enumerate() {
        let (manifest, stop) = (Arc::clone(&manifest), stop.clone());
        let thread = spawn(&format!("dsp-{index}"), move || dsp::run(slots, &manifest, &stop))?;
        dsp_threads.push(thread.thread().clone());
        threads.dsp.push(thread);
    }

    for (index, (spec, to_dsp)) in sources.into_iter().zip(notices).enumerate() {
        let counters = Arc::clone(&board.row(index).counters);
        let (stop, dsp) = (stop.clone(), dsp_threads[index % workers].clone());
        let thread = spawn(&format!("src-{}", spec.name), move || {
            // The dsp thread has ended only if the daemon is ending: there is nobody left to tell.
            let mut notify = |notice| drop(to_dsp.send(notice));
            source::run(&spec, &counters, &stop, &mut notify, &|| dsp.unpark());
        })?;
        threads.sources.push(thread);
    }

    signals.wait();
    tracing::info!("ending");
    stop.stop();
    threads.join(STAGE_LIMIT);
    // The hub is complete now: the server may give its last events and say goodbye.
    let asked = !net.is_finished();
    shutdown.send_replace(true);
    match threads::join_within(net, server::CLOSE_LIMIT + STAGE_LIMIT) {
        Some(served) => served?,
        None => tracing::warn!("the server did not end in time"),
    }
    if asked { Ok(()) } else { Err(DaemonError::ServerGone) }
}
