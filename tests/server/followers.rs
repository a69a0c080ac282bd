//! Subscribers that break off in the middle, over and over, and go on where they were, over WebSocket and over SSE.
//! Touch it when a subscriber learns its place otherwise.

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::event_stream::EventStream;
use super::resume::{Chance, EVENTS, RECONNECTS, Wish};
use super::world::World;

/// What a subscriber got over all its connections.
#[derive(Debug, Default)]
pub struct Got {
    /// The frames of events, in their order.
    pub seen: Vec<String>,
    /// Each `seq` that was told as gone.
    pub gone: Vec<u64>,
    pub reconnects: usize,
    /// How many of them before everything had been seen.
    pub within: usize,
    cursor: u64,
}

impl Got {
    fn done(&self) -> bool {
        self.cursor >= EVENTS
    }

    /// Takes in an event or a gap.
    fn message(&mut self, text: String) {
        let message: Value = serde_json::from_str(&text).expect("JSON");
        let number = |field: &str| message[field].as_u64().expect("a number");
        if message["type"] == "gap" {
            assert_eq!(message["reason"], "evicted");
            self.gone.extend(number("from_seq")..=number("to_seq"));
            self.cursor = number("to_seq");
        } else {
            assert!(number("seq") > self.cursor, "{text}");
            self.cursor = number("seq");
            self.seen.push(text);
        }
    }

    /// How many messages the next connection takes before it breaks off.
    fn patience(&self, chance: &mut Chance) -> u64 {
        if self.reconnects < RECONNECTS { chance.below(40) } else { u64::MAX }
    }

    fn broke_off(&mut self) {
        self.within += usize::from(!self.done());
        self.reconnects += 1;
    }
}

/// Comes back with a cursor learnt from messages, as a query or as a message.
pub async fn over_websocket(world: &World, wish: &Wish, chance: &mut Chance) -> Got {
    let mut got = Got::default();
    while got.reconnects < RECONNECTS || !got.done() {
        let since = format!("{}:{}", world.hub.epoch(), got.cursor);
        let mut client = if chance.below(2) == 0 {
            world.client(&format!("{}&since={since}", wish.query())).await
        } else {
            let mut client = world.client("").await;
            client.say(wish.message(&since)).await;
            client
        };
        let mut left = got.patience(chance);
        while left > 0 && !got.done() {
            left -= 1;
            let text = client.text().await;
            let message: Value = serde_json::from_str(&text).expect("JSON");
            if message["type"] == "heartbeat" {
                // Before the wish has arrived there is none.
                got.cursor = message["cursor"].as_u64().unwrap_or(got.cursor);
            } else {
                got.message(text);
            }
        }
        // Half of them say good-bye, half just vanish.
        if chance.below(2) == 0 {
            client.send(Message::Close(None)).await;
        }
        got.broke_off();
    }
    got
}

/// Comes back as an `EventSource` does: to the URL it began with, and with the last id it was given.
pub async fn over_sse(world: &World, wish: &Wish, chance: &mut Chance) -> Got {
    let mut got = Got::default();
    let query = format!("{}&since={}:0", wish.query(), world.hub.epoch());
    let mut last_id = None;
    while got.reconnects < RECONNECTS || !got.done() {
        let mut stream = EventStream::greeted(world, &query, last_id).await;
        let mut left = got.patience(chance);
        while left > 0 && !got.done() {
            left -= 1;
            let block = stream.block().await.expect("the stream goes on");
            if let Some(data) = block.data {
                let is_gap = block.event.as_deref() == Some("gap");
                got.message(data);
                // Breaking off between a gap and the place after it would only have it told again.
                left += u64::from(is_gap && left == 0);
            } else {
                let id = block.id.expect("an id");
                let (_, seq) = id.split_once(':').expect("EPOCH:SEQ");
                got.cursor = seq.parse().expect("a number");
            }
        }
        last_id = stream.last_id;
        got.broke_off();
    }
    got
}
