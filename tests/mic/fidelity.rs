//! Two minutes of music, played and captured: nothing is lost while every core is busy, and each window is classified
//! as the same window of the music itself. Touch it when the bar for capture changes.

use std::path::Path;
use std::time::{Duration, Instant};

use genrecast::event::GenreWindow;
use genrecast::manifest::Manifest;
use genrecast::model::Model;
use serde_json::Value;

use super::busy::Busy;
use super::capture::Capture;
use super::daemon::{Daemon, MODEL};
use super::levels;
use super::signal::{self, RATE};
use super::sound_server::SoundServer;
use super::windows::{Window, classify, compare};

const LIVE_LIMIT: Duration = Duration::from_secs(30);

/// How long every core is kept busy.
const BUSY: Duration = Duration::from_secs(60);

/// Full windows within two minutes: one a second, but for the first half minute.
const WINDOWS: usize = 80;

pub fn run() {
    let begin = Instant::now();
    let (music, what) = signal::music();
    let seconds = music.len() as f64 / f64::from(RATE);
    println!("  {seconds:.1} s of {what}");
    let server = SoundServer::start();
    let wav = server.file("music.wav");
    // While nothing is played the server is ahead of time. When something begins it goes back, which its monitor cannot:
    // some milliseconds of what is played first are missing there, so that is silence.
    signal::write_pcm16(&wav, &[vec![0.0; RATE as usize], music.clone()].concat());

    let capture = Capture::start(&server);
    // One after the other, so that the music lies elsewhere in each of the two streams.
    capture.await_samples(LIVE_LIMIT);
    let mut daemon = Daemon::start(&server);
    daemon.await_event(LIVE_LIMIT, "the first window", is_window);

    let mut playing = server.play(&wav);
    listen_busily(&mut daemon);
    daemon.listen_until(|| playing.ended().is_some());
    assert!(playing.ended().is_some_and(|status| status.success()), "paplay failed");
    for _ in 0..3 {
        daemon.await_event(LIVE_LIMIT, "a window after the music", is_window);
    }
    let source = daemon.source();
    let (heard, report) = capture.finish();
    println!("  library: {report:?}");
    println!("  daemon: {:?}", source.counters);
    let windows = windows(&daemon);
    drop(daemon);

    // The library's capture: where the music is in it, and whether it is the music sample by sample.
    assert_eq!((report.rate, report.streams), (RATE, 1));
    assert_eq!((report.samples_lost, report.device_errors), (0, 0));
    assert_eq!(report.samples, heard.len() as u64);
    let found = signal::find(&heard, &music);
    println!("  library: {found}");
    assert!(found.is_unbroken(), "what was captured is not the music that was played: {found}");
    let lag = found.lag;
    let truth = signal::placed(&music, lag, heard.len());
    let (from_s, to_s) = (lag as f64 / f64::from(RATE), (lag + music.len()) as f64 / f64::from(RATE));
    let of = |samples: &[f32], name: &str| {
        let path = server.file(name);
        signal::write_f32(&path, samples);
        classify(&server, &path)
    };
    compare(&of(&heard, "heard.wav"), &of(&truth, "truth.wav"), from_s, to_s).check("library", WINDOWS);

    // The daemon's stream has a time of its own.
    let (lag, difference) = levels::best_lag(&windows, &manifest(), &music);
    println!("  daemon: lag {lag} samples, levels differ by {difference:.1e} in the mean");
    assert!(difference < 1e-4, "the music is not in what the daemon heard: {difference}");
    let (from_s, to_s) = (lag as f64 / f64::from(RATE), (lag + music.len()) as f64 / f64::from(RATE));
    let truth = of(&signal::placed(&music, lag, lag + music.len() + 5 * RATE as usize), "daemon.wav");
    let windows: Vec<Window> = windows.iter().map(Window::from).collect();
    compare(&windows, &truth, from_s, to_s).check("daemon", WINDOWS);
    println!("  {:.0} s in all", begin.elapsed().as_secs_f64());
}

/// The means of this trial on signals whose faults are known.
pub fn control() {
    let (music, _) = signal::music();
    let mut heard = signal::placed(&music, 100_000, music.len() + 200_000);
    let found = signal::find(&heard, &music);
    assert_eq!((found.lag, found.differ.len(), found.is_unbroken()), (100_000, 0, true), "{found}");
    heard.drain(3_000_000..3_000_480);
    let found = signal::find(&heard, &music);
    println!("  ten milliseconds lost: {found}");
    assert!(!found.is_unbroken(), "{found}");
}

/// Keeps every core busy for a minute, in which the daemon must receive a minute of samples.
fn listen_busily(daemon: &mut Daemon) {
    let busy = Busy::start();
    let (begin, before) = (Instant::now(), daemon.source().counters);
    daemon.listen_until(|| begin.elapsed() >= BUSY);
    let (elapsed, after) = (begin.elapsed().as_secs_f64(), daemon.source().counters);
    let received = (after.samples - before.samples) as f64 / f64::from(RATE);
    println!(
        "  {} cores busy ({:.1} % of processor time used): {received:.2} s of samples in {elapsed:.2} s, {} lost",
        busy.cores(),
        100.0 * busy.share().unwrap_or(f64::NAN),
        after.samples_lost - before.samples_lost
    );
    assert!((received / elapsed - 1.0).abs() <= 0.01, "{received} s of samples in {elapsed} s");
}

/// The windows of all events, after holding the events to what must be true of them.
fn windows(daemon: &Daemon) -> Vec<GenreWindow> {
    let source = daemon.source();
    assert_eq!((source.native_hz, source.counters.samples_lost), (Some(RATE), 0));
    assert_eq!((source.counters.gaps, source.counters.device_errors), (0, 0));
    assert_eq!(daemon.events("source.gap"), Vec::<&Value>::new());
    assert_eq!(daemon.events("gap"), Vec::<&Value>::new());
    let windows: Vec<GenreWindow> = daemon
        .events("genre.window")
        .into_iter()
        .map(|event| serde_json::from_value(event.clone()).expect("a window as documented"))
        .collect();
    assert!(windows.iter().all(|window| window.audio.gap_ms == 0), "audio was lost");
    let skipped: u64 = windows.iter().map(|window| window.audio.skipped_hops).sum();
    let mut late: Vec<u64> = windows.iter().map(|window| window.timing.capture_to_emit_ms).collect();
    late.sort_unstable();
    println!(
        "  daemon: {} windows, {skipped} hops skipped; capture to emit {:?} ms in the median, {:?} ms at most",
        windows.len(),
        late.get(late.len() / 2),
        late.last()
    );
    windows
}

fn is_window(event: &Value) -> bool {
    event["type"] == "genre.window"
}

fn manifest() -> Manifest {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(MODEL);
    Model::load(&folder).expect("the shipped model").manifest
}
