//! Capture through the library, in a child process of its own: the environment that leads to the trial's sound server
//! must stand before the audio library loads. Touch it when what the child tells changes.

use std::io::{BufRead, BufReader, Read as _, Write};
use std::process::{ChildStdin, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use genrecast::source::{self, Mixdown, Notice, Own, Read, SourceSpec, SourceUri, Stop, Stream};
use genrecast::stats::SourceCounters;
use serde::{Deserialize, Serialize};

use super::process::Running;
use super::sound_server::SoundServer;

const CHILD: &str = "MIC_TEST_CAPTURE";

/// How long the child may take to end.
const END_LIMIT: Duration = Duration::from_secs(10);

/// What the child says at its end.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    pub rate: u32,
    /// Streams that began; more than one if the microphone was lost.
    pub streams: u64,
    /// Samples that entered the ring.
    pub samples: u64,
    pub samples_lost: u64,
    pub device_errors: u64,
}

/// Whether this process is to be the child.
pub fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Writes samples (f32, native byte order) to standard output until standard input is closed, then a [`Report`] to
/// standard error.
pub fn child() {
    let (stop, counters) = (Stop::new(), Arc::new(SourceCounters::default()));
    let stop_at_end = stop.clone();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        stop_at_end.stop();
    });
    let (tell, streams) = bounded::<Stream>(16);
    let (of_source, source_stop) = (Arc::clone(&counters), stop.clone());
    let source = std::thread::spawn(move || {
        let uri = SourceUri::Microphone { device: None, mixdown: Mixdown::default() };
        let spec =
            SourceSpec { name: "mic".into(), uri, model: None, ring_seconds: 4.0, own: Own::default() };
        let mut notify = |notice| match notice {
            Notice::Stream(stream) => drop(tell.send(stream)),
            Notice::State { state, reason, .. } => eprintln!("{state:?} {}", reason.unwrap_or_default()),
            Notice::Title { .. } => (),
        };
        source::run(&spec, &of_source, &source_stop, &mut notify, &|| ());
    });
    let mut report = Report { rate: 0, streams: 0, samples: 0, samples_lost: 0, device_errors: 0 };
    let mut next = streams.recv().ok();
    while let Some(stream) = next {
        report.streams += 1;
        report.rate = stream.rate.hz();
        next = copy(stream, &streams);
    }
    source.join().expect("the source does not panic");
    report.samples = counters.samples.get();
    report.samples_lost = counters.samples_lost.get();
    report.device_errors = counters.device_errors.get();
    eprintln!("{}", serde_json::to_string(&report).expect("serialises"));
}

/// Copies a stream to its end; returns the one that takes its place, if any.
fn copy(mut stream: Stream, streams: &Receiver<Stream>) -> Option<Stream> {
    let mut output = std::io::stdout().lock();
    let mut samples = vec![0.0f32; 4096];
    loop {
        match stream.reader.read(&mut samples) {
            Read::Samples(count) => {
                let bytes: Vec<u8> =
                    samples[..count].iter().flat_map(|sample| sample.to_ne_bytes()).collect();
                output.write_all(&bytes).expect("the parent reads");
                output.flush().expect("the parent reads");
            }
            // Counted already; a loss shifts what follows, which the comparison notices.
            Read::Lost(_) => (),
            // The ring is polled by design.
            Read::Empty => match streams.recv_timeout(Duration::from_millis(10)) {
                Ok(next) => return Some(next),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            },
            Read::Ended => return streams.recv().ok(),
        }
    }
}

/// A capture that is running.
pub struct Capture {
    process: Running,
    stdin: Option<ChildStdin>,
    first: Receiver<()>,
    samples: JoinHandle<Vec<f32>>,
    words: JoinHandle<Vec<String>>,
}

impl Capture {
    pub fn start(server: &SoundServer) -> Self {
        let this = std::env::current_exe().expect("this test's binary");
        let mut command = server.command(this);
        command.env(CHILD, "1").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Running::start(&mut command);
        let child = process.child();
        let mut stdout = child.stdout.take().expect("piped");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let stdin = child.stdin.take();
        let (tell, first) = bounded(1);
        let samples = std::thread::spawn(move || {
            let (mut all, mut part) = (Vec::new(), vec![0; 1 << 16]);
            while let Ok(count @ 1..) = stdout.read(&mut part) {
                all.extend_from_slice(&part[..count]);
                let _ = tell.try_send(());
            }
            let (samples, _) = all.as_chunks::<4>();
            samples.iter().map(|&bytes| f32::from_ne_bytes(bytes)).collect()
        });
        let words = std::thread::spawn(move || stderr.lines().map_while(Result::ok).collect());
        Self { process, stdin, first, samples, words }
    }

    /// Waits for the first samples.
    pub fn await_samples(&self, limit: Duration) {
        self.first.recv_timeout(limit).expect("the library captures samples");
    }

    /// Ends it; all samples that were captured, and what the child says about them.
    pub fn finish(mut self) -> (Vec<f32>, Report) {
        drop(self.stdin.take());
        super::process::within(END_LIMIT, "the capture ends", || self.process.ended());
        let samples = self.samples.join().expect("no panic");
        let words = self.words.join().expect("no panic");
        let report = words.iter().rev().find_map(|line| serde_json::from_str(line).ok());
        (samples, report.unwrap_or_else(|| panic!("no report in {words:#?}")))
    }
}
