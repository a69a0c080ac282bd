//! Clients that misbehave, and the end: close codes, refusals, limits.
//! Touch it when there is a new reason to refuse or to close.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::events::{state, window};
use super::world::{PATIENCE, World};

#[tokio::test]
async fn binary_is_closed_with_1003_and_too_big_with_1009() {
    let world = World::start().await;
    let mut client = world.client("").await;
    client.send(Message::binary(vec![1, 2])).await;
    assert_eq!(client.next().await["fatal"], true);
    assert_eq!(client.close_code().await, 1003);

    let mut client = world.client("").await;
    client.send(Message::text(" ".repeat(64 * 1024 - 2) + "{}")).await;
    assert_eq!(client.next().await["code"], "bad_message", "64 KiB are taken");
    assert_eq!(client.close_code().await, 4400);

    // Much bigger than all buffers on the way: the close frame must reach a client that is still sending.
    let mut client = world.client("").await;
    let big = Message::text("x".repeat(16 << 20));
    let _ = timeout(PATIENCE, futures_util::SinkExt::send(&mut client.0, big)).await;
    assert_eq!(client.close_code().await, 1009);
}

#[tokio::test]
async fn text_that_is_not_utf8_is_closed_with_1007() {
    let world = World::start().await;
    let mut client = world.client("").await;
    let frame = Frame::message(vec![0xC3, 0x28], OpCode::Data(Data::Text), true);
    client.send(Message::Frame(frame)).await;
    assert_eq!(client.close_code().await, 1007);
}

#[tokio::test]
async fn a_bad_message_is_explained_and_closed_with_4400() {
    let world = World::start().await;
    for (message, says) in [
        (json!({"type": "subscribe", "top_k": "5"}), "top_k must be a whole number"),
        (json!({"type": "subscribe", "types": ["genre.guess"]}), "source.gap"),
        (json!({"type": "dance"}), "subscribe, unsubscribe, ping or auth"),
    ] {
        let mut client = world.client("").await;
        client.say(message).await;
        let error = client.next().await;
        assert_eq!((&error["type"], &error["fatal"]), (&json!("error"), &json!(true)));
        assert!(error["message"].as_str().expect("text").contains(says), "{error}");
        assert_eq!(client.close_code().await, 4400);
    }
}

#[tokio::test]
async fn foreign_hosts_and_origins_get_403_before_the_upgrade() {
    let world = World::with(10, |settings| {
        settings.live.public_url = Some("https://genre.example.org".into());
    })
    .await;
    let local = world.at;
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for headers in [
        "Host: evil.example\r\n".to_owned(),
        format!("Host: {local}\r\nOrigin: http://evil.example\r\n"),
        format!("Host: {local}\r\nOrigin: null\r\n"),
        "Host: evil.example:80\r\nOrigin: http://evil.example:80\r\n".to_owned(),
        String::new(),
    ] {
        for path in ["/v1/events", "/v1/now"] {
            let head = format!("GET {path} HTTP/1.1\r\n{headers}{upgrade}\r\n");
            let head = head.replace("Connection: Upgrade", "Connection: close, Upgrade");
            let (status, body) = world.http(&head).await;
            assert_eq!(status, 403, "{headers}");
            assert!(body.contains(r#""code":"foreign_origin""#), "{body}");
        }
    }
    for headers in [
        format!("Host: {local}\r\nOrigin: http://localhost:3000\r\n"),
        "Host: genre.example.org\r\nOrigin: https://genre.example.org\r\n".to_owned(),
    ] {
        let mut stream = TcpStream::connect(local).await.expect("connects");
        let head = format!("GET /v1/events HTTP/1.1\r\n{headers}{upgrade}\r\n");
        stream.write_all(head.as_bytes()).await.expect("writes");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.expect("answers");
        assert_eq!(&answer, b"HTTP/1.1 101", "{headers}");
    }
}

#[tokio::test]
async fn one_client_too_many_is_closed_with_1013() {
    let world = World::with(10, |settings| settings.live.max_clients = 2).await;
    let first = world.client("").await;
    let _second = world.client("").await;
    let mut third = world.stranger("").await;
    let error = third.next().await;
    assert_eq!((&error["code"], &error["fatal"]), (&json!("full"), &json!(true)));
    assert_eq!(third.close_code().await, 1013);
    // When one has left there is room again, as soon as the server has noticed.
    drop(first);
    loop {
        if world.stranger("").await.next().await["type"] == "hello" {
            break;
        }
    }
}

/// A subscriber that has not read anything yet.
async fn deaf(world: &World) -> TcpStream {
    let mut deaf = TcpStream::connect(world.at).await.expect("connects");
    let head = format!(
        "GET /v1/events?since={}:0 HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        world.hub.epoch(),
        world.at
    );
    deaf.write_all(head.as_bytes()).await.expect("writes");
    deaf
}

#[tokio::test]
async fn a_client_that_never_reads_again_makes_room_in_the_end() {
    let world = World::with(4_000, |settings| {
        settings.live.max_clients = 1;
        settings.fixed.stall_limit = Duration::from_millis(300);
    })
    .await;
    let mut deaf = deaf(&world).await;
    // It has its place as soon as the handshake is answered.
    deaf.read_exact(&mut [0; 12]).await.expect("answers");
    let long = "x".repeat(8_000);
    for _ in 0..4_000 {
        world.hub.publish("mic", state(&long));
    }
    assert_eq!(world.stranger("").await.next().await["code"], "full");
    let freed = async { while world.stranger("").await.next().await["type"] != "hello" {} };
    timeout(PATIENCE, freed).await.expect("its place is free again");
    // What had been written is still there, far less than was published; then it ends.
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, deaf.read_to_end(&mut rest)).await.expect("the connection ended");
    assert!(rest.len() < 4_000 * long.len(), "{}", rest.len());
    world.end().await;
}

#[tokio::test]
async fn a_client_that_never_reads_delays_nobody_and_ends_too() {
    let world = World::with(2_000, |_| {}).await;
    let deaf = deaf(&world).await;
    let mut client = world.client(&format!("?since={}:0", world.hub.epoch())).await;
    let long = "x".repeat(8_000);
    let mut served = 0;
    for _ in 0..40 {
        for _ in 0..50 {
            world.hub.publish("mic", state(&long));
        }
        served = *client.seqs(50).await.last().expect("some");
    }
    // 16 MB went past: far more than the sockets hold for the deaf one.
    assert_eq!(served, 2_000);
    world.hub.publish("mic", window(0.5));
    assert_eq!(client.seqs(1).await, [2_001]);
    let since = Instant::now();
    tokio::join!(world.end(), async { assert_eq!(client.close_code().await, 1001) });
    assert!(since.elapsed() < Duration::from_millis(1_500), "{:?}", since.elapsed());
    drop(deaf);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_shutdown_a_hundred_subscribers_get_everything_and_then_1001() {
    let world = World::start().await;
    let query = format!("?since={}:0", world.hub.epoch());
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(world.client(&query).await);
    }
    let idle = TcpStream::connect(world.at).await.expect("connects");
    for _ in 0..100 {
        world.hub.publish("mic", window(0.5));
    }
    let since = Instant::now();
    let clients = clients.into_iter().map(|mut client| {
        tokio::spawn(async move {
            let seqs = client.seqs(100).await;
            assert_eq!(seqs, (1..=100).collect::<Vec<_>>());
            assert_eq!(client.close_code().await, 1001);
            // Reading on lets the closing handshake end.
            assert!(client.0.next().await.is_none());
        })
    });
    let clients: Vec<_> = clients.collect();
    world.end().await;
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    for client in clients {
        client.await.expect("no panic");
    }
    drop(idle);
}

#[tokio::test]
async fn a_request_that_does_not_come_is_not_waited_for() {
    let world = World::with(10, |settings| settings.fixed.header_timeout = Duration::from_millis(100)).await;
    let mut slow = TcpStream::connect(world.at).await.expect("connects");
    slow.write_all(b"GET / HTTP/1.1\r\nHost: lo").await.expect("writes");
    let mut rest = Vec::new();
    let read = timeout(PATIENCE, slow.read_to_end(&mut rest)).await;
    assert!(read.is_ok(), "the connection must be closed");
}
