//! The only place that spawns, names and joins threads. It wires the rooms along the line of the data and takes
//! them down in the same order. Touch it when a thread is added or must end otherwise.

mod adjustable;
mod board;
mod deliver;
mod dsp;
mod history;
mod line;
mod load;
mod mel;
mod model;
mod models;
mod net;
mod notify;
mod progress;
mod publish;
mod rehearsal;
mod reload;
mod round;
mod signals;
mod slot;
mod stage;
mod supervisor;
#[cfg(test)]
mod tests;
mod threads;
mod track;
mod uploads;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::catalogue::Catalogue;
use crate::event::ModelInfo;
use crate::model::{Model, ModelError, Runtime};
use crate::server::{ServerError, ServerSettings};
use crate::source::SourceSpec;
pub use adjustable::Adjustable;
use deliver::{Deliverer, Finishing};
use history::Historian;
use models::{Models, Opened};
use net::Net;
use notify::Notifier;
pub use rehearsal::Rehearsal;
pub use reload::{Reload, ReloadError, Reloaded};
pub use signals::{Ender, SignalError, Signals, Wish};
use stage::Stage;
use supervisor::Supervisor;
use threads::Spawner;
pub use threads::threads_are_left;
use uploads::Uploads;

/// How long the threads of one stage may take to end at shutdown.
const STAGE_LIMIT: Duration = Duration::from_millis(500);

/// Everything the daemon is told at its start.
pub struct Settings {
    /// The model.
    pub model: Model,
    /// What tells music from what is none; without it every sound is taken for music.
    pub gate: Option<Model>,
    /// The runtime, started.
    pub runtime: Runtime,
    /// Which models there are.
    pub catalogue: Catalogue,
    /// The network side.
    pub server: ServerSettings,
    /// The folder that the history lies in, or why there is none.
    pub history: Result<PathBuf, String>,
    /// The folder of state, if there can be one.
    pub state_folder: Option<PathBuf>,
    /// How many clips that clients send are heard at once.
    pub uploads_at_once: usize,
    /// What can be changed while the daemon runs, sources included.
    pub adjustable: Adjustable,
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
    /// A source's own model is not there.
    #[error("source {source_name}: its model {model:?} cannot be used; the log says why")]
    NoModel {
        /// The source.
        source_name: String,
        /// Name of the model.
        model: String,
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
/// listened on, once subscribers can connect; `reload` is asked when a signal wants the configuration read again.
///
/// # Errors
/// [`DaemonError`] if it could not start or had to end.
pub fn run(
    settings: Settings,
    signals: &Signals,
    on_listening: impl FnOnce(std::net::SocketAddr, &ModelInfo),
    reload: &mut Reload<'_>,
) -> Result<(), DaemonError> {
    // The service manager counts from here, not from when the model is proved.
    let mut notifier = Notifier::from_environment();
    let Settings {
        model,
        gate,
        runtime,
        catalogue,
        server,
        history,
        state_folder,
        uploads_at_once,
        adjustable,
    } = settings;
    // A model that does not compute what it should must stop the start, before anyone can connect.
    let models = Models::new(model, gate, runtime);
    catalogue.sources_name(adjustable.sources.iter().filter_map(|spec| spec.model.clone()));
    let ears = models.ears();
    let opened = models.open_for(&adjustable.sources, &catalogue)?;

    let mut rows = stage::Rows::default();
    let expects = |spec: &SourceSpec| {
        let of = |opened: &&Opened| spec.model.as_deref() == Some(&opened.models.info().id);
        opened.iter().find(of).unwrap_or(&opened[0]).models.expects()
    };
    let first = adjustable.sources.iter().map(|spec| rows.row(spec, expects(spec))).collect::<Vec<_>>();
    let stage = Arc::new(Stage::new(&opened[0].models, &adjustable, first.clone(), catalogue)?);
    let spawner = Spawner::new(signals.ender());
    let mut parts = Parts::default();
    let serve = || -> Result<(), DaemonError> {
        let historian = Historian::start(&history, adjustable.history, &stage, &spawner)?;
        let history = parts.historian.insert(historian).history();
        parts.uploads = Some(Uploads::start(uploads_at_once, ears, &stage, &spawner)?);
        let deliverer = Deliverer::start(&adjustable, state_folder, &stage, &spawner)?;
        let deliverer = parts.deliverer.insert(deliverer);
        let net = Net::start(server, &stage, history.clone(), &spawner, signals.ender())?;
        on_listening(parts.net.insert(net).address, &stage.model);

        let supervisor = Supervisor::new(Arc::clone(&stage), opened, spawner.clone())?;
        let supervisor = parts.supervisor.insert(supervisor);
        for (spec, row) in adjustable.sources.iter().zip(first) {
            supervisor.start(spec.clone(), row)?;
        }
        let mut running = reload::Running { stage: &stage, supervisor, history, deliverer, rows };
        loop {
            let next = notifier.tick(|| stage.facts());
            match next.map_or_else(|| Some(signals.wait()), |limit| signals.wait_for(limit)) {
                None => {}
                Some(Wish::Reload) => {
                    notifier.reloading();
                    running.reload(reload);
                    notifier.reloaded();
                }
                Some(Wish::End) => return Ok(()),
            }
        }
    };
    let served = serve();
    tracing::info!("ending");
    notifier.stopping();
    let ended = parts.end();
    match spawner.panicked() {
        Some(thread) => Err(DaemonError::Panicked { thread }),
        None => served.and(ended),
    }
}

/// What has been started so far.
#[derive(Default)]
struct Parts {
    historian: Option<Historian>,
    uploads: Option<Uploads>,
    deliverer: Option<Deliverer>,
    net: Option<Net>,
    supervisor: Option<Supervisor>,
}

impl Parts {
    /// Takes it down along the line, so that what was heard last is still told and recorded.
    fn end(self) -> Result<(), DaemonError> {
        self.uploads.iter().for_each(Uploads::close);
        self.supervisor.into_iter().for_each(Supervisor::end);
        let finishing = self.deliverer.map(Deliverer::finish);
        let ended = self.net.map_or(Ok(()), Net::end);
        self.uploads.into_iter().for_each(Uploads::end);
        self.historian.into_iter().for_each(Historian::end);
        finishing.into_iter().for_each(Finishing::end);
        ended
    }
}

/// How many threads of a kind serve so many sources: no more than there are cores. Two at least where there can be, so
/// that a second source that is added later finds everything ready.
fn workers(sources: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores.min(sources.max(2))
}
