//! Streams and containers that are wrong, and what must be told of them. Touch it to add something that was met.

use std::time::Duration;

use super::audio::{cut, damaged, fixture, noise, ogg_page};
use super::cases::{AGAIN, Answer, Case, EITHER, FAILED, bytes, case, ok};

fn mp3(body: &[u8]) -> Vec<u8> {
    ok("Content-Type: audio/mpeg\r\n", body)
}

fn ogg(body: &[u8]) -> Vec<u8> {
    ok("Content-Type: application/ogg\r\n", body)
}

/// Streams that break off, hang, or are something else.
pub fn streams() -> Vec<Case> {
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
            &["no audio was found", "unknown kind", "it is text", "damaged"],
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
pub fn containers() -> Vec<Case> {
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
