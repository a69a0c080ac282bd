//! Broadcasters: ffmpeg, which encodes a clip over and over in real time, and a plain one that sends bytes as they are.
//! Touch it when a trial needs another codec.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::station::{PASSWORD, Station};

/// What a mount is encoded as: its name, ffmpeg's encoder and container, and the media type.
pub struct Codec {
    pub name: &'static str,
    pub arguments: &'static [&'static str],
    pub media: &'static str,
    /// Whether titles are tags of the stream itself.
    pub tagged: bool,
}

pub const CODECS: [Codec; 5] = [
    Codec {
        name: "mp3",
        arguments: &["-c:a", "libmp3lame", "-b:a", "128k", "-f", "mp3"],
        media: "audio/mpeg",
        tagged: false,
    },
    Codec {
        name: "aac",
        arguments: &["-c:a", "aac", "-b:a", "128k", "-f", "adts"],
        media: "audio/aac",
        tagged: false,
    },
    Codec {
        name: "vorbis",
        arguments: &["-c:a", "libvorbis", "-q:a", "4", "-f", "ogg"],
        media: "application/ogg",
        tagged: true,
    },
    Codec {
        name: "opus",
        arguments: &["-c:a", "libopus", "-b:a", "96k", "-f", "ogg"],
        media: "application/ogg",
        tagged: true,
    },
    Codec { name: "flac", arguments: &["-c:a", "flac", "-f", "ogg"], media: "application/ogg", tagged: true },
];

/// A broadcaster that ends with its trial.
pub struct Feed(Child);

impl Feed {
    /// Broadcasts a file over and over.
    pub fn start(station: &Station, clip: &Path, codec: &Codec, title: &str) -> Self {
        let url = format!("icecast://source:{PASSWORD}@127.0.0.1:{}/{}", station.port, codec.name);
        let child = Command::new("ffmpeg")
            .args(["-v", "error", "-re", "-stream_loop", "-1", "-i"])
            .arg(clip)
            .args(["-map_metadata", "-1", "-metadata", &format!("title={title}"), "-ac", "2", "-ar"])
            .arg(if codec.name == "opus" { "48000" } else { "44100" })
            .args(codec.arguments)
            .args(["-content_type", codec.media, &url])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("ffmpeg starts");
        Self(child)
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Writes a clip as one Ogg stream.
pub fn encode(clip: &Path, to: &Path, arguments: &[&str]) {
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(clip)
        .args(["-map_metadata", "-1"])
        .args(arguments)
        .arg(to)
        .stdin(Stdio::null())
        .status()
        .expect("ffmpeg starts");
    assert!(status.success(), "{arguments:?}: {status}");
}

/// Sends bytes to a mount at that rate, from the beginning again at their end.
pub struct Sender {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sender {
    pub fn start(station: &Station, mount: &str, bytes: Vec<u8>, seconds: f64) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", station.port)).expect("it listens");
        // source:hackme
        let secret = "c291cmNlOmhhY2ttZQ==";
        write!(stream, "SOURCE /{mount} HTTP/1.0\r\nAuthorization: Basic {secret}\r\nContent-Type: application/ogg\r\n\r\n")
            .expect("asked");
        let ended = Arc::<AtomicBool>::default();
        let over = Arc::clone(&ended);
        let thread = std::thread::spawn(move || {
            let begin = Instant::now();
            let (piece, per_second) = (2048, bytes.len() as f64 / seconds);
            for (place, piece) in bytes.chunks(piece).cycle().enumerate() {
                let due = begin + Duration::from_secs_f64((place * 2048) as f64 / per_second);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                if over.load(Ordering::Acquire) || stream.write_all(piece).is_err() {
                    return;
                }
            }
        });
        Self { ended, thread: Some(thread) }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
