//! The pure pipeline on real (small) models: incremental answers equal whole ones, and nothing depends on how the
//! samples are split or which evaluations are skipped.

mod support;

use std::path::PathBuf;

use genrecast::features::LogMel;
use genrecast::manifest::Manifest;
use genrecast::model::{Model, ModelError, Network, Runtime, RuntimeChoice, RuntimeSettings, find_model};
use genrecast::pipeline::{Back, ClipScore, DecideSettings, Front, Outcome, Pipeline, self_test};
use genrecast::units::{SampleIndex, SampleRate};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use support::music;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn fixtures() -> Vec<PathBuf> {
    vec![root().join("tests/fixtures/models"), root().join("models")]
}

fn tract() -> Runtime {
    Runtime::start(&RuntimeSettings { runtime: RuntimeChoice::Tract, ..Default::default() })
        .expect("tract is built in")
}

fn model(id: &str) -> Model {
    Model::load(&find_model(id, &fixtures()).expect("a fixture")).expect("a valid model")
}

fn classify(
    model: &Model,
    rate: u32,
    samples: &[f32],
    blocks: &mut dyn Iterator<Item = usize>,
) -> Vec<Outcome> {
    let rate = SampleRate::new(rate).expect("not zero");
    let classifier = model.classifier(&tract()).expect("opens");
    let mut pipeline =
        Pipeline::new(&model.manifest, classifier, &DecideSettings::default(), rate).expect("a usual rate");
    let mut outcomes = Vec::new();
    let mut rest = samples;
    while !rest.is_empty() {
        let (block, later) = rest.split_at(blocks.next().unwrap_or(usize::MAX).clamp(1, rest.len()));
        pipeline.push(block, |outcome| outcomes.push(outcome.clone())).expect("runs");
        rest = later;
    }
    pipeline.finish(|outcome| outcomes.push(outcome.clone())).expect("runs");
    outcomes
}

#[test]
fn every_model_passes_its_golden_window_on_tract() {
    for id in ["crnn", "toy-window", "toy-encoder"] {
        let model = model(id);
        let runtime = tract();
        let mut classifier = model.classifier(&runtime).expect("opens");
        let difference = self_test(&model, &mut *classifier, &runtime).expect("the recorded answer");
        println!("{id}: {difference:.2e}");
    }
}

#[test]
fn a_golden_window_that_differs_is_refused() {
    let mut model = model("toy-window");
    model.manifest.golden.p.reverse();
    let runtime = tract();
    let mut classifier = model.classifier(&runtime).expect("opens");
    let error = self_test(&model, &mut *classifier, &runtime).expect_err("another answer");
    assert!(matches!(error, ModelError::SelfTest { .. }), "{error}");
}

/// Columns of a whole signal at the model's rate.
fn columns(manifest: &Manifest, samples: &[f32]) -> Vec<f32> {
    let mut log_mel = LogMel::new(&manifest.features);
    let mut columns = Vec::new();
    log_mel.push(samples, |column| columns.extend_from_slice(column));
    log_mel.finish(|column| columns.extend_from_slice(column));
    columns
}

#[test]
fn an_encoder_and_head_answer_incrementally_as_for_the_whole_window() {
    let model = model("toy-encoder");
    let manifest = &model.manifest;
    let runtime = tract();
    let rate = manifest.features.sample_rate;
    let samples = music(rate, 40.0);
    let outcomes = classify(&model, rate, &samples, &mut std::iter::repeat(1000));
    let columns = columns(manifest, &samples);
    let patch = manifest.patch.expect("an encoder");
    let n_mels = manifest.features.n_mels;
    let open = |file: &Option<genrecast::manifest::NetworkFile>| {
        let file = file.as_ref().expect("a network");
        let bytes = std::fs::read(model.folder.join(&file.file)).expect("readable");
        Network::open(&runtime, file, &bytes).expect("opens")
    };
    let (mut encoder, mut head) = (open(&manifest.encoder), open(&manifest.head));
    let hop_s = manifest.features.hop_seconds();
    let mut compared = 0;
    for outcome in &outcomes {
        let heard = ((outcome.end_s - manifest.features.reach_seconds()) / hop_s).round() as usize + 1;
        if heard < patch.frames || !(heard - patch.frames).is_multiple_of(patch.stride) {
            continue; // The last, short block.
        }
        let count = patch.count(heard.min(manifest.window.frames));
        let first = heard - (patch.frames + (count - 1) * patch.stride);
        let mut embeddings = Vec::new();
        for index in 0..count {
            let from = (first + index * patch.stride) * n_mels;
            let input = &columns[from..from + patch.frames * n_mels];
            embeddings.extend(encoder.run(input, &[1, patch.frames, n_mels]).expect("runs"));
        }
        let logits = head.run(&embeddings, &[1, count, patch.embedding]).expect("runs");
        let mut p = Vec::new();
        genrecast::decide::probabilities(logits, manifest.calibration.temperature, &mut p);
        let worst = p.iter().zip(&outcome.p).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= 1e-4, "at {} s: {worst}", outcome.end_s);
        compared += 1;
    }
    assert!(compared >= 35, "{compared} windows compared");
    assert!(outcomes.iter().any(|outcome| outcome.provisional) && outcomes.iter().any(|o| !o.provisional));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_split_gives_identical_outcomes(blocks in prop::collection::vec(1usize..=10_000, 1..40), toy in 0usize..2) {
        let model = model(["toy-window", "toy-encoder"][toy]);
        let samples = music(44_100, 9.0);
        let whole = classify(&model, 44_100, &samples, &mut std::iter::empty());
        let split = classify(&model, 44_100, &samples, &mut blocks.into_iter().cycle());
        prop_assert!(!whole.is_empty());
        prop_assert_eq!(whole, split);
    }
}

#[test]
fn windows_lie_on_the_grid_and_the_last_one_ends_with_the_clip() {
    let model = model("crnn");
    let features = &model.manifest.features;
    for (seconds, fulls) in [(30.0, 2), (29.98, 2), (7.0, 0), (31.5, 3)] {
        let outcomes = classify(&model, 22_050, &music(22_050, seconds), &mut std::iter::empty());
        let last = outcomes.last().expect("a window");
        let duration = (22_050.0_f64 * seconds).floor() / 22_050.0;
        assert!((last.end_s - duration).abs() < 1e-9, "{seconds}: {}", last.end_s);
        assert_eq!(outcomes.iter().filter(|outcome| !outcome.provisional).count(), fulls, "{seconds}");
        let first = &outcomes[0];
        assert!((first.end_s - (35.0 * features.hop_seconds() + features.reach_seconds())).abs() < 1e-9);
        for pair in outcomes.windows(2) {
            assert!(pair[0].end_s < pair[1].end_s && pair[0].start_s <= pair[1].start_s);
        }
        let mut score = ClipScore::default();
        outcomes.iter().for_each(|outcome| score.push(outcome));
        let p = score.result().expect("a score");
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        if fulls == 0 {
            assert_eq!(p, last.p);
        }
    }
    assert!(classify(&model, 22_050, &[], &mut std::iter::empty()).is_empty());
    assert_eq!(classify(&model, 22_050, &[0.5], &mut std::iter::empty()).len(), 1);
}

#[test]
fn skipped_evaluations_change_no_later_one_and_a_gap_forgets() {
    let model = model("toy-encoder");
    let rate = SampleRate::new(16_000).expect("not zero");
    let samples = music(16_000, 12.0);
    let run = |skip: &dyn Fn(usize) -> bool, restart_at: Option<usize>| {
        let mut classifier = model.classifier(&tract()).expect("opens");
        let mut back = Back::new(&model.manifest, &*classifier, &DecideSettings::default());
        let mut front = Front::new(&model.manifest, rate).expect("a usual rate");
        let mut outcomes = Vec::new();
        let mut hop = 0;
        for (index, block) in samples.chunks(4_000).enumerate() {
            if restart_at == Some(index) {
                front.restart(SampleIndex(4_000 * index as u64));
                back.restart(&*classifier, 4_000.0 * index as f64 / 16_000.0);
            }
            front.push(block, |block| {
                let outcome = back.push(&mut *classifier, block, !skip(hop)).expect("runs");
                outcomes.push(outcome.cloned());
                hop += 1;
            });
        }
        outcomes
    };
    let all = run(&|_| false, None);
    let some = run(&|hop| hop % 3 == 1, None);
    for (hop, (all, some)) in all.iter().zip(&some).enumerate() {
        match (all, some) {
            (Some(all), Some(some)) => assert_eq!((all.end_s, &all.p), (some.end_s, &some.p)),
            _ => assert_eq!(hop % 3, 1),
        }
    }
    let after_gap = run(&|_| false, Some(24));
    let first =
        after_gap.iter().flatten().find(|outcome| outcome.end_s > 6.1).expect("goes on after the gap");
    assert!(first.provisional && first.start_s >= 6.0, "{first:?}");
}

#[test]
fn a_model_that_is_not_what_its_manifest_says_is_refused() {
    let place = temp_dir::TempDir::new().expect("a folder");
    let copy = place.path().join("toy-window");
    let copy_all = || {
        let _ = std::fs::remove_dir_all(&copy);
        std::fs::create_dir_all(&copy).expect("created");
        for entry in std::fs::read_dir(root().join("tests/fixtures/models/toy-window")).expect("readable") {
            let entry = entry.expect("an entry");
            std::fs::copy(entry.path(), copy.join(entry.file_name())).expect("copied");
        }
    };
    let edit = |from: &str, to: &str| {
        let path = copy.join("manifest.toml");
        let text = std::fs::read_to_string(&path).expect("readable");
        assert!(text.contains(from), "{from} in {text}");
        std::fs::write(path, text.replacen(from, to, 1)).expect("written");
    };
    let refused = || match Model::load(&copy).and_then(|model| model.classifier(&tract()).map(drop)) {
        Ok(()) => panic!("accepted"),
        Err(error) => error.to_string(),
    };

    copy_all();
    let network = model("toy-window").manifest.network.expect("a window model").file;
    let mut bytes = std::fs::read(copy.join(&network)).expect("readable");
    bytes.push(0);
    std::fs::write(copy.join(&network), bytes).expect("written");
    let error = refused();
    assert!(error.contains("expected sha256") && error.contains("found"), "{error}");

    copy_all();
    edit("stride = ", "strde = ");
    assert!(refused().contains("strde"), "{}", refused());

    copy_all();
    edit("n_mels = 96", "n_mels = 95");
    assert!(refused().contains("expected"), "{}", refused());

    copy_all();
    edit("name = \"logits\"", "name = \"answers\"");
    let error = refused();
    assert!(error.contains("answers") && error.contains("logits"), "{error}");

    for tolerance in ["0.5", "0.0", "nan"] {
        copy_all();
        edit("tolerance = 0.0001", &format!("tolerance = {tolerance}"));
        let error = refused();
        assert!(error.contains("golden.tolerance") && error.contains("at most 0.01"), "{error}");
    }

    copy_all();
    let golden = model("toy-window").manifest.golden;
    let mut bytes = std::fs::read(copy.join(&golden.file)).expect("readable");
    bytes.truncate(123 * 96 * 4);
    let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(copy.join(&golden.file), bytes).expect("written");
    edit(&golden.sha256, &hash);
    let error = refused();
    assert!(error.contains("expected 47616 bytes (124 columns of 96 f32)"), "{error}");
    assert!(error.contains("is 47232 bytes"), "{error}");

    assert!(find_model("../crnn", &fixtures()).is_err());
    let error = find_model("nothing", &fixtures()).expect_err("no such model").to_string();
    assert!(error.contains("toy-window") && error.contains("crnn"), "{error}");
}
