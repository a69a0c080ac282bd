//! What runs for several sources take, where a device gains by them. Touch it when such runs are put together otherwise.

use std::time::{Duration, Instant};

use genrecast::features::Level;
use genrecast::model::Model;
use genrecast::pipeline::{Back, DecideSettings, MelBlock, Turn};
use serde::Serialize;

use super::report::Latency;
use super::sound::Sound;
use super::stream::Ears;
use crate::cli::exit::Failure;

/// Runs of each size in any case, and at most.
const FEWEST: usize = 5;
const MOST: usize = 2_000;

/// Runs for so many sources, the gate's with them.
#[derive(Debug, Serialize)]
pub(super) struct Batch {
    pub sources: usize,
    /// By the clock, for all of them together.
    pub ms: Latency,
    pub hops_per_second: f64,
}

/// The columns of a hop.
struct Block {
    columns: Vec<f32>,
    gate: Vec<f32>,
}

/// Measures runs of growing size, up to the largest that there is, for `most` in all. Empty where a run is for one source.
pub(super) fn measure(
    ears: &mut Ears,
    sound: &Sound,
    model: &Model,
    decide: &DecideSettings,
    most: Duration,
) -> Result<Vec<Batch>, Failure> {
    let largest = ears.classifiers.genre.batch();
    if largest == 1 {
        return Ok(Vec::new());
    }
    let blocks = blocks(ears, sound, model)?;
    let sizes: Vec<usize> = (0..).map(|power| 1 << power).take_while(|&size| size <= largest).collect();
    let share = most / u32::try_from(sizes.len()).unwrap_or(1);
    sizes.into_iter().map(|sources| run(ears, &blocks, sources, decide, share)).collect()
}

fn run(
    ears: &mut Ears,
    blocks: &[Block],
    sources: usize,
    decide: &DecideSettings,
    share: Duration,
) -> Result<Batch, Failure> {
    let mut backs: Vec<_> = (0..sources).map(|_| ears.manifests.back(&ears.classifiers, decide)).collect();
    // Until windows are full, what a run takes still grows. Later blocks are as long as those that follow one another.
    let mut endless = blocks.iter().chain(blocks.iter().skip(1).cycle());
    for block in endless.by_ref().take(blocks.len()) {
        hear(ears, &mut backs, block)?;
    }
    let (began, mut times) = (Instant::now(), Vec::new());
    for block in endless.take(MOST) {
        times.push(hear(ears, &mut backs, block)?);
        if times.len() >= FEWEST && began.elapsed() >= share {
            break;
        }
    }
    let spent: Duration = times.iter().sum();
    let hops_per_second = (sources * times.len()) as f64 / spent.as_secs_f64();
    Ok(Batch { sources, ms: Latency::of(&mut times), hops_per_second })
}

/// Has every source hear the block; tells what that took.
fn hear(ears: &mut Ears, backs: &mut [Back], block: &Block) -> Result<Duration, Failure> {
    let Block { columns, gate } = block;
    let level = Level { samples: 1, energy: 0.1, clipped: 0, non_zero: 1 };
    let block = MelBlock { columns, gate, origin_s: 0.0, end_s: 0.0, level, last: false };
    let mut turns: Vec<_> = backs.iter_mut().map(|back| Turn::new(back, block, true)).collect();
    let began = Instant::now();
    ears.classifiers.push_all(&mut turns);
    let took = began.elapsed();
    turns.into_iter().try_for_each(|turn| turn.outcome().map(drop))?;
    Ok(took)
}

/// The blocks of a whole window.
fn blocks(ears: &Ears, sound: &Sound, model: &Model) -> Result<Vec<Block>, Failure> {
    let window = &model.manifest.window;
    let seconds = (window.frames + window.stride) as f64 * model.manifest.features.hop_seconds();
    let (mut sound, mut samples, mut blocks) = (sound.again()?, Vec::new(), Vec::new());
    sound.decode(sound.rate().samples(seconds) as usize, &mut samples)?;
    ears.manifests.front(sound.rate())?.push(&samples, |block| {
        blocks.push(Block { columns: block.columns.to_vec(), gate: block.gate.to_vec() });
    });
    Ok(blocks)
}
