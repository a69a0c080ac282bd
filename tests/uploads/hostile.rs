//! Bodies that do everything wrong: each ends in a clear answer, none in a crash, a hang or in memory that grows.
//! Touch it when the daemon is to survive something else.

use super::audio::{cut, damaged, fixture, noise, ogg_page};
use super::client::{Answer, begin, daemon, post, read, send};
use super::support::usage::Usage;

/// What memory may grow by while a hundred megabytes of rubbish come, in KiB.
const GROWTH: u64 = 24 * 1024;

fn is_clear(name: &str, answer: &Answer, status: u16, code: &str) {
    let error = &answer.body["error"];
    assert_eq!((answer.status, &error["code"]), (status, &code.into()), "{name}: {}", answer.body);
    assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "{name}: {error}");
}

#[test]
fn broken_files_are_told_what_is_wrong() {
    let daemon = daemon(&[]);
    let (mp3, vorbis) = (fixture("plain.mp3"), fixture("mono.ogg"));
    let refused = [
        ("text", b"The stream is off the air at present.".to_vec()),
        ("web-page", b"<!DOCTYPE html><html><body>Radio</body></html>".to_vec()),
        ("picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec()),
        ("archive", b"PK\x03\x04\x14\0\0\0\x08\0".to_vec()),
        ("empty", Vec::new()),
        ("one-byte", vec![0xff]),
        ("zeros", vec![0; 2_000_000]),
        ("ogg-page-lies", ogg_page(2, 0, &[255; 255], b"short")),
        ("ogg-page-of-nothing", ogg_page(2, 0, &[], b"").repeat(2000)),
        ("opus-cut-in-its-head", cut(fixture("mono.opus"), 0.02)),
        ("id3-of-a-gigabyte", b"ID3\x04\0\0\x7f\x7f\x7f\x7f and little more".to_vec()),
        ("m4a-without-index", cut(fixture("mono.m4a"), 0.5)),
        ("m4a-box-lies", damaged(fixture("mono.m4a"), 0.0, &[0xff, 0xff, 0xff, 0xff])),
    ];
    for (name, body) in &refused {
        is_clear(name, &post(daemon.address, "?name=song.mp3", body), 422, "not_audio");
    }
    // Of these a part can be heard, and the answer says what is missing, or nothing can.
    let partly = [
        ("truncated", cut(mp3.clone(), 0.5)),
        ("noise", noise(400_000)),
        ("noise-after-audio", [mp3.clone(), noise(400_000)].concat()),
        ("ogg-cut", cut(vorbis.clone(), 0.6)),
        ("ogg-bad-checksums", damaged(vorbis, 0.5, &noise(300))),
        ("flac-hole", damaged(fixture("mono.flac"), 0.4, &noise(3000))),
        ("flac-head-damaged", damaged(fixture("mono.flac"), 0.0, b"fLaC\xff\xff\xff\xff\xff")),
        ("wav-of-no-rate", damaged(fixture("mono.wav"), 0.0015, &[0; 4])),
        ("aac-cut", cut(fixture("mono.aac"), 0.1)),
        ("m4a-hole", damaged(fixture("mono.m4a"), 0.3, &noise(1500))),
    ];
    for (name, body) in &partly {
        let answer = post(daemon.address, "", body);
        if answer.status != 200 {
            is_clear(name, &answer, 422, "not_audio");
        }
    }
    assert_eq!(daemon.get("/livez").0, 200);
    daemon.end();
}

#[test]
fn limits_of_bytes_and_wrapped_bodies() {
    let daemon = daemon(&[("MAX_BYTES", "100000"), ("MAX_SECONDS", "30.0")]);
    let at = daemon.address;
    is_clear("announced", &post(at, "", &vec![b'x'; 100_001]), 413, "too_large");
    let headers = "Content-Length: 99999999999\r\nExpect: 100-continue\r\n";
    let answer = read(begin(at, "", headers, b""));
    is_clear("asked before", &answer, 413, "too_large");
    let mp3 = fixture("plain.mp3").repeat(20);
    let chunked = [format!("{:x}\r\n", mp3.len()).as_bytes(), &mp3, b"\r\n0\r\n\r\n"].concat();
    is_clear("not announced", &send(at, "", "Transfer-Encoding: chunked\r\n", &chunked), 413, "too_large");
    let head = "Content-Length: 3\r\nContent-Encoding: gzip\r\n";
    is_clear("encoded", &send(at, "", head, b"abc"), 415, "wrapped_body");
    let head = "Content-Length: 3\r\nContent-Type: multipart/form-data; boundary=x\r\n";
    is_clear("form", &send(at, "", head, b"abc"), 415, "wrapped_body");
    is_clear("query", &post(at, "?tpo=3", b"abc"), 400, "bad_query");
    // Six minutes of silence are a few kilobytes of FLAC and half a minute too many.
    is_clear("silence", &post(at, "", &silence(360)), 422, "too_long");
    let head = "Content-Length: 3\r\nOrigin: https://evil.example\r\n";
    is_clear("foreign", &send(at, "", head, b"abc"), 403, "foreign_origin");
    assert_eq!(daemon.get("/v1/classify").0, 405);
    assert_eq!(daemon.get("/v1/classify/01J9ZK3V5Y8Q0W2E4R6T8Y0V2X").0, 404);
    daemon.end();
}

/// FLAC of so many seconds of digital zero at 8 kHz: frames of one constant subframe each.
fn silence(seconds: u32) -> Vec<u8> {
    let (rate, block) = (8000u32, 4000u32);
    let total = u64::from(seconds) * u64::from(rate);
    let mut flac = b"fLaC\x80\0\0\x22".to_vec();
    flac.extend([(block as u16).to_be_bytes(), (block as u16).to_be_bytes()].concat());
    flac.extend([0; 6]);
    // 20 bits of rate, 3 of channels less one, 5 of bits less one, 36 of samples.
    flac.extend((u64::from(rate) << 44 | 15 << 36 | total).to_be_bytes());
    flac.extend([0; 16]);
    for frame in 0..seconds * rate / block {
        // The block size and the rate stand in STREAMINFO and behind the number.
        let mut head = vec![0xff, 0xf8, 0x70, 0x08];
        let number = char::from_u32(frame).expect("a small number");
        head.extend(number.to_string().as_bytes());
        head.extend((block as u16 - 1).to_be_bytes());
        head.push(crc(&head, 8, 0x07) as u8);
        // A constant subframe of 16 bits, padded.
        head.extend([0, 0, 0]);
        let check = crc(&head, 16, 0x8005);
        head.extend((check as u16).to_be_bytes());
        flac.extend(head);
    }
    flac
}

fn crc(bytes: &[u8], bits: u32, polynomial: u32) -> u32 {
    let (top, mask) = (1 << (bits - 1), (1u64 << bits) as u32 - 1);
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ (u32::from(byte) << (bits - 8)), |crc, _| {
            if crc & top == 0 { crc << 1 & mask } else { (crc << 1 ^ polynomial) & mask }
        })
    })
}

#[test]
fn a_flood_of_rubbish_takes_no_memory() {
    let daemon = daemon(&[]);
    let junk = [fixture("plain.mp3"), noise(500_000)].concat();
    post(daemon.address, "", &junk);
    let before = Usage::of(daemon.pid());
    let body = [fixture("plain.mp3"), noise(1_000_000).repeat(100)].concat();
    let answer = post(daemon.address, "", &body);
    assert!([200, 422].contains(&answer.status), "{}", answer.body);
    let after = Usage::of(daemon.pid());
    println!("{} bytes of rubbish: {before:?}, then {after:?}", body.len());
    assert!(after.resident < before.resident + GROWTH, "{before:?} {after:?}");
    assert!(after.descriptors <= before.descriptors + 2, "{before:?} {after:?}");
    daemon.end();
}
