//! Answers to clients of which no request was read: there is no room for their connection, or their request does not come.
//! Touch it when such a client is to be told otherwise.

use std::io::Write;
use std::net::Shutdown;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::CLOSE_LIMIT;
use super::crowd::Full;

/// How long the end of a client is waited for that was told why: a connection that is closed with unread bytes is reset,
/// and the reset may overtake what it was told.
const LINGERS: Duration = Duration::from_millis(500);

/// Most bytes that are taken of it meanwhile.
const TAKEN: usize = 64 << 10;

const NO_ROOM: &str = "as many connections as allowed are open; try again later, or have the daemon's operator raise \
                       server.max_connections";
const NO_ROOM_FOR_YOU: &str = "as many connections as allowed are open from your address; close some first, or have the daemon's \
                               operator raise server.max_connections_per_address, or name a proxy in server.trusted_proxies";
const TOO_SLOW: &str = "the head of the request did not come in time";

const PLAIN: &str = "here TLS is spoken: ask for https:// or wss:// in the place of http:// or ws://";

/// An answer whose body is JSON, as all errors of ours.
fn answer(status: &str, headers: &str, code: &str, message: &str) -> Vec<u8> {
    let body = format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#);
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nCache-Control: no-store\r\n\
         {headers}Connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Tells somebody why there is no room. What it returns has been told, and is to be dropped some time later.
pub(super) fn no_room(stream: TcpStream, full: Full) -> Option<TcpStream> {
    let again = "Retry-After: 10\r\n";
    let text = match full {
        Full::All => answer("503 Service Unavailable", again, "too_many_connections", NO_ROOM),
        Full::Address => answer("429 Too Many Requests", again, "too_many_connections", NO_ROOM_FOR_YOU),
    };
    // Nothing has been written to it, so all of it fits. Whoever is gone already need not be told.
    let stream = stream.into_std().ok()?;
    (&stream).write_all(&text).ok()?;
    stream.shutdown(Shutdown::Write).ok()?;
    TcpStream::from_std(stream).ok()
}

/// Waits a while for the end of somebody who was told that there is no room.
pub(super) async fn linger(mut stream: impl AsyncRead + Unpin) {
    // Whoever stays longer is cut off.
    let _ = timeout(LINGERS, taken(&mut stream)).await;
}

/// Tells somebody that the head of a request has not come in time.
pub(super) async fn too_slow(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let text = answer("408 Request Timeout", "", "too_slow", TOO_SLOW);
    let told = async {
        if stream.write_all(&text).await.is_ok() && stream.shutdown().await.is_ok() {
            taken(&mut stream).await;
        }
    };
    // Whoever does not take it is cut off.
    let _ = timeout(CLOSE_LIMIT, told).await;
}

/// Tells somebody who speaks plain HTTP where TLS is spoken.
pub(super) async fn plain(mut stream: TcpStream) {
    let text = answer("400 Bad Request", "", "plain_http", PLAIN);
    if stream.write_all(&text).await.is_ok() && stream.shutdown().await.is_ok() {
        linger(stream).await;
    }
}

async fn taken(stream: &mut (impl AsyncRead + Unpin)) {
    let (mut rest, mut left) = ([0; 1024], TAKEN);
    while let Ok(read) = stream.read(&mut rest).await
        && read > 0
        && left > read
    {
        left -= read;
    }
}
