//! Finds the music in the daemon's stream, of which nothing but events is known: by the level of each hop, which they
//! tell. Touch it when events tell levels otherwise.

use genrecast::event::GenreWindow;
use genrecast::manifest::Manifest;
use genrecast::pipeline::Front;
use genrecast::units::SampleRate;

use super::signal::RATE;

/// The level (RMS, full scale is 1) of a stretch of the stream, in samples since its beginning.
struct Hop {
    from: usize,
    to: usize,
    rms: f64,
}

/// The lag of `played` in the stream of these windows, in samples, and the mean difference of the levels there.
pub fn best_lag(windows: &[GenreWindow], manifest: &Manifest, played: &[f32]) -> (usize, f64) {
    let hops = hops(windows, manifest);
    let mut energy = vec![0.0];
    let mut sum = 0.0;
    energy.extend(played.iter().map(|&sample| {
        sum += f64::from(sample) * f64::from(sample);
        sum
    }));
    let difference = |lag: usize| {
        let up_to = |at: usize| energy[at.saturating_sub(lag).min(played.len())];
        let of_hop = |hop: &Hop| {
            let mean = (up_to(hop.to) - up_to(hop.from)).max(0.0) / (hop.to - hop.from) as f64;
            (mean.sqrt() - hop.rms).abs()
        };
        hops.iter().map(of_hop).sum::<f64>() / hops.len() as f64
    };
    let least = |lags: &mut dyn Iterator<Item = usize>| {
        lags.map(|lag| (lag, difference(lag))).min_by(|a, b| a.1.total_cmp(&b.1)).expect("a lag")
    };
    // Levels change slowly from lag to lag, so a coarse search comes close enough for a fine one.
    let end = hops.last().expect("a hop").to;
    let step = RATE as usize / 100;
    let (near, _) = least(&mut (0..end).step_by(step));
    least(&mut (near.saturating_sub(step)..near + step))
}

fn hops(windows: &[GenreWindow], manifest: &Manifest) -> Vec<Hop> {
    let blocks = blocks(manifest, windows.last().expect("a window").window.end_s + 1.0);
    let block = |window: &GenreWindow| {
        let near = |&(end_s, _): &(f64, usize)| (end_s - window.window.end_s).abs() < 1e-6;
        blocks.iter().position(near).unwrap_or_else(|| panic!("off the grid: {:?}", window.window))
    };
    let hop = |pair: &[GenreWindow]| {
        let (from, to) = (blocks[block(&pair[0])].1, blocks[block(&pair[1])].1);
        let rms = pair[1].audio.rms_dbfs.map_or(0.0, |db| 10f64.powf(f64::from(db) / 20.0));
        Hop { from, to, rms }
    };
    windows.windows(2).map(hop).collect()
}

/// Stream time at which each block of the first `seconds` ends, and how many samples have been measured by then.
fn blocks(manifest: &Manifest, seconds: f64) -> Vec<(f64, usize)> {
    let rate = SampleRate::new(RATE).expect("not zero");
    let mut front = Front::new(manifest, rate).expect("a usual rate");
    let (mut blocks, mut measured) = (Vec::new(), 0);
    front.push(&vec![0.0; rate.samples(seconds) as usize], |block| {
        measured += block.level.samples as usize;
        blocks.push((block.end_s, measured));
    });
    blocks
}
