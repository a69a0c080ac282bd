//! Clips whose headers want memory without end: pictures and tables that go on and on. Touch it when a demuxer may hold
//! something else; `source/tests` has the same for streams.

use super::audio::{fixture, ogg_page};
use super::client::{daemon, post};
use super::support::usage;

/// What the peak of memory may grow by, in KiB: of the 32 MiB that a demuxer may read a vector that grows holds twice as many
/// while it moves, and beside it stands what it was read into.
const GROWTH: u64 = 112 * 1024;

/// Of each clip, in bytes.
const SIZE: usize = 160 << 20;

fn filled(mut head: Vec<u8>) -> Vec<u8> {
    head.resize(SIZE, 0);
    head
}

fn picture_in_id3() -> Vec<u8> {
    filled(b"ID3\x04\0\0\x7f\x7f\x7f\x7fAPIC\x7f\x7f\x7f\x70\0\0\0image/png\0\x03\0\x89PNG".to_vec())
}

fn pictures_in_flac() -> Vec<u8> {
    let mut flac = b"fLaC\0\0\0\x22\x10\0\x10\0\0\0\0\0\0\0".to_vec();
    flac.extend((44_100u64 << 44 | 1 << 41 | 15 << 36).to_be_bytes());
    flac.extend([0; 16]);
    while flac.len() < SIZE {
        flac.extend(b"\x06\xff\xff\xff\0\0\0\x03\0\0\0\x09image/png\0\0\0\0");
        flac.extend([0; 16]);
        let length = (16 << 20) - 1 - 8 - 9 - 4 - 20;
        flac.extend((length as u32).to_be_bytes());
        flac.resize(flac.len() + length, 0);
    }
    flac
}

fn index_before_everything() -> Vec<u8> {
    let mut mp4 = b"\0\0\0\x10ftypM4A \0\0\0\0".to_vec();
    let mut left = SIZE as u32;
    for kind in [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz"] {
        mp4.extend(left.to_be_bytes());
        mp4.extend(kind);
        left -= 8;
    }
    mp4.extend([0; 8]);
    mp4.extend(((left - 12) / 4).to_be_bytes());
    filled(mp4)
}

/// A comment of an Ogg stream that goes on from page to page.
fn comment_without_end() -> Vec<u8> {
    let mut ogg = fixture("mono.ogg");
    // The first page is the identification; the comment begins with the second.
    ogg.truncate(58);
    let mut comment = b"\x03vorbis\0\0\0\0\x01\0\0\0\xff\xff\xff\x7fA=".to_vec();
    comment.resize(255 * 255, b'x');
    let mut flags = 0;
    while ogg.len() < SIZE {
        ogg.extend(ogg_page(flags, 0, &[255; 255], &comment));
        comment.fill(b'x');
        flags = 1;
    }
    ogg
}

#[test]
fn headers_without_end_take_little_memory() {
    let daemon = daemon(&[]);
    let plain = post(daemon.address, "", &fixture("plain.mp3"));
    assert_eq!(plain.status, 200, "{}", plain.body);
    for (name, clip) in [
        ("id3", picture_in_id3()),
        ("flac", pictures_in_flac()),
        ("mp4", index_before_everything()),
        ("ogg", comment_without_end()),
    ] {
        let before = usage::peak_from_now(daemon.pid());
        let answer = post(daemon.address, &format!("?name=clip.{name}"), &clip);
        let after = usage::peak(daemon.pid());
        println!("{name}: {} MiB more at the peak, {}", after.saturating_sub(before) / 1024, answer.body);
        assert_eq!(
            (answer.status, &answer.body["error"]["code"]),
            (422, &"not_audio".into()),
            "{name}: {}",
            answer.body
        );
        assert!(after < before + GROWTH, "{name}: from {before} to {after} KiB");
    }
    assert_eq!(post(daemon.address, "", &fixture("plain.mp3")).status, 200);
    daemon.end();
}
