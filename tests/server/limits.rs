//! Clients that want too much: connections, time for a head, headers, bodies, messages. Each is refused by itself, and nobody
//! else notices. Touch it when there is another limit of clients.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::events::window;
use super::world::{PATIENCE, World};

/// Connects from an address of this machine: 127.0.0.N.
async fn from(last: u8, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
    socket.bind(SocketAddr::new(address, 0)).expect("an address of this machine");
    socket.connect(to).await.expect("connects")
}

/// What comes until the end; a reset ends it, too.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("ends in time");
    String::from_utf8(answer).expect("text")
}

async fn asked(mut stream: TcpStream, head: &str) -> String {
    // Whoever is turned away may be gone already.
    let _ = stream.write_all(head.as_bytes()).await;
    rest(&mut stream).await
}

const LIVEZ: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn one_address_gets_429_when_it_has_enough_and_others_are_served() {
    let world = World::with(10, |settings| settings.live.max_connections_per_address = 5).await;
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(from(2, world.at).await);
    }
    for _ in 0..300 {
        let answer = asked(from(2, world.at).await, LIVEZ).await;
        // More at once than are waited for may lose the answer to the reset of their connection.
        assert!(
            answer.starts_with("HTTP/1.1 429 ") && answer.contains(r#""code":"too_many_connections""#),
            "{answer}"
        );
        assert!(answer.contains("Retry-After: 10\r\n"), "{answer}");
    }
    assert!(asked(from(3, world.at).await, LIVEZ).await.starts_with("HTTP/1.1 200 "));
    // Those that were there before are served, too, and leave room when they end.
    assert!(asked(held.pop().expect("one"), LIVEZ).await.starts_with("HTTP/1.1 200 "));
    let again = async { while !asked(from(2, world.at).await, LIVEZ).await.starts_with("HTTP/1.1 200 ") {} };
    timeout(PATIENCE, again).await.expect("there is room again");
    world.set_live(|live| live.max_connections_per_address = 100);
    assert!(asked(from(2, world.at).await, LIVEZ).await.starts_with("HTTP/1.1 200 "), "a raised limit holds");
    world.end().await;
}

#[tokio::test]
async fn all_together_get_503_when_there_is_no_room() {
    let world = World::with(10, |settings| settings.live.max_connections = 3).await;
    let mut held = Vec::new();
    for last in 2..5 {
        held.push(from(last, world.at).await);
    }
    let answer = asked(from(5, world.at).await, LIVEZ).await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains(r#""code":"too_many_connections""#),
        "{answer}"
    );
    held.pop();
    let again = async { while !asked(from(5, world.at).await, LIVEZ).await.starts_with("HTTP/1.1 200 ") {} };
    timeout(PATIENCE, again).await.expect("there is room again");
    world.end().await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_subscribers_are_counted_by_whom_it_names() {
    let world = World::with(10, |settings| {
        settings.live.max_connections_per_address = 2;
        settings.live.trusted_proxies = vec!["127.0.0.2".into()];
    })
    .await;
    let ask = |last: u8, named: &str| {
        let head = format!(
            "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nX-Forwarded-For: 1.2.3.4, {named}\r\n\r\n"
        );
        let at = world.at;
        async move {
            let mut stream = from(last, at).await;
            stream.write_all(head.as_bytes()).await.expect("sent");
            let mut status = [0; 12];
            timeout(PATIENCE, stream.read_exact(&mut status)).await.expect("in time").expect("answers");
            (String::from_utf8_lossy(&status).into_owned(), stream)
        }
    };
    let mut held = Vec::new();
    for named in ["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2"] {
        let (status, stream) = ask(2, named).await;
        assert_eq!(status, "HTTP/1.1 200");
        held.push(stream);
    }
    let (status, mut stream) = ask(2, "192.0.2.1").await;
    assert_eq!(status, "HTTP/1.1 503");
    let mut body = [0; 2000];
    let read = stream.read(&mut body).await.expect("more");
    assert!(String::from_utf8_lossy(&body[..read]).contains("server.max_connections_per_address"));
    // Nobody else is believed: whoever names others is counted by where it comes from.
    for named in ["192.0.2.7", "192.0.2.8"] {
        held.push(ask(3, named).await.1);
    }
    assert_eq!(ask(3, "192.0.2.9").await.0, "HTTP/1.1 429");
    drop(held);
    world.end().await;
}

#[tokio::test]
async fn a_head_must_come_in_time_as_a_whole() {
    let world = World::with(10, |settings| settings.fixed.header_timeout = Duration::from_millis(300)).await;
    let mut slow = TcpStream::connect(world.at).await.expect("connects");
    let since = Instant::now();
    let drip = async {
        slow.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ").await.expect("sent");
        // Each byte is early enough; all of them are not.
        while slow.write_all(b"x").await.is_ok() && since.elapsed() < Duration::from_millis(250) {
            sleep(Duration::from_millis(20)).await;
        }
        rest(&mut slow).await
    };
    let answer = drip.await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains(r#""code":"too_slow""#), "{answer}");
    let mut silent = TcpStream::connect(world.at).await.expect("connects");
    assert_eq!(rest(&mut silent).await, "", "who has said nothing waits for no answer");
    // Between requests of a connection the same time holds, and no second answer comes.
    let mut kept = TcpStream::connect(world.at).await.expect("connects");
    kept.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("sent");
    let answer = rest(&mut kept).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.contains("408"), "{answer}");
    world.end().await;
}

#[tokio::test]
async fn heads_without_end_get_431() {
    let world = World::start().await;
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}", "x".repeat(40_000));
    let many = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(101));
    for head in [&long, &many] {
        let answer = asked(TcpStream::connect(world.at).await.expect("connects"), head).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    let few = format!(
        "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\n",
        "X: y\r\n".repeat(90)
    );
    let answer = asked(TcpStream::connect(world.at).await.expect("connects"), &few).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    world.end().await;
}

#[tokio::test]
async fn a_body_that_nobody_wants_is_not_read() {
    let world = World::start().await;
    let mut stream = TcpStream::connect(world.at).await.expect("connects");
    let head = "GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut sent = 0;
    let send = async {
        // It ends when the server has closed.
        while stream.write_all(&[b'x'; 65_536]).await.is_ok() {
            sent += 65_536;
        }
    };
    timeout(PATIENCE, send).await.expect("the connection is closed");
    // What the sockets of both sides hold, and little more.
    assert!(sent < 32 << 20, "{sent} bytes were taken");
    world.end().await;
}

#[tokio::test]
async fn whoever_talks_without_end_is_closed_with_4429() {
    let world = World::start().await;
    let mut other = world.client("?types=genre.window").await;
    assert_eq!(other.next().await["type"], "snapshot");
    for flood in [Message::text(r#"{"type":"ping"}"#), Message::Ping(Bytes::new())] {
        let (mut say, mut hear) = world.client("").await.0.split();
        let talk = async { while say.send(flood.clone()).await.is_ok() {} };
        let listen = async {
            let mut told = String::new();
            loop {
                match hear.next().await {
                    Some(Ok(Message::Close(Some(frame)))) => return (told, u16::from(frame.code)),
                    Some(Ok(Message::Text(text))) if text.contains("error") => {
                        told = text.as_str().to_owned()
                    }
                    Some(Ok(_)) => {}
                    other => panic!("wanted a close frame, got {other:?}"),
                }
            }
        };
        let both = async {
            tokio::select! {
                heard = listen => heard,
                never = async { talk.await; std::future::pending::<std::convert::Infallible>().await } => match never {},
            }
        };
        let (told, code) = timeout(PATIENCE, both).await.expect("in time");
        assert!(told.contains(r#""code":"too_many_messages""#), "{told}");
        assert_eq!(code, 4429);
    }
    world.hub.publish("mic", window(0.5));
    assert_eq!(other.seqs(1).await, [1]);
    // Two hundred at once are fine.
    let mut eager = world.client("").await;
    for _ in 0..190 {
        eager.say(json!({"type": "ping"})).await;
    }
    for _ in 0..190 {
        assert_eq!(eager.next().await["type"], "pong");
    }
    world.end().await;
}
