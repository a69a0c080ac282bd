//! The thread `deliver`, which tells others of events. Touch it when it is to be started or ended otherwise.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::adjustable::Adjustable;
use super::threads::{Spawner, join_stage};
use super::{DaemonError, STAGE_LIMIT, Stage};
use crate::deliver::{self, END_LIMIT, Ground, Settings, Wanted};

/// Names that may be resolved at a time: the system's resolver cannot be interrupted.
const RESOLVERS: usize = 8;

/// Whoever tells others.
pub(super) struct Deliverer {
    wanted: watch::Sender<Wanted>,
    thread: JoinHandle<()>,
}

/// It was told to end.
pub(super) struct Finishing(JoinHandle<()>);

impl Deliverer {
    /// Starts the thread, also where nobody is to be told yet: a reload may want it.
    pub fn start(
        adjustable: &Adjustable,
        folder: Option<PathBuf>,
        stage: &Stage,
        spawner: &Spawner,
    ) -> Result<Self, DaemonError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(RESOLVERS)
            .thread_name("deliver-resolve")
            .build()
            .map_err(|error| DaemonError::Start { what: "the runtime of deliveries".into(), error })?;
        let ground = Ground {
            hub: Arc::clone(&stage.hub),
            statuses: stage.deliveries.clone(),
            folder,
            version: env!("CARGO_PKG_VERSION").into(),
            model: stage.model.id.clone(),
        };
        let sources = adjustable.sources.iter().map(|spec| spec.name.clone()).collect();
        let (wanted, receiver) = watch::channel(Wanted { settings: adjustable.deliver.clone(), sources });
        let thread = spawner.spawn("deliver", move || {
            runtime.block_on(deliver::run(ground, receiver));
            // A name that is still being resolved keeps nobody.
            runtime.shutdown_background();
        })?;
        Ok(Self { wanted, thread })
    }

    /// Goes by these settings from now on, and tells of these sources; returns what has changed.
    pub fn change(&self, settings: Settings, sources: Vec<String>) -> Vec<String> {
        let mut changes = Vec::new();
        self.wanted.send_if_modified(|now| {
            let wanted = Wanted { settings, sources };
            if *now == wanted {
                return false;
            }
            changes = webhooks(&now.settings, &wanted.settings);
            *now = wanted;
            true
        });
        changes
    }

    /// Nothing more is published: what waits is delivered now, or never.
    pub fn finish(self) -> Finishing {
        Finishing(self.thread)
    }
}

impl Finishing {
    /// Joins the thread.
    pub fn end(self) {
        join_stage("deliver", [self.0], END_LIMIT + STAGE_LIMIT);
    }
}

/// What has changed of webhooks, in words; other keys are told by whoever reads the configuration.
fn webhooks(old: &Settings, new: &Settings) -> Vec<String> {
    let named =
        |settings: &Settings, name: &str| settings.webhooks.iter().find(|hook| hook.name == name).cloned();
    let mut changes = Vec::new();
    for hook in &new.webhooks {
        match named(old, &hook.name) {
            None => changes.push(format!("webhook {}: added", hook.name)),
            Some(before) if before != *hook => changes.push(format!("webhook {}: changed", hook.name)),
            Some(_) => {}
        }
    }
    let gone = old.webhooks.iter().filter(|hook| named(new, &hook.name).is_none());
    changes.extend(gone.map(|hook| format!("webhook {}: removed", hook.name)));
    changes
}
