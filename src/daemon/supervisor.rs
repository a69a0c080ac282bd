//! The sources that run now, each on the line of its model: they come, go and change while the daemon runs. Touch it when
//! sources are to start or end otherwise.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::board::{Expects, Row};
use super::line::{Ground, Line};
use super::mel::MelWriter;
use super::models::Opened;
use super::slot::Slot;
use super::threads::{Spawner, join_stage};
use super::{DaemonError, STAGE_LIMIT, Stage};
use crate::event::{EventBody, SourceState, SourceStateChange};
use crate::source::{self, SourceSpec, Stop};

/// Sources' notices that may wait; a source that has more to tell waits.
const NOTICES: usize = 16;

/// How long a source that is removed may take until its last sample has been dealt with.
const GONE_LIMIT: Duration = Duration::from_secs(3);

/// Everything that runs between the sources and the hub.
pub(super) struct Supervisor {
    ground: Ground,
    /// That of the configured model, then those of models that sources have in its place. They stay to the end.
    lines: Vec<Line>,
    sources: Vec<Running>,
}

/// A source and its thread.
struct Running {
    spec: SourceSpec,
    row: Arc<Row>,
    stop: Stop,
    thread: JoinHandle<()>,
    /// Disconnected when nothing more comes of it.
    forgotten: Receiver<()>,
    /// Indices of the line, and of its workers, that serve it.
    line: usize,
    dsp: usize,
    model: usize,
}

impl Supervisor {
    /// Starts the threads of every model, the configured one first; no source yet.
    pub fn new(stage: Arc<Stage>, opened: Vec<Opened>, spawner: Spawner) -> Result<Self, DaemonError> {
        let ground = Ground { stage, spawner, stop: Stop::new() };
        let mut supervisor = Self { ground, lines: Vec::new(), sources: Vec::new() };
        opened.into_iter().try_for_each(|opened| supervisor.add_line(opened))?;
        Ok(supervisor)
    }

    fn add_line(&mut self, opened: Opened) -> Result<(), DaemonError> {
        let threads = |line: &Line| line.workers().0.max(line.workers().1);
        // Lines may grow, so their numbers are apart.
        let first =
            self.lines.iter().map(threads).max().map_or(0, |most| most.max(super::workers(usize::MAX)));
        let first = first * self.lines.len();
        self.lines.push(Line::start(self.ground.clone(), opened, first)?);
        Ok(())
    }

    /// The sources that run now.
    pub fn specs(&self) -> impl Iterator<Item = &SourceSpec> {
        self.sources.iter().map(|running| &running.spec)
    }

    fn line_of(&self, spec: &SourceSpec) -> Option<usize> {
        match &spec.model {
            None => Some(0),
            Some(id) => self.lines.iter().position(|line| line.id() == id),
        }
    }

    /// Whether its model is there.
    pub fn can_hear(&self, spec: &SourceSpec) -> bool {
        self.line_of(spec).is_some()
    }

    /// What is expected of a source; of one whose model is not there the same as of the configured one.
    pub fn expects(&self, spec: &SourceSpec) -> Expects {
        self.lines[self.line_of(spec).unwrap_or(0)].models().expects()
    }

    /// Makes sure that there are enough threads for these sources besides those that run, and the models they are to be
    /// heard by. What cannot be had is told: a source without its model does not start.
    pub fn make_room(&mut self, more: &[SourceSpec]) {
        for spec in more {
            let Some(id) = spec.model.as_deref().filter(|_| self.line_of(spec).is_none()) else { continue };
            let opened = self.lines[0].models().other(id, &self.ground.stage.catalogue);
            let opened = opened.and_then(|models| models.open(super::workers(1))).map_err(DaemonError::from);
            if let Err(error) = opened.and_then(|opened| self.add_line(opened)) {
                tracing::error!(source = spec.name, model = id, %error, "the model cannot be used");
            }
        }
        for index in 0..self.lines.len() {
            let running = self.sources.iter().filter(|running| running.line == index).count();
            let coming = more.iter().filter(|spec| self.line_of(spec) == Some(index)).count();
            self.lines[index].make_room(running + coming);
        }
    }

    /// Starts a source, on the threads of its model that serve fewest. Its row must be on the board already.
    pub fn start(&mut self, spec: SourceSpec, row: Arc<Row>) -> Result<(), DaemonError> {
        let line = self.line_of(&spec).ok_or_else(|| DaemonError::NoModel {
            source_name: spec.name.clone(),
            model: spec.model.clone().unwrap_or_default(),
        })?;
        let beside = || self.sources.iter().filter(|running| running.line == line);
        let (dsp_workers, model_workers) = self.lines[line].workers();
        let dsp = least(dsp_workers, beside().map(|running| running.dsp));
        let model = least(model_workers, beside().map(|running| running.model));
        let (notices, from_source) = crossbeam_channel::bounded(NOTICES);
        let (on_forgotten, forgotten) = crossbeam_channel::bounded(0);
        let stop = Stop::new();
        let (mel, tap) = MelWriter::new(self.lines[line].features());
        let _ = row.mel.set(Arc::new(tap));
        let wake = self.lines[line].take(dsp, model, |to_model| {
            Slot::new(Arc::clone(&row), stop.clone(), from_source, to_model, on_forgotten).with_mel(mel)
        });
        let (its_spec, its_stop, counters) = (spec.clone(), stop.clone(), Arc::clone(&row.counters));
        let thread = self.ground.spawner.spawn(&format!("src-{}", spec.name), move || {
            // The slot is gone only if this source was given up: there is nobody left to tell.
            let mut notify = |notice| drop(notices.send(notice));
            source::run(&its_spec, &counters, &its_stop, &mut notify, &|| wake.unpark());
            drop(notices);
            wake.unpark();
        })?;
        self.sources.push(Running { spec, row, stop, thread, forgotten, line, dsp, model });
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
            self.lines[running.line].wake(running.dsp);
            if running.forgotten.recv_deadline(deadline) == Err(RecvTimeoutError::Timeout) {
                running.row.retire();
                tracing::warn!(source = name, "did not end in time; the rest of it is not told");
            }
            let (state, remedy) = (SourceState::Ended, None);
            let change = SourceStateChange { state, reason: reason.map(str::to_owned), remedy };
            running.row.set_state(&change);
            self.ground.stage.hub.publish(&name, EventBody::SourceState(change));
            self.ground.stage.hub.forget(&name);
        }
    }

    /// Puts the running sources and these, in the order of these names, on the board.
    pub fn show(&self, more: &[Arc<Row>], order: &[String]) {
        let running = self.sources.iter().map(|running| &running.row);
        let mut rows: Vec<_> = running.chain(more).map(Arc::clone).collect();
        rows.sort_by_key(|row| order.iter().position(|name| *name == row.name));
        self.ground.stage.board.set_rows(rows);
    }

    /// Ends everything along the line, so that nothing that was heard is lost.
    pub fn end(self) {
        self.sources.iter().for_each(|running| running.stop.stop());
        join_stage("source", self.sources.into_iter().map(|running| running.thread), STAGE_LIMIT);
        self.ground.stop.stop();
        self.lines.into_iter().for_each(Line::end);
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
