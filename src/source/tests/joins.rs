//! That streams are heard from their middle, through garbage, and over the seams of a chain.
//! Touch it when a format is resynchronised otherwise.

use std::io::Cursor;

use super::*;
use crate::source::Mixdown;

/// Bytes without any order, always the same.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 7u64;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..len).map(step).collect()
}

fn seconds_of(bytes: Vec<u8>) -> f64 {
    let decoder = Decoder::open_stream(Cursor::new(bytes), None, Mixdown::default()).expect("opens");
    read_whole(decoder).expect("reads").seconds()
}

#[test]
fn elementary_streams_are_joined_in_their_middle_and_resynchronised() {
    for (name, frame) in [("mono.aac", 1024.0 / 44_100.0), ("plain.mp3", 1152.0 / 44_100.0)] {
        let one = bytes_of(name);
        let whole = seconds_of(one.clone());
        let long = one.repeat(4);
        let joined = seconds_of(long[one.len() / 2 + 57..].to_vec());
        assert!((joined - 3.5 * whole).abs() < 4.0 * frame + 0.1 * whole, "{name}: {joined} of {whole}");
        let mut dirty = Vec::new();
        for _ in 0..4 {
            dirty.extend_from_slice(&one);
            dirty.extend(noise(3000));
        }
        let heard = seconds_of(dirty);
        // Each stretch of noise may look like the beginning of a long frame, which takes what follows along.
        assert!(
            heard > 4.0 * whole * 0.5 && heard < 4.0 * whole + 1.0,
            "{name}: {heard} s of {} s",
            4.0 * whole
        );
    }
}

#[test]
fn a_chain_gives_every_link_with_its_rate_and_its_title() {
    let chain: Vec<u8> = (1..=4).flat_map(|n| bytes_of(&format!("link{n}.ogg"))).collect();
    let mut decoder = Decoder::open_stream(Cursor::new(chain), None, Mixdown::default()).expect("opens");
    let (mut links, mut titles) = (vec![(decoder.rate().hz(), 0.0)], Vec::new());
    loop {
        let rate = decoder.rate();
        match decoder.next_block().expect("reads") {
            Decoded::Samples(block) => {
                links.last_mut().expect("one at least").1 += rate.seconds(block.len() as u64);
            }
            Decoded::RateChanged(rate) => links.push((rate.hz(), 0.0)),
            Decoded::Title(title) => titles.push((links.len(), title)),
            Decoded::End(ending) => {
                assert_eq!(ending.damage, None);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    let rates: Vec<u32> = links.iter().map(|(rate, _)| *rate).collect();
    assert_eq!(rates, [22_050, 44_100, 48_000, 8_000]);
    assert!(links.iter().all(|(_, seconds)| (seconds - 0.5).abs() < 0.02), "{links:?}");
    // A title is told before the rate of the samples that it belongs to; the last link has none.
    let titles: Vec<(usize, &str)> = titles.iter().map(|(link, title)| (*link, title.as_str())).collect();
    assert_eq!(titles, [(1, "Ann - One"), (1, "Two"), (2, "Bob - Three"), (3, "")]);
}
