//! The way back to a microphone, with devices that fail in ways which no real one does on request.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Instant, SystemTime};

use super::device::Opened;
use super::opener::gave_up;
use super::*;
use crate::source::mixdown::Mixer;
use crate::source::ring::ring;
use crate::source::{Notice, Own, Read, SourceSpec, SourceUri, Stop, Stream};
use crate::units::SampleRate;

/// A device whose callback has come once, with 10 ms of audio.
fn heard_once() -> Opened {
    fed_by_hand().0
}

/// The same, and its callback.
fn fed_by_hand() -> (Opened, Arc<Mutex<Capture>>) {
    let rate = SampleRate::new(48_000).expect("not zero");
    let (writer, reader) = ring(4_800, Arc::default());
    let pulse = Arc::new(Pulse::default());
    let (mut capture, exchange) = Capture::new(writer, Mixer::mean(1), Arc::clone(&pulse));
    capture.accept(&[0.1f32; 480]);
    let capture = Arc::new(Mutex::new(capture));
    let _stream = Box::new(Arc::clone(&capture));
    (Opened { name: "test".into(), rate, pulse, exchange, reader: Some(reader), _stream }, capture)
}

fn no_device() -> SourceError {
    SourceError::NoDevice { wanted: "USB".into(), available: vec!["\"default\" (A card)".into()] }
}

/// What is told: state, reason, remedy.
type Told = (SourceState, Option<String>, Option<String>);

/// Runs a microphone that `open` opens until `until` says that enough was told.
fn told_by(
    open: impl Fn() -> Result<Opened, SourceError> + Send + Sync + 'static,
    first_wait: Duration,
    until: impl Fn(&[Told]) -> bool,
) -> (Vec<Told>, Result<Outcome, SourceError>) {
    let uri = SourceUri::Microphone { device: None, mixdown: Mixdown::default() };
    let spec = SourceSpec { name: "mic".into(), uri, model: None, ring_seconds: 1.0, own: Own::default() };
    let stop = Stop::new();
    let mut told = Vec::new();
    let mut notify = |notice| {
        if let Notice::State { state, reason, remedy } = notice {
            told.push((state, reason, remedy));
            if until(&told) {
                stop.stop();
            }
        }
    };
    let counters = Arc::default();
    let mut line = Line { spec: &spec, counters: &counters, stop: &stop, notify: &mut notify, wake: &|| () };
    let outcome = keep(&Opener::new(open), Backoff::new(first_wait, Duration::from_secs(5)), &mut line);
    (told, outcome)
}

#[test]
fn a_microphone_that_is_not_there_at_the_start_is_waited_for() {
    let attempts = AtomicUsize::new(0);
    let open = move || match attempts.fetch_add(1, Ordering::Relaxed) {
        0..3 => Err(no_device()),
        3 => Err(gave_up()),
        _ => Ok(heard_once()),
    };
    let live = |told: &[Told]| told.last().is_some_and(|(state, ..)| *state == SourceState::Live);
    let (told, outcome) = told_by(open, Duration::from_millis(1), live);
    assert!(matches!(outcome, Ok(Outcome::Stopped)));
    let states: Vec<_> = told.iter().map(|(state, ..)| *state).collect();
    use SourceState::{Live, Reconnecting};
    assert_eq!(states, [Reconnecting, Reconnecting, Live], "the same reason is told once");
    let (_, reason, remedy) = &told[0];
    assert!(reason.as_deref().is_some_and(|reason| reason.contains("\"USB\"")), "{reason:?}");
    assert!(remedy.as_deref().is_some_and(|remedy| remedy.contains("genrecast devices")), "{remedy:?}");
}

#[test]
fn a_name_that_fits_several_fails_at_once() {
    let matching = vec!["one".into(), "two".into()];
    let open = move || Err(SourceError::AmbiguousDevice { wanted: "USB".into(), matching: matching.clone() });
    let (told, outcome) = told_by(open, Duration::from_secs(60), |_| false);
    assert!(matches!(outcome, Err(SourceError::AmbiguousDevice { .. })));
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_microphone_that_breaks_at_once_is_opened_ever_more_rarely() {
    let begin = Instant::now();
    let open = || {
        let opened = heard_once();
        opened.pulse.set_broken();
        Ok(opened)
    };
    let stalled =
        |told: &[Told]| told.iter().filter(|(state, ..)| *state == SourceState::Stalled).count() == 5;
    let first = Duration::from_millis(40);
    let (_, outcome) = told_by(open, first, stalled);
    assert!(matches!(outcome, Ok(Outcome::Stopped)));
    // Four waits of at least half of 1 + 2 + 4 + 8 times the first; without doubling they are at most 4 times it, and
    // seeing that the device broke takes some milliseconds each time.
    assert!(begin.elapsed() >= first * 15 / 2, "{:?}", begin.elapsed());
}

/// Listens to a device fed by hand until a second stream has come. `live` is called when it is live.
fn until_a_second_stream(mut live: impl FnMut(&Arc<Mutex<Capture>>, &Arc<Pulse>, &Stop)) -> Vec<Stream> {
    let (mut opened, capture) = fed_by_hand();
    let pulse = Arc::clone(&opened.pulse);
    let uri = SourceUri::Microphone { device: None, mixdown: Mixdown::default() };
    let spec = SourceSpec { name: "mic".into(), uri, model: None, ring_seconds: 1.0, own: Own::default() };
    let stop = Stop::new();
    let mut streams = Vec::new();
    let mut notify = |notice| match notice {
        Notice::Stream(stream) => {
            streams.push(stream);
            if streams.len() == 2 {
                stop.stop();
            }
        }
        Notice::State { .. } => live(&capture, &pulse, &stop),
        Notice::Title { .. } => (),
    };
    let counters = Arc::default();
    let mut line = Line { spec: &spec, counters: &counters, stop: &stop, notify: &mut notify, wake: &|| () };
    assert!(listen::listen(&mut opened, &mut line).is_none(), "lost");
    assert_eq!(streams.len(), 2);
    streams
}

#[test]
fn what_the_audio_system_loses_lies_between_two_streams() {
    let begin = SystemTime::now();
    let mut streams = until_a_second_stream(|capture, pulse, _| {
        let mut capture = capture.lock().expect("not poisoned");
        capture.accept(&[0.1f32; 480]);
        pulse.splice();
        capture.accept(&[0.2f32; 960]);
    });
    let mut out = [0.0; 2_000];
    let mut second = streams.pop().expect("a second");
    let mut first = streams.pop().expect("a first");
    assert_eq!(first.reader.read(&mut out), Read::Samples(960));
    assert!(out[..960].iter().all(|&sample| sample == 0.1));
    assert_eq!(first.reader.read(&mut out), Read::Ended);
    assert_eq!(second.reader.read(&mut out), Read::Samples(960));
    assert!(out[..960].iter().all(|&sample| sample == 0.2));
    // Seen at the next look: the frames of both streams, 40 ms, do not fill the time until then.
    assert!(second.anchor > first.anchor + Duration::from_millis(20), "no gap would be told");
    assert!(first.anchor > begin - Duration::from_secs(1) && second.anchor <= SystemTime::now());
}

#[test]
fn a_stream_begins_anew_when_the_clocks_come_apart() {
    let mut feeder = None;
    until_a_second_stream(|capture, _, stop| {
        let (capture, stop) = (Arc::clone(capture), stop.clone());
        // Two seconds of samples every 20 ms: the wall clock falls behind. It gives up in the end.
        feeder = Some(thread::spawn(move || {
            for _ in 0..500 {
                capture.lock().expect("not poisoned").accept(&[0.1f32; 96_000]);
                if stop.wait(Duration::from_millis(20)) {
                    return;
                }
            }
            stop.stop();
        }));
    });
    feeder.expect("it was live").join().expect("no panic");
}

#[test]
fn a_callback_that_still_comes_finds_nothing_once_it_was_taken_away() {
    let (writer, mut reader) = ring(48_000, Arc::default());
    let (capture, _exchange) = Capture::new(writer, Mixer::mean(1), Arc::default());
    let callback = Callback::new(capture);
    let library = callback.clone();
    let over = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&over);
    let calls = thread::spawn(move || {
        let mut calls = 0;
        while !until.load(Ordering::Relaxed) {
            library.accept(&[0.5f32; 48]);
            calls += 1;
        }
        calls
    });
    let mut out = [0.0; 480];
    while !matches!(reader.read(&mut out), Read::Samples(_)) {}
    callback.end();
    callback.end();
    // The writer is gone although callbacks come: what was written can be read, then the stream has ended.
    while !matches!(reader.read(&mut out), Read::Ended) {}
    over.store(true, Ordering::Relaxed);
    assert!(calls.join().expect("no panic") > 0);
}
