//! That a running source tells its states, keeps its pace, loses nothing it must not lose, and stops at once.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::*;
use crate::event::SourceState;
use crate::source::{Mixdown, Notice, Own, Read, SourceSpec, SourceUri, Speed, Stop, Stream, run};
use crate::stats::SourceCounters;

/// What a source told.
#[derive(Default)]
struct Told {
    states: Vec<(SourceState, Option<String>)>,
    streams: Vec<Stream>,
}

impl Told {
    fn note(&mut self, notice: Notice) {
        match notice {
            Notice::Stream(stream) => self.streams.push(stream),
            Notice::State { state, reason, .. } => self.states.push((state, reason)),
            Notice::Title { .. } => (),
        }
    }

    fn only_states(&self) -> Vec<SourceState> {
        self.states.iter().map(|(state, _)| *state).collect()
    }
}

fn spec(path: &Path, speed: Speed, looping: bool, ring_seconds: f64) -> SourceSpec {
    let uri = SourceUri::File { path: path.into(), speed, looping, mixdown: Mixdown::default() };
    SourceSpec { name: uri.default_name(), uri, model: None, ring_seconds, own: Own::default() }
}

fn drain(reader: &mut crate::source::RingReader) -> (Vec<f32>, u64) {
    let (mut all, mut lost) = (Vec::new(), 0);
    let mut out = [0.0; 1000];
    loop {
        match reader.read(&mut out) {
            Read::Samples(n) => all.extend_from_slice(&out[..n]),
            Read::Lost(n) => lost += n,
            Read::Empty => std::thread::yield_now(),
            Read::Ended => return (all, lost),
        }
    }
}

#[test]
fn an_unpaced_file_comes_whole_through_a_small_ring() {
    let spec = spec(&fixture("mono.flac"), Speed::Max, false, 0.01);
    let counters = Arc::new(SourceCounters::default());
    let (sender, streams) = std::sync::mpsc::channel();
    let listener = std::thread::spawn(move || {
        let mut stream: Stream = streams.recv().expect("a stream comes");
        assert_eq!(stream.pace, None);
        drain(&mut stream.reader)
    });
    let mut states = Vec::new();
    let mut notify = |notice| match notice {
        Notice::Stream(stream) => sender.send(stream).expect("the listener waits"),
        Notice::State { state, reason, .. } => {
            assert_eq!(reason, None);
            states.push(state);
        }
        Notice::Title { title, .. } => panic!("a title in a file: {title}"),
    };
    run(&spec, &counters, &Stop::new(), &mut notify, &|| ());
    use SourceState::{Ended, Live, Starting};
    assert_eq!(states, [Starting, Live, Ended]);
    let (heard, lost) = listener.join().expect("no panic");
    let whole = read_whole(Decoder::open_file(&fixture("mono.flac"), Mixdown::default()).expect("opens"));
    assert_eq!(heard, whole.expect("reads").samples);
    assert_eq!(lost, 0);
    assert_eq!(counters.samples_lost.get(), 0);
}

#[test]
fn a_paced_file_takes_its_time_and_not_less() {
    for (factor, seconds) in [(4.0, 0.25), (20.0, 0.05)] {
        let spec = spec(&fixture("mono.wav"), Speed::Factor(factor), false, 10.0);
        let counters = Arc::new(SourceCounters::default());
        let mut told = Told::default();
        let begin = Instant::now();
        run(&spec, &counters, &Stop::new(), &mut |n| told.note(n), &|| ());
        let took = begin.elapsed().as_secs_f64();
        assert!(took >= seconds, "{took} s at speed {factor}");
        let stream = told.streams.first_mut().expect("a stream");
        assert!(stream.pace.is_some());
        assert!(stream.anchor <= SystemTime::now());
        let (heard, lost) = drain(&mut stream.reader);
        assert_eq!((heard.len(), lost), (8_000, 0));
        assert_eq!(told.only_states().last(), Some(&SourceState::Ended));
    }
}

#[test]
fn a_paced_file_loses_what_nobody_reads_and_counts_it() {
    let spec = spec(&fixture("mono.wav"), Speed::Factor(50.0), false, 0.005);
    let counters = Arc::new(SourceCounters::default());
    let mut told = Told::default();
    run(&spec, &counters, &Stop::new(), &mut |n| told.note(n), &|| ());
    let (heard, lost) = drain(&mut told.streams.first_mut().expect("a stream").reader);
    assert_eq!((heard.len(), lost), (2_000, 6_000));
    assert_eq!(counters.samples.get(), 2_000);
    assert_eq!(counters.samples_lost.get(), 6_000);
}

#[test]
fn a_fast_file_leaves_its_reader_as_much_time_as_a_slow_one() {
    // All of it lasts a millisecond: the reader of a ring of half a second need not have read anything yet.
    let spec = spec(&fixture("mono.wav"), Speed::Factor(1000.0), false, 0.5);
    let counters = Arc::new(SourceCounters::default());
    let mut told = Told::default();
    run(&spec, &counters, &Stop::new(), &mut |n| told.note(n), &|| ());
    let (heard, lost) = drain(&mut told.streams.first_mut().expect("a stream").reader);
    assert_eq!((heard.len(), lost), (8_000, 0));
}

#[test]
fn a_loop_is_one_stream_and_stops_at_once() {
    let spec = spec(&fixture("mono.wav"), Speed::Max, true, 1.0);
    let counters = Arc::new(SourceCounters::default());
    let (stop, stopper) = (Stop::new(), Stop::new());
    drop(stopper);
    let (sender, streams) = std::sync::mpsc::channel();
    let stopping = stop.clone();
    let listener = std::thread::spawn(move || {
        let mut stream: Stream = streams.recv().expect("a stream comes");
        let mut heard = Vec::new();
        let mut out = [0.0; 1000];
        while heard.len() < 20_000 {
            match stream.reader.read(&mut out) {
                Read::Samples(n) => heard.extend_from_slice(&out[..n]),
                Read::Empty => std::thread::yield_now(),
                other => panic!("{other:?}"),
            }
        }
        stopping.stop();
        assert!(streams.recv().is_err(), "a second stream");
        heard
    });
    let mut states = Vec::new();
    {
        let mut notify = |notice| match notice {
            Notice::Stream(stream) => sender.send(stream).expect("the listener waits"),
            Notice::State { state, .. } => states.push(state),
            Notice::Title { .. } => (),
        };
        run(&spec, &counters, &stop, &mut notify, &|| ());
    }
    drop(sender);
    assert_eq!(states, [SourceState::Starting, SourceState::Live]);
    let heard = listener.join().expect("no panic");
    assert_eq!(heard[..4_000], heard[8_000..12_000]);
}

#[test]
fn a_slow_file_stops_at_once() {
    let spec = spec(&fixture("mono.wav"), Speed::Factor(1e-6), false, 1.0);
    let stop = Stop::new();
    let stopping = stop.clone();
    let begin = Instant::now();
    run(
        &spec,
        &Arc::default(),
        &stop,
        &mut |notice| {
            if matches!(notice, Notice::State { state: SourceState::Live, .. }) {
                let stop = stopping.clone();
                std::thread::spawn(move || stop.stop());
            }
        },
        &|| (),
    );
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_failure_tells_its_reason_and_a_remedy() {
    let spec = spec(Path::new("/nowhere/gone.mp3"), Speed::Max, false, 1.0);
    let mut last = None;
    run(&spec, &Arc::default(), &Stop::new(), &mut |n| last = Some(n), &|| ());
    let Some(Notice::State { state, reason, remedy }) = last else {
        panic!("no state");
    };
    assert_eq!(state, SourceState::Failed);
    assert!(reason.is_some_and(|reason| reason.contains("/nowhere/gone.mp3")));
    assert!(remedy.is_some_and(|remedy| remedy.contains("check the path")));
}

#[test]
fn damage_is_told_at_the_end() {
    let dir = temp_dir::TempDir::new().expect("a directory");
    let path = dir.path().join("cut.wav");
    std::fs::write(&path, &bytes_of("mono.wav")[..8_000]).expect("writes");
    let mut told = Told::default();
    let spec = spec(&path, Speed::Max, false, 10.0);
    run(&spec, &Arc::default(), &Stop::new(), &mut |n| told.note(n), &|| ());
    let (state, reason) = told.states.last().expect("a state");
    assert_eq!(*state, SourceState::Ended);
    let reason = reason.as_deref().unwrap_or("none");
    assert!(reason.contains("of the 1.0 s that its header announces"), "{reason}");
}
