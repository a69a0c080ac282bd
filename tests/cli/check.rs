//! `check`, and what every command refuses: models that were changed, runtimes and devices that are not there.

use std::path::{Path, PathBuf};

use temp_dir::TempDir;

use crate::clip;
use crate::support::{self, copy_model, genrecast, refused, root, run, toy, with_tract};

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
fn check_reads_the_secrets_of_deliveries_and_shows_none() {
    let (place, path) = clip(1.0);
    let config = configuration(&place, &path);
    let secret = place.path().join("secret");
    let text = std::fs::read_to_string(&config).expect("written");
    let more = format!(
        "[mqtt]\nurl = \"mqtts://localhost\"\nusername = \"radio\"\npassword_file = {secret:?}\n\
         [[webhook]]\nurl = \"https://a.example/hunter2\"\nsecret_file = {secret:?}\n"
    );
    std::fs::write(&config, text + &more).expect("written");
    let mut command = genrecast("check");
    toy(&mut command).args(["--runtime", "tract", "--config"]).arg(&config);
    let ran = run(&mut command);
    assert_eq!(ran.status, Some(2), "{}", ran.stdout);
    assert!(ran.stdout.contains("mqtt.password_file: the file"), "{}", ran.stdout);
    std::fs::write(&secret, "hunter2").expect("written");
    let ran = run(&mut command);
    assert_eq!(ran.status, Some(0), "{}", ran.stdout);
    for part in
        ["mqtts://localhost:8883 as radio", "a.example is told of genre.changed, source.state; signed"]
    {
        assert!(ran.stdout.contains(part), "no {part:?} in {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("hunter2") && !ran.stderr.contains("hunter2"), "{}", ran.stdout);
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
