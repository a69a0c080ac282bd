//! Server-sent events: the form on the wire, where a stream begins, and what is said before it does.
//! Touch it when `GET /v1/events` answers otherwise to those who accept `text/event-stream`.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::event_stream::EventStream;
use super::events::{changed, state, window};
use super::world::{PATIENCE, World};

/// Asks for a stream with these headers; status and the whole answer, where it ends.
async fn answer(world: &World, query: &str, headers: &str) -> (u16, String) {
    let head =
        format!("GET /v1/events{query} HTTP/1.1\r\nHost: {}\r\n{headers}Connection: close\r\n\r\n", world.at);
    world.answer(&head).await
}

const SSE: &str = "Accept: text/event-stream\r\n";

#[tokio::test]
async fn an_event_is_the_websockets_frame_with_its_id() {
    let world = World::start().await;
    let epoch = world.hub.epoch().to_owned();
    let mut stream = EventStream::open(&world, "?top_k=2", None).await;
    for header in
        ["content-type: text/event-stream", "cache-control: no-store", "x-accel-buffering: no", "nosniff"]
    {
        assert!(stream.head.contains(header), "{}", stream.head);
    }
    assert!(!stream.head.contains("access-control"), "{}", stream.head);
    let hello = stream.block().await.expect("a hello");
    assert_eq!((hello.event.as_deref(), &hello.id), (Some("hello"), &None));
    assert!(hello.retry.is_some_and(|retry| retry.parse::<u32>().is_ok()));
    let snapshot = stream.block().await.expect("a snapshot");
    assert_eq!((snapshot.event.as_deref(), &snapshot.id), (Some("snapshot"), &None));
    let place = stream.block().await.expect("a place");
    assert_eq!((place.id, place.data), (Some(format!("{epoch}:0")), None));

    let mut socket = world.client(&format!("?top_k=2&since={epoch}:0")).await;
    world.hub.publish("mic", window(0.7));
    world.hub.publish("mic", changed());
    for (seq, kind) in [(1, "genre.window"), (2, "genre.changed")] {
        let block = stream.block().await.expect("an event");
        assert_eq!(block.id, Some(format!("{epoch}:{seq}")));
        assert_eq!(block.event.as_deref(), Some(kind));
        assert_eq!(block.data, Some(socket.text().await));
    }
}

#[tokio::test]
async fn without_a_filter_everything_comes_and_with_one_only_that() {
    let world = World::start().await;
    let mut all = EventStream::greeted(&world, "", None).await;
    let query = "?sources=radio,later&types=genre.window&min_p=0.6&top_k=1";
    let mut some = EventStream::open(&world, query, None).await;
    let hello = some.block().await.expect("a hello").json();
    assert_eq!(hello["unknown_sources"], json!(["later"]));
    assert_eq!(all.event().await.event.as_deref(), Some("snapshot"));
    assert_eq!(some.event().await.event.as_deref(), Some("snapshot"));
    world.hub.publish("radio", window(0.5));
    world.hub.publish("radio", state("not wanted"));
    world.hub.publish("mic", window(0.9));
    world.hub.publish("radio", window(0.9));
    for seq in 1..=4 {
        assert_eq!(all.event().await.json()["seq"], seq);
    }
    let only = some.event().await.json();
    assert_eq!((&only["seq"], only["top"].as_array().map(Vec::len)), (&json!(4), Some(1)));
}

#[tokio::test]
async fn the_last_event_id_wins_over_since() {
    let world = World::start().await;
    for seq in 1..=5 {
        world.hub.publish("mic", state(&seq.to_string()));
    }
    let epoch = world.hub.epoch();
    // As an EventSource does it: the URL stays the one it was made with.
    let query = format!("?since={epoch}:0");
    let mut stream = EventStream::greeted(&world, &query, None).await;
    for seq in 1..=3 {
        assert_eq!(stream.event().await.json()["seq"], seq);
    }
    let mut again = EventStream::greeted(&world, &query, stream.last_id.clone()).await;
    assert_eq!(again.event().await.json()["seq"], 4);
}

#[tokio::test]
async fn a_bare_id_keeps_a_filtered_client_from_ageing_out() {
    let world = World::with(3, |settings| settings.live.heartbeat = Duration::from_millis(20)).await;
    let query = format!("?sources=nobody&since={}:0", world.hub.epoch());
    let mut stream = EventStream::greeted(&world, &query, None).await;
    for seq in 1..=30 {
        world.hub.publish("mic", state(&seq.to_string()));
        let place = format!("{}:{seq}", world.hub.epoch());
        while stream.last_id.as_ref() != Some(&place) {
            let block = stream.block().await.expect("the stream goes on");
            assert!(block.id.is_some() && block.data.is_none() && block.event.is_none(), "{block:?}");
        }
    }
    let mut again = EventStream::greeted(&world, &query, stream.last_id.clone()).await;
    let next = again.block().await.expect("a heartbeat");
    assert_eq!((next.data, next.id), (None, stream.last_id), "no gap");
}

#[tokio::test]
async fn a_cursor_of_another_epoch_gets_gap_snapshot_live() {
    let world = World::start().await;
    world.hub.publish("mic", window(0.5));
    let mut stream = EventStream::greeted(&world, "", Some("01ARZ3NDEKTSV4RRFFQ69G5FAV:7".into())).await;
    let gap = stream.event().await;
    assert_eq!((gap.event.as_deref(), &gap.id), (Some("gap"), &None));
    assert_eq!(gap.json()["reason"], "unknown_epoch");
    assert_eq!(stream.event().await.json()["type"], "snapshot");
    world.hub.publish("mic", window(0.5));
    assert_eq!(stream.event().await.json()["seq"], 2);
}

#[tokio::test]
async fn what_cannot_be_is_refused_before_the_stream_begins() {
    let world = World::start().await;
    let epoch = world.hub.epoch();
    for (query, headers, status, code) in [
        // Any status but 200 keeps an EventSource from trying the same again for ever.
        (format!("?since={epoch}:1"), SSE.to_owned(), 409, "future_cursor"),
        (String::new(), format!("{SSE}Last-Event-ID: {epoch}:1\r\n"), 409, "future_cursor"),
        (String::new(), format!("{SSE}Last-Event-ID: 7\r\n"), 400, "bad_query"),
        ("?type=genre.changed".into(), SSE.to_owned(), 400, "bad_query"),
        ("?since=7".into(), SSE.to_owned(), 400, "bad_query"),
        (String::new(), String::new(), 426, "upgrade_required"),
        (String::new(), "Accept: */*\r\n".into(), 426, "upgrade_required"),
        (String::new(), "Accept: text/event-stream;q=0\r\n".into(), 426, "upgrade_required"),
    ] {
        let (got, answer) = answer(&world, &query, &headers).await;
        assert_eq!(got, status, "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let body: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(body["error"]["code"], code, "{answer}");
    }
    let (_, told) = answer(&world, "", "").await;
    assert!(told.contains("text/event-stream") && told.contains("ws://"), "{told}");
    let (_, told) = answer(&world, "?type=genre.changed", SSE).await;
    assert!(told.contains("did you mean \\\"types\\\""), "{told}");
    // Nobody of these holds a place.
    assert_eq!(world.get("/healthz").await.1["server"]["clients"], 0);
}

#[tokio::test]
async fn both_kinds_share_the_places_and_one_that_goes_is_noticed() {
    let world = World::with(10, |settings| settings.live.max_clients = 2).await;
    let _socket = world.client("").await;
    let stream = EventStream::greeted(&world, "", None).await;
    assert_eq!(world.stranger("").await.next().await["code"], "full");
    let (status, told) = answer(&world, "", SSE).await;
    assert_eq!(status, 503, "{told}");
    let told = told.to_lowercase();
    assert!(told.contains("retry-after: ") && told.contains(r#""code":"full""#), "{told}");
    // A stream that nobody reads any more is noticed at once, not at the next heartbeat.
    drop(stream);
    let freed = async { while world.get("/healthz").await.1["server"]["clients"] != 1 {} };
    timeout(PATIENCE / 2, freed).await.expect("its place is free");
}

#[tokio::test]
async fn a_stream_outlives_the_time_for_a_requests_head() {
    let world = World::with(10, |settings| {
        settings.fixed.header_timeout = Duration::from_millis(50);
        settings.live.heartbeat = Duration::from_millis(20);
    })
    .await;
    let mut stream = EventStream::greeted(&world, "", None).await;
    for _ in 0..20 {
        assert!(stream.block().await.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_shutdown_streams_get_the_rest_and_end() {
    let world = World::start().await;
    let query = format!("?since={}:0", world.hub.epoch());
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(EventStream::greeted(&world, &query, None).await);
    }
    for _ in 0..100 {
        world.hub.publish("mic", window(0.5));
    }
    let readers: Vec<_> = streams
        .into_iter()
        .map(|mut stream| {
            tokio::spawn(async move {
                let mut seqs = Vec::new();
                while let Some(block) = stream.block().await {
                    if block.data.is_some() {
                        seqs.push(block.json()["seq"].as_u64().expect("an event"));
                    }
                }
                assert_eq!(seqs, (1..=100).collect::<Vec<_>>());
            })
        })
        .collect();
    world.end().await;
    for reader in readers {
        reader.await.expect("no panic");
    }
}

#[tokio::test]
async fn a_stream_that_is_never_read_makes_room_in_the_end() {
    let world = World::with(4_000, |settings| {
        settings.live.max_clients = 1;
        settings.fixed.stall_limit = Duration::from_millis(300);
    })
    .await;
    let deaf = EventStream::open(&world, &format!("?since={}:0", world.hub.epoch()), None).await;
    let long = "x".repeat(8_000);
    for _ in 0..4_000 {
        world.hub.publish("mic", state(&long));
    }
    assert_eq!(answer(&world, "", SSE).await.0, 503);
    let freed = async { while world.get("/healthz").await.1["server"]["clients"] != 0 {} };
    timeout(PATIENCE, freed).await.expect("its place is free again");
    drop(deaf);
    world.end().await;
}
