//! What changes while the daemon runs, or from one run to the next: sources, settings, Home Assistant's starts. Touch it when
//! more can change.

use std::collections::BTreeSet;
use std::time::Duration;

use rumqttc::QoS;

use crate::listener::{Listener, kept};
use crate::mosquitto::{Mosquitto, mqtt};
use crate::world::{World, source};

/// Topics that the broker keeps of these entities and values.
fn kept_of(port: u16, part: &str) -> BTreeSet<String> {
    kept(port).into_keys().filter(|topic| topic.contains(part)).collect()
}

fn is_description(topic: &str) -> bool {
    topic.starts_with("homeassistant/") && topic.ends_with("/config")
}

pub fn sources() {
    let broker = Mosquitto::start();
    let listener = Listener::new(broker.port);
    let settings = mqtt(&broker.url(), "");
    let mut world = World::start(&format!("{settings}{}{}", source("stays"), source("goes")));
    listener.wait(|message| message.topic == "genrecast/goes/genre");
    listener.wait(|message| message.topic == "genrecast/stays/genre");
    listener.drain(Duration::from_millis(400));
    world.reload(&format!("{settings}{}{}", source("stays"), source("comes")));
    let taken_back =
        listener.wait(|message| is_description(&message.topic) && message.topic.contains("goes_genre"));
    assert_eq!(taken_back.text, "");
    listener.wait(|message| message.topic == "genrecast/comes/genre" && !message.text.is_empty());
    assert_eq!(kept_of(broker.port, "goes"), BTreeSet::new());
    assert_eq!(kept_of(broker.port, "/genrecast_").iter().filter(|topic| is_description(topic)).count(), 6);
    // Nobody has been cut off for that.
    assert_eq!(kept(broker.port)["genrecast/status"], "online");
    let status = world.status("/mqtt", |status| status["state"] == "working");
    assert_eq!(status["failures"], 0);
    world.end();
}

pub fn restart() {
    let broker = Mosquitto::start();
    let listener = Listener::new(broker.port);
    let settings = mqtt(&broker.url(), "");
    let world = World::start(&format!("{settings}{}{}", source("stays"), source("goes")));
    listener.wait(|message| message.topic == "genrecast/goes/genre");
    listener.wait(|message| message.topic == "genrecast/stays/details");
    let before = kept(broker.port);
    let place = world.end();

    let world = World::start_in(place, &format!("{settings}{}", source("stays")));
    listener.wait(|message| message.topic == "genrecast/goes/genre" && message.text.is_empty());
    // The descriptions of what stays have gone before that.
    listener.drain(Duration::from_millis(400));
    assert_eq!(kept_of(broker.port, "goes"), BTreeSet::new());
    let after = kept(broker.port);
    let descriptions = |kept: &std::collections::BTreeMap<String, String>| -> Vec<(String, String)> {
        let stays = kept.iter().filter(|(topic, _)| is_description(topic) && topic.contains("stays"));
        stays.map(|(topic, text)| (topic.clone(), text.clone())).collect()
    };
    assert_eq!(descriptions(&before).len(), 3);
    assert_eq!(descriptions(&before), descriptions(&after), "the same identities, and all else the same");
    world.end();
}

pub fn birth() {
    let broker = Mosquitto::start();
    let listener = Listener::new(broker.port);
    let world = World::start(&format!("{}{}", mqtt(&broker.url(), ""), source("mic")));
    listener.wait(|message| message.topic == "genrecast/mic/genre");
    listener.drain(Duration::from_millis(400));
    listener.client.publish("homeassistant/status", QoS::AtLeastOnce, false, "online").expect("published");
    let expected = [
        "mic_genre/config",
        "mic_state/config",
        "mic_track/config",
        "genrecast/status",
        "mic/genre",
        "mic/state",
    ];
    let mut left: BTreeSet<&str> = expected.into();
    while !left.is_empty() {
        let message = listener.next();
        left.retain(|part| !message.topic.ends_with(part));
    }
    world.end();
}

pub fn settings() {
    let broker = Mosquitto::start();
    let listener = Listener::new(broker.port);
    let other = Mosquitto::start();
    let elsewhere = Listener::new(other.port);
    let with = |broker: &Mosquitto, more: &str| format!("{}{}", mqtt(&broker.url(), more), source("mic"));
    let mut world = World::start(&with(&broker, ""));
    listener.wait(|message| message.topic == "genrecast/mic/genre");

    // Another prefix: nothing stays under the old one.
    world.reload(&with(&broker, "topic_prefix = \"home/radio\"\ndiscovery = false"));
    listener.wait(|message| message.topic == "home/radio/mic/genre");
    listener.drain(Duration::from_millis(400));
    let kept_now = kept(broker.port);
    assert_eq!(kept_now["genrecast/status"], "offline");
    let values =
        kept_now.keys().filter(|topic| topic.starts_with("genrecast/mic") || is_description(topic)).count();
    assert_eq!(values, 0, "{kept_now:#?}");

    // Another broker: it gets everything, and the old one is told that we are gone.
    world.reload(&with(&other, ""));
    elsewhere.wait(|message| message.topic == "genrecast/mic/genre");
    listener.wait_for("home/radio/status", "offline");

    // None: what has not changed goes on without it.
    world.reload(&source("mic"));
    elsewhere.wait_for("genrecast/status", "offline");
    world.status("", |detail| detail["mqtt"].is_null());
    world.reload(&with(&other, "retain = false\nqos = 0"));
    let genre = elsewhere.wait(|message| message.topic == "genrecast/mic/genre" && !message.text.is_empty());
    assert_eq!(genre.qos, QoS::AtMostOnce);
    world.end();
}
