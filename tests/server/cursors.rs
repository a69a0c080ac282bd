//! Where a subscriber begins: without cursor, too old, from the future, of another epoch, kept alive by heartbeats.
//! Touch it when the rules of `since` change.

use std::time::Duration;

use serde_json::{Value, json};

use super::events::{state, window};
use super::world::World;

fn publish(world: &World, seq: u64) {
    assert_eq!(world.hub.publish("mic", state(&seq.to_string())), seq);
}

#[tokio::test]
async fn without_since_a_snapshot_and_then_what_is_live() {
    let world = World::start().await;
    publish(&world, 1);
    world.hub.publish("radio", window(0.9));
    let mut client = world.client("?sources=radio&top_k=1").await;
    let snapshot = client.next().await;
    assert_eq!((&snapshot["type"], &snapshot["seq"]), (&json!("snapshot"), &json!(2)));
    let sources = snapshot["sources"].as_array().expect("a list");
    assert_eq!(sources.len(), 1);
    assert_eq!(sources[0]["window"]["seq"], 2);
    assert_eq!(sources[0]["window"]["top"].as_array().map(Vec::len), Some(1));
    world.hub.publish("mic", window(0.9));
    world.hub.publish("radio", window(0.9));
    assert_eq!(client.seqs(1).await, [4]);
}

#[tokio::test]
async fn too_old_a_cursor_gets_a_gap_and_what_is_kept() {
    let world = World::with(5, |_| {}).await;
    (1..=20).for_each(|seq| publish(&world, seq));
    for (seq, from) in [(0, 1), (3, 4)] {
        let mut client = world.client(&format!("?since={}:{seq}", world.hub.epoch())).await;
        let gap = client.next().await;
        assert_eq!(gap["type"], "gap");
        assert_eq!((&gap["from_seq"], &gap["to_seq"]), (&json!(from), &json!(15)));
        assert_eq!(client.seqs(5).await, [16, 17, 18, 19, 20]);
    }
}

#[tokio::test]
async fn a_future_cursor_is_an_error_and_the_connection_stays() {
    let world = World::start().await;
    publish(&world, 1);
    let epoch = world.hub.epoch();
    let mut client = world.client(&format!("?since={epoch}:2")).await;
    let error = client.next().await;
    assert_eq!((&error["code"], &error["fatal"]), (&json!("future_cursor"), &json!(false)));
    publish(&world, 2);
    client.say(json!({"type": "ping"})).await;
    let pong = client.next().await;
    assert_eq!((&pong["type"], &pong["cursor"]), (&json!("pong"), &Value::Null), "not subscribed");
    client.say(json!({"type": "subscribe", "since": format!("{epoch}:1")})).await;
    assert_eq!(client.seqs(1).await, [2]);
}

#[tokio::test]
async fn an_unknown_epoch_gets_gap_snapshot_live() {
    let world = World::start().await;
    publish(&world, 1);
    publish(&world, 2);
    let mut client = world.client("?since=01ARZ3NDEKTSV4RRFFQ69G5FAV:7").await;
    let gap = client.next().await;
    assert_eq!(gap["reason"], "unknown_epoch");
    assert_eq!((&gap["from_seq"], &gap["to_seq"]), (&json!(1), &json!(2)));
    let snapshot = client.next().await;
    assert_eq!((&snapshot["type"], &snapshot["seq"]), (&json!("snapshot"), &json!(2)));
    publish(&world, 3);
    assert_eq!(client.seqs(1).await, [3]);
}

#[tokio::test]
async fn the_heartbeats_cursor_keeps_a_filtered_client_from_ageing_out() {
    let world = World::with(3, |settings| settings.live.heartbeat = Duration::from_millis(20)).await;
    let query = format!("?sources=nobody&since={}", world.hub.epoch());
    let mut client = world.client(&format!("{query}:0")).await;
    let mut cursor = 0;
    for seq in 1..=50 {
        publish(&world, seq);
        if seq % 3 == 0 {
            while cursor < seq {
                let heartbeat = client.next().await;
                assert_eq!(heartbeat["type"], "heartbeat");
                cursor = heartbeat["cursor"].as_u64().expect("a cursor");
            }
        }
    }
    drop(client);
    let mut client = world.client(&format!("{query}:{cursor}")).await;
    let next = client.next().await;
    assert_eq!(next["type"], "heartbeat", "no gap: {next}");
    assert_eq!(next["cursor"], 50);
}
