//! What changes while the server serves: sources, limits, heartbeats, who is let in. Nobody is cut off for it.
//! Touch it when another setting may change at run time.

use std::time::Duration;

use genrecast::hub::HubLimits;
use serde_json::json;
use tokio::time::timeout;

use super::events::{state, window};
use super::world::World;

#[tokio::test]
async fn hello_names_the_sources_of_this_moment() {
    let world = World::start().await;
    assert_eq!(world.stranger("").await.next().await["sources"], json!(["mic", "radio"]));
    *world.sources.0.lock().expect("not poisoned") = vec!["radio", "file"];
    assert_eq!(world.stranger("").await.next().await["sources"], json!(["radio", "file"]));
}

#[tokio::test]
async fn fewer_clients_refuse_new_ones_and_keep_the_old() {
    let world = World::with(10, |settings| settings.live.max_clients = 3).await;
    let query = format!("?since={}:0", world.hub.epoch());
    let mut clients =
        vec![world.client(&query).await, world.client(&query).await, world.client(&query).await];
    world.set_live(|live| live.max_clients = 1);
    assert_eq!(world.stranger("").await.next().await["code"], "full");
    world.hub.publish("mic", window(0.5));
    for client in &mut clients {
        assert_eq!(client.seqs(1).await, [1]);
    }
    world.set_live(|live| live.max_clients = 4);
    assert_eq!(world.stranger("").await.next().await["limits"]["clients"], 4);
}

#[tokio::test]
async fn another_heartbeat_holds_from_the_next_one_on() {
    let world = World::with(10, |settings| settings.live.heartbeat = Duration::from_millis(20)).await;
    let mut old = world.client("").await;
    world.set_live(|live| live.heartbeat = Duration::from_secs(3600));
    // Those on the way and the one that was due still come, then none for an hour.
    let mut came = 0;
    while timeout(Duration::from_millis(300), old.text()).await.is_ok() {
        came += 1;
        assert!(came < 1_000, "heartbeats go on");
    }
    assert!(came >= 1, "the one that was due comes");
    assert_eq!(world.stranger("").await.next().await["limits"]["heartbeat_s"], 3600.0);
}

#[tokio::test]
async fn an_origin_is_let_in_from_the_next_request_on() {
    let world = World::start().await;
    let head = format!(
        "GET /v1/now HTTP/1.1\r\nHost: {}\r\nOrigin: https://radio.example.org\r\nConnection: close\r\n\r\n",
        world.at
    );
    assert_eq!(world.http(&head).await.0, 403);
    world.set_live(|live| live.allow_origins = vec!["https://radio.example.org".into()]);
    assert_eq!(world.http(&head).await.0, 200);
}

#[tokio::test]
async fn a_smaller_log_is_smaller_at_once_and_subscribers_go_on() {
    let world = World::with(1_000, |_| {}).await;
    let since = format!("?since={}:0", world.hub.epoch());
    let mut early = world.client(&since).await;
    for seq in 1..=100 {
        world.hub.publish("mic", state(&seq.to_string()));
    }
    assert_eq!(early.seqs(100).await.last(), Some(&100));
    let before = world.hub.bytes();
    world.hub.set_limits(HubLimits { events: 10, bytes: 64 << 20 });
    assert_eq!((world.hub.oldest(), world.hub.latest()), (91, 100));
    assert!(world.hub.bytes() * 8 < before, "{} of {before} bytes", world.hub.bytes());
    world.hub.publish("mic", state("on"));
    assert_eq!(early.seqs(1).await, [101]);
    let mut late = world.client(&since).await;
    assert_eq!(late.next().await["to_seq"], 91);
    assert_eq!(late.seqs(10).await.last(), Some(&101));
    let hello = world.stranger("").await.next().await;
    assert_eq!(hello["limits"]["log_events"], 10);
}

#[tokio::test]
async fn a_source_that_is_forgotten_is_in_no_snapshot() {
    let world = World::start().await;
    world.hub.publish("mic", state("here"));
    world.hub.publish("radio", state("gone"));
    world.hub.forget("radio");
    let snapshot = world.client("?top_k=1").await.next().await;
    assert_eq!(snapshot["sources"].as_array().map(Vec::len), Some(1));
    assert_eq!(snapshot["sources"][0]["source"], "mic");
    let mut client = world.client(&format!("?since={}:0", world.hub.epoch())).await;
    assert_eq!(client.seqs(2).await, [1, 2], "its events stay");
}
