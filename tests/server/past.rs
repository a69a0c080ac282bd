//! Resuming over restarts: the rest of the run before, a gap that says what happened, the next run from 1.
//! Touch it when what an earlier run is told by changes.

use std::time::Duration;

use serde_json::{Value, json};
use temp_dir::TempDir;

use super::event_stream::EventStream;
use super::events::{state, window};
use super::world::{Client, World};

async fn start(folder: &TempDir) -> World {
    let heartbeat = Duration::from_millis(50);
    World::recording(folder.path(), 20_000, |settings| settings.live.heartbeat = heartbeat).await
}

/// A run that publishes so many events and ends; its epoch.
async fn past(folder: &TempDir, events: u64) -> String {
    let world = start(folder).await;
    for seq in 1..=events {
        let body = if seq % 3 == 0 { state(&seq.to_string()) } else { window(0.3 + seq as f32 / 1_000.0) };
        assert_eq!(world.hub.publish(["mic", "radio"][(seq % 2) as usize], body), seq);
    }
    let epoch = world.hub.epoch().to_owned();
    world.end().await;
    epoch
}

/// The next messages but heartbeats, up to and with the one for which `last` holds.
async fn until(client: &mut Client, last: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut messages = Vec::new();
    loop {
        messages.push(client.heard().await);
        if messages.last().is_some_and(&last) {
            return messages;
        }
    }
}

fn seqs(messages: &[Value], epoch: &str) -> Vec<u64> {
    let of = messages.iter().filter(|message| message["epoch"] == epoch && message["type"] != "gap");
    of.map(|message| message["seq"].as_u64().expect("an event")).collect()
}

#[tokio::test]
async fn every_run_since_then_is_told_in_order() {
    let folder = TempDir::new().expect("a folder");
    let (first, second) = (past(&folder, 300).await, past(&folder, 5).await);
    let world = start(&folder).await;
    let now = world.hub.epoch().to_owned();
    for seq in 1..=3 {
        world.hub.publish("mic", state(&seq.to_string()));
    }
    let mut client = world.client(&format!("?since={first}:100")).await;
    let messages = until(&mut client, |message| message["epoch"] == *now && message["seq"] == 3).await;
    assert_eq!(seqs(&messages, &first), (101..=300).collect::<Vec<_>>());
    assert_eq!(seqs(&messages, &second), [1, 2, 3, 4, 5]);
    assert_eq!(seqs(&messages, &now), [1, 2, 3]);
    let gaps: Vec<_> = messages.iter().filter(|message| message["type"] == "gap").collect();
    let told = |epoch: &str, last: u64, next: &str| {
        json!({
            "type": "gap", "v": 1, "epoch": epoch, "from_seq": last + 1, "to_seq": last,
            "reason": "restart", "complete": true, "next_epoch": next,
        })
    };
    assert_eq!(gaps, [&told(&first, 300, &second), &told(&second, 5, &now)]);
    // And then what is live.
    world.hub.publish("mic", state("4"));
    assert_eq!(client.seqs(1).await, [4]);
    world.end().await;
}

#[tokio::test]
async fn filters_hold_for_the_past() {
    let folder = TempDir::new().expect("a folder");
    let first = past(&folder, 200).await;
    let world = start(&folder).await;
    let query = format!("?since={first}:50&sources=mic&types=genre.window&min_p=0.4&top_k=1");
    let mut client = world.client(&query).await;
    let messages = until(&mut client, |message| message["type"] == "gap").await;
    let expected: Vec<u64> = (51..=200).filter(|seq| seq % 2 == 0 && seq % 3 != 0 && *seq >= 100).collect();
    assert_eq!(seqs(&messages, &first), expected);
    let windows = messages.iter().filter(|message| message["type"] == "genre.window");
    assert!(windows.into_iter().all(|window| window["top"].as_array().map(Vec::len) == Some(1)));
    world.end().await;
}

#[tokio::test]
async fn an_event_source_gets_ids_of_the_epoch_it_is_in() {
    let folder = TempDir::new().expect("a folder");
    let first = past(&folder, 10).await;
    let world = start(&folder).await;
    world.hub.publish("mic", state("1"));
    let mut stream = EventStream::greeted(&world, "", Some(format!("{first}:7"))).await;
    let mut ids = Vec::new();
    while ids.last() != Some(&format!("{}:1", world.hub.epoch())) {
        ids.extend(stream.block().await.expect("goes on").id);
    }
    // A heartbeat tells the same place once more.
    ids.dedup();
    let now = world.hub.epoch();
    assert_eq!(
        ids,
        [
            format!("{first}:8"),
            format!("{first}:9"),
            format!("{first}:10"),
            format!("{now}:0"),
            format!("{now}:1")
        ]
    );
    // From the place between the two it goes on with the first.
    let mut stream = EventStream::greeted(&world, "", Some(format!("{now}:0"))).await;
    assert_eq!(stream.block().await.expect("goes on").id, Some(format!("{now}:1")));
}

#[tokio::test]
async fn an_epoch_that_nobody_knows_still_gets_gap_snapshot_live() {
    let folder = TempDir::new().expect("a folder");
    past(&folder, 10).await;
    let world = start(&folder).await;
    world.hub.publish("mic", state("1"));
    let mut client = world.client("?since=01ARZ3NDEKTSV4RRFFQ69G5FAV:7").await;
    let gap = client.heard().await;
    assert_eq!((&gap["reason"], &gap["epoch"]), (&json!("unknown_epoch"), &json!(world.hub.epoch())));
    assert_eq!(client.heard().await["type"], "snapshot");
    world.hub.publish("mic", state("2"));
    assert_eq!(client.seqs(1).await, [2]);
    world.end().await;
}

#[tokio::test]
async fn a_cursor_beyond_what_was_recorded_goes_on_with_the_next_run() {
    let folder = TempDir::new().expect("a folder");
    let first = past(&folder, 10).await;
    let world = start(&folder).await;
    world.hub.publish("mic", state("1"));
    let mut client = world.client(&format!("?since={first}:12")).await;
    let gap = client.heard().await;
    assert_eq!(
        (&gap["reason"], &gap["from_seq"], &gap["to_seq"]),
        (&json!("restart"), &json!(11), &json!(10))
    );
    assert_eq!(client.seqs(1).await, [1]);
    world.end().await;
}

#[tokio::test]
async fn the_end_of_the_daemon_does_not_wait_for_a_replay() {
    let folder = TempDir::new().expect("a folder");
    let first = past(&folder, 4_000).await;
    let world = start(&folder).await;
    let mut client = world.client(&format!("?since={first}:0")).await;
    client.heard().await;
    world.stop.send_replace(true);
    assert_eq!(client.close_code().await, 1001);
    world.end().await;
}
