//! The ordinary conversation and the plain HTTP paths.
//! Touch it when a message or a path is added.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::events::{changed, state, window};
use super::world::{Client, World};

#[tokio::test]
async fn hello_tells_what_a_client_needs() {
    let world = World::start().await;
    world.hub.publish("mic", window(0.5));
    let mut client = world.stranger("").await;
    let hello = client.next().await;
    assert_eq!(hello["type"], "hello");
    assert_eq!((&hello["v"], &hello["version"]), (&json!(1), &json!("0.0.0")));
    assert_eq!(hello["epoch"], world.hub.epoch());
    assert_eq!((&hello["oldest_seq"], &hello["latest_seq"]), (&json!(1), &json!(1)));
    assert_eq!(hello["sources"], json!(["mic", "radio"]));
    assert_eq!(hello["labels"].as_array().map(Vec::len), Some(4));
    assert_eq!(hello["model"]["runtime"], "tract");
    assert_eq!(hello["limits"]["message_bytes"], 65_536);
    assert_eq!(hello["limits"]["heartbeat_s"], 15.0);
}

#[tokio::test]
async fn the_subprotocol_is_agreed_upon_where_it_is_offered() {
    let world = World::start().await;
    let url = format!("ws://{}/v1/events", world.at);
    for (offer, agreed) in [("other, genrecast.v1.json", true), ("other", false)] {
        let mut request = url.as_str().into_client_request().expect("a request");
        let headers = request.headers_mut();
        headers.insert("Sec-WebSocket-Protocol", offer.parse().expect("a value"));
        match connect_async(request).await {
            Ok((_, response)) => {
                assert!(agreed);
                assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "genrecast.v1.json");
            }
            Err(_) => assert!(!agreed),
        }
    }
}

#[tokio::test]
async fn filters_say_what_comes_in_message_and_query_alike() {
    let world = World::start().await;
    let epoch = world.hub.epoch();
    let mut by_query = world
        .client(&format!(
            "?sources=mic,later&types=genre.window,source.state&min_p=0.6&top_k=2&since={epoch}:0"
        ))
        .await;
    let mut by_message = world.client("").await;
    by_message
        .say(json!({
            "type": "subscribe", "sources": ["mic", "later"], "types": ["genre.window", "source.state"],
            "min_p": 0.6, "top_k": 2, "since": format!("{epoch}:0"), "colour": "ignored",
        }))
        .await;
    world.hub.publish("mic", window(0.5));
    world.hub.publish("mic", window(0.6));
    world.hub.publish("radio", window(0.9));
    world.hub.publish("mic", changed());
    world.hub.publish("later", state("a source that comes later"));
    let told = by_message.next().await;
    assert_eq!((&told["code"], &told["fatal"]), (&json!("unknown_field"), &json!(false)), "{told}");
    let told = by_message.next().await;
    assert_eq!((&told["code"], &told["fatal"]), (&json!("unknown_source"), &json!(false)), "{told}");
    assert!(told["message"].as_str().expect("text").contains("later"), "{told}");
    for client in [&mut by_query, &mut by_message] {
        let first = client.next().await;
        assert_eq!(first["seq"], 2);
        assert_eq!(first["top"].as_array().map(Vec::len), Some(2));
        assert_eq!(client.seqs(1).await, [5]);
    }
}

#[tokio::test]
async fn unsubscribe_ping_and_auth_are_answered() {
    let world = World::start().await;
    let mut client = world.client(&format!("?since={}:0", world.hub.epoch())).await;
    world.hub.publish("mic", window(0.5));
    assert_eq!(client.seqs(1).await, [1]);
    client.say(json!({"type": "ping"})).await;
    let pong = client.next().await;
    assert_eq!((&pong["type"], &pong["cursor"]), (&json!("pong"), &json!(1)));
    client.say(json!({"type": "auth", "token": "x"})).await;
    let auth = client.next().await;
    assert_eq!((&auth["type"], &auth["required"]), (&json!("auth"), &json!(false)));
    client.say(json!({"type": "unsubscribe"})).await;
    client.say(json!({"type": "ping"})).await;
    assert_eq!(client.next().await["cursor"], Value::Null);
    world.hub.publish("mic", window(0.5));
    client.say(json!({"type": "ping"})).await;
    assert_eq!(client.next().await["type"], "pong", "no event comes any more");
}

#[tokio::test]
async fn without_a_wish_there_are_heartbeats() {
    let world = World::with(10, |settings| settings.live.heartbeat = Duration::from_millis(20)).await;
    let mut client = world.client("").await;
    world.hub.publish("mic", window(0.5));
    for _ in 0..2 {
        let heartbeat = client.next().await;
        assert_eq!(heartbeat["type"], "heartbeat");
        assert_eq!(heartbeat["cursor"], Value::Null);
    }
}

#[tokio::test]
async fn an_event_is_serialised_once_for_all_who_want_the_same() {
    let world = World::start().await;
    let query = format!("?since={}:0&top_k=", world.hub.epoch());
    let mut clients: Vec<Client> = Vec::new();
    for number in 0..30 {
        clients.push(world.client(&format!("{query}{}", 1 + number % 3)).await);
    }
    for _ in 0..40 {
        world.hub.publish("mic", window(0.5));
    }
    for client in &mut clients {
        assert_eq!(client.seqs(40).await.last(), Some(&40));
    }
    assert_eq!(world.hub.frames_serialised(), 40 * 3);
}

#[tokio::test]
async fn the_paths_answer_json() {
    let world = World::start().await;
    world.hub.publish("mic", window(0.5));
    let (status, index) = world.get("/").await;
    assert_eq!(status, 200);
    // What Prometheus reads is none.
    for path in index["paths"].as_object().expect("paths").keys().filter(|path| *path != "/metrics") {
        let status = world.get(&path.replace("{name}", "index.json")).await.0;
        let expected = match path.as_str() {
            "/v1/events" | "/v1/mel" => 426,
            "/readyz" => 503,
            // It wants a POST.
            "/v1/classify" => 405,
            // This server records nothing.
            "/v1/history" | "/v1/history/segments" => 404,
            _ => 200,
        };
        assert_eq!(status, expected, "{path}");
    }
    let (_, now) = world.get("/v1/now?top_k=1").await;
    assert_eq!(now["sources"][0]["window"]["top"][0]["label"], "jazz");
    let (_, sources) = world.get("/v1/sources").await;
    assert_eq!(sources["sources"][0]["state"], "starting");
    let (_, health) = world.get("/healthz").await;
    assert_eq!((&health["live"], &health["hub"]["latest_seq"]), (&json!(true), &json!(1)));
    let (_, ready) = world.get("/readyz").await;
    assert_eq!(ready["reasons"], json!(["no window yet"]));
}

#[tokio::test]
async fn errors_are_json_too() {
    let world = World::start().await;
    for (path, status, code) in [
        ("/nowhere", 404, "not_found"),
        ("/v1/now?top_k=0", 400, "bad_query"),
        ("/v1/now?types=genre.window", 400, "bad_query"),
        ("/v1/sources?source=mic", 400, "bad_query"),
        ("/v1/events?type=genre.changed", 426, "upgrade_required"),
        ("/v1/events", 426, "upgrade_required"),
    ] {
        let (got, body) = world.get(path).await;
        assert_eq!((got, &body["error"]["code"]), (status, &json!(code)), "{path}");
    }
    let head = format!("DELETE / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", world.at);
    let (status, body) = world.http(&head).await;
    assert_eq!(status, 405);
    assert!(body.contains(r#""code":"method_not_allowed""#), "{body}");
}
