//! An encoder that keeps a state gives exactly what the same encoder gives for each patch by itself: over gaps, at the
//! end of a stream, however its blocks are split, with each runtime. Touch it with `src/model/encoder.rs`.

mod support;

use std::iter::{empty, successors};

use genrecast::manifest::Manifest;
use genrecast::model::{ModelError, Runtime};
use genrecast::pipeline::{Front, self_test};
use genrecast::units::SampleRate;
use libtest_mimic::{Arguments, Failed, Trial};
use support::models::{Copied, largest_difference, library, model, play, toy_stream_without_state, tract};
use support::{music, onnxruntime};

/// Two exports of the same weights differ by what rounding makes of another order of sums.
const SAME: f32 = 1e-6;

fn main() {
    let no_library = onnxruntime().is_none();
    let trials = vec![
        Trial::test("gaps_and_ends_change_nothing_with_tract", || gaps_and_ends(&tract())),
        Trial::test("gaps_and_ends_change_nothing_with_onnxruntime", || gaps_and_ends(&library()))
            .with_ignored_flag(no_library),
        Trial::test("both_runtimes_agree", runtimes_agree).with_ignored_flag(no_library),
        Trial::test("tensors_are_found_by_name_with_tract", || reordered(&tract())),
        Trial::test("tensors_are_found_by_name_with_onnxruntime", || reordered(&library()))
            .with_ignored_flag(no_library),
        Trial::test("off_the_grid_it_waits_for_a_patch_with_tract", || off_the_grid(&tract())),
        Trial::test("off_the_grid_it_waits_for_a_patch_with_onnxruntime", || off_the_grid(&library()))
            .with_ignored_flag(no_library),
        Trial::test("any_split_gives_identical_outcomes", any_split),
        Trial::test("the_shipped_model_gives_what_whole_windows_give", shipped),
        Trial::test("control_too_few_warm_up_runs_are_noticed", too_few_warm_up_runs),
        Trial::test("a_network_whose_state_is_not_the_manifests_is_refused", refusals),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// One source in stretches of so many seconds; no two of them sound the same.
fn stretches(manifest: &Manifest, seconds: &[f64]) -> Vec<Vec<f32>> {
    let rate = manifest.features.sample_rate;
    let samples = music(rate, seconds.iter().sum());
    let mut rest = samples.as_slice();
    let mut cut = |seconds: f64| {
        let (stretch, later) = rest.split_at(((f64::from(rate) * seconds) as usize).min(rest.len()));
        rest = later;
        stretch.to_vec()
    };
    seconds.iter().map(|&seconds| cut(seconds)).collect()
}

fn gaps_and_ends(runtime: &Runtime) -> Result<(), Failed> {
    let (with, without) = (model("toy-stream"), toy_stream_without_state());
    // One stretch is shorter than a patch; ends that lie on the grid, beside it, and before the first patch is full.
    let end_on_grid = 186.0 * 256.0 / 16_000.0;
    let ends = [60.0, 12.34, 3.5, end_on_grid, end_on_grid + 3.0 * 61.0 * 256.0 / 16_000.0, 2.0, 0.01];
    let sources = ends.iter().flat_map(|&end| [vec![end], vec![14.3, 1.7, 9.0, 3.1, end]]);
    let mut windows = 0;
    for seconds in sources {
        let stretches = stretches(&with.manifest, &seconds);
        let kept = play(&with, runtime, &stretches, &mut empty());
        let alone = play(&without, runtime, &stretches, &mut empty());
        let difference = largest_difference(&kept, &alone);
        assert!(difference <= SAME, "{seconds:?}: {difference:e}");
        assert!(!kept.is_empty());
        windows += kept.len();
    }
    assert!(windows > 250, "{windows} windows compared");
    Ok(())
}

fn runtimes_agree() -> Result<(), Failed> {
    let model = model("toy-stream");
    let stretches = stretches(&model.manifest, &[20.0, 13.7]);
    let [one, other] = [tract(), library()].map(|runtime| play(&model, &runtime, &stretches, &mut empty()));
    let difference = largest_difference(&one, &other);
    assert!(difference <= 1e-5, "{difference:e}");
    Ok(())
}

/// The default model over a stream against each of some windows by itself, as if the stream began with it.
fn shipped() -> Result<(), Failed> {
    let model = model("musicnn-crnn");
    let runtime = if onnxruntime().is_some() { library() } else { tract() };
    let (window, n_mels) = (model.manifest.window, model.manifest.features.n_mels);
    let mut classifier = model.classifier(&runtime)?;
    for stretch in stretches(&model.manifest, &[45.0, 36.0]) {
        let mut columns = Vec::new();
        let hz = model.manifest.features.sample_rate;
        let mut front = Front::new(&model.manifest, SampleRate::new(hz).ok_or("a rate")?)?;
        front.push(&stretch, |block| columns.extend_from_slice(block.columns));
        let blocks = |from: usize, to: usize| {
            let (first, later) = columns[from * n_mels..to * n_mels].split_at(window.first * n_mels);
            std::iter::once(first).chain(later.chunks(window.stride * n_mels)).map(<[f32]>::to_vec)
        };
        let total = columns.len() / n_mels;
        let mut state = classifier.new_state();
        let mut streamed = Vec::new();
        for block in blocks(0, total) {
            classifier.push(&mut state, &block, false)?;
            streamed.push(classifier.evaluate(&state)?.to_vec());
        }
        for end in (window.frames..=total).step_by(4 * window.stride) {
            let mut alone = classifier.new_state();
            for block in blocks(end - window.frames, end) {
                classifier.push(&mut alone, &block, false)?;
            }
            let of_stream = &streamed[(end - window.first) / window.stride];
            for (whole, streamed) in classifier.evaluate(&alone)?.iter().zip(of_stream) {
                assert!((whole - streamed).abs() <= 1e-4, "{end}: {whole} {streamed}");
            }
        }
    }
    Ok(())
}

/// A state that is made in the middle of a stream, as after a failure, hears blocks of a stride from the first on. It has
/// nothing to say before a patch is full, and then as much as one that begins with that patch.
fn off_the_grid(runtime: &Runtime) -> Result<(), Failed> {
    let model = model("toy-stream");
    let (window, n_mels) = (model.manifest.window, model.manifest.features.n_mels);
    let columns: Vec<f32> = (0..8 * window.stride * n_mels).map(|n| (n as f32 * 0.37).sin()).collect();
    let mut classifier = model.classifier(runtime)?;
    let mut state = classifier.new_state();
    let (mut alone, mut begun) = (classifier.new_state(), false);
    for (block, end) in columns.chunks(window.stride * n_mels).zip((window.stride..).step_by(window.stride)) {
        classifier.push(&mut state, block, false)?;
        assert_eq!(classifier.is_ready(&state), end >= window.first, "after {end} columns");
        if end >= window.first {
            let patch = &columns[(end - window.first) * n_mels..end * n_mels];
            classifier.push(&mut alone, if begun { block } else { patch }, false)?;
            begun = true;
            let answer = classifier.evaluate(&state)?.to_vec();
            for (one, other) in classifier.evaluate(&alone)?.iter().zip(&answer) {
                assert!((one - other).abs() <= SAME, "after {end} columns: {one} {other}");
            }
        }
    }
    assert!(begun);
    Ok(())
}

/// The same encoder, in whose file state comes before mel and before the embedding.
fn reordered(runtime: &Runtime) -> Result<(), Failed> {
    let original = model("toy-stream");
    let bytes = std::fs::read(original.folder.join("reordered.onnx"))?;
    let encoder = original.manifest.encoder.as_ref().ok_or("an encoder")?;
    assert_ne!(support::models::sha256(&bytes), encoder.sha256);
    let copied = Copied::of("toy-stream").edit(&encoder.sha256, &support::models::sha256(&bytes));
    let other = copied.write(&encoder.file, &bytes).model();
    let stretches = stretches(&original.manifest, &[15.0, 8.3]);
    let [one, other] = [&original, &other].map(|model| play(model, runtime, &stretches, &mut empty()));
    assert!(one.len() > 10);
    assert!(largest_difference(&one, &other) <= SAME);
    Ok(())
}

fn any_split() -> Result<(), Failed> {
    let model = model("toy-stream");
    let stretches = stretches(&model.manifest, &[13.0, 8.2]);
    let whole = play(&model, &tract(), &stretches, &mut empty());
    for seed in 1..6_usize {
        let mut sizes =
            successors(Some(seed), |n| Some((n * 1_103_515_245 + 12_345) % (1 << 31))).map(|n| 1 + n % 9_973);
        assert_eq!(whole, play(&model, &tract(), &stretches, &mut sizes), "seed {seed}");
    }
    for size in [1, 255, 256, 257] {
        assert_eq!(
            whole,
            play(&model, &tract(), &stretches, &mut std::iter::repeat(size)),
            "blocks of {size}"
        );
    }
    Ok(())
}

fn too_few_warm_up_runs() -> Result<(), Failed> {
    let few = Copied::of("toy-stream").edit("warm_up = 2", "warm_up = 1").model();
    let without = toy_stream_without_state();
    for seconds in [vec![20.0], vec![9.0, 11.0], vec![3.5]] {
        let stretches = stretches(&few.manifest, &seconds);
        let runtime = tract();
        let [kept, alone] = [&few, &without].map(|model| play(model, &runtime, &stretches, &mut empty()));
        let difference = largest_difference(&kept, &alone);
        assert!(difference > 1e-3, "{seconds:?}: {difference:e}");
    }
    let runtime = tract();
    let error = self_test(&few, &mut *few.classifier(&runtime)?, &runtime).expect_err("another answer");
    assert!(matches!(error, ModelError::SelfTest { .. }), "{error}");
    Ok(())
}

fn refusals() -> Result<(), Failed> {
    let refused = |from: &str, to: &str| Copied::of("toy-stream").edit(from, to).refused();
    let error = refused("\"columns\", shape", "\"colums\", shape");
    assert!(error.contains("input \"colums\" is missing; the network has [\"mel\", \"columns\"]"), "{error}");
    let error = refused("\"columns_next\", shape", "\"next\", shape");
    assert!(error.contains("output \"next\" is missing"), "{error}");

    let copied = Copied::of("toy-stream").edit("[1, 120, 6] }, output", "[1, 121, 6] }, output");
    let error = copied.edit("[1, 120, 6]", "[1, 121, 6]").refused();
    let words = "input \"columns\" is [1, 120, 6] of f32, expected [1, 121, 6] of f32 as manifest.toml says";
    assert!(error.contains(words), "{error}");

    let text = std::fs::read_to_string(model("toy-stream").folder.join("manifest.toml"))?;
    let state = text.lines().find(|line| line.starts_with("state = ")).ok_or("no state")?;
    let error = refused(state, "");
    let words = "encoder.onnx: its input \"columns\" is [1, 120, 6] of f32, expected none of that name";
    assert!(error.contains(words), "{error}");
    Ok(())
}
