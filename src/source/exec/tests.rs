//! That programs are heard, ended with all that they started, started again, and that their last words are told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::SourceState;
use crate::source::{Notice, Own, Read, SourceSpec, Stop, run};

/// Runs a source until it has told `last`, and gives what it told and the samples of its first stream.
fn until(uri: &str, last: SourceState) -> (Vec<(SourceState, String)>, usize) {
    let spec = SourceSpec {
        name: "x".into(),
        uri: uri.parse().expect("a URI"),
        model: None,
        ring_seconds: 4.0,
        own: Own::default(),
    };
    let (stop, counters) = (Stop::new(), Arc::default());
    let (mut told, mut streams) = (Vec::new(), Vec::new());
    let stopping = stop.clone();
    let mut notify = |notice| match notice {
        Notice::State { state, reason, .. } => {
            told.push((state, reason.unwrap_or_default()));
            if state == last {
                stopping.stop();
            }
        }
        Notice::Stream(stream) => streams.push(stream),
        Notice::Title { .. } => (),
    };
    run(&spec, &counters, &stop, &mut notify, &|| ());
    let mut heard = 0;
    if let Some(stream) = streams.first_mut() {
        let mut out = [0.0; 4096];
        while let Read::Samples(count) = stream.reader.read(&mut out) {
            heard += count;
        }
    }
    (told, heard)
}

#[test]
fn raw_samples_are_heard_and_the_last_words_told() {
    let uri = "exec:sh -c 'head -c 8000 /dev/zero; echo first >&2; echo no http://me:pw@host more >&2; exit 3'\
               ?pcm=s16le&rate=8000&channels=1";
    let (told, heard) = until(uri, SourceState::Reconnecting);
    use SourceState::{Live, Reconnecting, Starting};
    assert_eq!(told.iter().map(|(state, _)| *state).collect::<Vec<_>>(), [Starting, Live, Reconnecting]);
    let reason = &told[2].1;
    assert!(reason.contains("sh") && reason.contains("exit status: 3"), "{reason}");
    assert!(reason.contains("no http://…@host more") && !reason.contains("first"), "{reason}");
    assert_eq!(heard, 4000);
}

#[test]
fn a_container_is_told_by_itself() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/audio/mono.flac");
    let (told, heard) = until(&format!("exec:cat {file}"), SourceState::Reconnecting);
    assert_eq!(heard, 8000, "{told:?}");
    assert!(told[2].1.contains("exit status: 0"), "{told:?}");
}

#[test]
fn a_program_that_is_not_there_or_writes_no_audio_fails() {
    let (told, _) = until("exec:/no/such/program", SourceState::Failed);
    assert!(told[1].1.contains("/no/such/program"), "{told:?}");
    let (told, _) = until("exec:sh -c 'echo This is only text.'", SourceState::Failed);
    assert!(told[1].1.contains("it is text"), "{told:?}");
}

#[test]
fn it_is_started_again() {
    let mut lives = 0;
    let spec = SourceSpec {
        name: "x".into(),
        uri: "exec:head -c 1600 /dev/zero?pcm=u8&rate=8000&channels=1".parse().expect("a URI"),
        model: None,
        ring_seconds: 4.0,
        own: Own::default(),
    };
    let stop = Stop::new();
    let stopping = stop.clone();
    let mut notify = |notice| {
        if matches!(notice, Notice::State { state: SourceState::Live, .. }) {
            lives += 1;
            if lives == 2 {
                stopping.stop();
            }
        }
    };
    // Whoever listens drops each stream at once, which must not end the source.
    run(&spec, &Arc::default(), &stop, &mut notify, &|| ());
    assert!(lives >= 1, "{lives}");
}

#[test]
fn all_that_it_started_ends_with_it() {
    let dir = temp_dir::TempDir::new().expect("a directory");
    let pid_file = dir.child("pid");
    let script = format!("sleep 600 & echo $! > {}; exec cat /dev/zero", pid_file.display());
    let uri = format!("exec:sh -c '{script}'?pcm=s16le&rate=8000&channels=1&pace=live");
    let begin = Instant::now();
    let (told, _) = until(&uri, SourceState::Live);
    assert!(begin.elapsed() < Duration::from_secs(10), "{told:?}");
    let pid = std::fs::read_to_string(&pid_file).expect("written").trim().to_owned();
    // It may be a zombie until whoever adopted it has noticed.
    let alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| !rest.trim().is_empty() && !rest.trim().starts_with('Z'))
    };
    let deadline = Instant::now() + Duration::from_secs(5);
    while alive() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!alive(), "process {pid} still runs");
}
