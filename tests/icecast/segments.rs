//! HTTP live streaming as ffmpeg segments it in real time, in two forms, served by a plain file server: what is heard live is what
//! `classify` says of the clip. Touch it to add a form of segment.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::genres::{LIMIT, clip, run, top};
use super::listener::Listener;

/// The forms, each with what ffmpeg calls it.
const FORMS: [(&str, &str); 2] = [("ts", "mpegts"), ("fmp4", "fmp4")];

/// ffmpeg, which ends with its trial.
struct Segmenter(Child);

impl Segmenter {
    fn start(clip: &Path, folder: &Path) -> Self {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-re", "-stream_loop", "-1", "-i"]).arg(clip).stdin(Stdio::null());
        for (name, form) in FORMS {
            command
                .args(["-map", "0:a", "-ac", "2", "-ar", "44100", "-c:a", "aac", "-b:a", "128k", "-f", "hls"])
                .args(["-hls_time", "3", "-hls_list_size", "6", "-hls_flags", "delete_segments"])
                .args(["-hls_segment_type", form, "-hls_fmp4_init_filename", "init.mp4"])
                .arg(folder.join(name).join("live.m3u8"));
        }
        Self(command.spawn().expect("ffmpeg starts"))
    }
}

impl Drop for Segmenter {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves a folder for as long as the process runs. Returns the port.
fn serve(folder: PathBuf) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), folder) = (stream, folder.clone()) else { continue };
            std::thread::spawn(move || answer(stream, &folder));
        }
    });
    port
}

fn answer(mut stream: TcpStream, folder: &Path) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or("/").trim_start_matches('/');
    let (status, body) = match std::fs::read(folder.join(path)) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
    let _ = stream.write_all(&body);
}

pub fn live() {
    let (clip, genre) = clip();
    let place = temp_dir::TempDir::new().expect("a directory");
    for (name, _) in FORMS {
        std::fs::create_dir(place.child(name)).expect("created");
    }
    let _segmenter = Segmenter::start(&clip, place.path());
    let port = serve(place.path().to_owned());
    let begin = Instant::now();
    while !FORMS.iter().all(|(name, _)| place.path().join(name).join("live.m3u8").exists()) {
        assert!(begin.elapsed() < LIMIT, "ffmpeg writes no playlist");
        std::thread::sleep(Duration::from_millis(100));
    }
    let sources = FORMS.map(|(name, _)| (name, format!("http://127.0.0.1:{port}/{name}/live.m3u8")));
    let mut listener = Listener::start(run(), &sources);
    for (name, _) in FORMS {
        let is_full = |event: &Value| {
            event["type"] == "genre.window" && event["source"] == name && event["provisional"] == false
        };
        let before = listener.seen.iter().find(|(_, event)| is_full(event)).map(|(_, event)| event.clone());
        let window = before.unwrap_or_else(|| listener.wait_for(LIMIT, "a full window", is_full).1);
        println!("    {name}: {} {}", top(&window["top"]), window["top"][0]["p"]);
        assert_eq!(top(&window["top"]), genre, "{name}: {}", window["top"]);
        assert_eq!(listener.source(name)["state"], "live");
    }
    let gaps: Vec<&Value> =
        listener.seen.iter().map(|(_, event)| event).filter(|event| event["type"] == "source.gap").collect();
    assert!(gaps.is_empty(), "{gaps:?}");
}
