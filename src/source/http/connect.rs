//! A connection, plain or through TLS, whose first bytes are made to look like HTTP where a SHOUTcast server says `ICY`.
//! Touch it when connecting changes: addresses tried, certificates, protocols.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::rustls::ClientConfig;

use super::error::HttpError;
use crate::dial::{self, Address, DialError, Duplex};

/// Connects to the server of an address. `tls` is asked for only where TLS is.
pub(super) async fn connect(
    address: &Address,
    tls: impl FnOnce() -> Result<Arc<ClientConfig>, String>,
) -> Result<Icy<Box<dyn Duplex>>, HttpError> {
    let host = address.host();
    let stream = dial::tcp(host, address.port()).await.map_err(|error| match error {
        DialError::Resolve(io) => HttpError::Resolve { host: host.to_owned(), io },
        DialError::Connect(io) => HttpError::Connect { address: address.clone(), io },
    })?;
    if !address.is_secure() {
        return Ok(Icy::new(Box::new(stream)));
    }
    let insecure = |reason: String| HttpError::Tls { address: address.clone(), reason };
    let config = tls().map_err(insecure)?;
    let stream = dial::secure(stream, host, config).await.map_err(insecure)?;
    Ok(Icy::new(Box::new(stream)))
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
