//! That HTTP live streaming is followed by a real client: sliding, with a segment lost, standing still, ending.

use super::*;

fn segment(number: u64) -> Vec<u8> {
    let name = format!("{}/tests/fixtures/hls/ts{}.ts", env!("CARGO_MANIFEST_DIR"), number % 3);
    std::fs::read(name).expect("a fixture")
}

fn respond(stream: &mut TcpStream, status: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
}

/// The window of a station whose segments last about 0.7 s, of which there are `last`.
fn window(begun: Instant, last: u64) -> String {
    let newest = (begun.elapsed().as_secs_f64() / 0.7) as u64 + 8;
    let newest = newest.min(last);
    let oldest = newest.saturating_sub(8);
    let mut text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{oldest}\n");
    for number in oldest..=newest {
        if number % 3 == 0 {
            text += "#EXT-X-DISCONTINUITY\n";
        }
        let seconds = if number % 3 == 2 { 0.395 } else { 0.813 };
        text += &format!("#EXTINF:{seconds},Band - Song {}\n{number}.ts\n", number / 3);
    }
    if newest == last { text + "#EXT-X-ENDLIST\n" } else { text }
}

#[test]
fn a_live_window_is_followed_to_its_end_and_not_played_again() {
    let begun = Instant::now();
    let server = Server::start(move |head, stream| match path(head) {
        "/live.m3u8" => respond(stream, "200 OK", window(begun, 14).as_bytes()),
        "/10.ts" => respond(stream, "404 Not Found", b""),
        other => {
            let number = other.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number");
            respond(stream, "200 OK", &segment(number));
        }
    });
    let ended = |told: &Told| told.last().contains("the broadcast has ended");
    let (mut told, outcome) = play(&server.url("/live.m3u8"), ended);
    assert!(matches!(outcome, Ok(Outcome::Stopped)), "{:?}", told.states);
    assert_eq!(told.streams.len(), 2, "a hole parts it: {:?}", told.states);
    let missing = told.streams[1].missing.clone().expect("a hole");
    assert!((missing.seconds - 0.813).abs() < 0.001 && missing.reason.contains("404"), "{missing:?}");
    let heard: usize = told.streams.iter_mut().map(count).sum();
    let fetched: Vec<String> = server
        .requests()
        .iter()
        .map(|head| path(head).to_owned())
        .filter(|path| path.ends_with(".ts"))
        .collect();
    let mut once = fetched.clone();
    once.dedup();
    assert_eq!(once, fetched, "no segment is asked for twice");
    assert_eq!(fetched.last().map(String::as_str), Some("/14.ts"));
    assert_eq!(fetched[0], "/4.ts", "begun three target durations before the end");
    let seconds = heard as f64 / 44_100.0;
    let expected: f64 = fetched.iter().filter(|path| *path != "/10.ts").count() as f64 * 2.02 / 3.0;
    assert!((seconds - expected).abs() < 0.6, "{seconds} s of {expected} s");
    assert!(told.titles.iter().any(|(_, title)| title == "Band - Song 4"), "{:?}", told.titles);
}

#[test]
fn a_list_that_stands_still_stalls_and_is_opened_anew() {
    let begun = Instant::now();
    let server = Server::start(move |head, stream| match path(head) {
        "/live.m3u8" => {
            let text = window(begun, 8).replace("#EXT-X-ENDLIST\n", "");
            respond(stream, "200 OK", text.as_bytes());
        }
        _ => respond(stream, "200 OK", &segment(0)),
    });
    let (told, _) = play(&server.url("/live.m3u8"), |told| {
        told.states.iter().filter(|(state, _)| *state == SourceState::Live).count() == 2
    });
    let states: Vec<SourceState> = told.states.iter().map(|(state, _)| *state).collect();
    use SourceState::{Live, Stalled};
    assert_eq!(states, [Live, Stalled, Stalled, Live], "{:?}", told.states);
    assert!(told.states[1].1.contains("brought nothing new for 3 s"), "{:?}", told.states);
}

#[test]
fn a_playlist_without_end_is_refused() {
    let server = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n#EXTM3U\n#EXT-X-TARGETDURATION:1\n");
        while stream.write_all(&b"#EXTINF:1,\na.ts\n".repeat(1000)).is_ok() {}
    });
    let error = failure(&server.url("/endless.m3u8"));
    assert!(error.contains("larger than"), "{error}");
}
