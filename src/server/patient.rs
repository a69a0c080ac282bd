//! A stream whose writes must get on: a peer that takes nothing for too long counts as gone. Under every connection.
//! Touch it when another patience is wanted, for reads, say.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Passes everything on, but fails a write with [`io::ErrorKind::TimedOut`] once nothing at all could be written
/// for `limit`. Somebody slow, who takes a little now and then, is waited for.
#[derive(Debug)]
pub(super) struct Patient<S> {
    stream: S,
    limit: Duration,
    /// Runs while a write waits.
    end: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, limit: Duration) -> Self {
        Self { stream, limit, end: None }
    }

    /// What is written to.
    pub(super) fn inner(&self) -> &S {
        &self.stream
    }

    /// What a write comes to that the stream answered in this way.
    fn judge(&mut self, cx: &mut Context<'_>, answer: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if answer.is_ready() {
            self.end = None;
            return answer;
        }
        let limit = self.limit;
        let end = self.end.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(end.as_mut().poll(cx));
        self.end = None;
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let answer = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(cx, answer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let answer = Pin::new(&mut self.stream).poll_write_vectored(cx, buffers);
        self.judge(cx, answer)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn whoever_takes_nothing_is_given_up() {
        let (mut stream, _deaf) = {
            let (ours, theirs) = duplex(16);
            (Patient::new(ours, Duration::from_millis(50)), theirs)
        };
        let error = stream.write_all(&[0; 17]).await.expect_err("there is room for 16");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn whoever_is_slow_is_waited_for() {
        let limit = Duration::from_millis(500);
        let (ours, mut theirs) = duplex(1);
        let mut stream = Patient::new(ours, limit);
        let began = std::time::Instant::now();
        let slow = async {
            // One byte each tick: all of them take far longer than the limit.
            let mut ticks = tokio::time::interval(limit / 5);
            for _ in 0..15 {
                ticks.tick().await;
                theirs.read_u8().await.expect("a byte");
            }
        };
        let (written, ()) = tokio::join!(stream.write_all(&[0; 15]), slow);
        written.expect("it got on all the time");
        assert!(began.elapsed() > 2 * limit, "{:?}", began.elapsed());
    }
}
