//! `genrecast history`: from a running daemon and from the file, which must say the same; and what it says when neither
//! can be had. Touch it when the command gets a flag.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::place::Place;
use super::support::subscriber::Subscriber;
use super::support::{PATIENCE, genrecast, refused, run, toy, with_tract};

/// The command, with times in UTC.
fn history() -> Command {
    let mut command = genrecast("history");
    command.env("TZ", "UTC");
    command
}

#[tokio::test]
async fn a_daemon_and_its_file_tell_the_same() {
    let place = Place::new();
    let daemon = place.daemon_on(&["?speed=20"]);
    let mut subscriber = Subscriber::from_start(daemon.address).await;
    let events = subscriber.events_until_ended(1).await;
    let sent: Vec<_> = events.iter().map(|event| serde_json::to_string(event).expect("serialises")).collect();
    place.settle(&daemon, events.len() as u64);

    let url = format!("http://{}", daemon.address);
    let by_http = run(history().args([&url, "--format", "jsonl"]));
    assert_eq!(by_http.status, Some(0), "{}", by_http.stderr);
    assert_eq!(by_http.stdout.lines().collect::<Vec<_>>(), sent);
    let windows =
        run(history().args([&url, "--format", "csv", "--type", "genre.window", "--source", "clip"]));
    let expected = sent.iter().filter(|text| text.contains("genre.window")).count();
    assert_eq!(windows.stdout.lines().count(), expected + 1, "{}", windows.stdout);

    // While the daemon runs, and when it has ended.
    let state = place.state();
    let from_file = |format: &str| run(history().arg("--state-dir").arg(&state).args(["--format", format]));
    assert_eq!(from_file("jsonl").stdout, by_http.stdout);
    let table = run(history().arg(&url));
    assert_eq!(table.status, Some(0), "{}", table.stderr);
    assert!(!table.stdout.is_empty());
    daemon.end();
    assert_eq!(from_file("jsonl").stdout, by_http.stdout);
    assert_eq!(from_file("table").stdout, table.stdout);
    let states = run(history().arg("--state-dir").arg(&state).args(["--type", "source.state"]));
    assert!(states.stdout.contains("source.state") && states.stdout.contains("ended"), "{}", states.stdout);
    let none = run(history().arg("--state-dir").arg(&state).args(["--source", "nobody"]));
    assert!(none.stdout.contains("Nothing was recorded"), "{}", none.stdout);
}

#[test]
fn what_cannot_be_had_is_told_with_a_remedy() {
    let place = Place::new();
    let absent = run(history().arg("--state-dir").arg(place.state()));
    refused(&absent, 3, &["there is no history in", "--state-dir"]);
    // A port of ours that nobody listens on.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    drop(taken);
    refused(&run(history().arg(&address)), 8, &["no daemon answers at", "--state-dir"]);
    refused(&run(history().args(["--since", "yesterday"])), 2, &["-7d"]);
    refused(&run(history().args(["--type", "genre.guess"])), 2, &["genre.changed"]);
}

#[tokio::test]
async fn a_daemon_that_cannot_record_says_so_and_tells_every_event() {
    let place = Place::new();
    std::fs::write(place.state(), "in the way").expect("written");
    let mut daemon = place.daemon_on(&["?speed=20"]);
    let mut subscriber = Subscriber::from_start(daemon.address).await;
    assert_eq!(subscriber.hello["history"], json!({"state": "failing", "trouble": "folder"}));
    assert!(subscriber.events_until_ended(1).await.len() > 3);
    let detail = &daemon.get("/healthz").1["detail"]["history"];
    assert_eq!((&detail["state"], &detail["trouble"]), (&json!("failing"), &json!("folder")));
    assert!(detail["remedy"].as_str().is_some_and(|remedy| remedy.contains("--state-dir")), "{detail}");
    assert_eq!(daemon.get("/v1/history").0, 503);
    // As soon as it can, it records what it still remembers.
    std::fs::remove_file(place.state()).expect("removed");
    daemon.wait_for_line("recording again");
    let events = daemon.get("/v1/history").1["events"].as_array().map(Vec::len);
    assert!(events.is_some_and(|count| count > 3), "{events:?}");
    daemon.end();
}

#[tokio::test]
async fn two_daemons_do_not_share_a_history() {
    let place = Place::new();
    let of = |daemon: &super::Daemon| daemon.get("/healthz").1["detail"]["history"].clone();
    // Its thread opens the file while the daemon listens already.
    let opened = |daemon: &super::Daemon| {
        let deadline = Instant::now() + PATIENCE;
        while of(daemon)["state"] == "starting" {
            assert!(Instant::now() < deadline, "{}", of(daemon));
            std::thread::sleep(Duration::from_millis(20));
        }
        of(daemon)
    };
    let first = place.daemon_on(&["?speed=20"]);
    assert_eq!(opened(&first)["state"], "recording");
    let second = place.daemon_on(&["?speed=20"]);
    let told = opened(&second);
    assert_eq!((&told["state"], &told["trouble"]), (&json!("failing"), &json!("in_use")));
    // When the first has ended, the second records.
    first.end();
    let mut second = second;
    second.wait_for_line("recording again");
    assert_eq!(of(&second)["state"], "recording");
    second.end();
}

#[test]
fn without_a_history_the_daemon_says_why() {
    let place = Place::new();
    let mut command = with_tract("run");
    command.args(["--source", &place.source("?speed=20")]);
    let daemon = super::Daemon::start(toy(&mut command));
    let detail: Value = daemon.get("/healthz").1["detail"]["history"].clone();
    assert_eq!(detail, json!({"state": "off", "reason": "history.enabled is false"}));
    assert_eq!(daemon.get("/v1/history").0, 404);
    daemon.end();
}
