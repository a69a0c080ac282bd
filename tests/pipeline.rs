//! The pure pipeline on real (small) models: incremental answers equal whole ones, and nothing depends on how the
//! samples are split or which evaluations are skipped.

mod support;

use genrecast::features::LogMel;
use genrecast::manifest::Manifest;
use genrecast::model::{Model, ModelError, TensorView, find_model};
use genrecast::pipeline::{
    Back, Classifiers, ClipScore, DecideSettings, Front, Outcome, Pipeline, self_test,
};
use genrecast::units::{SampleIndex, SampleRate};
use proptest::prelude::*;
use support::models::{Copied, encoder_without_state, model, open, outcomes_of, places, sha256, tract};
use support::music;

fn classify(
    model: &Model,
    rate: u32,
    samples: &[f32],
    blocks: &mut dyn Iterator<Item = usize>,
) -> Vec<Outcome> {
    let rate = SampleRate::new(rate).expect("not zero");
    let classifier = model.classifier(&tract()).expect("opens");
    let pipeline =
        Pipeline::new(&model.manifest, classifier, &DecideSettings::default(), rate).expect("a usual rate");
    outcomes_of(pipeline, samples, blocks)
}

#[test]
fn every_model_passes_its_golden_window_on_tract() {
    for id in ["cnn", "crnn", "toy-window", "toy-encoder", "toy-stream"] {
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
    for id in ["toy-encoder", "toy-stream", "crnn"] {
        answers_incrementally(&model(id));
    }
}

fn answers_incrementally(model: &Model) {
    let manifest = &model.manifest;
    let runtime = tract();
    let rate = manifest.features.sample_rate;
    let samples = music(rate, 40.0);
    let outcomes = classify(model, rate, &samples, &mut std::iter::repeat(1000));
    let columns = columns(manifest, &samples);
    let patch = manifest.patch.expect("an encoder");
    let n_mels = manifest.features.n_mels;
    let mut encoder = open(&runtime, model, &encoder_without_state(model));
    let mut head = open(&runtime, model, manifest.head.as_ref().expect("a head"));
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
            let values = &columns[from..from + patch.frames * n_mels];
            let patch = TensorView { shape: &[1, patch.frames, n_mels], values };
            embeddings.extend_from_slice(&encoder.run(&[patch]).expect("runs")[0]);
        }
        let sequence = TensorView { shape: &[1, count, patch.embedding], values: &embeddings };
        let logits = &head.run(&[sequence]).expect("runs")[0];
        let mut p = Vec::new();
        genrecast::decide::probabilities(logits, manifest.calibration.temperature, &mut p);
        let worst = p.iter().zip(&outcome.p).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= 1e-4, "{} at {} s: {worst}", manifest.id, outcome.end_s);
        compared += 1;
    }
    assert!(compared >= 35, "{compared} windows compared");
    assert!(outcomes.iter().any(|outcome| outcome.provisional) && outcomes.iter().any(|o| !o.provisional));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_split_gives_identical_outcomes(blocks in prop::collection::vec(1usize..=10_000, 1..40), toy in 0usize..3) {
        let model = model(["toy-window", "toy-encoder", "toy-stream"][toy]);
        let samples = music(44_100, 9.0);
        let whole = classify(&model, 44_100, &samples, &mut std::iter::empty());
        let split = classify(&model, 44_100, &samples, &mut blocks.into_iter().cycle());
        prop_assert!(!whole.is_empty());
        prop_assert_eq!(whole, split);
    }
}

#[test]
fn windows_lie_on_the_grid_and_the_last_one_ends_with_the_clip() {
    let model = model("cnn");
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
    for id in ["toy-encoder", "toy-stream"] {
        skipping_and_forgetting(&model(id));
    }
}

fn skipping_and_forgetting(model: &Model) {
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
fn what_was_left_out_is_forgotten_once_the_window_holds_only_what_was_heard() {
    for (id, tolerance) in [("toy-window", 0.0), ("toy-encoder", 0.0), ("toy-stream", 1e-6)] {
        leaving_out(&model(id), tolerance);
    }
}

fn leaving_out(model: &Model, tolerance: f32) {
    let manifest = &model.manifest;
    // As under overload: of these blocks every sixth is heard.
    let is_left_out = |hop: usize| (4..22).contains(&hop) && !hop.is_multiple_of(6);
    let patches = manifest.patch.map_or(1, |patch| patch.count(manifest.window.frames));
    let hops = 22 + patches + 4;
    let columns = manifest.window.first + manifest.window.stride * hops;
    let samples = music(16_000, columns as f64 * manifest.features.hop_seconds());
    let run = |is_left_out: &dyn Fn(usize) -> bool| {
        let classifier = model.classifier(&tract()).expect("opens");
        let mut classifiers = Classifiers { genre: classifier, gate: None };
        let mut back = Back::new(manifest, &*classifiers.genre, &DecideSettings::default());
        let mut front =
            Front::new(manifest, SampleRate::new(16_000).expect("not zero")).expect("its own rate");
        let mut outcomes = Vec::new();
        front.push(&samples, |block| {
            if is_left_out(outcomes.len()) && classifiers.leave_out(&mut back, block) {
                outcomes.push(None);
            } else {
                outcomes.push(classifiers.push(&mut back, block, true).expect("runs").cloned());
            }
        });
        outcomes
    };
    let (all, some) = (run(&|_| false), run(&is_left_out));
    assert!(all.len() >= hops && all.len() == some.len(), "{}: {} blocks", manifest.id, all.len());
    let mut differed = 0;
    for (hop, (all, some)) in all.iter().zip(&some).enumerate() {
        let (Some(all), Some(some)) = (all, some) else {
            assert!(is_left_out(hop) && some.is_none(), "{} at {hop}", manifest.id);
            continue;
        };
        assert!(!is_left_out(hop), "{} at {hop}", manifest.id);
        assert_eq!((all.start_s, all.end_s, all.provisional), (some.start_s, some.end_s, some.provisional));
        let worst = all.p.iter().zip(&some.p).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // What is left out last is followed by as many patches as a window has.
        let whole = hop < 4 || patches == 1 || hop >= 22 + patches - 1;
        assert!(!whole || worst <= tolerance, "{} at {hop}: {worst:e}", manifest.id);
        differed += usize::from(!whole && worst > 1e-4);
    }
    assert_eq!(differed > 0, patches > 1, "{}: {differed} windows were others", manifest.id);
    // Before the first answer nothing is left out.
    assert!(run(&|hop| hop < 2)[0].is_some());
}

#[test]
fn a_model_that_is_not_what_its_manifest_says_is_refused() {
    let fixture = || Copied::of("toy-window");
    let (network, golden) = {
        let manifest = model("toy-window").manifest;
        (manifest.network.expect("a window model").file, manifest.golden)
    };
    let read = |file: &str| std::fs::read(fixture().folder.join(file)).expect("readable");

    let mut bytes = read(&network);
    bytes.push(0);
    let error = fixture().write(&network, &bytes).refused();
    assert!(error.contains("expected sha256") && error.contains("found"), "{error}");

    let error = fixture().edit("stride = ", "strde = ").refused();
    assert!(error.contains("strde"), "{error}");

    let error = fixture().edit("n_mels = 96", "n_mels = 95").refused();
    assert!(error.contains("expected"), "{error}");

    let error = fixture().edit("name = \"logits\"", "name = \"answers\"").refused();
    assert!(error.contains("answers") && error.contains("logits"), "{error}");

    for tolerance in ["0.5", "0.0", "nan"] {
        let error = fixture().edit("tolerance = 0.0001", &format!("tolerance = {tolerance}")).refused();
        assert!(error.contains("golden.tolerance") && error.contains("at most 0.01"), "{error}");
    }

    let mut bytes = read(&golden.file);
    bytes.truncate(123 * 96 * 4);
    let error = fixture().write(&golden.file, &bytes).edit(&golden.sha256, &sha256(&bytes)).refused();
    assert!(error.contains("expected 47616 bytes (124 columns of 96 f32)"), "{error}");
    assert!(error.contains("is 47232 bytes"), "{error}");

    assert!(find_model("../crnn", &places()).is_err());
    let error = find_model("nothing", &places()).expect_err("no such model").to_string();
    assert!(error.contains("toy-window") && error.contains("crnn"), "{error}");
}
