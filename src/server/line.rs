//! A connection's stream, held so that somebody else than the HTTP side can notice that its peer is gone: HTTP reads a body
//! only as fast as it is wanted, and whoever waits for a turn would be missed by nobody. Touch it when more is to be known of
//! a peer.

use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::patient::Patient;

/// A connection's stream. Its clones are the same stream.
#[derive(Debug, Clone)]
pub(super) struct Line {
    stream: Arc<Mutex<Stream>>,
    heard: Arc<AtomicBool>,
}

/// The stream itself: bare, or TLS above it. Writes of either must get on.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(Patient<TcpStream>),
    Tls(Box<TlsStream<Patient<TcpStream>>>),
}

/// What both are to whoever reads and writes.
trait Duplex: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

impl Stream {
    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream.inner(),
            Self::Tls(stream) => stream.get_ref().0.inner(),
        }
    }

    fn duplex(&mut self) -> Pin<&mut dyn Duplex> {
        match self {
            Self::Plain(stream) => Pin::new(stream),
            Self::Tls(stream) => Pin::new(stream),
        }
    }
}

impl Line {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream: Arc::new(Mutex::new(stream)), heard: Arc::default() }
    }

    /// Whether the peer has ever said anything.
    pub(super) fn heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    fn stream(&self) -> MutexGuard<'_, Stream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when the peer has closed its side, though bytes of it may still lie unread. Behind more bytes than the kernel
    /// takes, the end of a peer is seen no earlier than these are read.
    pub(super) async fn gone(&self) {
        // Where the system refuses, the HTTP side notices it later.
        if self.watch().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn watch(&self) -> io::Result<()> {
        let same = self.stream().socket().as_fd().try_clone_to_owned()?;
        // What is read through one descriptor is gone for the other, so this one is only watched.
        let watched = TcpStream::from_std(same.into())?;
        loop {
            if watched.ready(Interest::READABLE).await?.is_read_closed() {
                return Ok(());
            }
            // Says that the bytes that have come are of no interest, so that the next thing to happen is waited for.
            let seen: io::Result<()> =
                watched.try_io(Interest::READABLE, || Err(io::ErrorKind::WouldBlock.into()));
            drop(seen);
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = self.stream().duplex().poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.heard.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream().duplex().poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().duplex().poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream().duplex().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().duplex().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().duplex().poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_peer_that_closes_is_noticed_behind_what_it_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let mut peer = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("connects");
        let stream = listener.accept().await.expect("comes").0;
        let line = Line::new(Stream::Plain(Patient::new(stream, std::time::Duration::from_secs(60))));
        peer.write_all(&[7; 5000]).await.expect("sent");
        let gone = line.gone();
        tokio::pin!(gone);
        let early = tokio::time::timeout(std::time::Duration::from_millis(100), gone.as_mut()).await;
        assert!(early.is_err(), "it is still there");
        drop(peer);
        tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.expect("noticed");
    }
}
