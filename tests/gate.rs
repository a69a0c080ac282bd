//! The gate beside a genre's model: its columns and its answers, whatever the samples' split, and what the program calls
//! real speech and real music. What needs Debian's spoken files or GENRECAST_TEST_DATA counts as ignored without.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use genrecast::decide::Heard;
use genrecast::event::SignalState;
use genrecast::features::{LogMel, Resampler};
use genrecast::manifest::{Manifest, Role};
use genrecast::model::Model;
use genrecast::pipeline::{Classifiers, DecideSettings, Front, Manifests, Outcome, Pipeline};
use genrecast::units::{SampleIndex, SampleRate};
use libtest_mimic::{Arguments, Failed, Trial};
use support::models::{model, outcomes_of, tract};
use support::windows::of_report;
use support::{clips, genrecast, music, onnxruntime, refused, run, with_tract};

const GATE: &str = "gate-speech-music";

/// Where Debian's packages asterisk-core-sounds-en-wav and pocketsphinx-testdata put people's voices.
const SPOKEN: [&str; 2] =
    ["/usr/share/asterisk/sounds/en_US_f_Allison", "/usr/share/pocketsphinx/test/data/librivox"];

fn main() {
    let (spoken, folder) = (spoken(), clips());
    let (no_speech, no_clips) = (spoken.is_empty(), folder.is_none());
    let folder = folder.unwrap_or_default().join("gtzan_audio_flac");
    let trials = vec![
        Trial::test("its_columns_are_those_of_the_whole_sound", || {
            columns();
            Ok(())
        }),
        Trial::test("any_split_gives_the_same_states", || {
            splits();
            Ok(())
        }),
        Trial::test("a_gap_forgets_and_music_comes_back", || {
            gap();
            Ok(())
        }),
        Trial::test("models_are_taken_for_what_they_are_for", || {
            roles();
            Ok(())
        }),
        Trial::test("people_who_speak_are_called_speech", move || speech(&spoken))
            .with_ignored_flag(no_speech),
        Trial::test("real_music_is_called_music", move || of_clips(&folder)).with_ignored_flag(no_clips),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn rate(hz: u32) -> SampleRate {
    SampleRate::new(hz).expect("not zero")
}

/// Columns of a whole signal, resampled by itself.
fn alone(manifest: &Manifest, hz: u32, samples: &[f32]) -> Vec<f32> {
    let settings = &manifest.features;
    let mut resampler = Resampler::new(rate(hz), rate(settings.sample_rate)).expect("a usual rate");
    let mut resampled = Vec::new();
    let chunks = samples.chunks_exact(resampler.chunk());
    let rest = chunks.remainder();
    chunks.for_each(|chunk| resampled.extend_from_slice(resampler.process(chunk)));
    resampler.finish(rest, |samples| resampled.extend_from_slice(samples));
    let (mut log_mel, mut columns) = (LogMel::new(settings), Vec::new());
    log_mel.push(&resampled, |column| columns.extend_from_slice(column));
    log_mel.finish(|column| columns.extend_from_slice(column));
    columns
}

/// The genre's models hear at 16 kHz, as the gate does, and at 22.05 kHz.
fn columns() {
    let gate = model(GATE).manifest;
    for (genre, hz) in [("toy-window", 44_100), ("crnn", 44_100), ("crnn", 16_000), ("toy-window", 16_000)] {
        let samples = music(hz, 7.3);
        let front = Front::new(&model(genre).manifest, rate(hz)).expect("a usual rate");
        let mut front = front.with_gate(&gate).expect("a usual rate");
        let mut heard = Vec::new();
        samples
            .chunks(1234)
            .for_each(|samples| front.push(samples, |block| heard.extend_from_slice(block.gate)));
        front.finish(|block| heard.extend_from_slice(block.gate));
        let expected = alone(&gate, hz, &samples);
        assert_eq!(heard.len(), expected.len(), "{genre} from {hz} Hz");
        assert_eq!(heard, expected, "{genre} from {hz} Hz");
    }
}

/// Something that is certainly no music: noise in bursts.
fn bursts(hz: u32, seconds: f64) -> Vec<f32> {
    let mut state = 3u32;
    (0..(f64::from(hz) * seconds) as usize)
        .map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let loud = if (n / (hz as usize / 8)).is_multiple_of(3) { 0.4 } else { 0.02 };
            (loud * (f64::from(state) / f64::from(u32::MAX) - 0.5)) as f32
        })
        .collect()
}

fn pipeline(genre: &str, hz: u32) -> Pipeline {
    let (genre, gate, runtime) = (model(genre), model(GATE), tract());
    let open = |model: &Model| model.classifier(&runtime).expect("opens");
    let classifiers = Classifiers { genre: open(&genre), gate: Some(open(&gate)) };
    let manifests = Manifests { genre: genre.manifest, gate: Some(gate.manifest) };
    Pipeline::of(&manifests, classifiers, &DecideSettings::default(), rate(hz)).expect("a usual rate")
}

fn outcomes(genre: &str, hz: u32, samples: &[f32], blocks: &[usize]) -> Vec<Outcome> {
    outcomes_of(pipeline(genre, hz), samples, blocks.iter().copied().cycle())
}

fn splits() {
    for (genre, hz) in [("toy-window", 44_100), ("crnn", 48_000)] {
        let samples = [music(hz, 6.0), vec![0.0; hz as usize * 2], bursts(hz, 6.0), music(hz, 4.0)].concat();
        let whole = outcomes(genre, hz, &samples, &[usize::MAX]);
        for blocks in [&[1, 7, 4_096][..], &[480], &[10_007, 3]] {
            assert_eq!(whole, outcomes(genre, hz, &samples, blocks), "{genre} in blocks of {blocks:?}");
        }
        let states: BTreeMap<String, usize> = whole.iter().fold(BTreeMap::new(), |mut counts, outcome| {
            *counts.entry(format!("{:?}", outcome.heard)).or_default() += 1;
            counts
        });
        println!("{genre}: {states:?}");
        assert!(states.contains_key("DigitalZero") && states.len() >= 3, "{states:?}");
        // It has heard enough after 0.7 s.
        let late = whole.iter().filter(|outcome| outcome.end_s > 1.6);
        assert!(late.clone().all(|outcome| outcome.heard != Heard::Signal), "{states:?}");
    }
}

fn gap() {
    let (genre, gate, runtime, hz) = (model("toy-window"), model(GATE), tract(), 16_000);
    let open = |model: &Model| model.classifier(&runtime).expect("opens");
    let mut classifiers = Classifiers { genre: open(&genre), gate: Some(open(&gate)) };
    let manifests = Manifests { genre: genre.manifest, gate: Some(gate.manifest) };
    let play = |classifiers: &mut Classifiers, stretches: &[Vec<f32>]| {
        let mut front = manifests.front(rate(hz)).expect("its own rate");
        let mut back = manifests.back(classifiers, &DecideSettings::default());
        let (mut told, mut at) = (Vec::new(), 0);
        for stretch in stretches {
            front.restart(SampleIndex(at));
            back.restart(&*classifiers.genre, at as f64 / f64::from(hz));
            told.clear();
            front.push(stretch, |block| {
                let outcome = classifiers.push(&mut back, block, true).expect("runs").expect("a window");
                told.push(outcome.heard);
            });
            at += stretch.len() as u64 + 1;
        }
        told
    };
    let after = play(&mut classifiers, &[bursts(hz, 9.3), music(hz, 8.0)]);
    let alone = play(&mut classifiers, &[music(hz, 8.0)]);
    assert_eq!(after, alone, "nothing of what was heard before the gap is left");
}

fn roles() {
    let error = model(GATE).of_role(Role::Genre).expect_err("it names no genres").to_string();
    assert!(error.contains("role gate") && error.contains("gate.model"), "{error}");
    model("crnn").of_role(Role::Gate).expect_err("it is no gate");
    let check = |variables: &[(&str, &str)]| {
        let mut command = with_tract("check");
        command.args(["--model", "crnn", "--listen", "127.0.0.1:0", "--source", "-"]);
        run(command.envs(variables.iter().copied()))
    };
    let good = check(&[]);
    assert_eq!(good.status, Some(0), "{}{}", good.stdout, good.stderr);
    assert!(good.stdout.contains("gate: the golden window of gate-speech-music"), "{}", good.stdout);
    let off = check(&[("GENRECAST_GATE__MODEL", "off")]);
    assert_eq!(off.status, Some(0), "{}", off.stdout);
    assert!(off.stdout.contains("gate: off"), "{}", off.stdout);
    for wrong in ["crnn", "nowhere"] {
        let ran = check(&[("GENRECAST_GATE__MODEL", wrong)]);
        assert_ne!(ran.status, Some(0), "{}", ran.stdout);
        assert!(ran.stdout.contains(wrong), "{}", ran.stdout);
    }
    let ran = run(with_tract("run").args(["--model", GATE, "--source", "-"]));
    refused(&ran, 6, &["role gate", "model.id"]);
}

/// Recorded sentences: all of a book's reader, and the longest prompts.
fn spoken() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in SPOKEN {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        let mut files: Vec<(u64, PathBuf)> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "wav"))
            .filter_map(|path| Some((path.metadata().ok()?.len(), path)))
            .collect();
        files.sort();
        found.extend(files.into_iter().rev().take(8).map(|(_, path)| path));
    }
    found
}

/// How often each state was told of a file, by the model that is quickest.
fn told(path: &Path) -> Result<BTreeMap<String, usize>, Failed> {
    let mut command = genrecast("classify");
    command.args(["--config", "config.toml", "--model", "crnn", "--json"]);
    if let Some(library) = onnxruntime() {
        command.env("GENRECAST_MODEL__ONNXRUNTIME", library);
    }
    let ran = run(command.arg(path));
    assert_eq!(ran.status, Some(0), "{}: {}", path.display(), ran.stderr);
    let mut counts = BTreeMap::new();
    for window in of_report(&serde_json::from_str(&ran.stdout)?) {
        let state = serde_json::to_value(window.state)?;
        *counts.entry(state.as_str().unwrap_or_default().to_owned()).or_default() += 1;
        assert_ne!(window.state, SignalState::Signal, "{}", path.display());
    }
    Ok(counts)
}

/// The share of `state` over all files' windows.
fn share(files: &[PathBuf], state: &str) -> Result<f64, Failed> {
    let mut all: BTreeMap<String, usize> = BTreeMap::new();
    for file in files {
        let told = told(file)?;
        println!("{}: {told:?}", file.display());
        told.into_iter().for_each(|(state, count)| *all.entry(state).or_default() += count);
    }
    let heard: usize = all.iter().filter(|(state, _)| *state != "silence").map(|(_, count)| count).sum();
    println!("{state}: {all:?}");
    Ok(*all.get(state).unwrap_or(&0) as f64 / heard as f64)
}

fn speech(files: &[PathBuf]) -> Result<(), Failed> {
    let share = share(files, "speech")?;
    assert!(share >= 0.9, "{share:.3} of {} files", files.len());
    Ok(())
}

fn of_clips(folder: &Path) -> Result<(), Failed> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "flac"))
        .collect();
    files.sort();
    let share = share(&files, "music")?;
    assert!(share >= 0.97, "{share:.3} of {} clips", files.len());
    Ok(())
}
