//! Whether the daemon gets on: counters that its threads turn, what is known of its sources, and the rules that judge
//! both. Touch it when a thread is added that must not stand still, or when a state of a source means something else.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::event::SourceState;

/// The counters of all threads that must not stand still.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<Mutex<Vec<Counter>>>);

struct Counter {
    name: String,
    turns: Arc<AtomicU64>,
}

/// A thread's own counter. Dropped, the thread has ended in order and nobody waits for it any more.
pub(super) struct Turns {
    turns: Arc<AtomicU64>,
    registry: Progress,
}

impl Progress {
    /// A counter for the thread `name`, which it must turn at least once a second, also when it has nothing to do.
    pub fn thread(&self, name: &str) -> Turns {
        let turns = Arc::new(AtomicU64::new(0));
        self.counters().push(Counter { name: name.to_owned(), turns: Arc::clone(&turns) });
        Turns { turns, registry: self.clone() }
    }

    /// How often each thread has turned so far, by its name.
    pub fn turns(&self) -> HashMap<String, u64> {
        let of = |counter: &Counter| (counter.name.clone(), counter.turns.load(Ordering::Relaxed));
        self.counters().iter().map(of).collect()
    }

    fn counters(&self) -> MutexGuard<'_, Vec<Counter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turns {
    /// The thread has gone once around its loop.
    pub fn turn(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        self.registry.counters().retain(|counter| !Arc::ptr_eq(&counter.turns, &self.turns));
    }
}

/// What is known at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Facts {
    /// As [`Progress::turns`] tells.
    pub turns: HashMap<String, u64>,
    /// The sources, as configured now.
    pub sources: Vec<SourceFacts>,
    /// Subscribers that are connected.
    pub subscribers: usize,
}

/// What is known of a source.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SourceFacts {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: SourceState,
    /// Why it is in that state, if that was told.
    pub reason: Option<String>,
    /// Windows published so far.
    pub windows: u64,
    /// How long ago its last window was published or another hop worked off, or else its stream began; `None` if it
    /// owes us nothing: no stream has begun, no samples have come since, or whoever feeds it sets the pace.
    pub owing: Option<Duration>,
    /// How long the model has failed for it; `None` if it works.
    pub model_fails: Option<Duration>,
    /// How long it may owe a window.
    pub patience: Duration,
    /// Its stable genre.
    pub genre: Option<String>,
}

impl SourceFacts {
    /// True if sound can be expected of it: it gives some, or it has not yet said that it cannot.
    pub fn can_deliver(&self) -> bool {
        matches!(self.state, SourceState::Starting | SourceState::Live | SourceState::Silent)
    }
}

/// A model that fails for longer will not mend itself, as after an error of the GPU.
const MODEL_FAILS: Duration = Duration::from_secs(30);

/// What keeps the daemon from getting on, since a moment at which the threads had turned `before`; `None` if all is
/// well. A source that is away is no obstacle: a restart of the daemon would not bring it back.
pub(super) fn obstacle(facts: &Facts, before: &HashMap<String, u64>) -> Option<String> {
    let mut still: Vec<_> = facts
        .turns
        .iter()
        .filter(|(name, turns)| before.get(*name) == Some(turns))
        .map(|(name, _)| name.as_str())
        .collect();
    if !still.is_empty() {
        still.sort_unstable();
        return Some(format!("standing still: {}", still.join(", ")));
    }
    let fails = |source: &&SourceFacts| source.model_fails.is_some_and(|time| time > MODEL_FAILS);
    if let Some(source) = facts.sources.iter().find(fails) {
        return Some(format!("the model has failed for {} too long", source.name));
    }
    facts.sources.iter().find_map(|source| {
        let says_it_delivers = matches!(source.state, SourceState::Live | SourceState::Silent);
        let owing = source.owing.filter(|owing| says_it_delivers && *owing > source.patience)?;
        Some(format!(
            "{} says it is live, but has given no window for {:.0} s",
            source.name,
            owing.as_secs_f64()
        ))
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A source that is live and gave a window a second ago.
    pub fn live(name: &str) -> SourceFacts {
        SourceFacts {
            name: name.into(),
            state: SourceState::Live,
            reason: None,
            windows: 7,
            owing: Some(Duration::from_secs(1)),
            model_fails: None,
            patience: Duration::from_secs(10),
            genre: Some("jazz".into()),
        }
    }

    #[test]
    fn a_thread_that_stands_still_is_an_obstacle_until_it_turns_or_ends() {
        let progress = Progress::default();
        let (dsp, model) = (progress.thread("dsp-0"), progress.thread("model-0"));
        let facts = || Facts { turns: progress.turns(), ..Facts::default() };
        // Nobody has seen them before, so nobody can say that they stand still.
        assert_eq!(obstacle(&facts(), &HashMap::new()), None);
        let before = progress.turns();
        dsp.turn();
        assert_eq!(obstacle(&facts(), &before).as_deref(), Some("standing still: model-0"));
        model.turn();
        assert_eq!(obstacle(&facts(), &before), None);
        let before = progress.turns();
        assert_eq!(obstacle(&facts(), &before).as_deref(), Some("standing still: dsp-0, model-0"));
        drop(model);
        dsp.turn();
        assert_eq!(obstacle(&facts(), &before), None);
        assert_eq!(progress.turns(), HashMap::from([("dsp-0".to_owned(), 2)]));
    }

    #[test]
    fn only_a_source_that_says_it_delivers_must_deliver() {
        let late = Some(Duration::from_secs(11));
        let source = |state, owing| SourceFacts { state, owing, ..live("mic") };
        let judged = |source: SourceFacts| {
            let facts = Facts { sources: vec![live("other"), source], ..Facts::default() };
            obstacle(&facts, &HashMap::new())
        };
        use SourceState::{Ended, Failed, Live, Reconnecting, Silent, Stalled, Starting};
        for state in [Live, Silent] {
            assert_eq!(judged(source(state, Some(Duration::from_secs(10)))), None);
            assert_eq!(judged(source(state, None)), None);
            let told = judged(source(state, late)).expect("an obstacle");
            assert!(told.contains("mic") && told.contains("11 s"), "{told}");
        }
        for state in [Starting, Stalled, Reconnecting, Failed, Ended] {
            assert_eq!(judged(source(state, late)), None, "{state:?}");
        }
        let failing = |seconds| SourceFacts {
            model_fails: Some(Duration::from_secs(seconds)),
            ..source(Stalled, None)
        };
        assert_eq!(judged(failing(29)), None);
        assert!(judged(failing(31)).expect("an obstacle").contains("the model has failed for mic"));
    }
}
