//! `bench`: that what it tells is whole and agrees with itself. How fast anything is depends on the machine and is not asked.

use serde_json::Value;

use crate::support::{Ran, genrecast, refused, run, toy, with_tract};

fn bench(arguments: &[&str]) -> Ran {
    run(toy(&mut with_tract("bench")).args(["--seconds", "1"]).args(arguments))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn the_report_has_its_keys_and_agrees_with_itself() {
    let mut command = with_tract("bench");
    let models = ["--models", "tests/fixtures/models", "--model", "toy-window", "--model", "toy-stream"];
    let input = ["--input", "tests/fixtures/audio/stereo.mp3"];
    let ran = run(command.args(models).args(input).args(["--seconds", "4", "--json"]));
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let all =
        ["build", "extrapolated", "failed", "gate", "machine", "measured", "results", "sound", "version"];
    assert_eq!(keys(&report), all);
    assert_eq!(report["sound"]["input"], input[1]);
    assert_eq!(report["gate"], "gate-speech-music");
    assert_eq!(report["failed"], serde_json::json!([]));
    let results = report["results"].as_array().expect("a list");
    let models: Vec<_> = results.iter().map(|of| of["model"]["id"].as_str().expect("a name")).collect();
    assert_eq!(models, ["toy-window", "toy-stream"]);
    for of in results {
        assert_eq!(
            keys(of),
            [
                "batches",
                "cpu_ms_per_hop",
                "hop_s",
                "hops",
                "latency_ms",
                "memory_mb_per_stream",
                "model",
                "stages_ms",
                "streams",
                "wall_ms_per_hop"
            ]
        );
        // On a CPU every run is for one source.
        assert_eq!(of["batches"], serde_json::json!([]));
        let stages = &of["stages_ms"];
        assert_eq!(keys(stages), ["decide", "decode", "features", "gate", "inference", "resample"]);
        let stages = stages.as_object().expect("an object");
        // Two of them are differences, which chance may bring down to nothing.
        assert!(stages.values().all(|stage| number(stage) >= 0.0), "{of}");
        assert!(
            ["decode", "resample", "inference", "decide"].iter().all(|key| number(&stages[*key]) > 0.0),
            "{of}"
        );
        // They are of other hops than the whole, so they agree only about.
        let (sum, whole): (f64, f64) = (stages.values().map(number).sum(), number(&of["cpu_ms_per_hop"]));
        assert!((0.5..2.0).contains(&(sum / whole)), "{of}");
        assert!(number(&of["memory_mb_per_stream"]) > 0.1, "a ring alone has more: {of}");
        assert!(number(&of["latency_ms"]["p99"]) >= number(&of["latency_ms"]["p50"]), "{of}");
        let streams = of["streams"].as_array().expect("a list");
        let per_core: Vec<f64> = streams.iter().map(|of| number(&of["per_core"])).collect();
        assert!(
            per_core.len() == 3 && per_core.is_sorted() && per_core[0] > 0.0,
            "longer hops cost less: {of}"
        );
        let cores = number(&report["machine"]["cores"]);
        assert_eq!(number(&streams[0]["machine"]), per_core[0] * cores);
    }
}

#[test]
fn people_get_a_table_and_the_gate_may_be_off() {
    let ran = bench(&[]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    for part in [
        "demo/reel.ogg, 44100 Hz; gate: off",
        "toy-window  tract",
        "inference",
        "Measured: ",
        "Extrapolated: ",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in: {}", ran.stdout);
    }
}

#[test]
fn what_cannot_be_measured_is_told_at_once() {
    refused(&bench(&["--input", "nothing.mp3"]), 3, &["nothing.mp3"]);
    refused(&bench(&["--input", "Cargo.toml"]), 4, &["Cargo.toml"]);
    refused(&bench(&["--model", "nobody"]), 6, &["nobody", "toy-encoder"]);
    refused(&bench(&["--all"]), 2, &["--model"]);
    refused(&run(genrecast("bench").args(["--seconds", "0"])), 2, &["0.1 to 86400"]);
    refused(&bench(&["--device", "cuda"]), 6, &["CPU only"]);
}
