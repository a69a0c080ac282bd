//! One connection, from its first byte to its last: HTTP, and the WebSocket that may come of it.
//! Touch it for limits of a single connection; axum's own server has neither a header timeout nor a cap.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::crowd::Guest;
use super::line::{Line, Stream};
use super::patient::Patient;
use super::routes::{Local, Peer};
use super::shutdown::stopped;
use super::turned_away::Why;
use super::upgrade::Slot;
use super::{Shared, refuse, tls, websocket};

/// Room for the head of a request.
const HEAD_BYTES: usize = 16 << 10;

/// Most headers of a request.
const MOST_HEADERS: usize = 100;

/// Talks with a client until either side has had enough; it counts as `_guest` meanwhile.
pub(super) async fn run(stream: TcpStream, peer: IpAddr, _guest: Guest, router: Router, shared: Arc<Shared>) {
    let local = match stream.set_nodelay(true).and_then(|()| stream.local_addr()) {
        Ok(local) => local,
        Err(error) => {
            tracing::debug!(%error, "a connection was lost at once");
            return;
        }
    };
    let Some((line, secure)) = Box::pin(line(stream, &shared)).await else { return };
    let local = Local { at: local, secure };
    let slot = Slot::default();
    // Boxed, each of them, so that the memory of one is free before the long life of the next begins.
    let http = Box::pin(http(line, (local, peer), router, slot.clone(), Arc::clone(&shared)));
    if let Err(error) = http.await {
        tracing::debug!(%error, "a connection ended early");
    }
    if let Some(upgrade) = slot.take() {
        Box::pin(websocket::run(upgrade, shared)).await;
    }
}

/// The stream to talk through, and whether it is TLS, as the settings of this moment have it.
async fn line(stream: TcpStream, shared: &Shared) -> Option<(Line, bool)> {
    let Shared { settings, .. } = shared;
    let Some(identity) = shared.live().settings().tls.clone() else {
        return Some((Line::new(Stream::Plain(Patient::new(stream, settings.stall_limit))), false));
    };
    let mut shutdown = shared.shutdown.clone();
    let agreed = tokio::select! {
        agreed = tls::handshake(stream, &identity, settings.header_timeout, settings.stall_limit) => agreed,
        () = stopped(&mut shutdown) => return None,
    };
    match agreed {
        Ok(stream) => Some((Line::new(Stream::Tls(Box::new(stream))), true)),
        Err(error) => {
            tracing::debug!(%error, "a client did not agree upon TLS");
            shared.turned_away.count(Why::NoTls);
            None
        }
    }
}

async fn http(
    line: Line,
    (local, peer): (Local, IpAddr),
    router: Router,
    slot: Slot,
    shared: Arc<Shared>,
) -> Result<(), hyper::Error> {
    let (heard_on, told_on) = (line.clone(), line.clone());
    let asked = Arc::new(AtomicBool::new(false));
    let on_asked = Arc::clone(&asked);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        on_asked.store(true, Ordering::Relaxed);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(local);
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(slot.clone());
        request.extensions_mut().insert(heard_on.clone());
        let answer = router.clone().oneshot(request);
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.settings.header_timeout)
        .max_headers(MOST_HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(line), service)
        .with_upgrades();
    let mut connection = Box::pin(connection);
    let mut shutdown = shared.shutdown.clone();
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut shutdown) => {
            connection.as_mut().graceful_shutdown();
            return connection.await;
        }
    };
    drop(connection);
    // Behind an answer nobody expects another one, and who has said nothing waits for none.
    let unasked = told_on.heard() && !asked.load(Ordering::Relaxed);
    if unasked && ended.as_ref().is_err_and(hyper::Error::is_timeout) {
        shared.turned_away.count(Why::TooSlow);
        let mut told = pin!(refuse::too_slow(told_on));
        tokio::select! {
            () = told.as_mut() => {}
            () = stopped(&mut shutdown) => {}
        }
    }
    ended
}
