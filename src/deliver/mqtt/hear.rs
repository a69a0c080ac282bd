//! What the broker says: acknowledgements, Home Assistant's start, and entities of sources that are no more. Touch it when
//! something else of what it says means something.

use rumqttc::{Packet, PubAck, Publish, QoS, SubscribeReasonCode};
use serde_json::Value as Json;

use super::announce::Publication;
use super::connect::ONLINE;
use super::conversation::Conversation;
use super::error::MqttError;
use crate::deliver::queue::Item;

/// Most messages that what the broker keeps may make us send.
const MOST_DUE: usize = 10_000;

impl Conversation<'_> {
    /// Takes in all packets that have come.
    pub(super) fn hear(&mut self) -> Result<(), MqttError> {
        while let Some(packet) = self.link.next()? {
            match packet {
                Packet::PubAck(acknowledged) => {
                    if let Some(Item::Event(_)) = self.flight.end(acknowledged.pkid) {
                        self.line.tell(|status| status.delivered += 1);
                    }
                }
                Packet::PingResp => self.pinged = None,
                Packet::Publish(message) => self.heard(&message)?,
                Packet::SubAck(answer) if answer.return_codes.contains(&SubscribeReasonCode::Failure) => {
                    tracing::warn!(
                        remedy = "let our user read the topics below mqtt.discovery_prefix",
                        "MQTT: the broker does not let us read what Home Assistant says"
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn heard(&mut self, message: &Publish) -> Result<(), MqttError> {
        if message.qos == QoS::AtLeastOnce {
            self.link.push(&Packet::PubAck(PubAck { pkid: message.pkid }))?;
        }
        let Some(discovery) = self.discovery() else { return Ok(()) };
        if message.topic == discovery.birth() {
            // One that is kept is of a start that was before us.
            if !message.retain && message.payload.as_ref() == ONLINE.as_bytes() {
                tracing::info!("MQTT: Home Assistant has started");
                self.greet_again = true;
            }
            return Ok(());
        }
        let kept = message.retain && !message.payload.is_empty();
        if kept && self.due.len() < MOST_DUE && !discovery.is_ours(&message.topic, &self.wanted.sources) {
            self.take_back(message);
        }
        Ok(())
    }

    /// An entity of a source that is no more, which the broker has kept since an earlier run: it goes, and its values.
    fn take_back(&mut self, message: &Publish) {
        tracing::info!(topic = message.topic, "MQTT: an entity of a source that is no more is taken back");
        let description: Json = serde_json::from_slice(&message.payload).unwrap_or_default();
        let values = ["state_topic", "json_attributes_topic"].into_iter();
        let values =
            values.filter_map(|key| description[key].as_str()).filter(|topic| self.topics.is_value(topic));
        let gone: Vec<String> =
            [message.topic.clone()].into_iter().chain(values.map(str::to_owned)).collect();
        self.due.extend(gone.into_iter().map(Publication::nothing));
    }
}
