//! The accept loop: takes connections up to a cap, runs each in a task of its own, ends them all at shutdown.
//! Touch it for limits of connections; axum's own loop has neither a header timeout nor a cap.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::line::Line;
use super::patient::Patient;
use super::routes::{Local, router};
use super::settings::changed;
use super::shutdown::stopped;
use super::upgrade::Slot;
use super::{CLOSE_LIMIT, Shared, websocket};

/// Connections beyond the subscribers: requests for state, and clients about to be told that it is full.
const SPARE_CONNECTIONS: usize = 64;

/// Room for the head of a request.
const HEAD_BYTES: usize = 16 << 10;

/// How long to rest when the system refuses to accept, such as for want of file descriptors.
const ACCEPT_REST: Duration = Duration::from_millis(100);

pub(super) async fn run(listener: TcpListener, shared: Arc<Shared>) {
    let router = router(Arc::clone(&shared));
    let mut live = shared.live.clone();
    let mut shutdown = shared.shutdown.clone();
    let mut connections = JoinSet::new();
    loop {
        shared.connections.store(connections.len(), Ordering::Relaxed);
        let cap = shared.live().settings().max_clients.saturating_add(SPARE_CONNECTIONS);
        tokio::select! {
            () = stopped(&mut shutdown) => break,
            () = changed(&mut live) => {}
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a connection's task failed");
                }
            }
            // At the cap the rest wait in the kernel's queue.
            accepted = listener.accept(), if connections.len() < cap => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone(), Arc::clone(&shared)));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            },
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(CLOSE_LIMIT, all).await.is_err() {
        tracing::warn!(left = connections.len(), "connections did not close in time: cut off");
        connections.shutdown().await;
    }
}

async fn connection(stream: TcpStream, router: Router, shared: Arc<Shared>) {
    let local = match stream.set_nodelay(true).and_then(|()| stream.local_addr()) {
        Ok(local) => local,
        Err(error) => {
            tracing::debug!(%error, "a connection was lost at once");
            return;
        }
    };
    let slot = Slot::default();
    // Boxed, so that the HTTP part's memory is free before the WebSocket's long life begins.
    let http = Box::pin(http(stream, local, router, slot.clone(), Arc::clone(&shared)));
    if let Err(error) = http.await {
        tracing::debug!(%error, "a connection ended early");
    }
    if let Some(upgrade) = slot.take() {
        websocket::run(upgrade, shared).await;
    }
}

async fn http(
    stream: TcpStream,
    local: SocketAddr,
    router: Router,
    slot: Slot,
    shared: Arc<Shared>,
) -> Result<(), hyper::Error> {
    let line = Line::new(stream);
    let heard_on = line.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Local(local));
        request.extensions_mut().insert(slot.clone());
        request.extensions_mut().insert(heard_on.clone());
        let answer = router.clone().oneshot(request);
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let stream = Patient::new(line, shared.settings.stall_limit);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.settings.header_timeout)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut shutdown = shared.shutdown.clone();
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stopped(&mut shutdown) => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}
