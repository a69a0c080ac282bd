//! Real clips through every codec: what is heard live is what `classify` says of the clip. Touch it to add a codec.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::feed::{CODECS, Feed, Sender, encode};
use super::listener::Listener;
use super::station::Station;
use super::support::{classify, clips, genrecast, onnxruntime};

/// One whose genre is heard clearly.
const CLIP: &str = "gtzan_audio_flac/metal.00007.flac";

/// Until a whole window has been heard, with a burst and a busy machine.
pub const LIMIT: Duration = Duration::from_secs(180);

pub fn clip() -> (PathBuf, String) {
    let clip = clips().expect("only run where there are clips").join(CLIP);
    let told = classify(&clip.display().to_string(), Vec::new());
    let genre = top(&told["top"]).to_owned();
    (clip, genre)
}

pub fn top(ranked: &Value) -> &str {
    ranked[0]["label"].as_str().expect("a label")
}

pub fn run() -> std::process::Command {
    let mut command = genrecast("run");
    // Five stations at once: on a busy machine the quicker runtime keeps up.
    match onnxruntime() {
        Some(library) => command.args(["--runtime", "onnxruntime"]).env("ORT_DYLIB_PATH", library),
        None => command.args(["--runtime", "tract"]),
    };
    command
}

pub fn codecs() {
    let (clip, genre) = clip();
    println!("    {CLIP}: {genre}");
    let station = Station::start();
    let title = |name: &str| format!("Ärtist - The {name} 'Title'");
    let _feeds = CODECS.map(|codec| {
        let feed = Feed::start(&station, &clip, &codec, &title(codec.name));
        station.wait_for_mount(codec.name);
        feed
    });
    let sources = CODECS.map(|codec| (codec.name, station.url(codec.name)));
    let mut listener = Listener::start(run(), &sources);
    for codec in CODECS.iter().filter(|codec| !codec.tagged) {
        station.set_title(codec.name, &title(codec.name));
    }
    for codec in &CODECS {
        let is_full = |event: &Value| {
            event["type"] == "genre.window" && event["source"] == codec.name && event["provisional"] == false
        };
        let before = listener.seen.iter().find(|(_, event)| is_full(event)).map(|(_, event)| event.clone());
        let window = before.unwrap_or_else(|| listener.wait_for(LIMIT, "a full window", is_full).1);
        let source = listener.source(codec.name);
        println!(
            "    {}: {} {}, title {}",
            codec.name,
            top(&window["top"]),
            window["top"][0]["p"],
            source["title"]
        );
        assert_eq!(top(&window["top"]), genre, "{}: {}", codec.name, window["top"]);
        assert_eq!(source["title"], title(codec.name), "{source}");
    }
}

pub fn chain() {
    let (clip, genre) = clip();
    let place = temp_dir::TempDir::new().expect("a directory");
    let mut chain = Vec::new();
    for (number, arguments) in [
        ["-c:a", "libvorbis", "-ar", "44100", "-ac", "2", "-metadata", "title=First"],
        ["-c:a", "libvorbis", "-ar", "22050", "-ac", "1", "-metadata", "title=Second"],
    ]
    .iter()
    .enumerate()
    {
        let path = place.child(format!("{number}.ogg"));
        encode(&clip, &path, arguments);
        chain.extend(std::fs::read(&path).expect("written"));
    }
    let station = Station::start();
    let _sender = Sender::start(&station, "chain", chain, 60.0);
    station.wait_for_mount("chain");
    let mut listener = Listener::start(run(), &[("chain", station.url("chain"))]);
    for (hz, title) in [(44_100, "First"), (22_050, "Second")] {
        let is_full = |event: &Value| event["type"] == "genre.window" && event["audio"]["native_hz"] == hz;
        listener.wait_for(LIMIT, title, is_full);
        let is_sure =
            |event: &Value| is_full(event) && event["window"]["seconds"].as_f64().is_some_and(|s| s > 15.0);
        let (_, window) = listener.wait_for(LIMIT, title, is_sure);
        println!(
            "    {hz} Hz: {} {}, title {}",
            top(&window["top"]),
            window["top"][0]["p"],
            listener.source("chain")["title"]
        );
        assert_eq!(top(&window["top"]), genre, "{}", window["top"]);
        assert_eq!(listener.source("chain")["title"], title);
    }
}
