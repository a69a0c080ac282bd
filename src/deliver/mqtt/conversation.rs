//! A connection from the broker's word to its end: what is to be sent, in which order, and what time demands. Touch it when
//! something else is to be published, or when a connection is to be given up for another reason.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rumqttc::{Packet, Publish, QoS};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::announce::Publication;
use super::connect::{KEEP_ALIVE, OFFLINE, qos};
use super::error::MqttError;
use super::flight::Flight;
use super::link::Link;
use super::topics::Topics;
use super::values::Values;
use super::{Identity, Line, MqttWanted, Output};
use crate::deliver::Ground;
use crate::deliver::queue::Item;

/// How long an acknowledgement, or the answer to a ping, may take.
const ANSWER: Duration = Duration::from_secs(10);

/// How long the last messages may take.
const LAST: Duration = Duration::from_millis(700);

/// Bytes that may be gathered before the connection takes some.
const MOST_UNWRITTEN: usize = 64 << 10;

/// Labels in a window.
const TOP_K: usize = 5;

/// How a conversation ended.
pub(super) enum End {
    /// There are settings that need a new connection.
    Changed,
    /// The output is to end.
    Ended,
    /// The connection is gone.
    Lost(MqttError),
}

/// A connection and all that belongs to it.
pub(super) struct Conversation<'a> {
    pub(super) link: Link,
    pub(super) flight: Flight,
    /// What is sent before events are: bounded by the number of sources.
    pub(super) due: VecDeque<Publication>,
    pub(super) wanted: Arc<MqttWanted>,
    pub(super) topics: Topics,
    pub(super) line: &'a Line,
    /// When the broker was asked whether it is there, if it has not answered.
    pub(super) pinged: Option<Instant>,
    /// Everything is to be told again.
    pub(super) greet_again: bool,
    pub(super) values: Values,
    pub(super) output: &'a mut Output<MqttWanted>,
    pub(super) identity: &'a Identity,
    pub(super) ground: &'a Ground,
    /// Sources that the broker was told of in this run.
    pub(super) announced: &'a mut BTreeSet<String>,
}

impl<'a> Conversation<'a> {
    pub fn new(
        link: Link,
        output: &'a mut Output<MqttWanted>,
        wanted: Arc<MqttWanted>,
        identity: &'a Identity,
        ground: &'a Ground,
        line: &'a Line,
        announced: &'a mut BTreeSet<String>,
    ) -> Self {
        let topics = Topics::new(&wanted.settings.prefix);
        Self {
            flight: Flight::default(),
            due: VecDeque::new(),
            values: Values::default(),
            pinged: None,
            greet_again: false,
            link,
            wanted,
            topics,
            line,
            output,
            identity,
            ground,
            announced,
        }
    }

    /// Converses until the end of it. What the broker has not acknowledged waits again then.
    pub async fn run(mut self) -> End {
        let end = match self.converse().await {
            Ok(end) | Err(end) => end,
        };
        for item in self.flight.lost() {
            self.output.queue.put_back(item);
        }
        self.report();
        end
    }

    async fn converse(&mut self) -> Result<End, End> {
        self.greet();
        self.subscribe()?;
        let mut tick = interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.gather_news();
            self.send()?;
            self.report();
            tokio::select! {
                biased;
                changed = self.output.wanted.changed() => {
                    if changed.is_err() {
                        self.finish().await?;
                        return Ok(End::Ended);
                    }
                    if self.adopt().await? {
                        return Ok(End::Changed);
                    }
                }
                progress = self.link.progress() => {
                    progress?;
                    self.hear()?;
                }
                newest = self.output.newest.changed() => if newest.is_err() { return Ok(End::Ended) },
                _ = tick.tick() => self.mind_the_time()?,
            }
        }
    }

    /// Sends as much as may be on its way.
    fn send(&mut self) -> Result<(), MqttError> {
        while self.flight.has_room() && self.link.unwritten() < MOST_UNWRITTEN {
            if let Some(Publication { topic, payload, retain }) = self.due.pop_front() {
                self.publish(topic, payload.into(), retain, None)?;
                continue;
            }
            let Some(item) = self.output.queue.take() else { break };
            let topic = match &item {
                Item::Event(entry) => self.topics.event(entry.source()),
                Item::Gap(gap) => {
                    tracing::warn!(
                        gap.from_seq,
                        gap.to_seq,
                        gap.dropped,
                        "MQTT: events that the broker never gets"
                    );
                    self.topics.gap()
                }
            };
            let json = item.json(TOP_K);
            self.publish(topic, json, false, Some(item))?;
        }
        Ok(())
    }

    fn publish(
        &mut self,
        topic: String,
        payload: bytes::Bytes,
        retain: bool,
        item: Option<Item>,
    ) -> Result<(), MqttError> {
        let mut message = Publish::from_bytes(topic, qos(&self.wanted.settings), payload);
        message.retain = retain;
        if message.qos == QoS::AtLeastOnce {
            message.pkid = self.flight.begin(item);
        } else if let Some(Item::Event(_)) = item {
            self.line.tell(|status| status.delivered += 1);
        }
        self.link.push(&Packet::Publish(message))
    }

    /// Asks whether the broker is there when it is silent, and gives up when it does not answer.
    fn mind_the_time(&mut self) -> Result<(), MqttError> {
        if self.flight.oldest().is_some_and(|age| age > ANSWER) {
            return Err(MqttError::Slow { what: "an acknowledgement", limit: ANSWER });
        }
        match self.pinged {
            Some(at) if at.elapsed() > ANSWER => {
                Err(MqttError::Slow { what: "the answer to a ping", limit: ANSWER })
            }
            None if self.link.heard.min(self.link.sent).elapsed() >= KEEP_ALIVE / 2 => {
                self.pinged = Some(Instant::now());
                self.link.push(&Packet::PingReq)
            }
            _ => Ok(()),
        }
    }

    /// Other settings or sources: true if they need another connection, after this one was ended in order.
    async fn adopt(&mut self) -> Result<bool, MqttError> {
        let wanted = Arc::clone(&self.output.wanted.borrow_and_update());
        let (old, new) = (&self.wanted.settings, &wanted.settings);
        if old == new {
            self.wanted = wanted;
            self.announce();
            return Ok(false);
        }
        if (&old.prefix, &old.discovery) != (&new.prefix, &new.discovery) {
            // Under the old names nothing is to stay.
            for source in std::mem::take(self.announced) {
                self.take_down(&source);
            }
        }
        self.finish().await?;
        Ok(true)
    }

    /// Sends what waits, says that we go, and goes.
    async fn finish(&mut self) -> Result<(), MqttError> {
        let rest = async {
            loop {
                self.gather_news();
                self.send()?;
                if self.flight.is_empty() && self.link.unwritten() == 0 {
                    return Ok::<(), MqttError>(());
                }
                self.link.progress().await?;
                self.hear()?;
            }
        };
        if let Ok(ended) = timeout(LAST, rest).await {
            ended?;
        }
        self.publish(self.topics.status(), OFFLINE.into(), self.wanted.settings.retain, None)?;
        self.link.push(&Packet::Disconnect)?;
        let _ = timeout(LAST / 2, self.link.send_all()).await;
        Ok(())
    }

    fn report(&self) {
        let (waiting, dropped) = (self.output.queue.len(), self.output.queue.dropped());
        self.line.tell(|status| (status.waiting, status.dropped) = (waiting, dropped));
    }
}

impl From<MqttError> for End {
    fn from(error: MqttError) -> Self {
        Self::Lost(error)
    }
}
