//! How a WebSocket ends: which close code, and the time both sides get for it.
//! Touch it when there is a new reason to close.

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::Socket;
use crate::server::CLOSE_LIMIT;

/// Why a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// We close, with this code and reason.
    Close(u16, &'static str),
    /// The client closes; its close frame is to be answered.
    PeerCloses,
    /// The connection is no more.
    Gone,
}

impl End {
    pub(super) const SHUTDOWN: Self = Self::Close(1001, "the daemon ends");
    pub(super) const BINARY: Self = Self::Close(1003, "text frames only");
    pub(super) const FULL: Self = Self::Close(1013, "too many clients, try again later");
    pub(super) const BAD_MESSAGE: Self = Self::Close(4400, "bad message, see the error before");
    pub(super) const UNAUTHENTICATED: Self = Self::Close(4401, "a token is asked for, see the error before");
    pub(super) const FORBIDDEN: Self = Self::Close(4403, "the token does not open this");
    pub(super) const AUTH_TIMEOUT: Self = Self::Close(4408, "no token came in time");
    pub(super) const TOO_FAST: Self = Self::Close(4429, "too many messages, see the error before");
    pub(super) const REVOKED: Self = Self::Close(4401, "the token is not taken any more");
    pub(super) const NO_SOURCE: Self = Self::Close(4404, "no such source, see the error before");
    pub(super) const ENDED: Self = Self::Close(1000, "the source has ended");
    const STALLED: Self = Self::Close(1008, "nothing was read for too long");
    const NOT_UTF8: Self = Self::Close(1007, "text must be UTF-8");
    const PROTOCOL: Self = Self::Close(1008, "this is not WebSocket as RFC 6455 has it");
    const TOO_BIG: Self = Self::Close(1009, "messages may have at most 65536 bytes");
}

impl From<WsError> for End {
    fn from(error: WsError) -> Self {
        match error {
            WsError::Capacity(_) => Self::TOO_BIG,
            WsError::Utf8(_) => Self::NOT_UTF8,
            // So says `Patient`.
            WsError::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Self::STALLED,
            WsError::Protocol(
                ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing,
            ) => Self::Gone,
            WsError::Protocol(_) => Self::PROTOCOL,
            _ => Self::Gone,
        }
    }
}

/// Ends a conversation, within [`CLOSE_LIMIT`].
pub(super) async fn close(mut socket: Socket, end: End) {
    let farewell = async {
        match end {
            End::Gone => return,
            End::PeerCloses => {}
            End::Close(code, reason) => {
                let frame = CloseFrame { code: code.into(), reason: reason.into() };
                if socket.send(Message::Close(Some(frame))).await.is_err() {
                    return;
                }
            }
        }
        // Reading on completes the closing handshake, from whichever side it came.
        while let Some(Ok(_)) = socket.next().await {}
        // What the client still sends is taken in until it has seen the close frame: closing a socket with unread
        // data resets the connection, and a reset may overtake the frame.
        let stream = socket.get_mut();
        if stream.shutdown().await.is_ok() {
            let mut rest = [0; 1024];
            while matches!(stream.read(&mut rest).await, Ok(read) if read > 0) {}
        }
    };
    // Whoever takes longer is cut off: the reason has been sent, as far as it could be.
    let _ = timeout(CLOSE_LIMIT, farewell).await;
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn a_write_that_does_not_get_on_is_closed_with_1008() {
        assert!(matches!(End::from(WsError::Io(ErrorKind::TimedOut.into())), End::Close(1008, _)));
        assert_eq!(End::from(WsError::Io(Error::other("cable cut"))), End::Gone);
    }
}
