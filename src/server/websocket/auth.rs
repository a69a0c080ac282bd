//! The first message of a client that could show no token in a header, as browsers cannot: it must be the token, and soon.
//! Touch it when that conversation changes.

use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::Socket;
use super::close::End;
use crate::server::access::{ASKS, Access, forbidden};
use crate::server::request::{ClientMessage, Secret};
use crate::server::shutdown::stopped;
use crate::server::token::Scope;
use crate::server::turned_away::Why;
use crate::server::{Shared, message};

/// Waits for the token, within the time there is for it, and answers.
pub(super) async fn first_message(socket: &mut Socket, shared: &Shared) -> Result<Access, End> {
    let mut shutdown = shared.shutdown.clone();
    let heard = tokio::select! {
        () = stopped(&mut shutdown) => return Err(End::SHUTDOWN),
        heard = timeout(shared.settings.auth_limit, text(socket)) => heard,
    };
    let Ok(heard) = heard else {
        return refuse((socket, shared), "auth_timeout", ASKS, End::AUTH_TIMEOUT).await;
    };
    let token = match ClientMessage::parse(&heard?) {
        Ok(ClientMessage::Auth(token)) => token,
        _ => None,
    };
    let Some(token) = token else {
        return refuse((socket, shared), "unauthenticated", ASKS, End::UNAUTHENTICATED).await;
    };
    show(socket, shared, &token).await
}

/// Takes a token that the client shows, and answers; a wrong one is fatal, and so is one that does not open events.
pub(super) async fn show(socket: &mut Socket, shared: &Shared, token: &Secret) -> Result<Access, End> {
    let live = shared.live();
    let access = match &live.settings().tokens {
        None => Some(Access::Open),
        Some(tokens) => tokens.find(token.reveal()).cloned().map(Access::Granted),
    };
    let Some(access) = access else {
        let text = "this token is none of this daemon's";
        return refuse((socket, shared), "unauthenticated", text, End::UNAUTHENTICATED).await;
    };
    socket.feed(Message::text(message::auth(&access))).await?;
    if let (Access::Granted(grant), false) = (&access, access.may(Scope::Events)) {
        let text = forbidden(grant, Scope::Events);
        return refuse((socket, shared), "forbidden", &text, End::FORBIDDEN).await;
    }
    Ok(access)
}

async fn refuse(
    (socket, shared): (&mut Socket, &Shared),
    code: &str,
    text: &str,
    end: End,
) -> Result<Access, End> {
    shared.turned_away.count(if code == "forbidden" { Why::Forbidden } else { Why::Unauthenticated });
    socket.feed(Message::text(message::error(code, text, true))).await?;
    Err(end)
}

async fn text(socket: &mut Socket) -> Result<String, End> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
            Some(Ok(Message::Binary(_))) => return Err(End::BINARY),
            Some(Ok(Message::Close(_))) => return Err(End::PeerCloses),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.into()),
            None => return Err(End::Gone),
        }
    }
}
