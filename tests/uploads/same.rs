//! The daemon hears what is sent as `genrecast classify` hears the file. Touch it with what either of them tells.

use serde_json::Value;

use super::client::{daemon, id, post, send};
use super::support::daemon::Daemon;
use super::support::{genrecast, music, run, toy, with_tract, write_wav};

fn classified(path: &str) -> Value {
    let mut command = genrecast("classify");
    toy(command.args(["--config", "config.toml", "--runtime", "tract", "--json", "--top", "4", path]));
    let ran = run(&mut command);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).expect("JSON")
}

#[test]
fn an_upload_is_told_the_same_as_classify_tells() {
    let daemon = daemon(&[]);
    for name in
        ["stereo.flac", "stereo.mp3", "stereo.m4a", "stereo.opus", "stereo.ogg", "mono.aac", "mono.wav"]
    {
        let path = format!("tests/fixtures/audio/{name}");
        let file = classified(&path);
        let bytes = std::fs::read(&path).expect("readable");
        let answer = post(daemon.address, &format!("?name={name}&top=4&id={}", id(1)), &bytes);
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        let (sent, result) = (&answer.body, &answer.body["results"][0]);
        assert_eq!((&sent["name"], &sent["id"]), (&name.into(), &id(1).into()));
        assert_eq!((&sent["bytes"], sent.get("mel")), (&bytes.len().into(), None), "{name}");
        assert_eq!(
            (&sent["duration_s"], sent.get("damage")),
            (&file["duration_s"], file.get("damage")),
            "{name}"
        );
        for key in ["model", "top", "windows", "segments", "verdict"] {
            assert_eq!(result[key], file[key], "{name}: {key}");
        }
    }
    daemon.end();
}

#[test]
fn several_models_hear_one_clip() {
    let daemon = daemon(&[]);
    let bytes = std::fs::read("tests/fixtures/audio/stereo.flac").expect("readable");
    let alone =
        |model: &str| post(daemon.address, &format!("?model={model}"), &bytes).body["results"][0].clone();
    let (window, stream) = (alone("toy-window"), alone("toy-stream"));
    let answer = send(
        daemon.address,
        "?model=toy-stream&model=toy-window&mel=1",
        "Transfer-Encoding: chunked\r\nContent-Type: audio/flac\r\n",
        &[format!("{:x}\r\n", bytes.len()).as_bytes(), &bytes, b"\r\n0\r\n\r\n"].concat(),
    );
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["results"], serde_json::json!([stream, window]));
    let mel = &answer.body["mel"];
    let size = mel["columns"].as_u64().expect("a number") * mel["bands"].as_u64().expect("a number");
    let data = data_encoding::BASE64.decode(mel["data"].as_str().expect("text").as_bytes()).expect("Base64");
    assert!(size > 0 && data.len() as u64 == size && data.contains(&0) && data.contains(&255), "{mel}");
    // Sessions that were opened for it are there for the next.
    let (_, models) = daemon.get("/v1/models");
    let of = |id: &str| {
        models["models"].as_array().expect("a list").iter().find(|model| model["id"] == id).cloned()
    };
    assert_eq!(of("toy-stream").expect("listed")["loaded"], true);
    assert_eq!(of("toy-encoder").expect("listed")["loaded"], false);
    for (model, code) in [("nowhere", "no_such_model"), ("..", "no_such_model"), ("a%2Fb", "no_such_model")] {
        let answer = post(daemon.address, &format!("?model={model}"), &bytes);
        assert_eq!((answer.status, &answer.body["error"]["code"]), (404, &code.into()), "{}", answer.body);
    }
    daemon.end();
}

#[test]
fn a_shipped_model_with_its_gate_says_the_same_too() {
    let place = temp_dir::TempDir::new().expect("a folder");
    let path = place.child("music.wav");
    write_wav(&path, 44_100, 2, &music(44_100, 6.0));
    let path = path.to_string_lossy().into_owned();
    let ran = run(with_tract("classify").args(["--model", "cnn", "--json", &path]));
    let file: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let daemon = Daemon::start(with_tract("run").args([
        "--model",
        "cnn",
        "--source",
        "file:tests/fixtures/audio/mono.wav",
    ]));
    let answer = post(daemon.address, "", &std::fs::read(&path).expect("readable"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    for key in ["model", "top", "windows", "segments", "verdict"] {
        assert_eq!(answer.body["results"][0][key], file[key], "{key}");
    }
    daemon.end();
}
