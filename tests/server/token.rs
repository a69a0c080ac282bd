//! A server that asks for tokens: who is let in, how, to what, and what happens when a token is taken back.
//! Touch it when a path opens or closes, or a client may show its token otherwise.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use genrecast::server::{TokenFile, Tokens};
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::events::window;
use super::world::{Client, PATIENCE, World};

pub const ALL: &str = "token-that-opens-everything";
pub const EVENTS: &str = "token-that-opens-events-only";
const UPLOAD: &str = "token-that-opens-uploads-only";

pub fn tokens(text: &str) -> Option<Tokens> {
    let place = temp_dir::TempDir::new().expect("a folder");
    let path = place.path().join("tokens");
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("set");
    Some(TokenFile::read(&path).expect("sound").tokens)
}

async fn world() -> World {
    World::with(10, |settings| {
        settings.live.tokens = tokens(&format!("{ALL}\nlive events {EVENTS}\nci upload {UPLOAD}\n"));
        settings.live.max_clients = 2;
        settings.fixed.auth_limit = Duration::from_millis(200);
    })
    .await
}

/// Status and whole answer, headers in lower case.
async fn ask(world: &World, path: &str, more: &str) -> (u16, String) {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{more}Connection: close\r\n\r\n", world.at);
    let (status, answer) = world.answer(&head).await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    (status, format!("{}\r\n\r\n{body}", head.to_lowercase()))
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Connects with a token in the header; else the status that it got.
async fn connect(world: &World, token: &str) -> Result<Client, u16> {
    let mut request = format!("ws://{}/v1/events", world.at).into_client_request().expect("a request");
    request.headers_mut().insert("Authorization", format!("Bearer {token}").parse().expect("a value"));
    match connect_async(request).await {
        Ok((socket, _)) => Ok(Client(socket)),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn everything_but_the_page_and_livez_asks_for_a_token() {
    let world = world().await;
    for path in ["/v1/now", "/v1/sources", "/v1/history", "/readyz", "/healthz", "/nowhere", "/v1/classify/x"]
    {
        let (status, answer) = ask(&world, path, "").await;
        assert_eq!(status, 401, "{path}");
        assert!(answer.contains("www-authenticate: bearer\r\n"), "{answer}");
        assert!(
            answer.contains(r#""code":"unauthenticated""#) && answer.contains("--token-file"),
            "{answer}"
        );
        let (status, answer) = ask(&world, path, &bearer("token-that-opens-everythinG")).await;
        assert_eq!(status, 401, "{path}");
        assert!(answer.contains("www-authenticate: bearer error=\"invalid_token\"\r\n"), "{answer}");
        assert_ne!(ask(&world, path, &bearer(ALL)).await.0, 401, "{path}");
    }
    for (path, status) in [("/", 200), ("/livez", 200), ("/assets/none.js", 404)] {
        assert_eq!(ask(&world, path, "").await.0, status, "{path}");
    }
    // Never in an address, and never by another scheme.
    let asked = [format!("/v1/now?token={ALL}"), format!("/v1/now?access_token={ALL}")];
    for path in &asked {
        assert_eq!(ask(&world, path, "").await.0, 401);
    }
    assert_eq!(ask(&world, "/v1/now", &format!("Authorization: Basic {ALL}\r\n")).await.0, 401);
    let sse = "Accept: text/event-stream\r\n";
    assert_eq!(ask(&world, "/v1/events", sse).await.0, 401);
}

#[tokio::test]
async fn whoever_sends_a_file_without_a_token_can_read_why_it_is_refused() {
    let world = world().await;
    let size = 4 << 20;
    let head = format!(
        "POST /v1/classify HTTP/1.1\r\nHost: {}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n",
        world.at
    );
    let (status, answer) = world.answer(&(head + &"x".repeat(size))).await;
    assert_eq!(status, 401, "{answer}");
}

#[tokio::test]
async fn a_token_opens_its_scopes_and_nothing_else() {
    let world = world().await;
    for (path, token, status) in [
        ("/v1/now", EVENTS, 200),
        ("/healthz", EVENTS, 200),
        ("/v1/history", EVENTS, 403),
        ("/v1/classify/x", EVENTS, 403),
        ("/v1/now", UPLOAD, 403),
        ("/healthz", UPLOAD, 200),
        // There is no history here, but it may be asked for.
        ("/v1/history", ALL, 404),
    ] {
        let (got, answer) = ask(&world, path, &bearer(token)).await;
        assert_eq!(got, status, "{path} {token}");
        if status == 403 {
            assert!(
                answer.contains("insufficient_scope") && answer.contains(r#""code":"forbidden""#),
                "{answer}"
            );
        }
    }
    assert_eq!(connect(&world, UPLOAD).await.err(), Some(403));
    let mut client = world.stranger("").await;
    client.say(json!({"type": "auth", "token": UPLOAD})).await;
    assert_eq!(client.next().await["scopes"], json!(["upload"]));
    assert_eq!(client.next().await["code"], "forbidden");
    assert_eq!(client.close_code().await, 4403);
}

#[tokio::test]
async fn a_websocket_shows_its_token_in_the_header_or_first_of_all() {
    let world = world().await;
    assert_eq!(connect(&world, ALL).await.expect("let in").next().await["type"], "hello");
    assert_eq!(connect(&world, "token-that-opens-nothing").await.err(), Some(401));

    let mut client = world.stranger(&format!("?since={}:0", world.hub.epoch())).await;
    world.hub.publish("mic", window(0.5));
    client.say(json!({"type": "auth", "token": EVENTS})).await;
    let auth = client.next().await;
    assert_eq!(
        (&auth["type"], &auth["required"], &auth["scopes"]),
        (&json!("auth"), &json!(true), &json!(["events"]))
    );
    assert_eq!(client.next().await["type"], "hello");
    assert_eq!(client.seqs(1).await, [1]);
    // Once more is fine, a wrong one is not.
    client.say(json!({"type": "auth", "token": ALL})).await;
    assert_eq!(client.heard().await["scopes"], json!(["events", "history", "upload", "metrics"]));
    client.say(json!({"type": "auth", "token": "token-that-opens-nothing"})).await;
    assert_eq!(client.heard().await["code"], "unauthenticated");
    assert_eq!(client.close_code().await, 4401);
}

#[tokio::test]
async fn another_token_must_open_what_the_first_did() {
    let world = world().await;
    let mut client = connect(&world, EVENTS).await.expect("let in");
    assert_eq!(client.next().await["type"], "hello");
    client.say(json!({"type": "auth", "token": UPLOAD})).await;
    assert_eq!(client.heard().await["scopes"], json!(["upload"]));
    assert_eq!(client.heard().await["code"], "forbidden");
    assert_eq!(client.close_code().await, 4403);
}

#[tokio::test]
async fn the_health_of_sources_is_for_tokens_that_open_events() {
    let world = world().await;
    for (token, told) in [(EVENTS, true), (ALL, true), (UPLOAD, false)] {
        let (status, answer) = ask(&world, "/healthz", &bearer(token)).await;
        assert_eq!((status, answer.contains(r#""sources":"#)), (200, told), "{token}");
    }
}

#[tokio::test]
async fn without_a_good_token_in_time_nothing_is_told() {
    let world = world().await;
    for first in [
        json!({"type": "auth", "token": "token-that-opens-nothing"}),
        json!({"type": "auth", "token": 7}),
        json!({"type": "auth"}),
        json!({"type": "subscribe"}),
        json!([ALL]),
    ] {
        let mut client = world.stranger("").await;
        client.say(first.clone()).await;
        let error = client.next().await;
        assert_eq!((&error["code"], &error["fatal"]), (&json!("unauthenticated"), &json!(true)), "{first}");
        assert_eq!(client.close_code().await, 4401, "{first}");
    }
    let mut silent = world.stranger("?types=genre.window").await;
    assert_eq!(silent.next().await["code"], "auth_timeout");
    assert_eq!(silent.close_code().await, 4408);
}

#[tokio::test]
async fn whoever_has_shown_nothing_takes_nobodys_seat() {
    let world = world().await;
    let _strangers = [world.stranger("").await, world.stranger("").await, world.stranger("").await];
    for _ in 0..2 {
        assert_eq!(connect(&world, ALL).await.expect("let in").next().await["type"], "hello");
    }
}

#[tokio::test]
async fn a_token_taken_back_cuts_off_whoever_came_by_it_and_nobody_else() {
    let world = world().await;
    let (mut gone, mut stays) =
        (connect(&world, EVENTS).await.expect("in"), connect(&world, ALL).await.expect("in"));
    assert_eq!((&gone.next().await["type"], &stays.next().await["type"]), (&json!("hello"), &json!("hello")));
    world.set_live(|live| live.tokens = tokens(&format!("me all {ALL}x\n{ALL}\n")));
    assert_eq!(gone.close_code().await, 4401);
    stays.say(json!({"type": "ping"})).await;
    assert_eq!(stays.heard().await["type"], "pong");
    assert_eq!(connect(&world, EVENTS).await.err(), Some(401));

    drop((gone, stays));
    // A stream that nobody was asked a token for ends when one is asked for.
    world.set_live(|live| live.tokens = None);
    while world.get("/healthz").await.1["server"]["clients"] != 0 {}
    let sse = "Accept: text/event-stream\r\n";
    let open = timeout(PATIENCE, async {
        let (answer, ()) = tokio::join!(ask(&world, "/v1/events", sse), async {
            let mut plain = world.stranger("").await;
            assert_eq!(plain.next().await["type"], "hello");
            while world.get("/healthz").await.1["server"]["clients"] != 2 {}
            world.set_live(|live| live.tokens = tokens(ALL));
            assert_eq!(plain.close_code().await, 4401);
        });
        answer
    });
    let (status, stream) = open.await.expect("it ends");
    assert!(status == 200 && stream.contains("event: hello"), "{stream}");
}

#[tokio::test]
async fn a_listed_origin_may_send_a_token_and_read_the_refusal() {
    let world = World::with(10, |settings| {
        settings.live.tokens = tokens(ALL);
        settings.live.allow_origins = vec!["https://radio.example.org".into()];
    })
    .await;
    let origin = "Origin: https://radio.example.org\r\n";
    let (status, answer) = ask(&world, "/v1/now", origin).await;
    assert_eq!(status, 401);
    assert!(answer.contains("access-control-allow-origin: https://radio.example.org\r\n"), "{answer}");
    let preflight = format!(
        "OPTIONS /v1/now HTTP/1.1\r\nHost: {}\r\n{origin}Access-Control-Request-Method: GET\r\n\
         Access-Control-Request-Headers: authorization\r\nConnection: close\r\n\r\n",
        world.at
    );
    let (status, head) = world.head(&preflight).await;
    assert!(status == 200 && head.contains("authorization"), "{head}");
}
