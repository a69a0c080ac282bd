//! `classify`: its report, and what it says to input that is no audio.

use temp_dir::TempDir;

use crate::clip;
use crate::support::{classify, refused, root, run, run_with_input, with_tract};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(root().join("tests/fixtures/audio").join(name)).expect("a fixture")
}

/// In alphabetical order.
fn keys(value: &serde_json::Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn the_report_has_the_keys_of_the_contract_and_probabilities_of_all_labels_sum_to_one() {
    let (_place, path) = clip(8.0);
    let report = classify(&path, Vec::new());
    assert_eq!(keys(&report), ["duration_s", "input", "model", "segments", "top", "verdict", "windows"]);
    assert_eq!(keys(&report["model"]), ["device", "id", "runtime", "sha256"]);
    assert_eq!(report["input"], *path);
    assert_eq!(report["duration_s"], 8.0);
    assert_eq!(
        (&report["model"]["runtime"], &report["model"]["device"]),
        (&serde_json::json!("tract"), &serde_json::json!("cpu"))
    );
    let windows = report["windows"].as_array().expect("a list");
    assert!(windows.len() >= 5, "{}", windows.len());
    for part in windows.iter().chain([&report]) {
        let top = part["top"].as_array().expect("a list");
        assert_eq!(top.len(), 10);
        assert!(top.iter().all(|score| keys(score) == ["label", "p"]));
        let sum: f64 = top.iter().map(|score| score["p"].as_f64().expect("a number")).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }
    for window in windows {
        assert_eq!(keys(window), ["end_s", "provisional", "stable", "start_s", "state", "top"]);
    }
    assert_eq!(windows.last().expect("a window")["end_s"], 8.0);

    let few = run(with_tract("classify").args(["--json", "--top", "2", &path]));
    let few: serde_json::Value = serde_json::from_str(&few.stdout).expect("JSON");
    let all = report["top"].as_array().expect("a list");
    assert_eq!(few["top"].as_array().expect("a list")[..], all[..2]);
}

#[test]
fn without_json_the_report_is_for_people() {
    let (_place, path) = clip(8.0);
    let ran = run(with_tract("classify").args(["--top", "3", &path]));
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let leader = classify(&path, Vec::new())["top"][0]["label"].as_str().expect("a label").to_owned();
    assert!(ran.stdout.contains(&leader) && ran.stdout.contains("timeline"), "{}", ran.stdout);
    assert_eq!(ran.stdout.matches(" %  ").count(), 3, "{}", ran.stdout);
}

#[test]
fn standard_input_gives_what_the_file_gives() {
    let (_place, path) = clip(8.0);
    let file = classify(&path, Vec::new());
    let bytes = std::fs::read(&path).expect("readable");
    // Behind the header of a WAV there are the raw samples.
    let raw = bytes[44..].to_vec();
    for (input, bytes) in [("-", bytes), ("-?pcm=s16le&rate=44100&channels=2", raw)] {
        let piped = classify(input, bytes);
        assert_eq!(piped["input"], input);
        for part in ["duration_s", "top", "windows"] {
            assert_eq!(piped[part], file[part], "{input}: {part}");
        }
    }
    let ran = run_with_input(with_tract("classify").arg("-"), b"No music, only words.\n".to_vec());
    refused(&ran, 4, &["standard input", "text", "FLAC"]);
    let ran = run_with_input(with_tract("classify").arg("-"), Vec::new());
    refused(&ran, 4, &["standard input", "empty"]);
    refused(&run(with_tract("classify").arg("-?pcm=s16le&rate=44100")), 2, &["channels"]);
}

#[test]
fn what_is_no_audio_is_told_by_name_and_with_what_was_expected() {
    let place = TempDir::new().expect("a folder");
    let file = |name: &str, content: &[u8]| {
        let path = place.path().join(name);
        std::fs::write(&path, content).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let text = file("words.mp3", b"No music, only words.\n");
    let empty = file("empty.wav", b"");
    let noise = file("noise.bin", &[0x11, 0xee, 0x05, 0x99].repeat(5_000));
    let headless = file("head.flac", &fixture("mono.flac")[..60]);
    let missing = place.path().join("missing.flac").display().to_string();
    let folder = place.path().display().to_string();
    for (input, status, expected) in [
        (&text, 4, &["text", "FLAC"][..]),
        (&empty, 4, &["empty", "expected audio"]),
        (&noise, 4, &["FLAC"]),
        (&headless, 4, &["damaged"]),
        (&missing, 3, &["there is no file"]),
        (&folder, 3, &["directory", "file"]),
    ] {
        let classified = run(with_tract("classify").args(["--json", input]));
        refused(&classified, status, expected);
        refused(&classified, status, &[input, "what to do"]);
        assert_eq!(classified.stdout, "");
        // The daemon refuses it as well, before it serves anyone.
        let source = format!("file:{input}");
        let ran = run(with_tract("run").args(["--listen", "127.0.0.1:0", "--source", &source]));
        refused(&ran, status, expected);
        refused(&ran, status, &[input]);
    }
}

#[test]
fn audio_that_ends_early_is_classified_as_far_as_it_goes() {
    let place = TempDir::new().expect("a folder");
    let path = place.path().join("cut.mp3");
    let name = path.to_str().expect("UTF-8");
    let long = fixture("plain.mp3").repeat(8);
    for (bytes, heard_s) in [(&long[..60_000], 7.5), (&fixture("mono.mp3")[..5_000], 0.55)] {
        std::fs::write(&path, bytes).expect("written");
        let ran = run(with_tract("classify").args(["--json", name]));
        refused(&ran, 5, &[name, "ended after"]);
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let duration_s = report["duration_s"].as_f64().expect("a number");
        assert!((duration_s - heard_s).abs() < 0.1, "{duration_s}");
        assert!(report["damage"].as_str().expect("told").contains("ended after"));
        assert!(!report["windows"].as_array().expect("a list").is_empty());
    }
}
