//! HTTP, WebSocket and SSE on one port: settings, what the daemon must tell the server, and the way in, [`serve`].
//! Touch it when the server needs to know more from outside; the protocol itself is in `message` and `feed`.

mod accept;
mod access;
mod api_error;
mod archive;
mod classify;
mod connection;
pub mod contract;
mod cors;
mod crowd;
mod descriptors;
mod feed;
mod filter;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod guard;
mod health;
mod history;
mod line;
mod mel;
mod message;
mod metrics;
mod models;
mod pace;
mod page;
mod patient;
mod probes;
mod proxies;
mod refuse;
mod request;
mod revocable;
mod routes;
mod seats;
mod settings;
mod shutdown;
mod sources;
mod sse;
mod tls;
mod token;
mod turned_away;
mod upgrade;
mod websocket;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

pub use health::{
    DeliveryMeasures, DeliveryState, Health, HealthReport, SourceCounts, SourceInfo, SourceMeasures,
};
pub use mel::{MEL_SUBPROTOCOL, MelFormat, MelFrameParts, MelSender, MelTap, MelViewer, mel_channel};
pub use settings::{Live, LiveSettings, ServerSettings};
pub use tls::{Identity, TlsError, renew};
pub use token::{Scope, Scopes, TokenError, TokenFile, Tokens};

use crate::catalogue::Catalogue;
use crate::event::ModelInfo;
use crate::history::History;
use crate::hub::Hub;
use crate::upload::Hall;
use archive::Archive;
use crowd::Crowd;
use models::Shelf;
use seats::Seats;
use turned_away::TurnedAway;

/// The WebSocket subprotocol; a client may offer it or none.
pub const SUBPROTOCOL: &str = "genrecast.v1.json";

/// Longest message taken from a client, in bytes.
pub const MAX_MESSAGE: usize = 64 << 10;

/// How many labels a window has for those who don't ask for another number.
pub const DEFAULT_TOP_K: usize = 5;

/// How long a closing connection, or all of them at shutdown, may take to end.
pub const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// The constant part of `hello`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Version of the daemon.
    pub version: String,
    /// The model's labels.
    pub labels: Vec<String>,
    /// The model and where it really runs.
    pub model: ModelInfo,
    /// What tells music from what is none, and where it runs.
    pub gate: Option<ModelInfo>,
}

/// Where events come from.
#[derive(Debug, Clone)]
pub struct Events {
    /// The newest, and what is published from now on.
    pub hub: Arc<Hub>,
    /// Those before, over restarts; `None` if nothing is recorded.
    pub history: Option<History>,
}

/// What there is to serve.
pub struct Served {
    /// Where events come from.
    pub events: Events,
    /// The constant part of `hello`.
    pub about: Arc<About>,
    /// How the daemon is.
    pub health: Arc<dyn Health>,
    /// Which models there are; `None` where none are to be shown.
    pub catalogue: Option<Catalogue>,
    /// Where clips wait that clients send; `None` where none are taken.
    pub hall: Option<Hall>,
}

/// Why the server could not begin, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {listen}: {io}; free the port, or choose another address with --listen")]
    Listen {
        /// The address asked for.
        listen: SocketAddr,
        /// What the system said.
        io: std::io::Error,
    },
    /// `public_url` is not a URL with scheme and host.
    #[error("public_url must look like https://genre.example.org, but is {given:?}; mend it or leave it out")]
    PublicUrl {
        /// What was configured.
        given: String,
    },
    /// An origin that cannot be let in.
    #[error("allow_origins: {reason}")]
    Origin {
        /// What was expected, what came, what to do.
        reason: String,
    },
    /// A proxy that cannot be trusted.
    #[error("trusted_proxies: {reason}")]
    Proxy {
        /// What was expected and what came.
        reason: String,
    },
    /// A number that must not be zero is.
    #[error("{what} must be more than zero; mend it or leave it out")]
    Zero {
        /// Name of the setting.
        what: &'static str,
    },
}

/// Begins to listen.
///
/// # Errors
/// [`ServerError::Listen`] when the address is taken, not ours or not allowed.
pub async fn bind(listen: SocketAddr) -> Result<TcpListener, ServerError> {
    let listening = || {
        let socket = if listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        // Connections inherit it.
        socket.set_send_buffer_size(SEND_BUFFER)?;
        socket.bind(listen)?;
        socket.listen(BACKLOG)
    };
    listening().map_err(|io| ServerError::Listen { listen, io })
}

/// Bytes that the kernel may hold for one connection. Left to itself it takes megabytes, and a client that never reads
/// would have all those frames serialised for nobody.
const SEND_BUFFER: u32 = 64 << 10;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// What every connection shares.
pub(crate) struct Shared {
    settings: ServerSettings,
    live: watch::Receiver<Arc<Live>>,
    hub: Arc<Hub>,
    archive: Option<Archive>,
    shelf: Option<Shelf>,
    hall: Option<Hall>,
    about: Arc<About>,
    health: Arc<dyn Health>,
    /// One for each subscriber.
    seats: Seats,
    /// Every connection.
    crowd: Crowd,
    /// Subscribers for whom a trusted proxy asks.
    forwarded: Crowd,
    /// Connections open now, of any kind.
    connections: AtomicUsize,
    turned_away: TurnedAway,
    /// Wakes the subscribers.
    newest: watch::Sender<u64>,
    shutdown: watch::Receiver<bool>,
}

impl Shared {
    /// The settings of this moment.
    fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.borrow())
    }
}

/// Serves until `shutdown` becomes true (or its sender is dropped).
///
/// Then every subscriber gets the events published so far and the close code 1001; it returns when all have ended, or
/// after [`CLOSE_LIMIT`], cutting off whoever has not.
///
/// What is sent through `live` holds for every connection, request and heartbeat from then on, and cuts nobody off but
/// those whose token was taken back.
///
/// # Errors
/// [`ServerError::Zero`] for settings that cannot be meant. What goes wrong on a single connection, or passes (such as
/// too many open files), is logged and not an error.
pub async fn serve(
    listener: TcpListener,
    settings: ServerSettings,
    live: watch::Receiver<Arc<Live>>,
    served: Served,
    shutdown: watch::Receiver<bool>,
) -> Result<(), ServerError> {
    if settings.header_timeout.is_zero() {
        return Err(ServerError::Zero { what: "header_timeout" });
    }
    if settings.stall_limit.is_zero() {
        return Err(ServerError::Zero { what: "stall_limit" });
    }
    let Served { events, about, health, catalogue, hall } = served;
    let shared = Arc::new(Shared {
        seats: Seats::counted_in(health.subscribers()),
        crowd: Crowd::default(),
        forwarded: Crowd::default(),
        connections: AtomicUsize::new(0),
        turned_away: TurnedAway::default(),
        settings,
        live,
        hub: events.hub,
        archive: events.history.map(Archive::new),
        shelf: catalogue.map(Shelf::new),
        hall,
        about,
        health,
        newest: watch::Sender::new(0),
        shutdown,
    });
    tokio::select! {
        () = accept::run(listener, Arc::clone(&shared)) => {}
        () = relay(&shared) => {}
    }
    Ok(())
}

/// Passes the hub's wake-up on to every subscriber, so that a publisher wakes one task however many there are.
async fn relay(shared: &Shared) {
    let mut newest = shared.hub.watch();
    // The hub lives as long as `shared`, so this goes on until it is dropped.
    while newest.changed().await.is_ok() {
        let seq = *newest.borrow_and_update();
        shared.newest.send_replace(seq);
    }
}
