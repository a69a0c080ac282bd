//! What headers say of a clip's length: one that says too long is refused before it is heard, and one that lies gains nothing.
//! Touch it when another format's header is believed.

use super::audio::fixture;
use super::client::{begin, daemon, id, post, read, until};

/// A FLAC whose header says so many samples, at 8 kHz.
fn flac(samples: u64) -> Vec<u8> {
    let mut flac = fixture("mono.flac");
    // 36 bits, of which the first four share a byte with the bits of a sample.
    flac[21] = flac[21] & 0xf0 | (samples >> 32) as u8;
    flac[22..26].copy_from_slice(&(samples as u32).to_be_bytes());
    flac
}

/// A WAV whose header says so many bytes of sound; its own are one second.
fn wav(bytes: u32) -> Vec<u8> {
    let mut wav = fixture("mono.wav");
    let at = wav.windows(4).position(|four| four == b"data").expect("it has data");
    wav[4..8].copy_from_slice(&bytes.saturating_add(36).to_le_bytes());
    wav[at + 4..at + 8].copy_from_slice(&bytes.to_le_bytes());
    wav
}

/// An M4A whose index says that each of its first packets is of so many samples, at 44.1 kHz.
fn m4a(samples: u32) -> Vec<u8> {
    let mut m4a = fixture("mono.m4a");
    let at = m4a.windows(4).position(|four| four == b"stts").expect("it has durations");
    m4a[at + 16..at + 20].copy_from_slice(&samples.to_be_bytes());
    m4a
}

#[test]
fn what_says_that_it_is_too_long_is_refused_before_it_is_heard() {
    let daemon = daemon(&[("MAX_SECONDS", "3600")]);
    for (digit, name, clip) in [
        (1, "clip.flac", flac(2 * 3600 * 8000)),
        (2, "clip.wav", wav(2 * 3600 * 8000 * 2)),
        (3, "clip.m4a", m4a(3600 * 44_100)),
    ] {
        let answer = post(daemon.address, &format!("?name={name}&id={}", id(digit)), &clip);
        let error = &answer.body["error"];
        assert_eq!((answer.status, &error["code"]), (422, &"too_long".into()), "{name}: {}", answer.body);
        assert!(error["message"].as_str().is_some_and(|text| text.contains("longer than 3600 s")), "{error}");
        let progress = until(&daemon, &id(digit), |progress| progress["state"] == "failed");
        assert_eq!(progress["heard_s"], 0.0, "{name}: {progress}");
    }
    // Nor is the rest waited for.
    let clip = wav(2 * 3600 * 8000 * 2);
    let headers = format!("Content-Length: {}\r\n", 2 * 3600 * 8000 * 2 + 44);
    let answer = read(begin(daemon.address, "?name=clip.wav", &headers, &clip));
    assert_eq!((answer.status, &answer.body["error"]["code"]), (422, &"too_long".into()), "{}", answer.body);
    daemon.end();
}

#[test]
fn what_does_not_know_its_length_or_says_less_is_heard_up_to_the_limit() {
    let daemon = daemon(&[("MAX_SECONDS", "60")]);
    // So do ffmpeg and sox write into a pipe, and FLAC says 0 where nobody knows.
    for (name, clip) in
        [("pipe", wav(u32::MAX)), ("sox", wav(0x7fff_f000)), ("unknown", flac(0)), ("right", flac(8000))]
    {
        let answer = post(daemon.address, "", &clip);
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        let heard = answer.body["duration_s"].as_f64().expect("a number");
        assert!((0.9..1.1).contains(&heard), "{name}: {heard}");
    }
    daemon.end();
    let daemon = super::client::daemon(&[("MAX_SECONDS", "1")]);
    // Says a hundredth of a second, and is three: never is more heard than the limit.
    let long: Vec<u8> =
        (0..3 * 8000u32).flat_map(|n| (((f64::from(n) / 9.0).sin() * 9000.0) as i16).to_le_bytes()).collect();
    let mut says_less = wav(160);
    let at = says_less.windows(4).position(|four| four == b"data").expect("it has data");
    says_less.splice(at + 8.., long);
    for (name, clip) in [
        ("wav", says_less),
        ("flac", flac(80)),
        ("wav in a pipe", {
            let mut clip = wav(u32::MAX);
            clip.extend(vec![1; 3 * 8000 * 2]);
            clip
        }),
    ] {
        let answer = post(daemon.address, "", &clip);
        let heard = answer.body["duration_s"].as_f64().unwrap_or(0.0);
        let refused = answer.body["error"]["code"] == "too_long";
        assert!(refused || heard <= 1.1, "{name}: {}", answer.body);
        assert!(name != "wav in a pipe" || refused, "{}", answer.body);
    }
    daemon.end();
}
