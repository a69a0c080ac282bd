//! The threads that serve the sources of one model: `dsp-K` and `model-K`. Touch it when sources are to share threads
//! otherwise.

use std::sync::Arc;
use std::thread::{JoinHandle, Thread};

use crossbeam_channel::Sender;

use super::load::Load;
use super::model::{self, ModelThread};
use super::models::Opened;
use super::publish::Publisher;
use super::round::Round;
use super::slot::Slot;
use super::threads::{Spawner, join_stage};
use super::work::Work;
use super::{DaemonError, Models, STAGE_LIMIT, Stage, dsp};
use crate::catalogue::LoadedModel;
use crate::event::ModelInfo;
use crate::manifest::FeatureSettings;
use crate::pipeline::{Classifiers, Manifests};
use crate::source::Stop;

/// What is the same for all lines.
#[derive(Clone)]
pub(super) struct Ground {
    pub stage: Arc<Stage>,
    pub spawner: Spawner,
    /// Ends the threads `dsp-K` and `model-K`; each source has a flag of its own.
    pub stop: Stop,
}

/// The threads that serve the sources of one model.
pub(super) struct Line {
    ground: Ground,
    models: Models,
    manifests: Arc<Manifests>,
    info: Arc<ModelInfo>,
    /// Its models have sessions as long as it is there.
    _loaded: Vec<LoadedModel>,
    /// Begins the numbers of its threads.
    first: usize,
    dsp: Vec<Worker<Slot>>,
    model: Vec<Worker<Work>>,
}

/// A thread and the way to give it work.
struct Worker<T> {
    give: Sender<T>,
    thread: JoinHandle<()>,
}

impl Line {
    /// Starts a thread for each of the classifiers, and those that feed them. Threads are numbered from `first` on.
    pub fn start(ground: Ground, opened: Opened, first: usize) -> Result<Self, DaemonError> {
        let Opened { models, classifiers, workers } = opened;
        let (manifests, info) = (Arc::new(models.manifests()), Arc::new(models.info()));
        let catalogue = &ground.stage.catalogue;
        let _loaded = models.ids().map(|id| catalogue.loaded().add(id)).collect();
        let (dsp, model) = (Vec::new(), Vec::new());
        let mut line = Self { ground, models, manifests, info, _loaded, first, dsp, model };
        for classifier in classifiers {
            line.add_model(classifier)?;
        }
        for _ in 0..workers {
            line.add_dsp()?;
        }
        Ok(line)
    }

    /// Name of its model.
    pub fn id(&self) -> &str {
        &self.info.id
    }

    /// Where its sessions come from.
    pub fn models(&self) -> &Models {
        &self.models
    }

    /// What its model is given.
    pub fn features(&self) -> &FeatureSettings {
        &self.manifests.genre.features
    }

    /// How many threads `dsp-K` and `model-K` it has.
    pub fn workers(&self) -> (usize, usize) {
        (self.dsp.len(), self.model.len())
    }

    /// Makes sure that there are enough threads for so many sources. One that cannot be had is told: the sources then
    /// share those there are.
    pub fn make_room(&mut self, sources: usize) {
        while self.dsp.len() < super::workers(sources) {
            let grown = match self.models.sessions(self.dsp.len() + 1) > self.model.len() {
                true => self.models.prove().map_err(DaemonError::from).and_then(|one| self.add_model(one)),
                false => Ok(()),
            };
            if let Err(error) = grown.and_then(|()| self.add_dsp()) {
                tracing::warn!(%error, "no further worker; the sources share those there are");
                return;
            }
        }
    }

    fn add_model(&mut self, classifiers: Classifiers) -> Result<(), DaemonError> {
        let (give, jobs) = crossbeam_channel::bounded(model::QUEUE);
        let Ground { stage, spawner, stop } = &self.ground;
        let labels = Arc::new(self.manifests.genre.labels.clone());
        let name = format!("model-{}", self.first + self.model.len());
        let body = ModelThread {
            jobs,
            round: Round::new(classifiers.batch()),
            classifiers,
            manifests: Arc::clone(&self.manifests),
            decide: stage.decide.subscribe(),
            publisher: Publisher::new(Arc::clone(&stage.hub), labels, Arc::clone(&self.info)),
            load: Load::new(&self.manifests.genre),
            stop: stop.clone(),
            turns: stage.progress.thread(&name),
        };
        let thread = spawner.spawn(&name, move || body.run())?;
        self.model.push(Worker { give, thread });
        Ok(())
    }

    fn add_dsp(&mut self) -> Result<(), DaemonError> {
        let (give, arrivals) = crossbeam_channel::bounded(dsp::ARRIVALS);
        let Ground { stage, spawner, stop } = &self.ground;
        let (manifests, stop) = (Arc::clone(&self.manifests), stop.clone());
        let name = format!("dsp-{}", self.first + self.dsp.len());
        let turns = stage.progress.thread(&name);
        let body = move || dsp::run(&arrivals, &manifests, &stop, &turns);
        let thread = spawner.spawn(&name, body)?;
        self.dsp.push(Worker { give, thread });
        Ok(())
    }

    /// Gives a source to a `dsp-K` and a `model-K` thread; returns what wakes the first of them.
    pub fn take(&self, dsp: usize, model: usize, slot: impl FnOnce(Sender<Work>) -> Slot) -> Thread {
        let worker = &self.dsp[dsp];
        // The thread ends after every source has.
        let _ = worker.give.send(slot(self.model[model].give.clone()));
        self.wake(dsp);
        worker.thread.thread().clone()
    }

    /// Has a `dsp-K` thread look at once.
    pub fn wake(&self, dsp: usize) {
        self.dsp[dsp].thread.thread().unpark();
    }

    /// Joins its threads, after the sources and `stop`.
    pub fn end(self) {
        self.dsp.iter().for_each(|worker| worker.thread.thread().unpark());
        join_stage("dsp", self.dsp.into_iter().map(|worker| worker.thread), STAGE_LIMIT);
        // A model thread ends when nobody is left who could give it work.
        let models: Vec<_> = self.model.into_iter().map(|worker| worker.thread).collect();
        join_stage("model", models, STAGE_LIMIT);
    }
}
