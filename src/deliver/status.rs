//! How each output fares, for `/healthz`. Touch it when more is to be told of one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

/// Whether an output works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There is nothing to say of it yet.
    Starting,
    /// The broker takes messages, or the last delivery has worked.
    Working,
    /// It does not work and is tried again.
    Trying,
}

/// How an output fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The broker's address, or the webhook's name.
    pub to: String,
    /// Whether it works.
    pub state: State,
    /// Since when it does, or does not.
    pub since: Timestamp,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What a person can do about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Events that wait for it.
    pub waiting: usize,
    /// Events that it has taken.
    pub delivered: u64,
    /// Events that it never gets.
    pub dropped: u64,
    /// Deliveries, or connections, that failed.
    pub failures: u64,
    /// How often one that had failed was tried again.
    pub retries: u64,
}

/// How all of them fare. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Statuses(Arc<Mutex<All>>);

#[derive(Debug, Default)]
struct All {
    /// With the number of the line that each belongs to.
    by_key: BTreeMap<Key, (u64, Status)>,
    lines: u64,
}

/// Which output it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Mqtt,
    Webhook(String),
}

impl Statuses {
    /// The broker's.
    pub fn mqtt(&self) -> Option<Status> {
        self.lock().by_key.get(&Key::Mqtt).map(|(_, status)| status.clone())
    }

    /// Those of the webhooks, by name.
    pub fn webhooks(&self) -> Vec<Status> {
        let all = self.lock();
        let hooks = all.by_key.iter().filter(|(key, _)| **key != Key::Mqtt);
        hooks.map(|(_, (_, status))| status.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One output's own line among the statuses; it goes with the output.
pub(super) struct Line {
    all: Statuses,
    key: Key,
    /// Another line may have its key by the time it ends.
    number: u64,
}

impl Line {
    pub fn new(all: &Statuses, key: Key, to: &str) -> Self {
        let status = Status {
            to: to.to_owned(),
            state: State::Starting,
            since: Timestamp::now(),
            reason: None,
            remedy: None,
            waiting: 0,
            delivered: 0,
            dropped: 0,
            failures: 0,
            retries: 0,
        };
        let mut locked = all.lock();
        locked.lines += 1;
        let number = locked.lines;
        locked.by_key.insert(key.clone(), (number, status));
        drop(locked);
        Self { all: all.clone(), key, number }
    }

    /// Changes what is told.
    pub fn tell(&self, change: impl FnOnce(&mut Status)) {
        match self.all.lock().by_key.get_mut(&self.key) {
            Some((number, status)) if *number == self.number => change(status),
            _ => {}
        }
    }

    /// It is in this state, which needs no explanation.
    pub fn turn(&self, state: State) {
        self.tell(|status| {
            if status.state != state {
                (status.state, status.since) = (state, Timestamp::now());
            }
            (status.reason, status.remedy) = (None, None);
        });
    }

    /// What has failed is tried again.
    pub fn retry(&self) {
        self.tell(|status| status.retries += 1);
    }

    /// It has failed; true if it worked before, or has never been tried.
    pub fn fail(&self, reason: &str, remedy: &str) -> bool {
        let mut first = false;
        self.tell(|status| {
            first = status.reason.is_none();
            if status.state != State::Trying {
                (status.state, status.since) = (State::Trying, Timestamp::now());
            }
            status.reason = Some(reason.to_owned());
            status.remedy = Some(remedy.to_owned());
            status.failures += 1;
        });
        first
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        if all.by_key.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            all.by_key.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_lives_as_long_as_its_output_and_tells_the_first_failure() {
        let all = Statuses::default();
        let line = Line::new(&all, Key::Mqtt, "mqtt://a:1");
        let hook = Line::new(&all, Key::Webhook("b".into()), "b");
        assert!(line.fail("no", "mend") && !line.fail("no", "mend"));
        let status = all.mqtt().expect("there");
        assert_eq!((status.state, status.failures, status.reason.as_deref()), (State::Trying, 2, Some("no")));
        line.turn(State::Working);
        assert_eq!(all.mqtt().expect("there").reason, None);
        assert!(line.fail("again", "mend"));
        assert_eq!(all.webhooks().len(), 1);
        drop((line, hook));
        assert!(all.mqtt().is_none() && all.webhooks().is_empty());
    }
}
