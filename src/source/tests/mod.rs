//! Tests of the room as a whole: decoding real containers, damage, and running sources.
//! Touch it when a format or a promise of [`run`](super::run) is added.

mod broken;
mod formats;
mod greedy;
mod joins;
mod running;

use std::path::{Path, PathBuf};

use super::{Decoded, Decoder, Ending, SourceError};
use crate::units::SampleRate;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio").join(name)
}

fn bytes_of(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).expect(name)
}

/// Everything a decoder gives.
struct Whole {
    rate: SampleRate,
    samples: Vec<f32>,
    ending: Ending,
}

impl Whole {
    fn seconds(&self) -> f64 {
        self.rate.seconds(self.samples.len() as u64)
    }

    fn damage(&self) -> &str {
        self.ending.damage.as_deref().unwrap_or("none")
    }
}

fn read_whole(mut decoder: Decoder) -> Result<Whole, SourceError> {
    let rate = decoder.rate();
    let mut samples = Vec::new();
    loop {
        match decoder.next_block()? {
            Decoded::Samples(block) => {
                assert!(!block.is_empty(), "an empty block");
                samples.extend_from_slice(block);
            }
            Decoded::Title(_) => (),
            other @ (Decoded::RateChanged(_) | Decoded::Gap { .. } | Decoded::Stalled(_)) => {
                panic!("{other:?}")
            }
            Decoded::End(ending) => {
                assert_eq!(decoder.next_block()?, Decoded::End(ending.clone()));
                return Ok(Whole { rate, samples, ending });
            }
        }
    }
}
