//! What stations do wrong, and what must be told of it. Touch it to add something that was met.

use std::time::Duration;

use super::audio::{cut, damaged, fixture, noise, ogg_page};

/// A station that does something wrong.
pub struct Case {
    pub name: &'static str,
    pub answer: Answer,
    /// States in which it may be left.
    pub states: &'static [&'static str],
    /// One of these stands in the reason.
    pub says: &'static [&'static str],
}

#[derive(Clone)]
pub enum Answer {
    /// These bytes, then the connection is closed.
    Bytes(Vec<u8>),
    /// These bytes, then nothing more, but the connection stays.
    Open(Vec<u8>),
    /// The first once, then the second again and again with that pause.
    Endless(Vec<u8>, Vec<u8>, Duration),
    /// Both with the path of the request, made longer, between them.
    Deeper(Vec<u8>, Vec<u8>),
}

/// Given up, because nothing of it mends itself.
const FAILED: &[&str] = &["failed"];
/// Tried again.
const AGAIN: &[&str] = &["reconnecting", "stalled"];
/// Either is right, by how much of it can be decoded.
const EITHER: &[&str] = &["failed", "reconnecting", "stalled", "ended"];

fn ok(more: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\n{more}\r\n").as_bytes(), body].concat()
}

fn mp3(body: &[u8]) -> Vec<u8> {
    ok("Content-Type: audio/mpeg\r\n", body)
}

fn ogg(body: &[u8]) -> Vec<u8> {
    ok("Content-Type: application/ogg\r\n", body)
}

pub fn all() -> Vec<Case> {
    let mut cases = answers();
    cases.extend(redirects_and_playlists());
    cases.extend(streams());
    cases.extend(containers());
    cases
}

fn case(
    name: &'static str,
    answer: Answer,
    states: &'static [&'static str],
    says: &'static [&'static str],
) -> Case {
    Case { name, answer, states, says }
}

fn bytes(
    name: &'static str,
    answer: impl Into<Vec<u8>>,
    states: &'static [&'static str],
    says: &'static [&'static str],
) -> Case {
    case(name, Answer::Bytes(answer.into()), states, says)
}

/// Heads that are none, or refuse.
fn answers() -> Vec<Case> {
    let slowly = Duration::from_millis(100);
    vec![
        bytes("nothing", "", AGAIN, &["no proper HTTP answer"]),
        case("silent", Answer::Open(Vec::new()), AGAIN, &["took longer than 10 s"]),
        bytes("ssh", "SSH-2.0-OpenSSH_9.2\r\n", AGAIN, &["no proper HTTP answer"]),
        bytes("half-a-status", "HTTP/1.1 20", AGAIN, &["no proper HTTP answer"]),
        bytes("noise-for-a-head", noise(5000), AGAIN, &["no proper HTTP answer"]),
        bytes("zeros-for-a-head", vec![0; 5000], AGAIN, &["no proper HTTP answer"]),
        bytes("status-of-nonsense", "HTTP/1.1 abc OK\r\n\r\n", AGAIN, &["no proper HTTP answer"]),
        bytes("not-found", "HTTP/1.1 404 Not Found\r\n\r\n", AGAIN, &["404"]),
        bytes("gone", "HTTP/1.1 410 Gone\r\n\r\n", FAILED, &["410"]),
        bytes("forbidden", "HTTP/1.1 403 Forbidden\r\n\r\n", FAILED, &["403"]),
        bytes("icy-refuses", "ICY 401 Service Unavailable\r\n\r\n", FAILED, &["401"]),
        bytes("server-full", "ICY 503 Server Full\r\n\r\n", AGAIN, &["503"]),
        bytes("no-content", "HTTP/1.1 204 No Content\r\n\r\n", FAILED, &["204"]),
        case(
            "endless-header",
            Answer::Endless(b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'y'; 4096], Duration::ZERO),
            AGAIN,
            &["no proper HTTP answer"],
        ),
        case(
            "endless-headers",
            Answer::Endless(
                b"HTTP/1.1 200 OK\r\n".to_vec(),
                b"X-Header: value\r\n".repeat(64),
                Duration::ZERO,
            ),
            AGAIN,
            &["no proper HTTP answer"],
        ),
        case(
            "dripping-head",
            Answer::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X: y\r\n".to_vec(), slowly),
            AGAIN,
            &["took longer than 10 s", "no proper HTTP answer"],
        ),
        bytes(
            "gzip-bomb",
            ok("Content-Encoding: gzip\r\nContent-Type: audio/mpeg\r\n", &gzip_bomb()),
            FAILED,
            &["encoded as \"gzip\""],
        ),
        bytes("brotli", ok("Content-Encoding: br\r\n", b"\x0b\x02\x80"), FAILED, &["encoded as \"br\""]),
        bytes("gzip-as-it-is", ok("Content-Type: audio/mpeg\r\n", &gzip_bomb()), FAILED, &["a gzip archive"]),
    ]
}

/// A megabyte of zeros in few bytes, as far as a decoder must look to find that out.
fn gzip_bomb() -> Vec<u8> {
    let mut bytes = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff\xec\xc1\x01\x01\0\0\0\x80\x90\xfe\xaf\xee\x08".to_vec();
    bytes.resize(1000, 0);
    bytes
}

/// What leads in circles or nowhere.
fn redirects_and_playlists() -> Vec<Case> {
    let list = |text: String| ok("Content-Type: audio/x-mpegurl\r\n", text.as_bytes());
    let bomb: String = (0..20_000).map(|n| format!("http://127.0.0.1:1/{n}\n")).collect();
    let redirect = |to: &str| format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\n\r\n");
    vec![
        bytes("redirect-to-itself", redirect("/redirect-to-itself"), FAILED, &["in a circle"]),
        bytes("redirect-circle", redirect("/redirect-circle/b"), FAILED, &["in a circle"]),
        case("redirects-for-ever", Answer::Deeper(b"HTTP/1.1 302 Found\r\nLocation: ".to_vec(), b"\r\n\r\n".to_vec()), FAILED, &["more than 10 redirects"]),
        bytes("redirect-to-a-file", redirect("file:///etc/passwd"), FAILED, &["not a web address"]),
        bytes("redirect-to-nonsense", redirect("http://[::"), FAILED, &["not a web address"]),
        bytes("redirect-nowhere", "HTTP/1.1 302 Found\r\n\r\n", FAILED, &["302"]),
        bytes("playlist-of-itself", list("#EXTM3U\n/playlist-of-itself\n".into()), FAILED, &["leads back to itself"]),
        case("playlists-for-ever", Answer::Deeper(ok("", b"#EXTM3U\n"), b"\n".to_vec()), FAILED, &["too far down"]),
        bytes("playlist-bomb", list(format!("#EXTM3U\n{bomb}")), FAILED, &["larger than"]),
        bytes("playlist-of-the-dead", list(bomb.lines().take(5).collect::<Vec<_>>().join("\n")), AGAIN, &["cannot be connected"]),
        case("playlist-without-end", Answer::Endless(ok("", b"#EXTM3U\n"), b"#comment\n".repeat(500), Duration::ZERO), FAILED, &["larger than"]),
        bytes("empty-playlist", ok("", b"[playlist]\nNumberOfEntries=0\nVersion=2\n"), FAILED, &["names no stream"]),
        bytes("playlist-of-files", ok("", b"[playlist]\nFile1=file:///etc/passwd\nFile2=C:\\x.mp3\n"), FAILED, &["not a web address"]),
        bytes("xspf-bomb", ok("", &[b"<?xml version=\"1.0\"?><playlist>".as_slice(), &b"<a>".repeat(50_000)].concat()), FAILED, &["names no stream"]),
        bytes("xml-entities", ok("", b"<!DOCTYPE x [<!ENTITY a \"&b;&b;\"><!ENTITY b \"&a;&a;\">]><playlist><track><location>&a;</location></track></playlist>"), FAILED, &["not a web address", "404", "names no stream"]),
        bytes("asx-of-nothing", ok("", b"<asx version=3><entry><ref></entry></asx>"), FAILED, &["names no stream"]),
    ]
}

/// Streams that break off, hang, or are something else.
fn streams() -> Vec<Case> {
    let audio = fixture("plain.mp3");
    let chunked = |body: &[u8]| ok("Transfer-Encoding: chunked\r\nContent-Type: audio/mpeg\r\n", body);
    let icy = |metaint: &str, body: &[u8]| {
        [format!("ICY 200 OK\r\nicy-metaint: {metaint}\r\n\r\n").as_bytes(), body].concat()
    };
    let second = Duration::from_millis(50);
    vec![
        bytes(
            "web-page",
            ok("Content-Type: text/html\r\n", b"<!DOCTYPE html><html><body>Radio</body></html>"),
            FAILED,
            &["a web page"],
        ),
        bytes("page-called-audio", mp3(b"\n <html><head></head></html>"), FAILED, &["a web page"]),
        bytes("text", mp3(b"The stream is off the air at present."), FAILED, &["it is text"]),
        bytes("picture", mp3(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), FAILED, &["a PNG picture"]),
        bytes("empty", mp3(b""), AGAIN, &["it is empty"]),
        bytes("truncated", mp3(&cut(audio.clone(), 0.5)), AGAIN, &["ended the stream"]),
        bytes(
            "short-of-its-length",
            ok("Content-Length: 9999999\r\nContent-Type: audio/mpeg\r\n", &audio),
            AGAIN,
            &["broke off"],
        ),
        bytes("one-byte", mp3(b"\xff"), EITHER, &["of an unknown kind", "damaged", "not audio"]),
        bytes("noise", mp3(&noise(400_000)), EITHER, &["damaged", "unknown kind", "ended the stream", "MP3"]),
        bytes(
            "noise-after-audio",
            mp3(&[audio.clone(), noise(400_000)].concat()),
            AGAIN,
            &["ended the stream"],
        ),
        case(
            "noise-for-ever",
            Answer::Endless(mp3(b""), vec![0x55; 2000], second),
            EITHER,
            &["no audio was found", "unknown kind", "damaged"],
        ),
        case(
            "zeros-for-ever",
            Answer::Endless(mp3(b""), vec![0; 65_536], Duration::from_millis(5)),
            EITHER,
            &["no audio was found", "unknown kind", "damaged"],
        ),
        case(
            "audio-then-zeros",
            Answer::Endless(mp3(&audio), vec![0; 4096], Duration::from_millis(20)),
            AGAIN,
            &["no audio was found", "ended the stream"],
        ),
        case("half-open", Answer::Open(mp3(&audio)), AGAIN, &["no data came for 10 s"]),
        case("half-open-at-once", Answer::Open(mp3(b"")), AGAIN, &["no data came for 10 s"]),
        case(
            "trickle",
            Answer::Endless(mp3(&audio), b"\0".to_vec(), Duration::from_millis(500)),
            AGAIN,
            &["bytes came in", "no audio was found"],
        ),
        bytes("chunks-of-nothing", chunked(b"0\r\n\r\n"), AGAIN, &["it is empty"]),
        bytes("chunks-of-garbage", chunked(&noise(2000)), AGAIN, &["broke off"]),
        bytes("chunk-larger-than-memory", chunked(b"ffffffffffffffff\r\nabc"), AGAIN, &["broke off"]),
        bytes("chunk-size-overflows", chunked(b"fffffffffffffffffffffff\r\nabc"), AGAIN, &["broke off"]),
        case(
            "endless-chunk-extension",
            Answer::Endless(chunked(b"5;"), vec![b'x'; 4096], Duration::ZERO),
            AGAIN,
            &["broke off"],
        ),
        bytes(
            "metaint-of-one",
            icy("1", &audio),
            EITHER,
            &["unknown kind", "damaged", "ended the stream", "empty", "not audio"],
        ),
        bytes("metaint-lies", icy("333", &audio), EITHER, &["ended the stream", "damaged", "unknown kind"]),
        bytes("metaint-is-a-word", icy("often", &audio), AGAIN, &["ended the stream"]),
        bytes(
            "metadata-without-end",
            icy("100", &[&audio[..100], &[0xff], &[b'A'; 5000]].concat()),
            EITHER,
            &["damaged", "unknown kind", "ended", "MP3"],
        ),
        bytes(
            "title-of-controls",
            icy("200", &with_titles(&audio, 200, b"StreamTitle='\x1b[2J\0\x07\xff';")),
            AGAIN,
            &["ended the stream"],
        ),
    ]
}

/// Audio with the same title after each stretch.
fn with_titles(audio: &[u8], stretch: usize, title: &[u8]) -> Vec<u8> {
    let mut text = title.to_vec();
    text.resize(text.len().next_multiple_of(16), 0);
    let mut bytes = Vec::new();
    for piece in audio.chunks(stretch) {
        bytes.extend(piece);
        bytes.push((text.len() / 16) as u8);
        bytes.extend(&text);
    }
    bytes
}

/// Containers that are broken.
fn containers() -> Vec<Case> {
    let vorbis = fixture("mono.ogg");
    let second_page = vorbis.windows(4).skip(4).position(|four| four == b"OggS").map_or(0, |at| at + 4);
    let header_only = &vorbis[..second_page];
    let lying_page = ogg_page(2, 0, &[255; 255], b"short");
    vec![
        bytes("ogg-head-only", ogg(header_only), EITHER, &["damaged", "unknown kind", "ended", "Ogg"]),
        bytes("ogg-cut", ogg(&cut(vorbis.clone(), 0.6)), AGAIN, &["ended the stream", "damaged"]),
        bytes("ogg-page-lies", ogg(&lying_page), EITHER, &["damaged", "unknown kind", "Ogg"]),
        bytes(
            "ogg-page-of-nothing",
            ogg(&ogg_page(2, 0, &[], b"").repeat(2000)),
            EITHER,
            &["damaged", "unknown kind", "Ogg", "no audio"],
        ),
        bytes(
            "ogg-bad-checksums",
            ogg(&damaged(vorbis.clone(), 0.5, &noise(300))),
            EITHER,
            &["ended the stream", "damaged"],
        ),
        bytes(
            "ogg-unknown-codec",
            ogg(&ogg_page(2, 0, &[10], b"Nothing\0\0\0")),
            EITHER,
            &["damaged", "unknown", "Ogg", "no audio"],
        ),
        bytes(
            "opus-cut-in-its-head",
            ogg(&cut(fixture("mono.opus"), 0.02)),
            EITHER,
            &["damaged", "unknown kind", "Ogg"],
        ),
        bytes(
            "flac-head-damaged",
            ok("", &damaged(fixture("mono.flac"), 0.0, b"fLaC\xff\xff\xff\xff\xff")),
            EITHER,
            &["damaged", "unknown kind", "FLAC", "ended"],
        ),
        bytes(
            "flac-hole",
            ok("", &damaged(fixture("mono.flac"), 0.4, &noise(3000))),
            AGAIN,
            &["ended the stream"],
        ),
        bytes(
            "wav-of-no-rate",
            ok("", &damaged(fixture("mono.wav"), 0.0015, &[0; 4])),
            EITHER,
            &["damaged", "sample rate", "ended the stream", "cannot be decoded"],
        ),
        bytes(
            "aac-cut",
            ok("Content-Type: audio/aac\r\n", &cut(fixture("mono.aac"), 0.1)),
            EITHER,
            &["ended the stream", "damaged", "AAC"],
        ),
        bytes(
            "id3-of-a-gigabyte",
            mp3(b"ID3\x04\0\0\x7f\x7f\x7f\x7f and little more"),
            EITHER,
            &["damaged", "unknown kind", "MP3"],
        ),
    ]
}
