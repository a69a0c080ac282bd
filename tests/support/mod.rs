//! What the tests of the whole program share: running the binary, a daemon that ends with its test, music to feed it.
//! Touch it when a test needs another way to run the program; talking WebSocket is `subscriber`'s.

// Every test program uses its own part of this.
#![allow(dead_code)]

pub mod daemon;
pub mod held;
pub mod models;
pub mod subscriber;
pub mod usage;
pub mod windows;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take before the test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The real binary, with nothing of this user's configuration around it.
pub fn genrecast(subcommand: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_genrecast"));
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("GENRECAST_") || key == "ORT_DYLIB_PATH" {
            command.env_remove(key);
        }
    }
    // The tests read the log as people do, and only those of the history have one, each in a folder of its own.
    command.env("GENRECAST_HISTORY__ENABLED", "false");
    command.env("GENRECAST_LOG__FORMAT", "human").current_dir(root()).arg(subcommand);
    command
}

/// A command that loads a model: the shipped configuration, computed by tract.
pub fn with_tract(subcommand: &str) -> Command {
    let mut command = genrecast(subcommand);
    command.args(["--config", "config.toml", "--runtime", "tract"]);
    command
}

/// Adds the small model of four labels, which is far quicker than the real ones, and no gate: what it hears here is
/// synthetic.
pub fn toy(command: &mut Command) -> &mut Command {
    command.env("GENRECAST_GATE__MODEL", "off");
    command.args(["--models", "tests/fixtures/models", "--model", "toy-window"])
}

/// What a program that has ended left behind.
pub struct Ran {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Asserts the exit status and that the message has all of these in it.
pub fn refused(ran: &Ran, status: i32, parts: &[&str]) {
    assert_eq!(ran.status, Some(status), "{}", ran.stderr);
    for part in parts {
        assert!(ran.stderr.contains(part), "no {part:?} in: {}", ran.stderr);
    }
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Ran {
    run_with_input(command, Vec::new())
}

/// Runs a program to its end with this on standard input.
pub fn run_with_input(command: &mut Command, input: Vec<u8>) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("piped");
    // A program that does not want its input closes the pipe.
    thread::spawn(move || drop(stdin.write_all(&input)));
    let stdout = drain(child.stdout.take().expect("piped"));
    let stderr = drain(child.stderr.take().expect("piped"));
    let deadline = Instant::now() + PATIENCE;
    let mut text = |from: &mpsc::Receiver<Vec<u8>>| {
        let Ok(bytes) = from.recv_timeout(deadline.saturating_duration_since(Instant::now())) else {
            let _ = child.kill();
            panic!("{command:?} has not ended after {PATIENCE:?}");
        };
        String::from_utf8(bytes).expect("UTF-8")
    };
    let (stdout, stderr) = (text(&stdout), text(&stderr));
    let status = child.wait().expect("it has ended").code();
    assert!(!stderr.contains("panicked"), "{command:?}: {stderr}");
    Ran { status, stdout, stderr }
}

fn drain(mut from: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

/// `classify --json` with the real model and every label.
pub fn classify(input: &str, stdin: Vec<u8>) -> serde_json::Value {
    let ran = run_with_input(with_tract("classify").args(["--json", "--top", "10", input]), stdin);
    assert_eq!(ran.status, Some(0), "{input}: {}", ran.stderr);
    serde_json::from_str(&ran.stdout).expect("JSON")
}

/// Something like music: chords that change every two seconds, over noise. Mono, full scale is ±1.
pub fn music(rate: u32, seconds: f64) -> Vec<f32> {
    let mut state = 7u32;
    (0..(f64::from(rate) * seconds) as usize)
        .map(|n| {
            let t = n as f64 / f64::from(rate);
            let root = 110.0 * 2f64.powf(((t / 2.0) as u32 * 5 % 12) as f64 / 12.0);
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(state) / f64::from(u32::MAX) - 0.5;
            let tones: f64 =
                [1.0, 1.26, 1.5, 2.0].iter().map(|k| (std::f64::consts::TAU * root * k * t).sin()).sum();
            (0.1 * tones * (1.0 - (t % 0.5)) + 0.05 * noise) as f32
        })
        .collect()
}

/// Writes mono samples as 16-bit WAV; with two channels the second one is quieter, so that they differ.
pub fn write_wav(path: &Path, rate: u32, channels: u16, mono: &[f32]) {
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).expect("created");
    for &sample in mono {
        for channel in 0..channels {
            let gain = if channel == 0 { 32_767.0 } else { 16_384.0 };
            writer.write_sample((sample * gain).round() as i16).expect("written");
        }
    }
    writer.finalize().expect("written");
}

/// Copies a model folder into `place` and returns the copy.
pub fn copy_model(from: &Path, place: &Path) -> PathBuf {
    let copy = place.join(from.file_name().expect("a name"));
    std::fs::create_dir_all(&copy).expect("created");
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), copy.join(entry.file_name())).expect("copied");
    }
    copy
}

/// The folder of real clips, if this machine has one.
pub fn clips() -> Option<PathBuf> {
    std::env::var_os("GENRECAST_TEST_DATA").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// ONNX Runtime's library, if this machine has one.
pub fn onnxruntime() -> Option<PathBuf> {
    std::env::var_os("GENRECAST_TEST_ONNXRUNTIME").filter(|path| !path.is_empty()).map(PathBuf::from)
}
