//! The only place that spawns, names and joins threads. It wires the rooms along the line of the data and takes
//! them down in the same order. Touch it when a thread is added or must end otherwise.

mod board;
mod dsp;
#[cfg(test)]
mod hop_tests;
mod model;
mod net;
mod publish;
mod signals;
#[cfg(test)]
mod tests;
mod threads;
mod work;

use std::sync::Arc;
use std::thread::Thread;
use std::time::Duration;

use crossbeam_channel::Sender;
use serde_json::json;

use crate::event::ModelInfo;
use crate::hub::{Hub, HubLimits};
use crate::manifest::Manifest;
use crate::model::{Classifier, Model, ModelError, Runtime};
use crate::pipeline::{self, DecideSettings};
use crate::server::{ServerError, ServerSettings};
use crate::source::{self, Notice, SourceSpec, Stop};
use board::{Board, Row};
use dsp::Slot;
use model::ModelThread;
use net::Net;
use publish::Publisher;
pub use signals::{SignalError, Signals};
use threads::{Spawner, Threads};
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
    /// A thread panicked.
    #[error(
        "the thread {thread} panicked, which is a mistake in the program; please report what stands above"
    )]
    Panicked {
        /// Its name.
        thread: String,
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
    // A model that does not compute what it should must stop the start, before anyone can connect.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = cores.min(sources.len()).max(1);
    let sessions = if runtime.device() == "cuda" { 1 } else { workers };
    let classifiers = proved(&model, &runtime, sessions)?;

    let stage = Stage::new(&sources, &model, &runtime, decide, limits);
    let spawner = Spawner::new(signals.ender());
    let net = Net::start(server, &stage, &sources, &spawner, signals.ender())?;
    on_listening(net.address, &stage.model);

    // Against the line, so that whoever sends has a receiver.
    let stop = Stop::new();
    let mut threads = Threads::new(spawner.clone());
    let to_models = start_models(&stage, classifiers, &stop, &mut threads)?;
    let to_dsp = start_dsp(&stage, sources.len(), workers, to_models, &stop, &mut threads)?;
    start_sources(&stage, sources, to_dsp, &stop, &mut threads)?;

    signals.wait();
    tracing::info!("ending");
    // Along the line, so that nothing that was heard is lost.
    stop.stop();
    threads.join(STAGE_LIMIT);
    let ended = net.end();
    match spawner.panicked() {
        Some(thread) => Err(DaemonError::Panicked { thread }),
        None => ended,
    }
}

/// What the threads share.
struct Stage {
    manifest: Arc<Manifest>,
    model: Arc<ModelInfo>,
    decide: DecideSettings,
    hub: Arc<Hub>,
    board: Arc<Board>,
}

impl Stage {
    fn new(
        sources: &[SourceSpec],
        model: &Model,
        runtime: &Runtime,
        decide: DecideSettings,
        limits: HubLimits,
    ) -> Self {
        let manifest = Arc::new(model.manifest.clone());
        let model = Arc::new(model.info(runtime));
        let hub = Hub::new(limits);
        let rows = sources.iter().map(|spec| Row::new(spec.name.clone(), spec.uri.to_string())).collect();
        let hop = Duration::from_secs_f64(manifest.window.stride as f64 * manifest.features.hop_seconds());
        let detail = json!({ "runtime_note": runtime.note() });
        Self { manifest, model, decide, hub, board: Arc::new(Board::new(rows, hop, detail)) }
    }
}

/// Opens the sessions and lets each prove itself.
fn proved(model: &Model, runtime: &Runtime, count: usize) -> Result<Vec<Box<dyn Classifier>>, ModelError> {
    (0..count)
        .map(|_| {
            let mut classifier = model.classifier(runtime)?;
            pipeline::self_test(model, &mut *classifier, runtime)?;
            Ok(classifier)
        })
        .collect()
}

fn start_models(
    stage: &Stage,
    classifiers: Vec<Box<dyn Classifier>>,
    stop: &Stop,
    threads: &mut Threads,
) -> Result<Vec<Sender<Work>>, DaemonError> {
    let labels = Arc::new(stage.manifest.labels.clone());
    let mut senders = Vec::new();
    for (index, classifier) in classifiers.into_iter().enumerate() {
        let (sender, jobs) = crossbeam_channel::bounded(model::QUEUE);
        senders.push(sender);
        let (hub, board) = (Arc::clone(&stage.hub), Arc::clone(&stage.board));
        let thread = ModelThread {
            jobs,
            classifier,
            manifest: Arc::clone(&stage.manifest),
            decide: stage.decide,
            publisher: Publisher::new(hub, board, Arc::clone(&labels), Arc::clone(&stage.model)),
            stop: stop.clone(),
        };
        threads.models.push(threads.spawner.spawn(&format!("model-{index}"), move || thread.run())?);
    }
    Ok(senders)
}

/// Where a source sends its notices, and whom it wakes.
struct ToDsp {
    notices: Sender<Notice>,
    thread: Thread,
}

fn start_dsp(
    stage: &Stage,
    sources: usize,
    workers: usize,
    to_models: Vec<Sender<Work>>,
    stop: &Stop,
    threads: &mut Threads,
) -> Result<Vec<ToDsp>, DaemonError> {
    let mut slots: Vec<Vec<Slot>> = (0..workers).map(|_| Vec::new()).collect();
    let mut notices = Vec::new();
    for source in 0..sources {
        let (sender, from_source) = crossbeam_channel::bounded(NOTICES);
        notices.push(sender);
        let to_model = to_models[source % to_models.len()].clone();
        slots[source % workers].push(Slot::new(source, from_source, to_model));
    }
    let mut handles = Vec::new();
    for (index, slots) in slots.into_iter().enumerate() {
        let (manifest, stop) = (Arc::clone(&stage.manifest), stop.clone());
        let body = move || dsp::run(slots, &manifest, &stop);
        let handle = threads.spawner.spawn(&format!("dsp-{index}"), body)?;
        handles.push(handle.thread().clone());
        threads.dsp.push(handle);
    }
    let thread_of = |source: usize| handles[source % workers].clone();
    Ok(notices
        .into_iter()
        .enumerate()
        .map(|(source, notices)| ToDsp { notices, thread: thread_of(source) })
        .collect())
}

fn start_sources(
    stage: &Stage,
    sources: Vec<SourceSpec>,
    to_dsp: Vec<ToDsp>,
    stop: &Stop,
    threads: &mut Threads,
) -> Result<(), DaemonError> {
    for (index, (spec, dsp)) in sources.into_iter().zip(to_dsp).enumerate() {
        let counters = Arc::clone(&stage.board.row(index).counters);
        let stop = stop.clone();
        let handle = threads.spawner.spawn(&format!("src-{}", spec.name), move || {
            // The dsp thread has ended only if the daemon is ending: there is nobody left to tell.
            let mut notify = |notice| drop(dsp.notices.send(notice));
            source::run(&spec, &counters, &stop, &mut notify, &|| dsp.thread.unpark());
        })?;
        threads.sources.push(handle);
    }
    Ok(())
}
