//! What somebody stumbles over who tries it for the first time.

use std::path::Path;

use temp_dir::TempDir;

use crate::clip;
use crate::support::{copy_model, genrecast, music, refused, root, run, toy, with_tract, write_wav};

#[test]
fn check_takes_the_flags_of_run_and_a_missing_microphone_is_no_fault() {
    let (_place, path) = clip(1.0);
    let check = |arguments: &[&str]| run(toy(with_tract("check").args(arguments)));
    let ran = check(&["--source", &format!("file:{path}"), "--listen", "localhost:0"]);
    assert_eq!(ran.status, Some(0), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("clip (file:") && ran.stdout.contains("127.0.0.1:0 is free"),
        "{}",
        ran.stdout
    );
    let ran = check(&["--source", "mic:no such microphone", "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.status, Some(0), "{}", ran.stdout);
    assert!(!ran.stdout.contains("BAD"), "{}", ran.stdout);
    for part in ["note source", "no such microphone", "would wait for it", "--source file:PATH"] {
        assert!(ran.stdout.contains(part), "no {part:?} in {}", ran.stdout);
    }
    let ran = check(&["--source", "file:/none.wav"]);
    assert_eq!(ran.status, Some(3), "{}", ran.stdout);
    assert!(ran.stdout.contains("BAD") && ran.stdout.contains("/none.wav"), "{}", ran.stdout);
}

#[test]
fn a_wrong_address_is_told_with_its_form() {
    for wrong in ["foo", "localhost", "127.0.0.1:http", "no.such.name.invalid:1"] {
        let ran = run(with_tract("run").args(["--listen", wrong]));
        refused(&ran, 2, &["--listen: server.listen: expected ADDRESS:PORT", "localhost:8470", wrong]);
    }
    refused(&run(with_tract("run").env("GENRECAST_SERVER__LISTEN", "box")), 2, &["GENRECAST_SERVER__LISTEN"]);
}

#[test]
fn what_is_wrong_with_a_source_comes_before_any_line_of_the_log() {
    for source in ["tape:1", "file:/none.wav"] {
        let ran = run(with_tract("run").args(["--source", source]));
        assert!(ran.status != Some(0) && ran.stderr.starts_with("genrecast: "), "{}", ran.stderr);
        assert!(!ran.stderr.contains("INFO"), "{}", ran.stderr);
    }
}

#[test]
fn a_variable_with_one_underscore_is_told() {
    let (_place, path) = clip(1.0);
    let right = "GENRECAST_SERVER__LISTEN would set server.listen";
    let ran = run(toy(&mut with_tract("classify")).arg(&path).env("GENRECAST_SERVER_LISTEN", "127.0.0.1:1"));
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains(right), "{}", ran.stderr);
    let mut check = with_tract("check");
    toy(&mut check).args(["--source", &format!("file:{path}"), "--listen", "127.0.0.1:0"]);
    let ran = run(check.env("GENRECAST_SERVER_LISTEN", "127.0.0.1:1"));
    assert!(ran.status == Some(0) && ran.stdout.contains(right), "{}", ran.stdout);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let mut daemon = with_tract("run");
    toy(&mut daemon).args(["--source", &format!("file:{path}"), "--listen", &address]);
    refused(&run(daemon.env("GENRECAST_SERVER_LISTEN", "127.0.0.1:1")), 8, &["WARN", right]);
}

#[test]
fn no_genre_is_named_where_nothing_can_be_heard() {
    let place = TempDir::new().expect("a folder");
    let say = |name: &str, samples: &[f32]| {
        let path = place.path().join(name);
        write_wav(&path, 22_050, 1, samples);
        let ran = run(with_tract("classify").arg(&path));
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        let json = run(with_tract("classify").arg("--json").arg(&path));
        let report: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
        assert!(report["top"][0]["label"].is_string(), "{report}");
        // Programs are told the same as people.
        let verdict = &report["verdict"];
        let (label, reason) = (verdict["label"].as_str().expect("a label"), verdict["reason"].as_str());
        let told = format!("{label}: {}", reason.expect("a reason"));
        assert!(ran.stdout.contains(&told), "{told:?} in {}", ran.stdout);
        ran.stdout
    };
    for (name, samples, told) in [
        ("silence.wav", vec![0.0; 22_050 * 8], "  silence: every sample is exactly zero"),
        ("blip.wav", music(22_050, 0.4), "  unknown: 0.4 s is too short to tell, it takes 3.0 s"),
    ] {
        let text = say(name, &samples);
        assert!(text.trim_end().ends_with(told), "{text}");
        assert!(!text.contains('%'), "{text}");
    }
    let mut quiet = music(22_050, 8.0);
    quiet
        .iter_mut()
        .enumerate()
        .for_each(|(n, sample)| *sample = if n / 50 % 2 == 0 { 2.0 } else { -2.0 } / 32_768.0);
    assert!(say("quiet.wav", &quiet).contains("silence: the level is below"));
    let (_place, path) = clip(8.0);
    let sure = run(with_tract("classify").arg(&path).env("GENRECAST_DECIDE__ABSTAIN_BELOW", "0")).stdout;
    assert!(!sure.contains("unknown"), "{sure}");
    let unsure = run(with_tract("classify").arg(&path).env("GENRECAST_DECIDE__ABSTAIN_BELOW", "1")).stdout;
    assert!(unsure.contains(" leads, but ") && unsure.contains("below the threshold of 100 %"), "{unsure}");
    assert!(unsure.trim_end().ends_with("(unknown)"), "{unsure}");
}

#[test]
fn the_binary_in_its_repository_finds_the_models_from_anywhere() {
    let place = TempDir::new().expect("a folder");
    let (models, release) = (place.path().join("models"), place.path().join("target/release"));
    std::fs::create_dir_all(&models).expect("created");
    std::fs::create_dir_all(&release).expect("created");
    copy_model(&root().join("tests/fixtures/models/toy-window"), &models);
    let (built, binary) = (Path::new(env!("CARGO_BIN_EXE_genrecast")), release.join("genrecast"));
    std::fs::hard_link(built, &binary).or_else(|_| std::fs::copy(built, &binary).map(drop)).expect("there");
    let (_elsewhere, path) = clip(1.0);
    let mut command = std::process::Command::new(&binary);
    command.args(["classify", "--runtime", "tract", "--model", "toy-window", &path]);
    // The gate is not what is looked for here.
    let ran = run(command.current_dir("/").env("GENRECAST_GATE__MODEL", "off"));
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("toy-window"), "{}", ran.stdout);
    // The note about the runtime is one short line.
    let ran = run(genrecast("check").args(["--config", "config.toml", "--listen", "127.0.0.1:0"]));
    let notes = ran.stdout.lines().filter(|line| line.starts_with("note runtime"));
    notes.for_each(|note| assert!(note.len() < 160, "{note}"));
}
