//! One viewer of `/v1/mel`: a source's columns as they are computed, for as long as it looks.
//! Touch it when that conversation changes.

use std::pin::pin;
use std::sync::Arc;

use futures_util::SinkExt;
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::close::End;
use super::{Socket, auth};
use crate::server::access::Access;
use crate::server::mel::MelTap;
use crate::server::pace::Pace;
use crate::server::request::ClientMessage;
use crate::server::shutdown::stopped;
use crate::server::{Live, Shared, message};

/// Shows the source of this name or, without one, the only source there is.
pub(super) async fn show(
    socket: &mut Socket,
    shared: &Shared,
    mut access: Access,
    mut live: watch::Receiver<Arc<Live>>,
    source: Option<String>,
) -> Result<End, End> {
    let (name, tap) = match find(shared, source) {
        Ok(found) => found,
        Err(why) => {
            socket.feed(Message::text(message::error("no_such_source", &why, true))).await?;
            return Ok(End::NO_SOURCE);
        }
    };
    let head = tap.format.head(&name);
    socket.send(Message::text(head.as_str())).await?;
    let Some(mut view) = tap.watch() else { return Ok(End::ENDED) };
    // It knows nothing of streams yet, so whichever comes first needs no further head.
    let mut stream = None;
    let period = || shared.live().settings().heartbeat;
    let heartbeat = sleep(period());
    let mut heartbeat = pin!(heartbeat);
    let mut shutdown = shared.shutdown.clone();
    let mut pace = Pace::new();
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut shutdown) => return Ok(End::SHUTDOWN),
            () = access.revoked(&mut live) => return Ok(End::REVOKED),
            heard = socket.next() => match heard {
                Some(Ok(_)) if !pace.keeps() => return super::too_fast(socket).await,
                Some(Ok(heard)) => access = answer(socket, shared, access, heard).await?,
                Some(Err(error)) => return Err(error.into()),
                None => return Ok(End::Gone),
            },
            () = heartbeat.as_mut() => {
                heartbeat.as_mut().reset(Instant::now() + period());
                // Of a source that gives nothing a dead connection would never show.
                socket.send(Message::Ping(Bytes::new())).await?;
            }
            frame = view.next() => {
                let Some(frame) = frame else { return Ok(End::ENDED) };
                if stream.replace(frame.stream).is_some_and(|before| before != frame.stream) {
                    socket.feed(Message::text(head.as_str())).await?;
                }
                socket.send(Message::Binary(frame.bytes)).await?;
            }
        }
    }
}

/// The source's name and where its columns are; the error is a sentence for the client's author.
fn find(shared: &Shared, source: Option<String>) -> Result<(String, Arc<MelTap>), String> {
    let names: Vec<String> = shared.health.sources().into_iter().map(|info| info.name).collect();
    let name = match (source, &names[..]) {
        (Some(name), _) => name,
        (None, [only]) => only.clone(),
        (None, _) => {
            return Err(format!("say which source, by ?source=NAME; there are {}", names.join(", ")));
        }
    };
    let tap = shared.health.mel(&name);
    let tap = tap.ok_or_else(|| format!("there is no source {name:?}; there are {}", names.join(", ")))?;
    Ok((name, tap))
}

/// Little can be said here: a token, and a ping.
async fn answer(socket: &mut Socket, shared: &Shared, access: Access, heard: Message) -> Result<Access, End> {
    let text = match heard {
        Message::Text(text) => text,
        Message::Binary(_) => return Err(End::BINARY),
        Message::Close(_) => return Err(End::PeerCloses),
        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(access),
    };
    let access = match ClientMessage::parse(&text) {
        Ok(ClientMessage::Auth(Some(token))) => auth::show(socket, shared, &token).await?,
        Ok(ClientMessage::Auth(None)) => {
            socket.feed(Message::text(message::auth(&access))).await?;
            access
        }
        Ok(ClientMessage::Ping) => {
            socket.feed(Message::text(message::pong(&shared.hub, None))).await?;
            access
        }
        _ => {
            let text = "here a client says nothing but auth and ping; the source stands in the address";
            socket.feed(Message::text(message::error("bad_message", text, true))).await?;
            return Err(End::BAD_MESSAGE);
        }
    };
    socket.flush().await?;
    Ok(access)
}
