//! The broker is there: what it keeps, what it is told, and what it says when the daemon is gone. Touch it with the topics.

use genrecast::event::Event;
use rumqttc::QoS;
use serde_json::{Value, json};

use crate::listener::{self, Listener};
use crate::mosquitto::{Mosquitto, mqtt};
use crate::support::subscriber::Subscriber;
use crate::world::{World, source};

/// Every key that a sensor of Home Assistant may have in its description, of those that we use.
const KEYS: [&str; 17] = [
    "name",
    "unique_id",
    "state_topic",
    "json_attributes_topic",
    "json_attributes_template",
    "availability",
    "availability_mode",
    "payload_available",
    "payload_not_available",
    "qos",
    "icon",
    "device",
    "origin",
    "device_class",
    "options",
    "entity_category",
    "value_template",
];

pub fn kept() {
    let broker = Mosquitto::start();
    let listener = Listener::new(broker.port);
    let world = World::start(&format!("{}{}", mqtt(&broker.url(), ""), source("kit.chen_mic")));
    listener.wait_for("genrecast/status", "online");
    listener.wait_for("genrecast/kit.chen_mic/state", "live");
    let genre = listener.wait(|message| message.topic == "genrecast/kit.chen_mic/genre");
    assert!(["a", "b", "c", "d", "unknown"].contains(&genre.text.as_str()), "{genre:?}");
    let details = listener.wait(|message| {
        message.topic == "genrecast/kit.chen_mic/details" && message.json()["genre"]["label"].is_string()
    });
    let details = details.json();
    assert_eq!(details["state"]["state"], "live");
    let sum: f64 = details["genre"]["probabilities"]
        .as_object()
        .expect("probabilities")
        .values()
        .map(|p| p.as_f64().expect("a number"))
        .sum();
    assert!((sum - 1.0).abs() < 1e-3, "of four labels all are told: {details}");

    let kept = listener::kept(broker.port);
    assert_eq!(kept["genrecast/status"], "online");
    let prefix = kept.keys().find(|topic| topic.starts_with("homeassistant/")).expect("descriptions");
    let node = prefix.split('/').nth(2).expect("a node").to_owned();
    for (name, value) in [
        ("kit_-chen__mic_genre", "genre"),
        ("kit_-chen__mic_state", "state"),
        ("kit_-chen__mic_track", "track"),
    ] {
        let description = &kept[&format!("homeassistant/sensor/{node}/{name}/config")];
        let description: Value = serde_json::from_str(description).expect("JSON");
        for key in description.as_object().expect("an object").keys() {
            assert!(KEYS.contains(&key.as_str()), "{key}");
        }
        assert_eq!(description["state_topic"], format!("genrecast/kit.chen_mic/{value}"));
        assert_eq!(description["unique_id"], format!("{node}_kit.chen_mic_{value}"));
        assert_eq!(description["availability"][0], json!({"topic": "genrecast/status"}));
        assert_eq!(description["device"]["identifiers"], json!([node]));
        assert_eq!(description["origin"]["name"], "genrecast");
        // What it refers to is there.
        assert!(kept.contains_key("genrecast/kit.chen_mic/details"));
        if value != "track" {
            assert!(kept.contains_key(description["state_topic"].as_str().expect("a topic")), "{value}");
        }
        if value == "state" {
            assert!(description["options"].as_array().expect("a list").contains(&json!("live")));
        }
    }
    let status = world.status("/mqtt", |status| status["delivered"].as_u64() > Some(0));
    assert_eq!((&status["state"], &status["dropped"]), (&json!("working"), &json!(0)));
    world.end();
    listener.wait_for("genrecast/status", "offline");
    assert_eq!(listener::kept(broker.port)["genrecast/status"], "offline");
}

pub fn events() {
    let broker = Mosquitto::start();
    let listener = Listener::new(broker.port);
    let types = "types = [\"genre.window\", \"genre.changed\", \"source.state\"]";
    let world = World::start(&format!("{}{}", mqtt(&broker.url(), types), source("mic")));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let heard: Vec<Event> = runtime.block_on(async {
        let mut subscriber = Subscriber::from_start(world.daemon.address).await;
        let mut windows = 0;
        subscriber
            .events_until(|event| {
                windows += usize::from(event.body.type_name() == "genre.window");
                windows == 8
            })
            .await
    });
    let wanted =
        |event: &&Event| ["genre.window", "genre.changed", "source.state"].contains(&event.body.type_name());
    for event in heard.iter().filter(wanted) {
        let message = listener.wait(|message| message.topic == "genrecast/mic/event");
        assert_eq!(message.qos, QoS::AtLeastOnce);
        assert!(!message.retained);
        // Of four labels five are all.
        let told: Event = serde_json::from_str(&message.text).expect("an event");
        assert_eq!(told, *event);
    }
    world.end();
    let log = broker.log();
    assert!(
        log.contains("Received PUBLISH") && log.contains("Sending PUBACK"),
        "QoS 1 on the daemon's side, too"
    );
}

pub fn will() {
    let broker = Mosquitto::start();
    let listener = Listener::new(broker.port);
    let world = World::start(&format!("{}{}", mqtt(&broker.url(), ""), source("mic")));
    listener.wait_for("genrecast/status", "online");
    world.daemon.signal(libc::SIGKILL);
    let said = listener.wait(|message| message.topic == "genrecast/status");
    assert_eq!(said.text, "offline");
    assert_eq!(listener::kept(broker.port)["genrecast/status"], "offline");
}
