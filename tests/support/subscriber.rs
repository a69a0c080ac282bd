//! A WebSocket client that reads `genrecast.v1` as it stands on the wire.
//! Touch it when tests must hear something new.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use genrecast::event::{Event, EventBody, SourceState};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::PATIENCE;

pub struct Subscriber {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub hello: Value,
}

/// What came last.
#[derive(Debug)]
pub enum Heard {
    Text(String),
    Closed(u16),
}

impl Subscriber {
    /// Connects and takes the hello. `query` is empty or begins with `?`.
    pub async fn connect(address: SocketAddr, query: &str) -> Self {
        let url = format!("ws://{address}/v1/events{query}");
        let (socket, _) = timeout(PATIENCE, connect_async(url)).await.expect("in time").expect("connects");
        let mut subscriber = Self { socket, hello: Value::Null };
        subscriber.hello = subscriber.message().await;
        assert_eq!(subscriber.hello["type"], "hello");
        subscriber
    }

    /// Connects and asks for everything since the start, with every label.
    pub async fn from_start(address: SocketAddr) -> Self {
        let mut subscriber = Self::connect(address, "").await;
        let epoch = subscriber.hello["epoch"].as_str().expect("an epoch").to_owned();
        subscriber.say(json!({"type": "subscribe", "since": format!("{epoch}:0"), "top_k": 10})).await;
        subscriber
    }

    pub async fn say(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.expect("sent");
    }

    pub async fn hear(&mut self) -> Heard {
        let heard = timeout(PATIENCE, self.socket.next()).await.expect("something comes in time");
        match heard.expect("not cut off").expect("a frame") {
            Message::Text(text) => Heard::Text(text.as_str().to_owned()),
            Message::Close(frame) => Heard::Closed(frame.expect("a reason").code.into()),
            other => panic!("{other:?}"),
        }
    }

    /// The next message.
    pub async fn message(&mut self) -> Value {
        match self.hear().await {
            Heard::Text(text) => serde_json::from_str(&text).expect("JSON"),
            closed => panic!("{closed:?}"),
        }
    }

    /// The next logged event, which must be written as its type says and nothing else.
    pub async fn event(&mut self) -> Event {
        loop {
            let Heard::Text(text) = self.hear().await else { panic!("closed") };
            let value: Value = serde_json::from_str(&text).expect("JSON");
            if value["type"] == "heartbeat" {
                continue;
            }
            let event: Event = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text}"));
            assert_eq!(serde_json::to_string(&event).expect("serialises"), text);
            return event;
        }
    }

    /// Events up to and with the first one for which `last` holds.
    pub async fn events_until(&mut self, mut last: impl FnMut(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            events.push(self.event().await);
            if events.last().is_some_and(&mut last) {
                return events;
            }
        }
    }

    /// Events until so many sources have ended.
    pub async fn events_until_ended(&mut self, sources: usize) -> Vec<Event> {
        let mut ended = 0;
        self.events_until(|event| {
            ended += usize::from(is_state(event, SourceState::Ended));
            ended == sources
        })
        .await
    }

    /// Reads on to the end: what was heard, and the close code.
    pub async fn until_closed(mut self) -> (Vec<String>, u16) {
        let mut texts = Vec::new();
        loop {
            match self.hear().await {
                Heard::Text(text) => texts.push(text),
                Heard::Closed(code) => return (texts, code),
            }
        }
    }
}

pub fn is_state(event: &Event, wanted: SourceState) -> bool {
    matches!(&event.body, EventBody::SourceState(change) if change.state == wanted)
}

/// The states among events, in their order.
pub fn states<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<SourceState> {
    let state = |event: &Event| match &event.body {
        EventBody::SourceState(change) => Some(change.state),
        _ => None,
    };
    events.into_iter().filter_map(state).collect()
}
