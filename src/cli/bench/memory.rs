//! What one more stream takes of the memory: some are opened and heard for a while, and the process has grown. Touch it when a
//! stream holds something new.

use std::sync::Arc;
use std::time::Duration;

use genrecast::model::Model;
use genrecast::pipeline::{Back, DecideSettings, Front};
use genrecast::source::{Read, RingReader, RingWriter, ring};

use super::sound::Sound;
use super::stream::Ears;
use crate::cli::exit::Failure;

/// How many streams are opened for it. Where time is short they are fewer, and hear less than a window.
const FEWEST: u32 = 4;
const MOST: u32 = 16;

/// Blocks that fill holes in the heap, so that what streams take shows as growth: their size, how many are one step, how many
/// steps in a row must show, and how many steps there are at most.
const BLOCK: usize = 64 << 10;
const STEP: usize = 16;
const SHOWN: u32 = 3;
const STEPS: u32 = 96;

/// What a stream owns in the daemon but for its thread and, of a station, the connection.
struct Held {
    _sound: Sound,
    _ring: (RingWriter, RingReader),
    _front: Front,
    _back: Back,
}

/// Megabytes that each further stream takes, if the system tells. `hop` is the CPU time of one, `most` that of all of this.
pub(super) fn of_a_stream(
    ears: &mut Ears,
    sound: &Sound,
    model: &Model,
    decide: &DecideSettings,
    ring_seconds: f64,
    hop: Duration,
    most: Duration,
) -> Result<Option<f64>, Failure> {
    let window = &model.manifest.window;
    let full = window.frames.max(window.first).div_ceil(window.stride) as u32 + 1;
    let affordable = (most.as_secs_f64() / hop.as_secs_f64().max(1e-6)) as u32;
    let streams = (affordable / full).clamp(FEWEST, MOST);
    let strides = (affordable / streams).clamp(2, full);
    let columns = window.first + strides as usize * window.stride;
    let seconds = columns as f64 * model.manifest.features.hop_seconds();
    let mut samples = Vec::new();
    sound.again()?.decode(sound.rate().samples(seconds) as usize, &mut samples)?;
    let filled = fill_holes();
    let Some(before) = resident_kib() else { return Ok(None) };
    let held: Vec<_> =
        (0..streams).map(|_| hold(ears, sound, decide, ring_seconds, &samples)).collect::<Result<_, _>>()?;
    let after = resident_kib();
    drop((held, filled));
    Ok(after.map(|after| after.saturating_sub(before) as f64 / 1024.0 / f64::from(streams)))
}

/// One stream that has heard those samples, through its ring.
fn hold(
    ears: &mut Ears,
    sound: &Sound,
    decide: &DecideSettings,
    ring_seconds: f64,
    samples: &[f32],
) -> Result<Held, Failure> {
    let rate = sound.rate();
    let mut sound = sound.again()?;
    // The decoder has its buffers when it has decoded something.
    sound.decode(rate.hz() as usize, &mut Vec::new())?;
    let capacity = (ring_seconds * f64::from(rate.hz())) as usize;
    let (mut writer, mut reader) = ring(capacity, Arc::default());
    let mut front = ears.manifests.front(rate)?;
    let mut back = ears.manifests.back(&ears.classifiers, decide);
    let (mut failed, mut read) = (None, vec![0.0; 4096]);
    for piece in samples.chunks(4096.min(capacity.max(1))) {
        writer.write(piece);
        let Read::Samples(count) = reader.read(&mut read) else { continue };
        front.push(&read[..count], |block| {
            // What is kept does not depend on whether windows are evaluated.
            failed = failed.take().or(ears.classifiers.push(&mut back, block, false).err());
        });
    }
    failed.map_or(Ok(()), Err)?;
    Ok(Held { _sound: sound, _ring: (writer, reader), _front: front, _back: back })
}

/// Takes memory until taking more shows.
fn fill_holes() -> Vec<Vec<u8>> {
    let (mut filled, mut shown) = (Vec::new(), 0);
    for _ in 0..STEPS {
        let before = resident_kib().unwrap_or(0);
        filled.extend((0..STEP).map(|_| vec![1; BLOCK]));
        let grown = resident_kib().unwrap_or(0).saturating_sub(before) as usize * 1024;
        shown = if grown >= STEP * BLOCK * 3 / 4 { shown + 1 } else { 0 };
        if shown == SHOWN {
            break;
        }
    }
    filled
}

/// Memory of this process that is in use, in KiB.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
