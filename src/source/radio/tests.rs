//! That a station is heard through whatever leads to it, with its titles in their place, and that it comes back.

mod live;

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::event::SourceState;
use crate::source::http::server::{Server, path, wait_for_close};
use crate::source::{Notice, Own, Read as Heard, SourceSpec, Stop, Stream};

fn bytes_of(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/audio/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

fn quick() -> HttpSettings {
    let limit = Duration::from_millis(500);
    HttpSettings { connect: limit * 10, header: limit, stall: limit, ..HttpSettings::default() }
}

/// What a station told until it was enough.
#[derive(Default)]
struct Told {
    states: Vec<(SourceState, String)>,
    titles: Vec<(u64, String)>,
    streams: Vec<Stream>,
}

impl Told {
    fn last(&self) -> &str {
        self.states.last().map_or("", |(_, reason)| reason)
    }
}

/// Plays an address as fast as it comes until `enough`, or until it ends by itself.
fn play(url: &str, enough: impl Fn(&Told) -> bool) -> (Told, Result<Outcome, SourceError>) {
    let uri = format!("{url}#pace=off").parse().expect("a URI");
    let spec = SourceSpec { name: "x".into(), uri, model: None, ring_seconds: 60.0, own: Own::default() };
    let address = Address::parse(url).expect("an address");
    let (stop, counters) = (Stop::new(), Arc::default());
    let mut told = Told::default();
    let mut notify = |notice| {
        match notice {
            Notice::Stream(stream) => told.streams.push(stream),
            Notice::Title { at, title } => told.titles.push((at, title)),
            Notice::State { state, reason, .. } => told.states.push((state, reason.unwrap_or_default())),
        }
        if enough(&told) {
            stop.stop();
        }
    };
    let mut line = Line { spec: &spec, counters: &counters, stop: &stop, notify: &mut notify, wake: &|| () };
    let outcome = run(&address, Pacing::Off, Mixdown::default(), quick(), &mut line);
    (told, outcome)
}

/// Tells a failure that ends the source.
fn failure(url: &str) -> String {
    let (told, outcome) = play(url, |told| told.states.len() > 3);
    outcome.err().map_or_else(|| panic!("it did not fail: {:?}", told.states), |error| error.to_string())
}

fn count(stream: &mut Stream) -> usize {
    let (mut heard, mut out) = (0, [0.0; 4096]);
    while let Heard::Samples(count) = stream.reader.read(&mut out) {
        heard += count;
    }
    heard
}

fn answer(stream: &mut TcpStream, head: &str, body: &[u8]) {
    let _ = stream.write_all(format!("{head}\r\n\r\n").as_bytes()).and_then(|()| stream.write_all(body));
}

/// Audio with a title before its second half.
fn with_title(audio: &[u8], stretch: usize, title: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (place, piece) in audio.chunks(stretch).enumerate() {
        bytes.extend(piece);
        let mut text = if place == 0 { format!("StreamTitle='{title}';").into_bytes() } else { Vec::new() };
        text.resize(text.len().next_multiple_of(16), 0);
        if piece.len() == stretch {
            bytes.push((text.len() / 16) as u8);
            bytes.extend(text);
        }
    }
    bytes
}

#[test]
fn a_title_is_bound_to_the_samples_at_which_it_came() {
    let audio = bytes_of("plain.mp3").repeat(4);
    let stretch = audio.len() / 2;
    let body = with_title(&audio, stretch, "Artist - It's a 'Title'");
    let server = Server::start(move |_, stream| {
        let head = format!(
            "ICY 200 OK\r\nicy-name: The Station\r\nicy-metaint: {stretch}\r\ncontent-type: audio/mpeg"
        );
        answer(stream, &head, &body);
    });
    let (mut told, _) = play(&server.url("/;"), |told| told.states.len() == 2);
    assert_eq!(told.states[0], (SourceState::Live, "The Station".into()));
    assert!(told.last().contains("ended the stream"), "{}", told.last());
    assert_eq!(told.titles.len(), 1);
    let (at, title) = &told.titles[0];
    assert_eq!(title, "Artist - It's a 'Title'");
    let (at, rate) = (*at as f64, f64::from(told.streams[0].rate.hz()));
    let whole = count(&mut told.streams[0]) as f64;
    // Two frames of MP3 are 0.15 s at this rate.
    assert!((at - whole / 2.0).abs() < 0.2 * rate, "{at} of {whole}");
}

#[test]
fn playlists_lead_to_the_first_stream_that_plays() {
    let flac = bytes_of("mono.flac");
    let server = Server::start(move |head, stream| match path(head) {
        "/a.pls" => answer(stream, "HTTP/1.1 200 OK", b"[playlist]\nFile1=/gone.mp3\nFile2=dir/b.m3u\n"),
        "/dir/b.m3u" => answer(stream, "HTTP/1.1 302 Found\r\nLocation: /c.xspf", b""),
        "/c.xspf" => {
            let list = b"<playlist><trackList><track><location>/page</location></track>\
                         <track><location>/d?x=1&amp;y</location></track></trackList></playlist>";
            answer(stream, "HTTP/1.1 200 OK\r\nContent-Type: application/xspf+xml", list);
        }
        "/page" => answer(stream, "HTTP/1.1 200 OK", b"<!DOCTYPE html><html>"),
        "/d?x=1&y" => answer(stream, "HTTP/1.1 200 OK", b"<asx><Entry><Ref HREF=/song.flac></Entry></asx>"),
        "/song.flac" => answer(stream, &format!("HTTP/1.1 200 OK\r\nContent-Length: {}", flac.len()), &flac),
        _ => answer(stream, "HTTP/1.1 404 Not Found", b""),
    });
    let (mut told, outcome) = play(&server.url("/a.pls"), |_| false);
    assert!(matches!(outcome, Ok(Outcome::Ended(_))), "{:?}", told.states);
    assert_eq!(count(&mut told.streams[0]), 8000);
}

#[test]
fn what_does_not_mend_itself_fails_with_its_reason() {
    let server = Server::start(|head, stream| match path(head) {
        "/loop.m3u" => answer(stream, "HTTP/1.1 200 OK", b"#EXTM3U\n/other.m3u\n"),
        "/other.m3u" => answer(stream, "HTTP/1.1 200 OK", b"#EXTM3U\n/loop.m3u\n"),
        "/empty.pls" => answer(stream, "HTTP/1.1 200 OK", b"[playlist]\nNumberOfEntries=0\n"),
        "/page" => answer(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/html", b"<html><body>Listen!"),
        "/text" => answer(stream, "HTTP/1.1 200 OK", b"This is nothing but text."),
        "/local.m3u" => answer(stream, "HTTP/1.1 200 OK", b"#EXTM3U\nfile:///etc/passwd\n"),
        "/secret" => answer(stream, "HTTP/1.1 401 Unauthorized", b""),
        "/circle" => answer(stream, "HTTP/1.1 302 Found\r\nLocation: /circle", b""),
        deep => {
            let next = format!("#EXTM3U\n{deep}x\n");
            answer(stream, "HTTP/1.1 200 OK", next.as_bytes());
        }
    });
    for (path, part) in [
        ("/loop.m3u", "leads back to itself"),
        ("/empty.pls", "names no stream"),
        ("/page", "it is a web page"),
        ("/text", "it is text"),
        ("/local.m3u", "not a web address"),
        ("/secret", "401"),
        ("/circle", "in a circle"),
        ("/deep", "too far down"),
    ] {
        let reason = failure(&server.url(path));
        assert!(reason.contains(part), "{path}: {reason}");
    }
    assert!(server.requests().len() < 40, "{}", server.requests().len());
}

#[test]
fn a_station_that_went_away_is_heard_again() {
    let audio = bytes_of("plain.mp3");
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let server = Server::start(move |_, stream| match counted.fetch_add(1, Ordering::SeqCst) {
        1 => answer(stream, "HTTP/1.1 404 Not Found", b""),
        2 => answer(stream, "HTTP/1.1 503 Busy", b""),
        _ => answer(stream, "HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg", &audio),
    });
    let lives = |told: &Told| told.states.iter().filter(|(state, _)| *state == SourceState::Live).count();
    let (told, outcome) = play(&server.url("/"), |told| lives(told) == 2);
    assert!(matches!(outcome, Ok(Outcome::Stopped)));
    use SourceState::{Live, Reconnecting};
    let states: Vec<_> = told.states.iter().map(|(state, _)| *state).collect();
    assert_eq!(states, [Live, Reconnecting, Reconnecting, Reconnecting, Live], "{:?}", told.states);
    assert!(told.states[2].1.contains("404") && told.states[3].1.contains("503"));
}

#[test]
fn a_half_open_connection_is_told_as_stalled() {
    let audio = bytes_of("plain.mp3");
    let server = Server::start(move |_, stream| {
        answer(stream, "HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg", &audio);
        wait_for_close(stream);
    });
    let begin = Instant::now();
    let (told, _) = play(&server.url("/"), |told| told.states.len() == 2);
    assert_eq!(told.states[1].0, SourceState::Stalled);
    assert!(told.last().contains("no data came for 0.5 s"), "{}", told.last());
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_burst_is_played_in_real_time_and_told() {
    /// The rate of that file.
    const SECOND: u64 = 44_100;
    let audio = bytes_of("plain.mp3").repeat(8);
    let server = Server::start(move |_, stream| {
        answer(stream, "HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg", &audio);
        wait_for_close(stream);
    });
    let uri = server.url("/").parse().expect("a URI");
    let spec = SourceSpec { name: "x".into(), uri, model: None, ring_seconds: 60.0, own: Own::default() };
    let (stop, counters) = (Stop::new(), Arc::<crate::stats::SourceCounters>::default());
    let address = Address::parse(&server.url("/")).expect("an address");
    let (of_source, stopping) = (Arc::clone(&counters), stop.clone());
    let source = std::thread::spawn(move || {
        let mut kept = Vec::new();
        let mut notify = |notice| {
            if let Notice::Stream(stream) = notice {
                kept.push(stream);
            }
        };
        let mut line =
            Line { spec: &spec, counters: &of_source, stop: &stopping, notify: &mut notify, wake: &|| () };
        let _ = run(&address, Pacing::Live, Mixdown::default(), HttpSettings::default(), &mut line);
        kept.into_iter().map(|stream| stream.rate.hz()).collect::<Vec<_>>()
    });
    let begin = Instant::now();
    while counters.samples.get() < SECOND {
        assert!(begin.elapsed() < Duration::from_secs(30), "nothing comes");
        std::thread::sleep(Duration::from_millis(10));
    }
    // Eight seconds came at once.
    assert!(begin.elapsed() > Duration::from_millis(900), "{:?}", begin.elapsed());
    let behind = counters.behind_live_ms.get();
    assert!((2_000..8_000).contains(&behind), "{behind} ms");
    stop.stop();
    assert_eq!(source.join().expect("no panic"), [SECOND as u32]);
}
