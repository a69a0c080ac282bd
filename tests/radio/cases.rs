//! What stations do wrong, and what must be told of it. Touch it to add something that was met.

use std::time::Duration;

use super::audio::noise;
use super::streams;

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
pub const FAILED: &[&str] = &["failed"];
/// Tried again.
pub const AGAIN: &[&str] = &["reconnecting", "stalled"];
/// Either is right, by how much of it can be decoded.
pub const EITHER: &[&str] = &["failed", "reconnecting", "stalled", "ended"];

pub fn ok(more: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\n{more}\r\n").as_bytes(), body].concat()
}

pub fn all() -> Vec<Case> {
    let mut cases = answers();
    cases.extend(redirects_and_playlists());
    cases.extend(streams::streams());
    cases.extend(streams::containers());
    cases
}

pub fn case(
    name: &'static str,
    answer: Answer,
    states: &'static [&'static str],
    says: &'static [&'static str],
) -> Case {
    Case { name, answer, states, says }
}

pub fn bytes(
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
        bytes("xml-entities", ok("", b"<!DOCTYPE x [<!ENTITY a \"&b;&b;\"><!ENTITY b \"&a;&a;\">]><playlist><track><location>&a;</location></track></playlist>"), EITHER, &["not a web address", "names no stream", "no proper HTTP answer"]),
        bytes("asx-of-nothing", ok("", b"<asx version=3><entry><ref></entry></asx>"), FAILED, &["names no stream"]),
    ]
}
