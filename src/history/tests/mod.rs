//! Tests of the history as a whole: a real hub, a real recorder on its thread, a real file.
//! Touch `replay` for what is read, `trouble` for what goes wrong, `chance` for the property.

mod chance;
mod damage;
mod drawing;
mod replay;
mod trouble;

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use temp_dir::TempDir;

use super::*;
use crate::event::*;
use crate::hub::{Hub, HubLimits};

const PATIENCE: Duration = Duration::from_secs(30);

/// One run of a daemon, as far as the history sees it.
struct Run {
    hub: Arc<Hub>,
    history: History,
    stop: Option<Stop>,
    thread: Option<JoinHandle<()>>,
}

impl Run {
    fn begin(folder: &Path, limits: Limits, events: usize) -> Self {
        let hub = Hub::new(HubLimits { events, bytes: 64 << 20 });
        let history = History::new(folder, limits);
        let (mut recorder, stop) = Recorder::new(history.clone(), Arc::clone(&hub), |_| {});
        recorder.open();
        let thread = std::thread::spawn(move || recorder.run());
        Self { hub, history, stop: Some(stop), thread: Some(thread) }
    }

    fn usual(folder: &Path) -> Self {
        Self::begin(folder, Limits::default(), 20_000)
    }

    /// Waits until everything that was published is in the file.
    fn settle(&self) {
        self.wait("recorded", || *self.history.recorded().borrow() >= self.hub.latest());
    }

    fn wait(&self, what: &str, done: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done() {
            assert!(Instant::now() < deadline, "not {what}: {:?}", self.history.status());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn wait_for_state(&self, state: StatusKind) {
        self.wait(&format!("{state:?}"), || self.history.status().state == state);
    }

    /// Ends in order, as a daemon does.
    fn end(mut self) {
        self.stop = None;
        self.thread.take().expect("running").join().expect("no panic");
    }

    /// What subscribers got of this epoch, as far as the hub still has it.
    fn published(&self) -> Vec<String> {
        let (mut entries, mut after) = (Vec::new(), self.hub.oldest() - 1);
        while self.hub.read(after, 1000, &mut entries) == crate::hub::ReadResult::Events {
            after = entries.last().expect("some").seq();
        }
        entries.iter().map(|entry| entry.frame(usize::MAX).as_str().to_owned()).collect()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

fn window(p: f32) -> EventBody {
    let top = [("jazz", p), ("blues", (1.0 - p) * 0.75), ("rock", (1.0 - p) * 0.25)];
    EventBody::Window(Box::new(GenreWindow {
        window: WindowSpan {
            start: Timestamp::UNIX_EPOCH,
            end: Timestamp::now(),
            start_s: 0.0,
            end_s: f64::from(p) * 100.0,
            seconds: 29.9,
        },
        provisional: false,
        state: SignalState::Signal,
        top: top.iter().map(|(label, p)| LabelScore { label: (*label).into(), p: *p }).collect(),
        stable: Stable { label: "jazz".into(), since: Timestamp::UNIX_EPOCH, since_seq: None },
        audio: AudioReport {
            native_hz: 44_100,
            rms_dbfs: Some(-18.2),
            clipped: 0,
            gap_ms: 0,
            skipped_hops: 0,
            silence: None,
        },
        timing: Timing { capture_to_emit_ms: 41, infer_ms: 6 },
        model: Arc::new(ModelInfo {
            id: "crnn".into(),
            sha256: "0f".repeat(32),
            device: "cpu".into(),
            runtime: "tract".into(),
        }),
        track: None,
    }))
}

fn state(reason: &str) -> EventBody {
    let (state, reason) = (SourceState::Live, Some(reason.to_owned()));
    EventBody::SourceState(SourceStateChange { state, reason, remedy: None })
}

/// Everything that the history has of an epoch, page by page, and what it says at its end.
fn replay(history: &History, epoch: &str, after: u64, wanted: &Selection) -> (Vec<Item>, EpochEnd) {
    let (mut items, mut after) = (Vec::new(), after);
    loop {
        let page = history.epoch_page(epoch, after, wanted, 7).expect("readable").expect("known");
        assert!(page.up_to >= after);
        items.extend(page.items);
        if let Some(end) = page.end {
            return (items, end);
        }
        assert!(page.up_to > after, "it gets on");
        after = page.up_to;
    }
}

/// The events among them.
fn events(items: &[Item]) -> Vec<String> {
    let json = |item: &Item| match item {
        Item::Event(record) => Some(record.json.clone()),
        Item::Missing { .. } => None,
    };
    items.iter().filter_map(json).collect()
}

/// What is missing among them.
fn missing(items: &[Item]) -> Vec<(u64, u64, MissingReason)> {
    let of = |item: &Item| match item {
        Item::Missing { from_seq, to_seq, reason } => Some((*from_seq, *to_seq, *reason)),
        Item::Event(_) => None,
    };
    items.iter().filter_map(of).collect()
}
