//! The command line, through the real binary: what it prints, what it refuses, and its exit statuses.

mod support;

use std::path::{Path, PathBuf};

use support::{
    classify, copy_model, genrecast, music, refused, root, run, run_with_input, toy, with_tract, write_wav,
};
use temp_dir::TempDir;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(root().join("tests/fixtures/audio").join(name)).expect("a fixture")
}

/// In alphabetical order.
fn keys(value: &serde_json::Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// A short piece of music as WAV in a folder of its own.
fn clip(seconds: f64) -> (TempDir, String) {
    let place = TempDir::new().expect("a folder");
    let path = place.path().join("clip.wav");
    write_wav(&path, 44_100, 2, &music(44_100, seconds));
    let path = path.to_str().expect("UTF-8").to_owned();
    (place, path)
}

#[test]
fn the_report_has_the_keys_of_the_contract_and_probabilities_of_all_labels_sum_to_one() {
    let (_place, path) = clip(8.0);
    let report = classify(&path, Vec::new());
    assert_eq!(keys(&report), ["duration_s", "input", "model", "top", "windows"]);
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
        assert_eq!(keys(window), ["end_s", "provisional", "start_s", "state", "top"]);
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

#[test]
fn the_configuration_is_printed_and_its_mistakes_are_named() {
    let ran = run(&mut genrecast("config"));
    assert_eq!((ran.status, &ran.stdout), (Some(0), &include_str!("../config.toml").to_owned()));

    let place = TempDir::new().expect("a folder");
    let path = place.path().join("mine.toml");
    let mine = path.to_str().expect("UTF-8");
    std::fs::write(&path, "[server]\nlisen = \"127.0.0.1:1\"\n").expect("written");
    for subcommand in ["run", "check"] {
        let ran = run(genrecast(subcommand).args(["--config", mine]));
        assert_eq!(ran.status, Some(2), "{}", ran.stderr);
        let said = ran.stdout + &ran.stderr;
        assert!(said.contains("mine.toml, line 2") && said.contains("\"server.listen\""), "{said}");
    }
    let x = ["--config", "config.toml", "x.wav"];
    let ran = run(genrecast("classify").args(x).env("GENRECAST_MODEL__DEVCE", "cpu"));
    refused(&ran, 2, &["GENRECAST_MODEL__DEVCE", "\"model.device\""]);
    let ran = run(genrecast("classify").args(x).env("GENRECAST_MODEL__DEVICE", "toaster"));
    refused(&ran, 2, &["GENRECAST_MODEL__DEVICE", "toaster", "cuda"]);
    refused(&run(genrecast("classify").args(["--jsn", "x.wav"])), 2, &["--jsn", "--json"]);
    refused(&run(genrecast("classify").args(["--config", "none.toml", "x.wav"])), 2, &["none.toml"]);
    refused(&run(with_tract("run").args(["--source", "tape:1"])), 2, &["tape:1", "mic:", "file:PATH"]);
    refused(&run(with_tract("run").args(["--listen", "0.0.0.0:0"])), 2, &["reachable from other machines"]);
    // The flag replaces what the file would have been refused for; what is wrong then is something else.
    std::fs::write(&path, "[server]\nlisten = \"0.0.0.0:1\"\n").expect("written");
    let ran = run(genrecast("run").args(["--config", mine, "--listen", "127.0.0.1:0", "--source", "tape:1"]));
    refused(&ran, 2, &["tape:1"]);
    std::fs::write(&path, "[server]\npublic_url = \"box:8470\"\n").expect("written");
    refused(&run(genrecast("run").args(["--config", mine])), 2, &["mine.toml, line 2", "https://genre."]);
    refused(&run(&mut genrecast("classify")), 2, &["<PATH"]);
    refused(&run(with_tract("classify").args(["--top", "0", "x.wav"])), 2, &["--top"]);
    let ran = run(&mut genrecast("--help"));
    assert!(ran.status == Some(0) && ran.stdout.contains("Exit status: 0 done"), "{}", ran.stdout);
}

/// A configuration whose only source is this file.
fn configuration(place: &TempDir, source: &str) -> PathBuf {
    let path = place.path().join("checked.toml");
    let text =
        format!("[server]\nlisten = \"127.0.0.1:0\"\n[[source]]\nuri = {:?}\n", format!("file:{source}"));
    std::fs::write(&path, text).expect("written");
    path
}

#[test]
fn check_says_that_all_is_well_or_what_is_not() {
    let (place, path) = clip(1.0);
    let good = configuration(&place, &path);
    let check = |config: &Path, model: &[&str]| {
        run(genrecast("check").args(["--runtime", "tract", "--config"]).arg(config).args(model))
    };
    let ran = check(&good, &[]);
    assert_eq!(ran.status, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("BAD"), "{}", ran.stdout);
    for part in ["configuration", "model", "tract", "self-test", "clip (file:", "address"] {
        assert!(ran.stdout.contains(part), "no {part:?} in: {}", ran.stdout);
    }

    let ran = check(&configuration(&place, "/none.wav"), &[]);
    assert_eq!(ran.status, Some(3), "{}", ran.stdout);
    assert!(ran.stdout.contains("BAD") && ran.stdout.contains("/none.wav"), "{}", ran.stdout);
    configuration(&place, &path);

    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let ran = run(genrecast("check")
        .args(["--runtime", "tract", "--config"])
        .arg(&good)
        .env("GENRECAST_SERVER__LISTEN", &address));
    assert_eq!(ran.status, Some(8), "{}", ran.stdout);
    assert!(ran.stdout.contains(&address), "{}", ran.stdout);
    let source = format!("file:{path}");
    let ran = run(with_tract("run").args(["--listen", &address, "--source", &source]));
    refused(&ran, 8, &[&address, "--listen"]);
}

#[test]
fn a_model_that_was_changed_is_refused_by_every_command() {
    let (place, path) = clip(1.0);
    let good = configuration(&place, &path);
    let copy = copy_model(&root().join("tests/fixtures/models/toy-window"), place.path());
    let network = copy.join("model.onnx");
    let mut bytes = std::fs::read(&network).expect("readable");
    bytes[1000] ^= 1;
    std::fs::write(&network, bytes).expect("written");
    let folder = place.path().to_str().expect("UTF-8");
    let model = ["--models", folder, "--model", "toy-window"];
    let network = network.to_str().expect("UTF-8");

    let ran = run(genrecast("check").args(["--runtime", "tract", "--config"]).arg(&good).args(model));
    assert_eq!(ran.status, Some(6), "{}", ran.stdout);
    assert!(ran.stdout.contains("BAD") && ran.stdout.contains(network), "{}", ran.stdout);
    refused(&run(with_tract("classify").args(model).arg(&path)), 6, &[network, "expected sha256"]);
    let source = format!("file:{path}?loop=true");
    let ran = run(with_tract("run").args(model).args(["--listen", "127.0.0.1:0", "--source", &source]));
    refused(&ran, 6, &[network, "expected sha256"]);

    let ran = run(with_tract("classify").args(["--model", "none", &path]));
    refused(&ran, 6, &["none", "crnn"]);
}

#[test]
fn a_runtime_or_a_device_that_is_not_there_is_refused_and_nothing_else_is_taken() {
    let (_place, path) = clip(1.0);
    let source = format!("file:{path}?loop=true");
    let missing = "/none/libonnxruntime.so";
    let commands = || {
        let mut run = genrecast("run");
        run.args(["--config", "config.toml", "--listen", "127.0.0.1:0", "--source", &source]);
        let mut classify = genrecast("classify");
        classify.args(["--config", "config.toml", &path]);
        [run, classify]
    };
    for mut command in commands() {
        let ran = run(toy(&mut command)
            .args(["--runtime", "onnxruntime"])
            .env("GENRECAST_MODEL__ONNXRUNTIME", missing));
        refused(&ran, 6, &[missing, "tools/get-onnxruntime"]);
    }
    // A library that was named is wanted, even by "auto".
    for mut command in commands() {
        let ran = run(toy(&mut command).env("GENRECAST_MODEL__ONNXRUNTIME", missing));
        refused(&ran, 6, &[missing, "model.onnxruntime = ", "no such file"]);
    }
    for (named, why) in [(missing, "no such file"), ("config.toml", "cannot be loaded")] {
        for mut command in commands() {
            refused(
                &run(toy(&mut command).env("ORT_DYLIB_PATH", named)),
                6,
                &["ORT_DYLIB_PATH = ", named, why],
            );
        }
    }
    for mut command in commands() {
        let ran = run(toy(&mut command).args(["--runtime", "tract", "--device", "cuda"]));
        refused(&ran, 6, &["cuda", "CPU only"]);
    }
    if Path::new("/dev/nvidiactl").exists() {
        return; // With a GPU in the machine the rest may well work.
    }
    for mut command in commands() {
        refused(&run(toy(&mut command).args(["--device", "cuda"])), 6, &["\"cuda\" was asked for, but"]);
    }
    if let Some(library) = support::onnxruntime() {
        for mut command in commands() {
            let ran = run(toy(&mut command)
                .args(["--runtime", "onnxruntime", "--device", "cuda"])
                .env("GENRECAST_MODEL__ONNXRUNTIME", &library));
            refused(&ran, 6, &["the CUDA execution provider does not work"]);
        }
    }
}
