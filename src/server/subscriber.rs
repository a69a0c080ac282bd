//! One WebSocket client: a cursor into the hub's log, and the conversation around it.
//! Touch it when the protocol's order of things changes. It holds a few frames at most, however slow the client is.

mod close;
mod patient;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::filter::Filter;
use super::message::{self, GapReason};
use super::request::{ClientMessage, Subscribe};
use super::shutdown::stopped;
use super::upgrade::Upgrade;
use super::{MAX_MESSAGE, Shared};
use crate::hub::{Entry, ReadResult};
use close::End;
use patient::Patient;

/// Entries taken from the log at a time: enough for few locks, few enough to hold on to while a client is slow.
const BATCH: usize = 32;

/// Bytes gathered before they are written; only grows that far when a client catches up.
const WRITE_BUFFER: usize = 8 << 10;

/// A bound on what waits unwritten. One batch or one snapshot, which grows with the number of sources, must fit.
const MAX_WRITE_BUFFER: usize = 16 << 20;

const READ_BUFFER: usize = 4 << 10;

type Socket = WebSocketStream<Patient<TokioIo<Upgraded>>>;

struct Subscriber {
    socket: Socket,
    shared: Arc<Shared>,
    newest: watch::Receiver<u64>,
    subscription: Option<Subscription>,
    batch: Vec<Arc<Entry>>,
}

struct Subscription {
    filter: Filter,
    /// Served up to this `seq`.
    cursor: u64,
}

/// Talks with a client until either side ends it.
pub(super) async fn run(upgrade: Upgrade, shared: Arc<Shared>) {
    let Ok(upgraded) = upgrade.on_upgrade.await else {
        return;
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    let stream = Patient::new(TokioIo::new(upgraded), shared.settings.stall_limit);
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let mut subscriber = Subscriber {
        socket,
        newest: shared.newest.subscribe(),
        shared,
        subscription: None,
        batch: Vec::new(),
    };
    let end = match upgrade.seat {
        Some(_) => subscriber.converse(upgrade.subscribe).await,
        None => subscriber.refuse().await,
    };
    let end = match end {
        Ok(end) | Err(end) => end,
    };
    tracing::debug!(?end, "a subscriber left");
    close::close(subscriber.socket, end).await;
}

impl Subscriber {
    async fn refuse(&mut self) -> Result<End, End> {
        let most = self.shared.live().settings().max_clients;
        let text = format!("there are {most} clients already, as many as allowed; try again later");
        self.say(message::error("full", &text, true)).await?;
        Ok(End::FULL)
    }

    async fn converse(&mut self, wish: Option<Subscribe>) -> Result<End, End> {
        self.say(message::hello(&self.shared)).await?;
        if let Some(wish) = wish {
            self.subscribe(wish).await?;
        }
        let heartbeat = sleep(self.heartbeat());
        let mut heartbeat = pin!(heartbeat);
        let mut shutdown = self.shared.shutdown.clone();
        loop {
            let more = self.deliver().await?;
            self.socket.flush().await?;
            tokio::select! {
                biased;
                () = stopped(&mut shutdown) => return self.finish().await,
                heard = self.socket.next() => match heard {
                    Some(heard) => self.answer(heard?).await?,
                    None => return Ok(End::Gone),
                },
                () = heartbeat.as_mut() => {
                    heartbeat.as_mut().reset(Instant::now() + self.heartbeat());
                    let cursor = self.cursor();
                    self.say(message::heartbeat(&self.shared.hub, cursor)).await?;
                }
                () = tokio::task::yield_now(), if more => {}
                _ = self.newest.changed(), if !more && self.subscription.is_some() => {}
            }
        }
    }

    async fn answer(&mut self, heard: Message) -> Result<(), End> {
        let text = match heard {
            Message::Text(text) => text,
            Message::Binary(_) => {
                let text = "messages must be text frames, this was a binary one";
                self.say(message::error("binary", text, true)).await?;
                return Err(End::BINARY);
            }
            Message::Close(_) => return Err(End::PeerCloses),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(()),
        };
        match ClientMessage::parse(&text) {
            Ok(ClientMessage::Subscribe(wish)) => self.subscribe(wish).await,
            Ok(ClientMessage::Unsubscribe) => {
                self.subscription = None;
                Ok(())
            }
            Ok(ClientMessage::Ping) => {
                let cursor = self.cursor();
                self.say(message::pong(&self.shared.hub, cursor)).await
            }
            Ok(ClientMessage::Auth) => self.say(message::auth()).await,
            Err(why) => {
                self.say(message::error("bad_message", &why, true)).await?;
                Err(End::BAD_MESSAGE)
            }
        }
    }

    /// Sets the cursor, as `since` wants it; what follows it comes from [`Self::deliver`].
    async fn subscribe(&mut self, wish: Subscribe) -> Result<(), End> {
        let Subscribe { filter, since } = wish;
        self.subscription = None;
        let hub = Arc::clone(&self.shared.hub);
        let known = since.as_ref().filter(|since| since.epoch == hub.epoch());
        let cursor = if let Some(since) = known {
            let latest = hub.latest();
            if since.seq > latest {
                // Not fatal: a client that reconnects whenever it is closed would go on so for ever.
                let text = format!(
                    "since is {}, but the newest event is {latest}; not subscribed: subscribe without since, or with a smaller one",
                    since.seq
                );
                return self.say(message::error("future_cursor", &text, false)).await;
            }
            since.seq
        } else {
            let snapshot = hub.snapshot();
            if since.is_some() {
                let gap = message::gap(&hub, 1, snapshot.seq, GapReason::UnknownEpoch);
                self.say(gap).await?;
            }
            self.say(message::snapshot(&hub, &snapshot, &filter)).await?;
            snapshot.seq
        };
        self.subscription = Some(Subscription { filter, cursor });
        Ok(())
    }

    /// Sends what the log holds next, at most a batch; true if there may be more.
    async fn deliver(&mut self) -> Result<bool, End> {
        let Some(subscription) = &mut self.subscription else {
            return Ok(false);
        };
        let hub = &self.shared.hub;
        self.batch.clear();
        match hub.read(subscription.cursor, BATCH, &mut self.batch) {
            ReadResult::UpToDate => return Ok(false),
            ReadResult::Gap { from_seq, to_seq } => {
                let gap = message::gap(hub, from_seq, to_seq, GapReason::Evicted);
                self.socket.feed(Message::text(gap)).await?;
                subscription.cursor = to_seq;
            }
            ReadResult::Events => {
                for entry in self.batch.drain(..) {
                    if subscription.filter.passes(&entry) {
                        let frame = entry.frame(subscription.filter.top_k);
                        self.socket.feed(Message::Text(frame)).await?;
                    }
                    subscription.cursor = entry.seq();
                }
            }
        }
        Ok(true)
    }

    /// Sends what has been published up to now, for it is the last.
    async fn finish(&mut self) -> Result<End, End> {
        let last = self.shared.hub.latest();
        while self.cursor().is_some_and(|cursor| cursor < last) {
            self.deliver().await?;
        }
        Ok(End::SHUTDOWN)
    }

    /// Time to the next heartbeat, as the settings of this moment have it.
    fn heartbeat(&self) -> Duration {
        self.shared.live().settings().heartbeat
    }

    fn cursor(&self) -> Option<u64> {
        self.subscription.as_ref().map(|of| of.cursor)
    }

    async fn say(&mut self, message: String) -> Result<(), End> {
        Ok(self.socket.feed(Message::text(message)).await?)
    }
}
