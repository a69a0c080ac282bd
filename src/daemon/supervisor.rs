//! The threads of the line and the sources that run on them now: sources come, go and change while it runs.
//! Touch it when sources are to share threads otherwise.

use std::sync::Arc;
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::board::Row;
use super::mel::MelWriter;
use super::model::{self, ModelThread};
use super::publish::Publisher;
use super::slot::Slot;
use super::threads::{Spawner, join_stage};
use super::work::Work;
use super::{DaemonError, Models, STAGE_LIMIT, Stage, dsp};
use crate::event::{EventBody, SourceState, SourceStateChange};
use crate::pipeline::Classifiers;
use crate::source::{self, SourceSpec, Stop};

/// Sources' notices that may wait; a source that has more to tell waits.
const NOTICES: usize = 16;

/// How long a source that is removed may take until its last sample has been dealt with.
const GONE_LIMIT: Duration = Duration::from_secs(3);

/// Everything that runs between the sources and the hub.
pub(super) struct Supervisor {
    stage: Arc<Stage>,
    models: Models,
    spawner: Spawner,
    /// Ends the threads `dsp-K` and `model-K`; each source has a flag of its own.
    stop: Stop,
    dsp: Vec<Worker<Slot>>,
    model: Vec<Worker<Work>>,
    sources: Vec<Running>,
}

/// A thread and the way to give it work.
struct Worker<T> {
    give: Sender<T>,
    thread: JoinHandle<()>,
}

/// A source and its thread.
struct Running {
    spec: SourceSpec,
    row: Arc<Row>,
    stop: Stop,
    thread: JoinHandle<()>,
    /// Disconnected when nothing more comes of it.
    forgotten: Receiver<()>,
    /// Indices of the workers that serve it.
    dsp: usize,
    model: usize,
}

impl Supervisor {
    /// Starts a thread for each of these classifiers, and as many to feed them; no source yet.
    pub fn new(
        stage: Arc<Stage>,
        models: Models,
        classifiers: Vec<Classifiers>,
        workers: usize,
        spawner: Spawner,
    ) -> Result<Self, DaemonError> {
        let stop = Stop::new();
        let (dsp, model, sources) = (Vec::new(), Vec::new(), Vec::new());
        let mut supervisor = Self { stage, models, spawner, stop, dsp, model, sources };
        for classifier in classifiers {
            supervisor.add_model(classifier)?;
        }
        for _ in 0..workers {
            supervisor.add_dsp()?;
        }
        Ok(supervisor)
    }

    /// The sources that run now.
    pub fn specs(&self) -> impl Iterator<Item = &SourceSpec> {
        self.sources.iter().map(|running| &running.spec)
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
        let stage = &self.stage;
        let labels = Arc::new(stage.manifests.genre.labels.clone());
        let name = format!("model-{}", self.model.len());
        let body = ModelThread {
            jobs,
            classifiers,
            manifests: Arc::clone(&stage.manifests),
            decide: stage.decide.subscribe(),
            publisher: Publisher::new(Arc::clone(&stage.hub), labels, Arc::clone(&stage.model)),
            stop: self.stop.clone(),
            turns: stage.progress.thread(&name),
        };
        let thread = self.spawner.spawn(&name, move || body.run())?;
        self.model.push(Worker { give, thread });
        Ok(())
    }

    fn add_dsp(&mut self) -> Result<(), DaemonError> {
        let (give, arrivals) = crossbeam_channel::bounded(dsp::ARRIVALS);
        let (manifests, stop) = (Arc::clone(&self.stage.manifests), self.stop.clone());
        let name = format!("dsp-{}", self.dsp.len());
        let turns = self.stage.progress.thread(&name);
        let body = move || dsp::run(&arrivals, &manifests, &stop, &turns);
        let thread = self.spawner.spawn(&name, body)?;
        self.dsp.push(Worker { give, thread });
        Ok(())
    }

    /// Starts a source, on the threads that serve fewest. Its row must be on the board already.
    pub fn start(&mut self, spec: SourceSpec, row: Arc<Row>) -> Result<(), DaemonError> {
        let dsp = least(self.dsp.len(), self.sources.iter().map(|running| running.dsp));
        let model = least(self.model.len(), self.sources.iter().map(|running| running.model));
        let (notices, from_source) = crossbeam_channel::bounded(NOTICES);
        let (on_forgotten, forgotten) = crossbeam_channel::bounded(0);
        let stop = Stop::new();
        let to_model = self.model[model].give.clone();
        let (mel, tap) = MelWriter::new(&self.stage.manifests.genre.features);
        let _ = row.mel.set(Arc::new(tap));
        let slot =
            Slot::new(Arc::clone(&row), stop.clone(), from_source, to_model, on_forgotten).with_mel(mel);
        let worker = &self.dsp[dsp];
        // The thread ends after every source has.
        let _ = worker.give.send(slot);
        let wake: Thread = worker.thread.thread().clone();
        wake.unpark();
        let (its_spec, its_stop, counters) = (spec.clone(), stop.clone(), Arc::clone(&row.counters));
        let thread = self.spawner.spawn(&format!("src-{}", spec.name), move || {
            // The slot is gone only if this source was given up: there is nobody left to tell.
            let mut notify = |notice| drop(notices.send(notice));
            source::run(&its_spec, &counters, &its_stop, &mut notify, &|| wake.unpark());
            drop(notices);
            wake.unpark();
        })?;
        self.sources.push(Running { spec, row, stop, thread, forgotten, dsp, model });
        Ok(())
    }

    /// Ends those of the running sources that are named, each for a reason, and waits until all that they had heard is
    /// published.
    pub fn remove(&mut self, unwanted: &[(String, &'static str)]) {
        let reason_of = |running: &Running| {
            unwanted.iter().find(|(name, _)| *name == running.spec.name).map(|(_, reason)| *reason)
        };
        let (going, staying): (Vec<_>, Vec<_>) =
            self.sources.drain(..).partition(|running| reason_of(running).is_some());
        self.sources = staying;
        going.iter().for_each(|running| running.stop.stop());
        // One limit for all of them, because the daemon hears nothing else meanwhile.
        let deadline = Instant::now() + GONE_LIMIT;
        for running in going {
            let reason = reason_of(&running);
            let name = running.spec.name;
            join_stage(
                "source",
                [running.thread],
                deadline.saturating_duration_since(Instant::now()).min(STAGE_LIMIT),
            );
            self.dsp[running.dsp].thread.thread().unpark();
            if running.forgotten.recv_deadline(deadline) == Err(RecvTimeoutError::Timeout) {
                running.row.retire();
                tracing::warn!(source = name, "did not end in time; the rest of it is not told");
            }
            let (state, remedy) = (SourceState::Ended, None);
            let change = SourceStateChange { state, reason: reason.map(str::to_owned), remedy };
            running.row.set_state(&change);
            self.stage.hub.publish(&name, EventBody::SourceState(change));
            self.stage.hub.forget(&name);
        }
    }

    /// Puts the running sources and these, in the order of these names, on the board.
    pub fn show(&self, more: &[Arc<Row>], order: &[String]) {
        let running = self.sources.iter().map(|running| &running.row);
        let mut rows: Vec<_> = running.chain(more).map(Arc::clone).collect();
        rows.sort_by_key(|row| order.iter().position(|name| *name == row.name));
        self.stage.board.set_rows(rows);
    }

    /// Ends everything along the line, so that nothing that was heard is lost.
    pub fn end(self) {
        self.sources.iter().for_each(|running| running.stop.stop());
        join_stage("source", self.sources.into_iter().map(|running| running.thread), STAGE_LIMIT);
        self.stop.stop();
        self.dsp.iter().for_each(|worker| worker.thread.thread().unpark());
        join_stage("dsp", self.dsp.into_iter().map(|worker| worker.thread), STAGE_LIMIT);
        // A model thread ends when nobody is left who could give it work.
        let models: Vec<_> = self.model.into_iter().map(|worker| worker.thread).collect();
        join_stage("model", models, STAGE_LIMIT);
    }
}

/// The one of `workers` that is taken least often.
fn least(workers: usize, taken: impl Iterator<Item = usize>) -> usize {
    let mut counts = vec![0; workers];
    taken.for_each(|worker| counts[worker] += 1);
    (0..workers).min_by_key(|&worker| counts[worker]).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::least;

    #[test]
    fn the_least_busy_worker_is_taken_and_the_first_of_equals() {
        assert_eq!(least(3, [].into_iter()), 0);
        assert_eq!(least(3, [0, 1].into_iter()), 2);
        assert_eq!(least(2, [0, 1, 0].into_iter()), 1);
        assert_eq!(least(1, [0, 0].into_iter()), 0);
    }
}
