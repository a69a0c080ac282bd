//! The thread `net`: it owns the network's runtime and serves until it is told to end.
//! Touch it when the server gets something new to know of the daemon.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use super::signals::Ender;
use super::threads::{Spawner, join_within, leave};
use super::{DaemonError, STAGE_LIMIT, Stage};
use crate::history::History;
use crate::server::{self, About, Events, Health, Served, ServerError, ServerSettings};

/// Threads of the network's runtime.
const WORKERS: usize = 2;

/// Its threads that may wait for a disk, at most: readings of the history, certificates, long answers. What comes meanwhile waits.
const BLOCKING: usize = 4;

/// How often the network's runtime shows that it still takes turns.
const TURN: Duration = Duration::from_millis(500);

/// How often the files of the certificate are looked at.
const CERTIFICATE: Duration = Duration::from_secs(15);

/// The server, running.
pub(super) struct Net {
    /// What is listened on.
    pub address: SocketAddr,
    shutdown: watch::Sender<bool>,
    thread: JoinHandle<Result<(), ServerError>>,
}

impl Net {
    /// Listens, then serves on its own thread. If the server ends by itself, `ender` is told.
    pub fn start(
        settings: ServerSettings,
        stage: &Stage,
        history: Option<History>,
        spawner: &Spawner,
        ender: Ender,
    ) -> Result<Self, DaemonError> {
        let network = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .max_blocking_threads(BLOCKING)
            .thread_name("net-worker")
            .enable_all()
            .build()
            .map_err(|error| DaemonError::Start { what: "the network's runtime".into(), error })?;
        let listener = network.block_on(server::bind(settings.listen))?;
        let address = listener.local_addr().unwrap_or(settings.listen);
        let about = Arc::new(About {
            version: env!("CARGO_PKG_VERSION").into(),
            labels: stage.manifests.genre.labels.clone(),
            model: (*stage.model).clone(),
            gate: stage.gate.clone(),
        });
        let served = Served {
            events: Events { hub: Arc::clone(&stage.hub), history },
            about,
            health: Arc::clone(&stage.board) as Arc<dyn Health>,
            catalogue: Some(stage.catalogue.clone()),
            hall: Some(stage.hall.clone()),
        };
        let live = stage.live.subscribe();
        let turns = stage.progress.thread("net");
        network.spawn(async move {
            let mut often = tokio::time::interval(TURN);
            loop {
                often.tick().await;
                turns.turn();
            }
        });
        network.spawn(server::renew(stage.live.clone(), CERTIFICATE));
        let (shutdown, on_shutdown) = watch::channel(false);
        let thread = spawner.spawn("net", move || {
            let serving = server::serve(listener, settings, live, served, on_shutdown);
            let served = network.block_on(serving);
            network.shutdown_timeout(Duration::from_millis(200));
            ender.end();
            served
        })?;
        Ok(Self { address, shutdown, thread })
    }

    /// Gives every subscriber the last events and the close code 1001, then ends.
    ///
    /// # Errors
    /// What made the server end by itself, if it had.
    pub fn end(self) -> Result<(), DaemonError> {
        let ended_by_itself = self.thread.is_finished();
        self.shutdown.send_replace(true);
        match join_within(self.thread, server::CLOSE_LIMIT + STAGE_LIMIT) {
            Some(served) => served?,
            None => leave("net"),
        }
        if ended_by_itself { Err(DaemonError::ServerGone) } else { Ok(()) }
    }
}
