//! A connection to a host by its name: which of its addresses are tried, how long each. Touch it when that changes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

/// The most that one of a host's several addresses may take of the time.
const ONE: Duration = Duration::from_secs(4);

/// How many of a host's addresses are tried.
const MOST: usize = 8;

/// Both directions of a connection.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// There is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name of the host is not known.
    #[error("the name cannot be resolved: {0}")]
    Resolve(io::Error),
    /// Nobody takes the connection.
    #[error("{0}")]
    Connect(io::Error),
}

/// Connects to a host, whose addresses are tried one after the other. It has no limit of time as a whole: whoever waits
/// has one.
///
/// # Errors
/// [`DialError`] with what the system said of the last address.
pub async fn tcp(host: &str, port: u16) -> Result<TcpStream, DialError> {
    let found = lookup_host((host, port)).await.map_err(DialError::Resolve)?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for one in found.take(MOST) {
        match tokio::time::timeout(ONE, TcpStream::connect(one)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::Error::new(io::ErrorKind::TimedOut, format!("no answer from {one}")),
        }
    }
    Err(DialError::Connect(last))
}

/// Makes a connection to `host` secure.
///
/// # Errors
/// What is wrong with its certificate, or with the handshake, in words.
pub async fn secure(
    stream: TcpStream,
    host: &str,
    config: Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>, String> {
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    TlsConnector::from(config).connect(name, stream).await.map_err(|error| error.to_string())
}
