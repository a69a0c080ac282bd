//! The beginning of a connection over TLS, in a limited time. Whoever speaks plain HTTP to it is told so.
//! Touch it when such a client is to be treated otherwise.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Identity;
use crate::server::patient::Patient;
use crate::server::refuse;

/// Agrees upon TLS with a client, within `limit`; its writes may then wait for `stall_limit`. The error is for the log.
pub(in crate::server) async fn handshake(
    stream: TcpStream,
    identity: &Identity,
    limit: Duration,
    stall_limit: Duration,
) -> io::Result<TlsStream<Patient<TcpStream>>> {
    let agreed = async {
        let mut first = [0];
        let seen = stream.peek(&mut first).await?;
        // A method begins with a letter, a handshake with 22.
        if seen == 1 && first[0].is_ascii_alphabetic() {
            refuse::plain(stream).await;
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it speaks plain HTTP"));
        }
        let acceptor = TlsAcceptor::from(Arc::clone(&identity.config));
        acceptor.accept(Patient::new(stream, stall_limit)).await
    };
    timeout(limit, agreed).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
