//! That a transport stream gives the same bytes however it arrives, and that damage costs no more than it must.

use proptest::prelude::*;

use super::super::frames;
use super::super::transport::{Demuxed, Elementary, PACKET, Transport};
use super::*;

fn demuxed(pieces: &[&[u8]]) -> Demuxed {
    let mut transport = Transport::new();
    for piece in pieces {
        transport.push(piece);
    }
    transport.finish()
}

/// ADTS frames of the fixture, header by header.
fn frame_count(bytes: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while let Some(header) = bytes.get(at..at + 7) {
        assert_eq!((header[0], header[1] & 0xf6), (0xff, 0xf0), "at {at}");
        at += usize::from(header[3] & 3) << 11 | usize::from(header[4]) << 3 | usize::from(header[5] >> 5);
        count += 1;
    }
    assert_eq!(at, bytes.len());
    count
}

#[test]
fn a_transport_stream_holds_the_bytes_of_its_audio() {
    let (mut audio, mut transport) = (Vec::new(), Transport::new());
    for name in ["ts0.ts", "ts1.ts", "ts2.ts"] {
        transport.push(&bytes_of(name));
        let demuxed = transport.finish();
        assert_eq!((demuxed.kind, demuxed.faults), (Some(Elementary::Adts), 0), "{name}");
        audio.extend(demuxed.audio);
    }
    assert!(audio == bytes_of("whole.aac"));
}

#[test]
fn junk_before_and_between_packets_is_left_out() {
    let whole = bytes_of("ts0.ts");
    let clean = demuxed(&[&whole]);
    let junk: Vec<u8> = (0..300u32).map(|n| (n * 7 % 251) as u8).filter(|byte| *byte != 0x47).collect();
    let (first, rest) = whole.split_at(5 * PACKET);
    let dirty = demuxed(&[&junk[..50], first, &junk, rest]);
    assert_eq!(dirty.audio, clean.audio);
    assert_eq!(dirty.faults, 2);
}

#[test]
fn a_lost_packet_costs_its_frames_only() {
    let whole = bytes_of("ts0.ts");
    let clean = demuxed(&[&whole]);
    // The tables and the first packet of audio are not missed, for nothing came before them.
    for lost in 4..whole.len() / PACKET {
        let rest = [&whole[..lost * PACKET], &whole[(lost + 1) * PACKET..]].concat();
        let demuxed = demuxed(&[&rest]);
        assert!(demuxed.audio.len() < clean.audio.len());
        assert!(demuxed.faults > 0 || lost + 1 == whole.len() / PACKET, "packet {lost} went without a word");
    }
}

#[test]
fn torn_frames_are_held_back_until_they_are_whole() {
    for (name, kind) in [("whole.aac", Elementary::Adts), ("whole.mp3", Elementary::Mpeg)] {
        let bytes = bytes_of(name);
        assert_eq!(frames::whole(&bytes, kind), bytes.len(), "{name}");
        let mut ends = std::collections::BTreeSet::new();
        for cut in 0..bytes.len() {
            let end = frames::whole(&bytes[..cut], kind);
            assert!(end <= cut && cut - end < 400, "{name}: {cut} {end}");
            ends.insert(end);
        }
        if kind == Elementary::Adts {
            assert_eq!(ends.len(), frame_count(&bytes), "a cut may only be at the beginning of a frame");
        }
    }
}

proptest! {
    #[test]
    fn any_split_gives_the_same_bytes(
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        holes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 1usize..300), 0..4),
    ) {
        let mut bytes: Vec<u8> = ["ts0.ts", "ts1.ts"].iter().flat_map(|name| bytes_of(name)).collect();
        for (at, value, length) in holes {
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            bytes[at..end].fill(value);
        }
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(demuxed(&pieces), demuxed(&[&bytes]));
    }

    #[test]
    fn any_bytes_behind_a_beginning_are_survived(
        keep in 0usize..3948,
        noise in prop::collection::vec(any::<u8>(), 0..2000),
        sync in any::<bool>(),
    ) {
        let mut bytes = bytes_of("ts0.ts")[..keep].to_vec();
        bytes.extend(noise);
        if sync {
            for packet in bytes.chunks_mut(PACKET) {
                packet[0] = 0x47;
            }
        }
        let demuxed = demuxed(&[&bytes]);
        prop_assert!(demuxed.audio.len() <= bytes.len());
        let _ = frames::whole(&bytes, Elementary::Adts);
        let _ = frames::whole(&bytes, Elementary::Mpeg);
    }
}
