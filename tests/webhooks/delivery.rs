//! What a web server gets: events as they are on a WebSocket, once each, signed, chosen by the webhook's filter.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64;
use genrecast::event::Event;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use crate::receiver::Server;
use crate::support::subscriber::Subscriber;
use crate::world::{World, source};

/// `[[webhook]]` for this server and path.
pub fn webhook(server: &Server, more: &str) -> String {
    format!("[[webhook]]\nurl = \"http://{}/hook/SECRET-PATH?key=hunter2\"\n{more}\n", server.address)
}

pub const WINDOWS: &str = "types = [\"genre.window\"]";

#[test]
fn events_come_in_order_as_they_are_on_a_websocket_and_signed() {
    let server = Server::start();
    let place = temp_dir::TempDir::new().expect("a folder");
    let key: Vec<u8> = (0..24).collect();
    std::fs::write(place.child("secret"), format!("whsec_{}\n", BASE64.encode(&key))).expect("written");
    let text = webhook(&server, &format!("secret_file = \"PLACE/secret\"\nname = \"lights\"\n{WINDOWS}"));
    let world = World::start_in(place, &format!("{text}{}", source("mic")));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let heard: Vec<Event> = runtime.block_on(async {
        let mut subscriber = Subscriber::from_start(world.daemon.address).await;
        let mut windows = 0;
        let last = |event: &Event| {
            windows += usize::from(event.body.type_name() == "genre.window");
            windows == 6
        };
        subscriber.events_until(last).await
    });
    let mut peers = Vec::new();
    for event in heard.iter().filter(|event| event.body.type_name() == "genre.window") {
        let delivery = server.next();
        let told: Event = serde_json::from_slice(&delivery.body).expect("an event");
        assert_eq!(told, *event);
        assert_eq!(delivery.path, "/hook/SECRET-PATH?key=hunter2");
        let (id, timestamp) = (delivery.header("webhook-id"), delivery.header("webhook-timestamp"));
        assert_eq!(id, format!("{}:{}", event.epoch, event.seq));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let sent: u64 = timestamp.parse().expect("seconds");
        assert!(now.abs_diff(sent) < 30, "{timestamp}");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(&delivery.body);
        let expected = format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()));
        assert_eq!(delivery.header("webhook-signature"), expected);
        assert_eq!(delivery.header("content-type"), "application/json");
        assert!(delivery.header("user-agent").starts_with("genrecast/"));
        peers.push(delivery.from);
    }
    peers.dedup();
    assert_eq!(peers.len(), 1, "one connection serves them all");
    let status = world.status("/webhooks/0", |status| status["delivered"].as_u64() > Some(5));
    assert_eq!(
        (&status["to"], &status["state"], &status["dropped"]),
        (&json!("lights"), &json!("working"), &json!(0))
    );
    let (_, health) = world.daemon.get("/healthz");
    assert!(!health.to_string().contains("SECRET-PATH"), "the address is nobody's business");
    world.end();
}

#[test]
fn a_filter_chooses_and_an_address_without_a_secret_is_not_signed() {
    let server = Server::start();
    let text = webhook(&server, "types = [\"source.state\"]\nsources = [\"two\"]");
    let world = World::start(&format!("{text}{}{}", source("one"), source("two")));
    for state in ["starting", "live"] {
        let delivery = server.next();
        assert_eq!((&delivery.json()["source"], &delivery.json()["state"]), (&json!("two"), &json!(state)));
        assert!(delivery.headers.get("webhook-signature").is_none());
    }
    world.end();
    assert!(server.rest().is_empty(), "nothing of the other source, and no windows");
}

#[test]
fn webhooks_come_go_and_change_with_a_reload_and_lose_nothing() {
    let (first, second) = (Server::start(), Server::start());
    let one = |server: &Server, more: &str| {
        format!("{}name = \"a\"\n", webhook(server, &format!("{WINDOWS}\n{more}")))
    };
    let mut world = World::start(&format!("{}{}", one(&first, ""), source("mic")));
    let before = first.next().seq();
    // The same webhook with another address goes on where it was.
    world.reload(&format!("{}{}", one(&second, "timeout_seconds = 5.0"), source("mic")));
    let at_first: Vec<u64> = first.rest().iter().map(|delivery| delivery.seq()).collect();
    let last = at_first.last().copied().unwrap_or(before);
    let next = second.next().seq();
    // Whatever was on its way may come twice; other events than windows have numbers, too.
    assert!(next > last.saturating_sub(1) && next <= last + 3, "{last} then {next}");
    world.reload(&source("mic"));
    world.status("/webhooks", |webhooks| webhooks == &json!([]));
    second.rest();
    world.reload(&format!("{}{}", webhook(&second, "types = [\"source.state\"]"), source("mic")));
    world.status("/webhooks/0", |status| status["to"] == "127.0.0.1");
    let log = world.daemon.end_with_log();
    for line in ["webhook a: changed", "webhook a: removed", "webhook 127.0.0.1: added"] {
        assert!(log.contains(line), "no {line:?} in {log}");
    }
    assert!(!log.contains("hunter2") && !log.contains("SECRET-PATH"), "{log}");
}
