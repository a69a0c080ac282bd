//! The features against librosa's values (made by tools/make-golden.py), under every split of the input, and the
//! resampler's frequency response.

use std::f64::consts::PI;
use std::path::PathBuf;

use genrecast::features::{LogMel, Resampler};
use genrecast::manifest::{FeatureSettings, LogScale, Rounding};
use genrecast::units::SampleRate;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    samples: String,
    columns: String,
    shape: [usize; 2],
    features: FeatureSettings,
}

fn golden() -> Golden {
    let text = std::fs::read_to_string(folder().join("golden.json")).expect("golden.json");
    serde_json::from_str(&text).expect("golden.json is valid")
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn read(file: &str) -> Vec<f32> {
    let bytes = std::fs::read(folder().join(file)).expect(file);
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

fn log_mel(settings: &FeatureSettings, samples: &[f32], blocks: &mut dyn Iterator<Item = usize>) -> Vec<f32> {
    let mut log_mel = LogMel::new(settings);
    let mut columns = Vec::new();
    let mut rest = samples;
    while !rest.is_empty() {
        let (block, later) = rest.split_at(blocks.next().unwrap_or(usize::MAX).min(rest.len()));
        log_mel.push(block, |column| columns.extend_from_slice(column));
        rest = later;
    }
    log_mel.finish(|column| columns.extend_from_slice(column));
    columns
}

#[test]
fn columns_are_librosas() {
    let cases = golden().cases;
    assert!(cases.len() >= 10, "{} cases", cases.len());
    for case in cases {
        let columns = log_mel(&case.features, &read(&case.samples), &mut std::iter::empty());
        let expected = read(&case.columns);
        assert_eq!(columns.len(), case.shape[0] * case.shape[1], "{}", case.name);
        let worst = columns.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // 1e-3 dB; a column of log10 is a tenth of that. One step of half precision is 2^-11 of the power.
        let tolerance = match (case.features.log, case.features.rounding) {
            (_, Rounding::Float16) => 5e-4,
            (LogScale::Db { .. }, _) => 1e-3,
            (LogScale::Log10 { .. }, _) => 1e-4,
        };
        println!("{}: max |Δ| {worst:.2e}", case.name);
        assert!(worst <= tolerance, "{}: {worst}", case.name);
    }
}

/// Noise that is the same everywhere (a linear congruential generator's upper bits).
fn noise(length: usize) -> Vec<f32> {
    let mut state = 1u32;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32
        })
        .collect()
}

/// Resampled in chunks fed by blocks of any size, as the pipeline does it.
fn resample(from: u32, to: u32, samples: &[f32]) -> Vec<f32> {
    let rate = |hz| SampleRate::new(hz).expect("not zero");
    let mut resampler = Resampler::new(rate(from), rate(to)).expect("a usual pair of rates");
    let mut output = Vec::new();
    let mut chunks = samples.chunks_exact(resampler.chunk());
    for chunk in &mut chunks {
        output.extend_from_slice(resampler.process(chunk));
    }
    resampler.finish(chunks.remainder(), |block| output.extend_from_slice(block));
    output
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_split_gives_identical_columns(blocks in prop::collection::vec(1usize..=10_000, 1..60), case in 0usize..4) {
        let settings = &golden().cases[[0, 1, 3, 6][case]].features;
        let samples = noise(40_000);
        let whole = log_mel(settings, &samples, &mut std::iter::empty());
        let split = log_mel(settings, &samples, &mut blocks.into_iter().cycle());
        prop_assert_eq!(whole, split);
    }
}

#[test]
fn the_resampler_keeps_the_length_and_removes_its_delay() {
    for (from, to) in
        [(44_100, 22_050), (48_000, 22_050), (8_000, 22_050), (22_050, 22_050), (48_000, 16_000)]
    {
        for length in [0usize, 1, 100, 4_410, 50_001] {
            let output = resample(from, to, &vec![0.25; length]);
            assert_eq!(
                output.len(),
                (length * to as usize).div_ceil(from as usize),
                "{from} → {to}, {length}"
            );
        }
        // An impulse in the middle stays in the middle.
        let mut samples = vec![0.0; from as usize];
        samples[from as usize / 2] = 1.0;
        let output = resample(from, to, &samples);
        let peak = (0..output.len()).max_by(|&a, &b| output[a].abs().total_cmp(&output[b].abs()));
        let expected = to as i64 / 2;
        assert!((peak.expect("not empty") as i64 - expected).abs() <= 1, "{from} → {to}: {peak:?}");
    }
}

/// RMS of a sine of `hz` after resampling, in dB re the same sine before it.
fn gain_db(from: u32, to: u32, hz: f64) -> f64 {
    let samples: Vec<f32> =
        (0..from).map(|n| (0.5 * (2.0 * PI * hz * f64::from(n) / f64::from(from)).sin()) as f32).collect();
    let output = resample(from, to, &samples);
    let middle = &output[output.len() / 4..output.len() * 3 / 4];
    let power = middle.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / middle.len() as f64;
    10.0 * (power / 0.125).max(1e-30).log10()
}

#[test]
fn the_resampler_is_flat_below_and_deaf_above() {
    for to in [22_050u32, 16_000] {
        for from in
            [8_000u32, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000]
        {
            if from == to {
                continue;
            }
            let lower = f64::from(from.min(to));
            for step in 1..=30 {
                let hz = 0.45 * lower * f64::from(step) / 30.0;
                let gain = gain_db(from, to, hz);
                assert!(gain.abs() <= 0.1, "{from} → {to}: {gain:.3} dB at {hz:.0} Hz");
            }
            // What lies above the new Nyquist frequency would come back as another tone.
            let stop = f64::from(to) * 0.5;
            for step in 0..=20 {
                let hz = stop * 1.001 + (f64::from(from) * 0.499 - stop * 1.001) * f64::from(step) / 20.0;
                if from > to && hz > stop && hz < f64::from(from) / 2.0 {
                    let gain = gain_db(from, to, hz);
                    assert!(gain <= -80.0, "{from} → {to}: {gain:.1} dB at {hz:.0} Hz");
                }
            }
        }
    }
}
