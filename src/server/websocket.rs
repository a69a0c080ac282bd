//! One WebSocket client: the conversation around its feed.
//! Touch it when what clients say is answered otherwise. It holds a few frames at most, however slow the client is. What a
//! subscriber seldom waits for is boxed: each of thousands would keep room for it all the time.

mod auth;
mod close;
mod mel;

use std::net::IpAddr;
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

use super::access::Access;
use super::feed::Feed;
use super::message;
use super::pace::Pace;
use super::request::{ClientMessage, Subscribe, query};
use super::seats::{Seat, Transport};
use super::shutdown::stopped;
use super::token::Scope;
use super::upgrade::{Upgrade, Wish};
use super::{Live, MAX_MESSAGE, Shared};
use crate::history::Position;
use close::End;

/// Bytes gathered before they are written; only grows that far when a client catches up.
const WRITE_BUFFER: usize = 8 << 10;

/// A bound on what waits unwritten. One batch or one snapshot, which grows with the number of sources, must fit.
const MAX_WRITE_BUFFER: usize = 16 << 20;

/// Clients say little; what is longer is read in pieces.
const READ_BUFFER: usize = 1 << 10;

/// So many times in a row events are served before anything else is asked for.
const STREAK: u32 = 32;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

struct Subscriber<'a> {
    socket: &'a mut Socket,
    shared: Arc<Shared>,
    access: Access,
    newest: watch::Receiver<u64>,
    pace: Pace,
    feed: Option<Feed>,
    seat: Seat,
    /// Whether something lies in the socket's buffer.
    unsent: bool,
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
    let mut socket =
        WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let Upgrade { wish, access, forwarded, .. } = upgrade;
    let end = match serve(&mut socket, wish, access, forwarded, shared).await {
        Ok(end) | Err(end) => end,
    };
    tracing::debug!(?end, "a subscriber left");
    Box::pin(close::close(socket, end)).await;
}

/// Lets the client show its token, gives it a seat, and gives it what it came for.
async fn serve(
    socket: &mut Socket,
    wish: Wish,
    access: Access,
    forwarded: Option<IpAddr>,
    shared: Arc<Shared>,
) -> Result<End, End> {
    let access = match access {
        Access::Pending => Box::pin(auth::first_message(socket, &shared)).await?,
        shown => shown,
    };
    let transport = if matches!(wish, Wish::Mel(_)) { Transport::Mel } else { Transport::WebSocket };
    let seat = match shared.seat(forwarded, transport) {
        Ok(seat) => seat,
        Err(text) => {
            socket.feed(Message::text(message::error("full", &text, true))).await?;
            return Ok(End::FULL);
        }
    };
    match wish {
        Wish::Mel(source) => {
            let _seat = seat;
            let live = shared.live.clone();
            Box::pin(mel::show(socket, &shared, access, live, source)).await
        }
        Wish::Events(wish) => {
            let newest = shared.newest.subscribe();
            let (pace, feed, unsent) = (Pace::new(), None, false);
            let mut subscriber = Subscriber { socket, newest, access, shared, pace, seat, feed, unsent };
            subscriber.converse(wish).await
        }
    }
}

/// Tells a client that it talks too fast for anybody to follow.
async fn too_fast(socket: &mut Socket) -> Result<End, End> {
    let text = "too many messages came at once; 20 a second may come, pings included";
    socket.feed(Message::text(message::error("too_many_messages", text, true))).await?;
    Ok(End::TOO_FAST)
}

/// Waits until the access is worth nothing any more.
async fn revoked_later(access: Access, mut live: watch::Receiver<Arc<Live>>) {
    access.revoked(&mut live).await;
}

impl Subscriber<'_> {
    async fn converse(&mut self, wish: Option<Subscribe>) -> Result<End, End> {
        let filter = wish.as_ref().map(|wish| &wish.filter);
        self.say(message::hello(&self.shared, filter)).await?;
        if let Some(wish) = wish {
            self.subscribe(wish).await?;
        }
        let heartbeat = sleep(self.heartbeat());
        let mut heartbeat = pin!(heartbeat);
        // These wait through all events: made anew for each, they would have to take their place among thousands each time.
        let mut shutdown = self.shared.shutdown.clone();
        let mut stop = pin!(stopped(&mut shutdown));
        let mut revoked = pin!(revoked_later(self.access.clone(), self.shared.live.clone()));
        let mut streak = 0;
        loop {
            let more = self.deliver().await?;
            if std::mem::take(&mut self.unsent) {
                self.socket.flush().await?;
            }
            // Nearly always it is an event that comes next, and then little else need be asked, unless that goes on for ever. The
            // sender of `newest` lives in `shared`, so its end is never what is changed.
            streak = if self.newest.has_changed().unwrap_or(false) { streak + 1 } else { 0 };
            let others_first = more || streak % STREAK == STREAK - 1;
            tokio::select! {
                biased;
                () = revoked.as_mut() => return Ok(End::REVOKED),
                _ = self.newest.changed(), if !others_first && self.feed.is_some() => {}
                () = stop.as_mut() => return Box::pin(self.finish()).await,
                heard = self.socket.next() => match heard {
                    Some(heard) => {
                        self.unsent = true;
                        Box::pin(self.answer(heard?)).await?;
                        // It may have shown another token.
                        revoked.set(revoked_later(self.access.clone(), self.shared.live.clone()));
                    }
                    None => return Ok(End::Gone),
                },
                () = heartbeat.as_mut() => {
                    heartbeat.as_mut().reset(Instant::now() + self.heartbeat());
                    let position = self.position();
                    self.say(message::heartbeat(&self.shared.hub, position)).await?;
                }
                () = tokio::task::yield_now(), if others_first => {}
            }
        }
    }

    async fn answer(&mut self, heard: Message) -> Result<(), End> {
        if !self.pace.keeps() {
            return Err(too_fast(self.socket).await?);
        }
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
            Ok(ClientMessage::Subscribe(wish)) => {
                if let Some(unknown) = query::unknown_fields(&text) {
                    let text = format!("{unknown}; subscribed without it");
                    self.say(message::error("unknown_field", &text, false)).await?;
                }
                let unknown = message::unknown_sources(&self.shared, &wish.filter);
                if !unknown.is_empty() {
                    let text = format!(
                        "there is no source {}; subscribed all the same, for one of that name may come",
                        unknown.join(", ")
                    );
                    self.say(message::error("unknown_source", &text, false)).await?;
                }
                self.subscribe(wish).await
            }
            Ok(ClientMessage::Unsubscribe) => {
                self.feed = None;
                self.seat.is_at(None);
                Ok(())
            }
            Ok(ClientMessage::Ping) => {
                let position = self.position();
                self.say(message::pong(&self.shared.hub, position)).await
            }
            Ok(ClientMessage::Auth(Some(token))) => {
                self.access = auth::show(self.socket, &self.shared, &token).await?;
                if let (Some(feed), false) = (&mut self.feed, self.access.may(Scope::History)) {
                    feed.close_the_past();
                }
                Ok(())
            }
            Ok(ClientMessage::Auth(None)) => self.say(message::auth(&self.access)).await,
            Err(why) => {
                self.say(message::error("bad_message", &why, true)).await?;
                Err(End::BAD_MESSAGE)
            }
        }
    }

    /// Begins to send what is wished for, instead of what was wished for before.
    async fn subscribe(&mut self, wish: Subscribe) -> Result<(), End> {
        let archive = self.shared.archive.clone().filter(|_| self.access.may(Scope::History));
        match Feed::new(Arc::clone(&self.shared.hub), archive, wish) {
            Ok(feed) => self.feed = Some(feed),
            Err(future) => {
                self.feed = None;
                // Not fatal: a client that reconnects whenever it is closed would go on so for ever.
                let text = format!("not subscribed: {future}");
                self.say(message::error("future_cursor", &text, false)).await?;
            }
        }
        Ok(())
    }

    /// Sends what comes next, at most a batch; true if there may be more.
    async fn deliver(&mut self) -> Result<bool, End> {
        let Some(feed) = &mut self.feed else {
            return Ok(false);
        };
        let more = feed.advance().await;
        while let Some(item) = feed.take() {
            if item.kind == "gap" {
                self.seat.gap();
            }
            self.socket.feed(Message::Text(item.text)).await?;
            self.unsent = true;
        }
        self.seat.is_at(Some(feed.seq()));
        Ok(more)
    }

    /// Sends what has been published up to now, for it is the last. Whoever is still in the past comes back for the rest.
    async fn finish(&mut self) -> Result<End, End> {
        let last = self.shared.hub.latest();
        while self.deliver().await? && self.feed.as_ref().is_some_and(|feed| !feed.is_over(last)) {}
        Ok(End::SHUTDOWN)
    }

    /// Time to the next heartbeat, as the settings of this moment have it.
    fn heartbeat(&self) -> Duration {
        self.shared.live().settings().heartbeat
    }

    fn position(&self) -> Option<Position> {
        self.feed.as_ref().map(Feed::position)
    }

    async fn say(&mut self, message: String) -> Result<(), End> {
        self.unsent = true;
        Ok(self.socket.feed(Message::text(message)).await?)
    }
}
