//! `/v1/history` and `/v1/history/segments`: forms, pages, errors.
//! Touch it when an answer from the history changes.

use genrecast::event::*;
use jiff::Timestamp;
use serde_json::{Value, json};
use temp_dir::TempDir;

use super::events::{state, window};
use super::world::World;

async fn world(folder: &TempDir) -> World {
    World::recording(folder.path(), 20_000, |_| {}).await
}

/// The body of a chunked answer, and its status and headers.
async fn text(world: &World, path: &str, accept: &str) -> (String, String) {
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n", world.at);
    let (status, answer) = world.answer(&head).await;
    assert_eq!(status, 200, "{answer}");
    let (head, mut rest) = answer.split_once("\r\n\r\n").expect("a head");
    let head = head.to_lowercase();
    if !head.contains("transfer-encoding: chunked") {
        return (head, rest.to_owned());
    }
    let mut body = String::new();
    loop {
        let (size, after) = rest.split_once("\r\n").expect("a size");
        let size = usize::from_str_radix(size, 16).expect("hexadecimal");
        if size == 0 {
            return (head, body);
        }
        body.push_str(&after[..size]);
        rest = &after[size + 2..];
    }
}

#[tokio::test]
async fn pages_follow_each_other_and_all_forms_tell_the_same() {
    let folder = TempDir::new().expect("a folder");
    let first = world(&folder).await;
    for n in 0..900_u32 {
        first.hub.publish("mic", window(0.3 + (n % 60) as f32 / 100.0));
    }
    first.end().await;
    let world = world(&folder).await;
    for n in 0..50 {
        world.hub.publish("radio", state(&n.to_string()));
    }
    world.settle().await;

    let (mut pages, mut events, mut cursor) = (0, Vec::new(), String::new());
    loop {
        let (status, page) = world.get(&format!("/v1/history?limit=400{cursor}")).await;
        assert_eq!((status, &page["v"]), (200, &json!(1)));
        events.extend(page["events"].as_array().expect("a list").clone());
        pages += 1;
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!((pages, events.len()), (3, 950));

    let (head, lines) = text(&world, "/v1/history", "application/x-ndjson").await;
    assert!(head.contains("content-type: application/x-ndjson"), "{head}");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines, events);
    let (head, csv) = text(&world, "/v1/history", "text/csv").await;
    assert!(head.contains("content-type: text/csv") && head.contains("vary: accept"), "{head}");
    let rows: Vec<_> = csv.lines().collect();
    assert_eq!(rows.len(), 951);
    assert!(rows[0].starts_with("time,source,type,label,p,"), "{}", rows[0]);
    assert!(rows[1].contains(",mic,genre.window,jazz,0.3,"), "{}", rows[1]);

    let (_, few) = text(&world, "/v1/history?format=jsonl&limit=300&top_k=1&types=genre.window", "*/*").await;
    assert_eq!(few.lines().count(), 300);
    let one: Value = serde_json::from_str(few.lines().next().expect("one")).expect("JSON");
    assert_eq!(one["top"].as_array().map(Vec::len), Some(1));
    let (_, sure) = text(&world, "/v1/history?format=jsonl&min_p=0.8&source=mic", "*/*").await;
    assert_eq!(sure.lines().count(), 900 / 60 * 10);
    let (_, later) = world.get("/v1/history?source=radio&from=-1h&limit=5000").await;
    assert_eq!(later["events"].as_array().map(Vec::len), Some(50));
    let (_, none) = world.get("/v1/history?to=-1h").await;
    assert_eq!(none, json!({"v": 1, "events": []}));
    world.end().await;
}

#[tokio::test]
async fn what_is_wrong_is_told_like_everywhere() {
    let folder = TempDir::new().expect("a folder");
    let recording = world(&folder).await;
    for (path, status, code) in [
        ("/v1/history?from=yesterday", 400, "bad_query"),
        ("/v1/history?sauce=mic", 400, "bad_query"),
        ("/v1/history?format=xml", 400, "bad_query"),
        ("/v1/history/segments?types=genre.window", 400, "bad_query"),
        ("/v1/history?cursor=01ARZ3NDEKTSV4RRFFQ69G5FAV:7", 410, "unknown_cursor"),
        ("/v1/history/segments?cursor=01ARZ3NDEKTSV4RRFFQ69G5FAV:7", 410, "unknown_cursor"),
    ] {
        let (answered, error) = recording.get(path).await;
        assert_eq!((answered, &error["error"]["code"]), (status, &json!(code)), "{path}");
    }
    recording.end().await;
    let without = World::start().await;
    for path in ["/v1/history", "/v1/history/segments"] {
        let (status, error) = without.get(path).await;
        assert_eq!((status, &error["error"]["code"]), (404, &json!("no_history")));
    }
    assert_eq!(without.get("/v1/history?from=x").await.0, 400);
}

#[tokio::test]
async fn a_history_that_cannot_be_read_is_told_and_hello_says_so() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.child("file"), "in the way").expect("written");
    let world = World::recording(&folder.child("file/below"), 100, |_| {}).await;
    let (status, error) = world.get("/v1/history").await;
    assert_eq!((status, &error["error"]["code"]), (503, &json!("history_unavailable")));
    let mut client = world.stranger("").await;
    assert_eq!(client.next().await["history"], json!({"state": "failing", "trouble": "folder"}));
    // Events go on, and what the log still has is replayed.
    world.hub.publish("mic", state("1"));
    let mut client = world.client(&format!("?since={}:0", world.hub.epoch())).await;
    assert_eq!(client.seqs(1).await, [1]);
    world.end().await;
}

fn at(s: i64) -> Timestamp {
    Timestamp::now()
        .checked_sub(jiff::SignedDuration::from_secs(600 - s))
        .expect("a time")
        .round(jiff::Unit::Second)
        .expect("round")
}

#[tokio::test]
async fn segments_are_put_together_for_drawing() {
    let folder = TempDir::new().expect("a folder");
    let world = world(&folder).await;
    let change = |from: Option<(&str, i64, i64)>, label: &str, start: i64| {
        let from = from.map(|(label, start, end)| EndedSegment {
            label: label.into(),
            start: at(start),
            end: at(end),
            confidence: Some(0.5),
        });
        EventBody::Changed(GenreChanged { from, to: BegunSegment { label: label.into(), start: at(start) } })
    };
    world.hub.publish("mic", change(None, "jazz", 0));
    world.hub.publish("radio", change(None, "pop", 10));
    world.hub.publish("mic", change(Some(("jazz", 0, 100)), "rock", 100));
    world.hub.publish("mic", window(0.5));
    world.settle().await;
    let (_, answer) = world.get("/v1/history/segments").await;
    let segments = answer["segments"].as_array().expect("a list");
    let told: Vec<_> = segments
        .iter()
        .map(|of| (of["source"].as_str(), of["label"].as_str(), of["end"].is_null()))
        .collect();
    assert_eq!(
        told,
        [
            (Some("mic"), Some("jazz"), false),
            (Some("radio"), Some("pop"), true),
            (Some("mic"), Some("rock"), true)
        ]
    );
    assert_eq!((&segments[0]["seconds"], &segments[0]["confidence"]), (&json!(100.0), &json!(0.5)));
    let (_, csv) = text(&world, "/v1/history/segments?format=csv&source=mic", "*/*").await;
    assert_eq!(csv.lines().count(), 3);
    world.end().await;
}
