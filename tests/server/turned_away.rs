//! Whoever is turned away is counted by the reason, and what TLS shows is told, in `/metrics`. Touch it when somebody is
//! turned away for another one.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::token::{ALL, EVENTS, tokens};
use super::world::{PATIENCE, World};

/// Waits until so many are counted.
async fn counted(world: &World, sample: &str, expected: u32) {
    let head = format!(
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ALL}\r\nConnection: close\r\n\r\n"
    );
    let wanted = format!("genrecast_{sample} {expected}");
    let told = async {
        while !world.answer(&head).await.1.lines().any(|line| line == wanted) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let Err(_) = timeout(PATIENCE, told).await else { return };
    panic!("no {wanted:?} in {}", world.answer(&head).await.1);
}

#[tokio::test]
async fn requests_that_are_refused_are_counted_by_the_reason() {
    let world = World::with(10, |settings| {
        settings.live.tokens = tokens(&format!("{ALL}\nlive events {EVENTS}\n"));
        settings.fixed.auth_limit = Duration::from_millis(100);
    })
    .await;
    let ask = async |path: &str, more: &str| {
        let head = format!("GET {path} HTTP/1.1\r\n{more}\r\nConnection: close\r\n\r\n");
        world.answer(&head).await.0
    };
    assert_eq!(ask("/v1/now", "Host: evil.example").await, 403);
    assert_eq!(ask("/livez", "Host: localhost\r\nOrigin: http://evil.example").await, 403);
    counted(&world, r#"requests_refused_total{reason="foreign_origin"}"#, 2).await;
    assert_eq!(ask("/v1/now", "Host: localhost").await, 401);
    assert_eq!(ask("/v1/now", "Host: localhost\r\nAuthorization: Bearer wrong").await, 401);
    counted(&world, r#"requests_refused_total{reason="unauthenticated"}"#, 2).await;
    let path = "/v1/history";
    assert_eq!(ask(path, &format!("Host: localhost\r\nAuthorization: Bearer {EVENTS}")).await, 403);
    counted(&world, r#"requests_refused_total{reason="forbidden"}"#, 1).await;
    // A WebSocket whose first message, the token, never comes.
    let url = format!("ws://{}/v1/events", world.at);
    let (mut silent, _) = tokio_tungstenite::connect_async(url).await.expect("let in, to show its token");
    timeout(PATIENCE, async { while let Some(Ok(_)) = silent.next().await {} }).await.expect("closed");
    counted(&world, r#"requests_refused_total{reason="unauthenticated"}"#, 3).await;
    world.end().await;
}

#[tokio::test]
async fn connections_that_are_turned_away_are_counted_by_the_reason() {
    let world = World::with(10, |settings| {
        settings.live.tokens = tokens(&format!("{ALL}\n"));
        settings.fixed.header_timeout = Duration::from_millis(200);
    })
    .await;
    let mut slow = TcpStream::connect(world.at).await.expect("connects");
    slow.write_all(b"GET / HTTP/1.1\r\nX: ").await.expect("sent");
    timeout(PATIENCE, slow.read_to_end(&mut Vec::new())).await.expect("in time").expect("closed");
    counted(&world, r#"connections_refused_total{reason="too_slow"}"#, 1).await;
    for (change, reason) in [((0, 9), "no_room"), ((9, 0), "no_room_for_address")] {
        world.set_live(|live| (live.max_connections, live.max_connections_per_address) = change);
        // What was set holds within a moment.
        let refused = async {
            while !matches!(
                world.answer("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.0,
                429 | 503
            ) {}
        };
        timeout(PATIENCE, refused).await.expect("no room");
        world.set_live(|live| (live.max_connections, live.max_connections_per_address) = (9, 9));
        let taken = async {
            while world.answer("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.0
                != 200
            {}
        };
        timeout(PATIENCE, taken).await.expect("room again");
        let metrics = world.answer(&format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ALL}\r\nConnection: close\r\n\r\n")).await.1;
        let count =
            metrics.split(&format!("genrecast_connections_refused_total{{reason=\"{reason}\"}} ")).nth(1);
        let count: u32 = count.and_then(|rest| rest.lines().next()).expect("told").parse().expect("a number");
        assert!(count >= 1, "{reason}");
    }
    world.end().await;
}
