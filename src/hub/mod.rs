//! The hub: numbers events, keeps a bounded log of them and wakes whoever waits for the next one.
//! Touch it when publishing or reading changes; it knows neither sockets nor samples.
//!
//! A subscriber is nothing but a cursor (the `seq` it has been served up to) into the one shared log, so a slow one
//! costs nothing and delays nobody: when the log has moved past its cursor, [`Hub::read`] tells what is gone.

mod entry;
mod latest;
mod log;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

pub use entry::{Entry, Utf8Bytes};
pub use latest::{Snapshot, SourceLatest};
pub use log::ReadResult;

use crate::event::{Event, EventBody, PROTOCOL_VERSION};
use crate::stats::Counter;
use entry::Meter;
use latest::Latest;
use log::Log;

/// How much the log holds; whichever bound is met first evicts from the front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubLimits {
    /// Most events kept, at least 1.
    pub events: usize,
    /// Most bytes kept, events and their serialised frames together. The newest event stays whatever its size, and
    /// frames serialised since the last publication or read may exceed the bound until the next one.
    pub bytes: usize,
}

impl Default for HubLimits {
    /// 4,000 events in 64 MiB: an hour of one source. What is older comes from the history.
    fn default() -> Self {
        Self { events: 4_000, bytes: 64 << 20 }
    }
}

/// Sequence numbers, the log and what is newest of each source.
#[derive(Debug)]
pub struct Hub {
    epoch: String,
    meter: Arc<Meter>,
    state: Mutex<State>,
    newest: watch::Sender<u64>,
    /// Events of each type, in the order of [`EventBody::TYPES`].
    published: [Counter; EventBody::TYPES.len()],
}

#[derive(Debug)]
struct State {
    log: Log,
    latest: Latest,
}

impl Hub {
    /// An empty hub with an epoch of its own (a ULID).
    pub fn new(limits: HubLimits) -> Arc<Self> {
        let meter = Arc::new(Meter::default());
        Arc::new(Self {
            epoch: ulid::Ulid::generate().to_string(),
            state: Mutex::new(State { log: Log::new(limits, Arc::clone(&meter)), latest: Latest::default() }),
            meter,
            newest: watch::Sender::new(0),
            published: Default::default(),
        })
    }

    /// ULID of this run; new at every start, so that a `seq` of an earlier run is never mistaken for one of this.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The bounds of this moment.
    pub fn limits(&self) -> HubLimits {
        self.lock().log.limits()
    }

    /// Sets other bounds and evicts at once what is beyond them. Readers are told by a gap, as of any eviction.
    pub fn set_limits(&self, limits: HubLimits) {
        let evicted = self.lock().log.set_limits(limits);
        // Freed outside the lock.
        drop(evicted);
    }

    /// Leaves a source that is no more out of snapshots from now on; its events stay in the log.
    pub fn forget(&self, source: &str) {
        let forgotten = self.lock().latest.forget(source);
        drop(forgotten);
    }

    /// Numbers and stamps (now, in whole milliseconds) an event, logs it, wakes the waiting; returns its `seq`.
    ///
    /// May be called from any thread; it takes a lock that nobody holds for longer than a few memory operations, and
    /// never waits for a subscriber. Nothing is serialised here: the first reader of each variant does that.
    pub fn publish(&self, source: &str, body: EventBody) -> u64 {
        if let Some(published) = self.published.get(body.type_index()) {
            published.add(1);
        }
        let mut event = Event {
            body,
            v: PROTOCOL_VERSION,
            epoch: self.epoch.clone(),
            seq: 0,
            source: source.to_owned(),
            time: Timestamp::UNIX_EPOCH,
        };
        let (seq, evicted) = {
            let mut state = self.lock();
            let seq = state.log.latest() + 1;
            event.seq = seq;
            event.time = now();
            let entry = Arc::new(Entry::new(event, Arc::clone(&self.meter)));
            state.latest.take(&entry);
            (seq, state.log.push(entry))
        };
        // Freed outside the lock.
        drop(evicted);
        // Two publishers may get here in the other order: the number told must never fall.
        self.newest.send_if_modified(|told| {
            let newer = *told < seq;
            *told = (*told).max(seq);
            newer
        });
        seq
    }

    /// `seq` of the newest event, 0 before the first.
    pub fn latest(&self) -> u64 {
        self.lock().log.latest()
    }

    /// `seq` of the oldest event that can still be read; 1 while the log is empty.
    pub fn oldest(&self) -> u64 {
        self.lock().log.oldest()
    }

    /// A receiver that is woken when there are newer events; its value is the newest `seq`.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Appends to `out` at most `max` events that follow `after`, in order.
    ///
    /// On [`ReadResult::Gap`] nothing is appended; go on with `after = to_seq`.
    pub fn read(&self, after: u64, max: usize, out: &mut Vec<Arc<Entry>>) -> ReadResult {
        let (result, evicted) = {
            let mut state = self.lock();
            let evicted = state.log.trim();
            (state.log.read(after, max, out), evicted)
        };
        drop(evicted);
        result
    }

    /// The newest state and window of every source, and the `seq` up to which that holds. Independent of eviction.
    pub fn snapshot(&self) -> Snapshot {
        let state = self.lock();
        Snapshot { seq: state.log.latest(), sources: state.latest.to_vec() }
    }

    /// How many events of each type were published so far.
    pub fn published(&self) -> impl Iterator<Item = (&'static str, u64)> {
        EventBody::TYPES.into_iter().zip(self.published.iter().map(Counter::get))
    }

    /// Bytes the log holds now, serialised frames included.
    pub fn bytes(&self) -> usize {
        self.meter.bytes()
    }

    /// How many frames were serialised so far: at most one for each event and variant that was asked for.
    pub fn frames_serialised(&self) -> u64 {
        self.meter.frames.get()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding the lock; should it ever, the log is still in order.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
