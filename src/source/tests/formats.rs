//! That every supported container gives back the tone that was put into it.
//!
//! Each fixture is one second of (0.2 + 0.6 t) · sin(2π · 440 t), made by ffmpeg 5.1; the stereo ones have half of that
//! on the right.

use std::io::{Cursor, Read};

use super::*;
use crate::source::{Channels, Encoding, Mixdown, PcmFormat};

/// A codec's block more or less, where the container does not tell its delay.
const CODEC_BLOCK: f64 = 0.055;

/// How well `samples` fit the tone: correlation with it at the best phase, and the level at which it is.
fn fit(whole: &Whole) -> (f64, f64) {
    let rate = f64::from(whole.rate.hz());
    let (mut ss, mut cc, mut sc, mut xs, mut xc, mut xx) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    // The edges are the codec's.
    let edge = whole.samples.len() / 10;
    let middle = &whole.samples[edge..whole.samples.len() - edge];
    for (n, &x) in middle.iter().enumerate() {
        let t = (n + edge) as f64 / rate;
        let phase = 2.0 * std::f64::consts::PI * 440.0 * t;
        let level = 0.2 + 0.6 * t;
        let (s, c, x) = (level * phase.sin(), level * phase.cos(), f64::from(x));
        ss += s * s;
        cc += c * c;
        sc += s * c;
        xs += x * s;
        xc += x * c;
        xx += x * x;
    }
    // Least squares on sine and cosine, so that a delay does not matter.
    let det = ss * cc - sc * sc;
    let (a, b) = ((xs * cc - xc * sc) / det, (xc * ss - xs * sc) / det);
    let explained = a * xs + b * xc;
    ((explained / xx).sqrt(), a.hypot(b))
}

fn check(name: &str, whole: &Whole, rate: u32, slack: f64) {
    assert_eq!(whole.rate.hz(), rate, "{name}");
    assert_eq!(whole.damage(), "none", "{name}");
    let seconds = whole.seconds();
    assert!((seconds - 1.0).abs() <= slack, "{name}: {seconds} s");
    let (correlation, level) = fit(whole);
    assert!(correlation > 0.99, "{name}: correlation {correlation}");
    let expected = if name.starts_with("stereo") { 0.75 } else { 1.0 };
    // A delay of the codec shifts the ramp too.
    let off = if slack > 0.0 { 0.1 } else { 0.06 };
    assert!((level - expected).abs() < off, "{name}: level {level}");
}

const FILES: [(&str, u32, f64); 14] = [
    ("mono.wav", 8_000, 0.0),
    ("stereo.wav", 8_000, 0.0),
    ("mono.flac", 8_000, 0.0),
    ("stereo.flac", 8_000, 0.0),
    ("mono.mp3", 44_100, 0.0),
    ("stereo.mp3", 44_100, 0.0),
    ("plain.mp3", 44_100, CODEC_BLOCK),
    ("mono.ogg", 44_100, 0.0),
    ("stereo.ogg", 44_100, 0.0),
    ("mono.opus", 48_000, 0.0),
    ("stereo.opus", 48_000, 0.0),
    ("mono.m4a", 44_100, CODEC_BLOCK),
    ("stereo.m4a", 44_100, CODEC_BLOCK),
    ("mono.aac", 44_100, CODEC_BLOCK),
];

#[test]
fn every_format_gives_the_tone_back() {
    for (name, rate, slack) in FILES {
        let decoder = Decoder::open_file(&fixture(name), Mixdown::default()).expect(name);
        let expected = decoder.expected_seconds();
        let whole = read_whole(decoder).expect(name);
        check(name, &whole, rate, slack);
        // ADTS has no header that tells a length, and its bytes only an average rate.
        if name != "mono.aac" {
            let expected = expected.expect(name);
            assert!((expected - 1.0).abs() <= CODEC_BLOCK, "{name}: expects {expected} s");
        }
    }
}

#[test]
fn a_stream_gives_what_the_file_gives() {
    for (name, ..) in FILES {
        // An M4A whose index lies at its end cannot be streamed.
        if name.ends_with("m4a") {
            continue;
        }
        let file =
            read_whole(Decoder::open_file(&fixture(name), Mixdown::default()).expect(name)).expect(name);
        let stream = Decoder::open_stream(Cursor::new(bytes_of(name)), None, Mixdown::default()).expect(name);
        let stream = read_whole(stream).expect(name);
        assert_eq!(stream.samples, file.samples, "{name}");
        assert_eq!(stream.ending, file.ending, "{name}");
    }
}

#[test]
fn raw_samples_give_what_their_container_gives() {
    let name = "stereo.wav";
    let file = read_whole(Decoder::open_file(&fixture(name), Mixdown::default()).expect(name)).expect(name);
    let format = PcmFormat {
        encoding: Encoding::from_name("s16le").expect("known"),
        rate: file.rate,
        channels: Channels::new(2).expect("in range"),
    };
    let mut raw = Cursor::new(bytes_of(name));
    raw.set_position(44);
    let raw = read_whole(Decoder::open_pcm(raw, format, Mixdown::default()).expect("opens")).expect("reads");
    assert_eq!(raw.samples.len(), file.samples.len());
    for (raw, file) in raw.samples.iter().zip(&file.samples) {
        assert!((raw - file).abs() < 1e-6, "{raw} is not {file}");
    }
}

#[test]
fn a_chain_of_streams_tells_where_the_rate_changes() {
    let chain = Cursor::new(bytes_of("mono.ogg")).chain(Cursor::new(bytes_of("stereo.opus")));
    let mut decoder = Decoder::open_stream(chain, None, Mixdown::default()).expect("opens");
    let mut seconds = [0.0, 0.0];
    let mut part = 0;
    loop {
        let rate = decoder.rate();
        match decoder.next_block().expect("reads") {
            Decoded::Samples(block) => seconds[part] += rate.seconds(block.len() as u64),
            Decoded::RateChanged(rate) => {
                assert_eq!(rate.hz(), 48_000);
                part += 1;
            }
            other @ (Decoded::Title(_) | Decoded::Gap { .. } | Decoded::Stalled(_)) => panic!("{other:?}"),
            Decoded::End(ending) => {
                assert_eq!(ending.damage, None);
                break;
            }
        }
    }
    assert_eq!(part, 1);
    assert!(seconds.iter().all(|s| (s - 1.0).abs() < 0.01), "{seconds:?}");
}

#[test]
fn values_that_are_not_finite_become_silence() {
    let dir = temp_dir::TempDir::new().expect("a directory");
    let path = dir.path().join("nan.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(&path, spec).expect("creates");
    for n in 0..8_000 {
        let sample = [0.25, f32::NAN, f32::INFINITY, -0.25][n % 4];
        writer.write_sample(sample).expect("writes");
    }
    writer.finalize().expect("closes");
    let whole = read_whole(Decoder::open_file(&path, Mixdown::default()).expect("opens")).expect("reads");
    assert_eq!(whole.samples.len(), 8_000);
    assert_eq!(whole.samples[4..8], [0.25, 0.0, 0.0, -0.25]);
}
