//! That what is broken, cut or no audio at all is told in words, without a panic, a hang or unbounded memory.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::source::Mixdown;

/// Writes the bytes into a file and opens it.
fn open(bytes: &[u8]) -> Result<Decoder, SourceError> {
    let dir = temp_dir::TempDir::new().expect("a directory");
    let path = dir.path().join("input");
    std::fs::write(&path, bytes).expect("writes");
    Decoder::open_file(&path, Mixdown::default())
}

fn whole(bytes: &[u8]) -> Whole {
    open(bytes).and_then(read_whole).expect("it has audio")
}

fn refused(bytes: &[u8]) -> SourceError {
    match open(bytes) {
        Ok(_) => panic!("it was opened"),
        Err(error) => {
            assert!(error.remedy().is_some_and(|remedy| !remedy.is_empty()));
            error
        }
    }
}

/// Bytes without any order, always the same.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(len);
    while bytes.len() < len {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.push((state >> 56) as u8);
    }
    bytes
}

#[test]
fn what_is_no_audio_is_named() {
    for (bytes, part) in [
        (&b"Not a song, but words about one.\n"[..], "it is text"),
        (b"%PDF-1.7\n\xe2\xe3", "PDF"),
        (b"\x1a\x45\xdf\xa3\x01\x02", "Matroska"),
        (b"\x00\x01\x02\x03", "of an unknown kind"),
    ] {
        let error = refused(bytes);
        assert!(matches!(error, SourceError::NotAudio { .. }), "{error:?}");
        let error = error.to_string();
        assert!(error.contains(part) && error.contains("FLAC"), "{error}");
    }
    assert!(matches!(refused(b""), SourceError::Empty));
}

#[test]
fn what_is_not_there_or_no_file_is_named() {
    let dir = temp_dir::TempDir::new().expect("a directory");
    let missing = dir.path().join("gone.mp3");
    let Err(error) = Decoder::open_file(&missing, Mixdown::default()) else {
        panic!("it is not there");
    };
    assert!(error.to_string().contains("gone.mp3"), "{error}");
    assert!(matches!(error, SourceError::NotFound { .. }));
    let Err(error) = Decoder::open_file(dir.path(), Mixdown::default()) else {
        panic!("it is a directory");
    };
    assert!(error.to_string().contains("a directory"), "{error}");
    let Err(error) = Decoder::open_file(Path::new("/dev/zero"), Mixdown::default()) else {
        panic!("it is a device");
    };
    assert!(error.to_string().contains("a pipe or a device"), "{error}");
}

#[test]
fn noise_is_refused_or_ends_as_damage() {
    for seed in 0..20 {
        let bytes = noise(300_000, seed);
        for opened in [open(&bytes), Decoder::open_stream(Cursor::new(bytes), None, Mixdown::default())] {
            match opened.and_then(read_whole) {
                Ok(whole) => assert!(whole.ending.damage.is_some(), "seed {seed}"),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
}

#[test]
fn an_mp3_cut_inside_a_frame_says_so() {
    // Inside a frame: the frames of these files are 208 and 209 bytes long.
    let announced = bytes_of("mono.mp3");
    let cut = whole(&announced[..announced.len() / 2 + 50]);
    assert!(cut.damage().contains("of the 1.0 s that its header announces"), "{}", cut.damage());
    assert!((0.3..0.7).contains(&cut.seconds()), "{}", cut.seconds());
    let plain = bytes_of("plain.mp3");
    let cut = whole(&plain[..plain.len() / 2 + 50]);
    assert!(cut.damage().contains("before its end mark"), "{}", cut.damage());
    let almost = whole(&plain[..plain.len() - 1]);
    assert!(almost.damage().contains("before its end mark"), "{}", almost.damage());
}

#[test]
fn an_mp3_without_a_whole_frame_is_damaged() {
    for bytes in [&bytes_of("plain.mp3")[..150], &bytes_of("mono.mp3")[..120]] {
        let error = refused(bytes);
        assert!(matches!(error, SourceError::Damaged { .. }), "{error}");
    }
}

#[test]
fn every_format_cut_in_half_says_so() {
    for name in ["mono.wav", "stereo.flac", "mono.ogg", "stereo.opus", "mono.mp3"] {
        let bytes = bytes_of(name);
        match open(&bytes[..bytes.len() * 3 / 5]).and_then(read_whole) {
            Ok(cut) => {
                assert!(cut.ending.damage.is_some(), "{name}: {} s", cut.seconds());
                assert!(cut.seconds() < 0.9, "{name}");
            }
            // One second of Ogg may be a single page, which a cut takes away as a whole.
            Err(error) => assert!(matches!(error, SourceError::Damaged { .. }), "{name}: {error}"),
        }
    }
}

#[test]
fn a_wav_of_unknown_length_is_complete() {
    let mut bytes = bytes_of("mono.wav");
    for field in [4, 40] {
        bytes[field..field + 4].copy_from_slice(&[0xff; 4]);
    }
    let stream = Decoder::open_stream(Cursor::new(bytes), None, Mixdown::default())
        .and_then(read_whole)
        .expect("plays");
    assert_eq!(stream.ending.damage, None);
    assert_eq!(stream.samples.len(), 8_000);
}

#[test]
fn a_wav_of_no_channels_or_no_rate_is_refused() {
    let wav = bytes_of("mono.wav");
    let zeroed = |field: usize, len: usize| {
        let mut bytes = wav.clone();
        bytes[field..field + len].fill(0);
        bytes
    };
    for no_channels_or_rate in [zeroed(22, 2), zeroed(24, 4)] {
        let error = refused(&no_channels_or_rate);
        assert!(!matches!(error, SourceError::Unreadable { .. }), "{error}");
    }
    // A block size or a width of nothing may be mended by the reader, but must not make more of it than there is.
    for field in [32, 34] {
        if let Ok(whole) = open(&zeroed(field, 2)).and_then(read_whole) {
            assert!(whole.samples.len() <= 16_000, "{field}");
        }
    }
    let mut bytes = wav.clone();
    bytes[24..28].copy_from_slice(&[0xff; 4]);
    assert!(matches!(refused(&bytes), SourceError::Rate { .. }));
}

#[test]
fn a_header_that_makes_the_decoder_panic_is_damage() {
    let mut bytes = bytes_of("mono.wav");
    // 40961 channels: with overflow checks symphonia panics over their block size, without it refuses them.
    bytes[23] = 160;
    let error = refused(&bytes);
    assert!(matches!(error, SourceError::Damaged { .. }), "{error:?}");
}

#[test]
fn a_hole_in_the_middle_is_skipped_and_told() {
    let mut bytes = bytes_of("mono.flac");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 2000].copy_from_slice(&noise(2000, 1));
    let whole = whole(&bytes);
    assert!(whole.ending.damage.is_some());
    assert!(whole.samples.iter().all(|x| x.is_finite()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_damage_panics_or_hangs(
        which in 0usize..14,
        keep in 0.0f64..1.2,
        holes in prop::collection::vec((0.0f64..1.0, any::<u8>(), 1usize..40), 0..8),
        file in any::<bool>(),
    ) {
        const NAMES: [&str; 14] = [
            "mono.wav", "stereo.wav", "mono.flac", "stereo.flac", "mono.mp3", "stereo.mp3", "plain.mp3",
            "mono.ogg", "stereo.ogg", "mono.opus", "stereo.opus", "mono.m4a", "stereo.m4a", "mono.aac",
        ];
        let mut bytes = bytes_of(NAMES[which]);
        for (at, value, len) in holes {
            // Headers are where damage hurts: half of the holes lie there.
            let span = if value % 2 == 0 { bytes.len().min(600) } else { bytes.len() };
            let at = (at * span as f64) as usize;
            let end = (at + len).min(bytes.len());
            bytes[at..end].fill(value);
        }
        bytes.truncate((bytes.len() as f64 * keep) as usize);
        let limit = 40 * 8000 * 60;
        let opened = if file { open(&bytes) } else { Decoder::open_stream(Cursor::new(bytes), None, Mixdown::default()) };
        if let Ok(mut decoder) = opened {
            let mut total = 0;
            while let Ok(block) = decoder.next_block() {
                match block {
                    Decoded::Samples(samples) => {
                        prop_assert!(samples.iter().all(|x| x.is_finite()));
                        total += samples.len();
                        prop_assert!(total < limit, "more audio than the bytes can hold");
                    }
                    Decoded::End(_) => break,
                    _ => (),
                }
            }
        }
    }
}
