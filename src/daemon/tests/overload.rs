//! More paced sources than a slow model can hear, from the ring to the hub, on the daemon's own threads. Touch it with
//! `load.rs`, whose own tests have time that is counted.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{bounded, unbounded};
use tokio::sync::watch;

use super::{HZ, manifests, rate};
use crate::daemon::board::{Expects, Row};
use crate::daemon::dsp;
use crate::daemon::load::Load;
use crate::daemon::model::{self, ModelThread};
use crate::daemon::progress::Progress;
use crate::daemon::publish::Publisher;
use crate::daemon::round::Round;
use crate::daemon::slot::Slot;
use crate::event::{EventBody, GenreWindow, ModelInfo};
use crate::hub::{Hub, HubLimits};
use crate::model::{Classifier, ModelError, ModelState};
use crate::pipeline::{Classifiers, DecideSettings};
use crate::source::{Notice, Own, SourceSpec, Stop, Stream, ring};

const SOURCES: usize = 6;

/// Twice the speed at which it was played: a hop of 0.496 s comes every quarter of a second.
const PACE: f64 = 2.0;

/// What a window takes: for all of them two and a half times as much as there is.
const COST: Duration = Duration::from_millis(100);

/// Windows of each source that must come while hops are longer.
const ENOUGH: usize = 8;

/// Half a minute of time: it holds whatever comes while hops are not yet long enough, however busy the machine.
const RING_S: f64 = 60.0;

/// Takes its time for each answer, and none for what is left out.
struct Slow;

impl Classifier for Slow {
    fn new_state(&self) -> ModelState {
        ModelState::new(124, 96)
    }

    fn push(&mut self, state: &mut ModelState, columns: &[f32], _last: bool) -> Result<(), ModelError> {
        state.push(columns);
        Ok(())
    }

    fn leave_out(&mut self, state: &mut ModelState, columns: &[f32]) {
        state.push(columns);
    }

    fn evaluate(&mut self, _state: &ModelState) -> Result<&[f32], ModelError> {
        thread::sleep(COST);
        Ok(&[5.0, 0.0, 0.0, 0.0])
    }
}

fn row(n: usize) -> Arc<Row> {
    let spec = SourceSpec {
        name: n.to_string(),
        uri: "mic:".parse().expect("a URI"),
        model: None,
        ring_seconds: RING_S,
        own: Own::default(),
    };
    Arc::new(Row::new(n as u64, &spec, Expects::new(Duration::from_secs(1), Duration::from_secs(1))))
}

#[test]
fn overload_is_shared_by_all_sources_and_nothing_is_lost() {
    let (manifests, hub, stop) = (Arc::new(manifests()), Hub::new(HubLimits::default()), Stop::new());
    let labels = Arc::new(manifests.genre.labels.clone());
    let info = ModelInfo { id: "x".into(), sha256: "0".into(), device: "cpu".into(), runtime: "none".into() };
    let (to_model, jobs) = bounded(model::QUEUE);
    let body = ModelThread {
        jobs,
        classifiers: Classifiers { genre: Box::new(Slow), gate: None },
        manifests: Arc::clone(&manifests),
        decide: watch::Sender::new(DecideSettings::default()).subscribe(),
        publisher: Publisher::new(Arc::clone(&hub), labels, Arc::new(info)),
        load: Load::new(&manifests.genre),
        round: Round::new(1),
        stop: stop.clone(),
        turns: Progress::default().thread("model-0"),
    };
    let models = thread::spawn(move || body.run());
    let (arrive, arrivals) = bounded(dsp::ARRIVALS);
    let (its_manifests, its_stop) = (Arc::clone(&manifests), stop.clone());
    let fronts = thread::spawn(move || {
        dsp::run(&arrivals, &its_manifests, &its_stop, &Progress::default().thread("dsp-0"));
    });
    // One clock for all, by which they are played, too.
    let (began, anchor) = (Instant::now(), SystemTime::now());
    let mut sources: Vec<_> = (0..SOURCES)
        .map(|n| {
            let (notices, from_source) = unbounded();
            let (on_forgotten, _) = bounded(0);
            let (writer, reader) = ring((RING_S * f64::from(HZ)) as usize, Arc::default());
            let stream = Stream { reader, rate: rate(HZ), anchor, pace: Some(PACE), missing: None };
            notices.send(Notice::Stream(stream)).expect("its end is here");
            let slot = Slot::new(row(n), stop.clone(), from_source, to_model.clone(), on_forgotten);
            arrive.send(slot).expect("the thread lives");
            (writer, notices)
        })
        .collect();
    drop(to_model);

    let (mut written, mut seen) = (0, 0);
    let mut told: Vec<Vec<Box<GenreWindow>>> = vec![Vec::new(); SOURCES];
    // Nobody is behind at the end, and everybody has been told of longer hops often enough.
    let is_enough = |windows: &Vec<Box<GenreWindow>>| {
        let longer = windows.iter().filter(|window| window.audio.skipped_hops > 0).count();
        longer >= ENOUGH && windows.last().is_some_and(|window| window.timing.capture_to_emit_ms < 1_000)
    };
    while !told.iter().all(is_enough) {
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "{:?}",
            told.iter().map(Vec::len).collect::<Vec<_>>()
        );
        // The clock of all the sources.
        thread::sleep(Duration::from_millis(10));
        let due = (began.elapsed().as_secs_f64() * PACE * f64::from(HZ)) as usize;
        let samples = vec![0.1; due - written];
        sources.iter_mut().for_each(|(writer, _)| writer.write(&samples));
        written = due;
        let mut entries = Vec::new();
        hub.read(seen, 1_000, &mut entries);
        for entry in entries {
            let event = entry.event();
            seen = event.seq;
            match &event.body {
                EventBody::Window(window) => {
                    told[event.source.parse::<usize>().expect("a number")].push(window.clone());
                }
                EventBody::SourceGap(gap) => panic!("lost: {gap:?}"),
                _ => {}
            }
        }
    }
    drop((sources, arrive));
    stop.stop();
    fronts.join().expect("no panic");
    models.join().expect("no panic");

    let counts = told.iter().map(Vec::len);
    let (fewest, most) = (counts.clone().min().expect("sources"), counts.max().expect("sources"));
    assert!(most * 2 <= fewest * 3, "{fewest} to {most} windows");
    let hop_s = manifests.genre.window.stride as f64 * manifests.genre.features.hop_seconds();
    for pair in told.iter().flat_map(|windows| windows.windows(2)) {
        let hops = (pair[1].window.end_s - pair[0].window.end_s) / hop_s;
        assert!(
            (hops - 1.0 - pair[1].audio.skipped_hops as f64).abs() < 0.01,
            "{hops} hops: {:?}",
            pair[1].audio
        );
    }
}
