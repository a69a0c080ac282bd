//! A client of the broker that reads everything, and comes back to its session when the broker was away. Touch it when trials
//! must see more of a message.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rumqttc::{Client, Event, MqttOptions, Packet, QoS};
use serde_json::Value;

use crate::support::PATIENCE;

/// A message as it came.
#[derive(Debug, Clone)]
pub struct Message {
    pub topic: String,
    pub text: String,
    pub qos: QoS,
    /// Kept by the broker from before.
    pub retained: bool,
}

impl Message {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }
}

pub struct Listener {
    messages: Receiver<Message>,
    pub client: Client,
}

impl Listener {
    pub fn new(port: u16) -> Self {
        Self::with_login(port, None)
    }

    pub fn with_login(port: u16, login: Option<(&str, &str)>) -> Self {
        let mut options = MqttOptions::new("listener", "127.0.0.1", port);
        // The session stays with the broker, so that nothing is missed while we come back.
        options.set_clean_session(false).set_keep_alive(Duration::from_secs(5));
        if let Some((user, password)) = login {
            options.set_credentials(user, password);
        }
        let (client, mut connection) = Client::new(options, 100);
        let (sender, messages) = mpsc::channel();
        let (subscribed, on_subscribed) = mpsc::channel();
        let again = client.clone();
        thread::spawn(move || {
            for event in connection.iter() {
                match event {
                    Ok(Event::Incoming(Packet::ConnAck(answer))) if !answer.session_present => {
                        again.try_subscribe("#", QoS::AtLeastOnce).expect("asked");
                    }
                    Ok(Event::Incoming(Packet::SubAck(_))) => drop(subscribed.send(())),
                    Ok(Event::Incoming(Packet::Publish(publish))) => {
                        let text = String::from_utf8(publish.payload.to_vec()).expect("UTF-8");
                        let (topic, qos, retained) = (publish.topic, publish.qos, publish.retain);
                        if sender.send(Message { topic, text, qos, retained }).is_err() {
                            return;
                        }
                    }
                    Ok(_) => {}
                    Err(_) => thread::sleep(Duration::from_millis(20)),
                }
            }
        });
        on_subscribed.recv_timeout(PATIENCE).expect("subscribed");
        Self { messages, client }
    }

    /// The next message.
    pub fn next(&self) -> Message {
        self.messages.recv_timeout(PATIENCE).expect("a message")
    }

    /// Waits for a message for which this holds.
    pub fn wait(&self, mut what: impl FnMut(&Message) -> bool) -> Message {
        let deadline = Instant::now() + PATIENCE;
        let mut passed = Vec::new();
        loop {
            match self.messages.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(message) if what(&message) => return message,
                Ok(message) => passed.push(message),
                Err(_) => panic!("it did not come; what came: {passed:#?}"),
            }
        }
    }

    /// Waits for this text under this topic.
    pub fn wait_for(&self, topic: &str, text: &str) -> Message {
        self.wait(|message| message.topic == topic && message.text == text)
    }

    /// Everything that comes until this long nothing does.
    pub fn drain(&self, quiet: Duration) -> Vec<Message> {
        let mut all = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.messages.recv_timeout(quiet) {
                Ok(message) => all.push(message),
                Err(RecvTimeoutError::Timeout) => return all,
                Err(RecvTimeoutError::Disconnected) => panic!("the listener has ended"),
            }
        }
        panic!("it does not get quiet: {} messages", all.len());
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.client.disconnect();
    }
}

/// What the broker keeps, by topic: read by a client that is new to it.
pub fn kept(port: u16) -> BTreeMap<String, String> {
    kept_with(port, None)
}

pub fn kept_with(port: u16, login: Option<(&str, &str)>) -> BTreeMap<String, String> {
    let mut options = MqttOptions::new(format!("kept-{}", ulid::Ulid::generate()), "127.0.0.1", port);
    if let Some((user, password)) = login {
        options.set_credentials(user, password);
    }
    let (client, mut connection) = Client::new(options, 10);
    client.subscribe("#", QoS::AtLeastOnce).expect("asked");
    let mut kept = BTreeMap::new();
    // The broker sends what it keeps at once, so our own message comes behind it.
    for event in connection.iter() {
        match event.expect("connected") {
            Event::Incoming(Packet::SubAck(_)) => {
                client.publish("end-of-kept", QoS::AtLeastOnce, false, "").expect("published");
            }
            Event::Incoming(Packet::Publish(publish)) => {
                if publish.topic == "end-of-kept" {
                    break;
                }
                if publish.retain {
                    let text = String::from_utf8(publish.payload.to_vec()).expect("UTF-8");
                    kept.insert(publish.topic, text);
                }
            }
            _ => {}
        }
    }
    let _ = client.disconnect();
    kept
}
