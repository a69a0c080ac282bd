//! Uploads without a network: the queue, the way of the bytes, and what is heard. Touch it with what bounds an upload.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::*;
use crate::catalogue::Catalogue;
use crate::hearing::{Audience, Ears, Listener, Notes, hear};
use crate::model::{Model, Runtime, RuntimeChoice, RuntimeSettings};
use crate::pipeline::{DecideSettings, Outcome};
use crate::source::{Decoder, Mixdown};

/// Nothing here may take longer; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).into()
}

fn ears() -> Ears {
    let settings = RuntimeSettings { runtime: RuntimeChoice::Tract, ..RuntimeSettings::default() };
    Ears {
        model: Arc::new(Model::load(&root().join("tests/fixtures/models/toy-window")).expect("a model")),
        gate: None,
        runtime: Runtime::start(&settings).expect("tract"),
    }
}

fn hall(change: impl FnOnce(&mut UploadSettings)) -> Hall {
    let mut settings = UploadSettings {
        enabled: true,
        max_bytes: 1 << 20,
        max_seconds: 60.0,
        idle: PATIENCE,
        timeout: PATIENCE,
        waiting: 2,
    };
    change(&mut settings);
    Hall::new(watch::Sender::new(settings).subscribe())
}

fn worker(hall: &Hall) -> JoinHandle<()> {
    let catalogue = Catalogue::new(vec![root().join("tests/fixtures/models")], Vec::new());
    let decide = watch::Sender::new(DecideSettings::default()).subscribe();
    let worker = Worker::new(hall.clone(), Library { catalogue, own: ears() }, decide);
    std::thread::spawn(move || worker.run())
}

fn request(id: &str, name: &str) -> UploadRequest {
    let models = vec!["toy-window".into()];
    UploadRequest { id: id.into(), name: name.into(), models, top: 4, mel: true }
}

/// Sends all of these bytes.
async fn upload(hall: &Hall, request: UploadRequest, bytes: &[u8]) -> Result<UploadAnswer, UploadError> {
    let mut ticket = hall.enter(request)?;
    let sender = timeout(PATIENCE, ticket.turn()).await.expect("its turn comes")?;
    let feed = async {
        for piece in bytes.chunks(1000) {
            if !sender.send(piece.to_vec()).await {
                return;
            }
        }
        sender.end().await;
    };
    let (answer, ()) = tokio::join!(timeout(PATIENCE, ticket.answer()), feed);
    answer.expect("in time")
}

fn fixture(name: &str) -> PathBuf {
    root().join("tests/fixtures/audio").join(name)
}

/// A WAV file of a tone, or of nothing.
fn wav(seconds: u32, loud: bool) -> Vec<u8> {
    let rate = 8000u32;
    let bytes = seconds * rate * 2;
    let mut wav = [b"RIFF", &(bytes + 36).to_le_bytes()[..], b"WAVEfmt ", &16u32.to_le_bytes()].concat();
    wav.extend([1, 0, 1, 0]);
    wav.extend([rate.to_le_bytes(), (rate * 2).to_le_bytes()].concat());
    wav.extend([2, 0, 16, 0]);
    wav.extend([b"data", &bytes.to_le_bytes()[..]].concat());
    let sample = |n: u32| if loud { ((f64::from(n) / 9.0).sin() * 9000.0) as i16 } else { 0 };
    wav.extend((0..seconds * rate).flat_map(|n| sample(n).to_le_bytes()));
    wav
}

struct Taking(Notes);

impl Audience for Taking {
    fn window(&mut self, _listener: usize, outcome: &Outcome, offset_s: f64) {
        self.0.push(outcome, offset_s);
    }
}

#[tokio::test]
async fn what_is_sent_is_heard_as_the_file_is() {
    let hall = hall(|_| {});
    let thread = worker(&hall);
    let decide = DecideSettings::default();
    let mut listener = Listener::open(ears(), decide).expect("opens");
    let names = ["wav", "flac", "mp3", "ogg", "opus", "aac", "m4a"].map(|kind| format!("mono.{kind}"));
    for name in names {
        let decoder = Decoder::open_file(&fixture(&name), Mixdown::default()).expect("opens");
        let mut taking = Taking(Notes::new(&listener.ears().model.manifest, &decide, 4));
        let clip = hear(decoder, &mut [&mut listener], &mut taking).expect("heard");
        let p = clip.p[0].clone().expect("a window");
        let expected = taking.0.answer(listener.ears().info(), &p, clip.duration_s).0;
        let bytes = std::fs::read(fixture(&name)).expect("readable");
        let answer = upload(&hall, request(&name, &name), &bytes).await.expect(&name);
        assert_eq!(answer.results, [expected], "{name}");
        assert_eq!((answer.bytes, answer.duration_s), (bytes.len() as u64, clip.duration_s), "{name}");
        let mel = answer.mel.expect("it was wanted");
        assert!(mel.columns > 0 && mel.data.len().div_ceil(4) * 3 >= mel.columns * mel.bands);
        let progress = hall.progress(&name).expect("it is remembered");
        assert_eq!((progress.state, progress.bytes), (UploadState::Done, answer.bytes));
        assert!((progress.heard_s - clip.duration_s).abs() < 0.01, "{progress:?}");
    }
    hall.close();
    thread.join().expect("no panic");
}

#[tokio::test]
async fn the_queue_is_bounded_and_its_positions_are_true() {
    let hall = hall(|_| {});
    let first = hall.enter(request("1", "")).expect("a place");
    let second = hall.enter(request("2", "")).expect("a place");
    assert_eq!(hall.enter(request("3", "")).expect_err("full"), UploadError::QueueFull { waiting: 2 });
    let place = |id| hall.progress(id).expect("known").position;
    assert_eq!((place("1"), place("2"), hall.progress("3")), (Some(1), Some(2), None));
    assert!(matches!(
        hall.enter(request("2", "")),
        Err(UploadError::QueueFull { .. } | UploadError::IdInUse { .. })
    ));
    drop(first);
    assert_eq!((place("1"), place("2")), (None, Some(1)));
    assert_eq!(hall.progress("1").expect("remembered").state, UploadState::Cancelled);
    assert_eq!(hall.enter(request("2", "")).expect_err("taken"), UploadError::IdInUse { id: "2".into() });
    hall.close();
    let mut second = second;
    assert_eq!(second.turn().await.expect_err("it does not come"), UploadError::Ending);
    assert_eq!(hall.enter(request("4", "")).expect_err("closed"), UploadError::Ending);
}

#[tokio::test]
async fn whoever_goes_makes_room_at_once() {
    let hall = hall(|_| {});
    let thread = worker(&hall);
    let bytes = wav(20, true);
    // One that has sent a part, and one that has sent nothing: both hold the only worker.
    for sent in [&bytes[..100_000], &[]] {
        let mut gone = hall.enter(request("gone", "a.wav")).expect("a place");
        let sender = timeout(PATIENCE, gone.turn()).await.expect("in time").expect("its turn");
        for piece in sent.chunks(10_000) {
            assert!(sender.send(piece.to_vec()).await);
        }
        let mut next = hall.enter(request("next", "a.wav")).expect("a place");
        assert_eq!(hall.progress("next").expect("known").position, Some(1));
        drop(gone);
        drop(sender);
        timeout(PATIENCE, next.turn()).await.expect("it comes at once").expect("its turn");
        drop(next);
        assert_eq!(hall.progress("gone").expect("remembered").state, UploadState::Cancelled);
    }
    assert!(upload(&hall, request("last", "a.wav"), &bytes).await.is_ok());
    hall.close();
    thread.join().expect("no panic");
}

#[tokio::test]
async fn limits_hold() {
    let hall = hall(|settings| {
        settings.max_bytes = 200_000;
        settings.max_seconds = 10.0;
    });
    let thread = worker(&hall);
    for (seconds, loud) in [(11, false), (11, true)] {
        let error = upload(&hall, request("long", "a.wav"), &wav(seconds, loud)).await.expect_err("too long");
        assert_eq!(error, UploadError::TooLong { limit_s: 10.0 });
    }
    assert_eq!(hall.progress("long").expect("remembered").state, UploadState::Failed);
    // What is no sound behind a short clip counts as well.
    let padded = [wav(2, true), vec![0; 300_000]].concat();
    let error = upload(&hall, request("large", "a.wav"), &padded).await.expect_err("too large");
    assert_eq!(error, UploadError::TooLarge { limit: 200_000 });
    assert!(upload(&hall, request("fine", "a.wav"), &wav(9, true)).await.is_ok());
    for (id, bytes) in [("text", &b"no audio at all\n"[..]), ("empty", b""), ("zip", b"PK\x03\x04....")] {
        let error = upload(&hall, request(id, "a.mp3"), bytes).await.expect_err(id);
        assert!(matches!(error, UploadError::NotAudio { .. }), "{id}: {error}");
    }
    let mut unknown = request("unknown", "a.wav");
    unknown.models = vec!["nowhere".into()];
    let error = upload(&hall, unknown, &wav(2, true)).await.expect_err("no such model");
    assert!(matches!(error, UploadError::NoSuchModel { .. }), "{error}");
    hall.close();
    thread.join().expect("no panic");
}
