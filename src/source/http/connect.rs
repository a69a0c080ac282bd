//! A connection, plain or through TLS, whose first bytes are made to look like HTTP where a SHOUTcast server says `ICY`.
//! Touch it when connecting changes: addresses tried, certificates, protocols.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use super::address::Address;
use super::error::HttpError;

/// The most that one of a host's several addresses may take of the time.
const ONE: Duration = Duration::from_secs(4);

/// How many of a host's addresses are tried.
const MOST: usize = 8;

/// Both directions of a connection.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Connects to the server of an address. `tls` is asked for only where TLS is.
pub(super) async fn connect(
    address: &Address,
    tls: impl FnOnce() -> Result<Arc<ClientConfig>, String>,
) -> Result<Icy<Box<dyn Duplex>>, HttpError> {
    let failed = |io| HttpError::Connect { address: address.clone(), io };
    let host = address.host();
    let found = lookup_host((host, address.port()))
        .await
        .map_err(|io| HttpError::Resolve { host: host.to_owned(), io })?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let mut connected = None;
    for one in found.take(MOST) {
        match tokio::time::timeout(ONE, TcpStream::connect(one)).await {
            Ok(Ok(stream)) => {
                connected = Some(stream);
                break;
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::Error::new(io::ErrorKind::TimedOut, format!("no answer from {one}")),
        }
    }
    let stream = connected.ok_or(last).map_err(failed)?;
    if !address.is_secure() {
        return Ok(Icy::new(Box::new(stream)));
    }
    let insecure = |reason: String| HttpError::Tls { address: address.clone(), reason };
    let name = ServerName::try_from(host.to_owned()).map_err(|error| insecure(error.to_string()))?;
    let connector = TlsConnector::from(tls().map_err(insecure)?);
    let stream = connector.connect(name, stream).await.map_err(|error| insecure(error.to_string()))?;
    Ok(Icy::new(Box::new(stream)))
}

/// TLS as the system's certificates allow it.
pub(super) fn tls() -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
        return Err(format!("this machine has no certificates to check others against{why}"));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// What a SHOUTcast server begins with, and what HTTP would have in its place: a body that lasts as long as the connection.
const ICY: &[u8; 4] = b"ICY ";
const HTTP: &[u8; 9] = b"HTTP/1.0 ";

/// Passes everything on, but for a beginning of `ICY `, which becomes `HTTP/1.0 `.
pub(super) struct Icy<T> {
    inner: T,
    begin: Begin,
}

enum Begin {
    /// So many of the first bytes have come.
    Reading([u8; 4], usize),
    /// These are still to be passed on.
    Passing([u8; 9], std::ops::Range<usize>),
    Passed,
}

impl<T> Icy<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, begin: Begin::Reading([0; 4], 0) }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Icy<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match &mut this.begin {
                Begin::Reading(bytes, have) => {
                    let mut room = ReadBuf::new(bytes.get_mut(*have..).unwrap_or_default());
                    match Pin::new(&mut this.inner).poll_read(cx, &mut room) {
                        Poll::Ready(Ok(())) => {}
                        other => return other,
                    }
                    let read = room.filled().len();
                    *have += read;
                    let (bytes, have) = (*bytes, *have);
                    if read == 0 || have == bytes.len() {
                        let mut passed = *HTTP;
                        let is_icy = bytes == *ICY;
                        if !is_icy && let Some(first) = passed.get_mut(..bytes.len()) {
                            first.copy_from_slice(&bytes);
                        }
                        this.begin = Begin::Passing(passed, 0..if is_icy { HTTP.len() } else { have });
                    }
                }
                Begin::Passing(bytes, left) if left.start < left.end => {
                    let count = left.len().min(out.remaining());
                    out.put_slice(bytes.get(left.start..left.start + count).unwrap_or_default());
                    left.start += count;
                    return Poll::Ready(Ok(()));
                }
                Begin::Passing(..) => this.begin = Begin::Passed,
                Begin::Passed => return Pin::new(&mut this.inner).poll_read(cx, out),
            }
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Icy<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// What comes through when the pieces arrive one after the other.
    fn through(pieces: &[&[u8]]) -> Vec<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let (mut there, here) = duplex(64);
            let mut read = Vec::new();
            let mut icy = Icy::new(here);
            let write = async {
                for piece in pieces {
                    there.write_all(piece).await.expect("writes");
                    tokio::task::yield_now().await;
                }
                drop(there);
            };
            let (result, ()) = tokio::join!(icy.read_to_end(&mut read), write);
            result.expect("reads");
            read
        })
    }

    #[test]
    fn only_a_beginning_of_icy_is_changed() {
        assert_eq!(through(&[b"ICY 200 OK\r\n\r\nICY "]), b"HTTP/1.0 200 OK\r\n\r\nICY ");
        assert_eq!(through(&[b"I", b"CY", b" 200 OK\r\n"]), b"HTTP/1.0 200 OK\r\n");
        assert_eq!(through(&[b"HTTP/1.1 200 OK\r\n"]), b"HTTP/1.1 200 OK\r\n");
        assert_eq!(through(&[b"ICYX"]), b"ICYX");
        assert_eq!(through(&[b"IC"]), b"IC");
        assert_eq!(through(&[]), b"");
    }
}
