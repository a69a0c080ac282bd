//! What the broker is to keep: that we are there, what Home Assistant finds us by, and the newest values. Touch it when
//! something else is to be kept.

use std::sync::Arc;

use rumqttc::{Packet, QoS, Subscribe, SubscribeFilter};

use super::MqttWanted;
use super::connect::ONLINE;
use super::conversation::Conversation;
use super::discovery::Discovery;
use super::error::MqttError;
use super::topics::Value;

/// A message that is to be sent.
pub(super) struct Publication {
    pub topic: String,
    pub payload: String,
    pub retain: bool,
}

impl Publication {
    /// What makes the broker forget what it keeps there, and Home Assistant an entity.
    pub fn nothing(topic: String) -> Self {
        Self { topic, payload: String::new(), retain: true }
    }
}

impl Conversation<'_> {
    /// What Home Assistant is to find, if it is to find anything.
    pub(super) fn discovery(&self) -> Option<Discovery<'_>> {
        Discovery::new(&self.wanted.settings, &self.topics, &self.identity.id, self.ground)
    }

    /// Says that we are there, and everything that the broker is to keep.
    pub(super) fn greet(&mut self) {
        let (topic, retain) = (self.topics.status(), self.wanted.settings.retain);
        self.due.push_back(Publication { topic, payload: ONLINE.to_owned(), retain });
        self.announce();
        self.values.forget();
    }

    pub(super) fn subscribe(&mut self) -> Result<(), MqttError> {
        let Some(discovery) = self.discovery() else { return Ok(()) };
        let filters = [discovery.birth(), discovery.filter()];
        let filters = filters.map(|path| SubscribeFilter { path, qos: QoS::AtLeastOnce });
        let mut subscribe = Subscribe::new_many(filters);
        subscribe.pkid = self.flight.number();
        self.link.push(&Packet::Subscribe(subscribe))
    }

    /// Takes back the sources that are no more, and describes those that there are.
    pub(super) fn announce(&mut self) {
        let wanted = Arc::clone(&self.wanted);
        let gone = std::mem::take(self.announced);
        for source in gone.iter().filter(|source| !wanted.sources.contains(source)) {
            self.take_down(source);
        }
        let retain = wanted.settings.retain;
        let described = self.discovery().into_iter().flat_map(|discovery| {
            let of = |source: &String| discovery.entities(source).collect::<Vec<_>>();
            wanted.sources.iter().flat_map(of).collect::<Vec<_>>()
        });
        let described =
            described.map(|(topic, payload)| Publication { topic, payload, retain }).collect::<Vec<_>>();
        self.due.extend(described);
        self.announced.extend(wanted.sources.iter().cloned());
    }

    /// Takes back one source.
    pub(super) fn take_down(&mut self, source: &str) {
        let entities =
            self.discovery().map(|discovery| discovery.entities(source).map(|(topic, _)| topic).collect());
        let entities: Vec<String> = entities.unwrap_or_default();
        let values = Value::ALL.map(|value| self.topics.value(source, value));
        self.due.extend(entities.into_iter().chain(values).map(Publication::nothing));
    }

    /// Takes in what was published, and finds out what the broker is to keep of it.
    pub(super) fn gather_news(&mut self) {
        self.output.queue.fill();
        // Whoever has not taken the last news gets the newest later, not all of them.
        if !self.due.is_empty() {
            return;
        }
        if std::mem::take(&mut self.greet_again) {
            self.greet();
        }
        let MqttWanted { settings, sources } = &*self.wanted;
        let news = self.values.news(&self.ground.hub.snapshot(), sources, settings.details_every);
        self.due.extend(news.into_iter().map(|news| Publication {
            topic: self.topics.value(&news.source, news.value),
            payload: news.text,
            retain: settings.retain,
        }));
    }
}
