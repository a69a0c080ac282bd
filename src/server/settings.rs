//! What the operator decides about the server: once at the start, or anew while it serves.
//! Touch it to add a setting; whatever can be changed without cutting anybody off belongs into [`LiveSettings`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tower_http::cors::CorsLayer;

use super::guard::{Guard, Place};
use super::proxies::Proxies;
use super::tls::Identity;
use super::token::Tokens;
use super::{ServerError, cors};

/// What is fixed at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// The address that was asked for.
    pub listen: SocketAddr,
    /// How long a connection may take to agree upon TLS, to send the head of a request, and may idle between requests; more than zero.
    pub header_timeout: Duration,
    /// How long a client may take nothing at all of what waits for it before it is cut off, more than zero.
    pub stall_limit: Duration,
    /// How long a WebSocket that must show a token first may take for it.
    pub auth_limit: Duration,
}

impl ServerSettings {
    /// The defaults: 10 s for the head of a request, 60 s without progress, 5 s for a token.
    pub fn new(listen: SocketAddr) -> Self {
        let seconds = Duration::from_secs;
        Self { listen, header_timeout: seconds(10), stall_limit: seconds(60), auth_limit: seconds(5) }
    }
}

/// What may change while the daemon serves; [`Live::new`] checks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSettings {
    /// Most subscribers at once, WebSocket and SSE together. A lower number refuses new ones and cuts nobody off.
    pub max_clients: usize,
    /// Most connections at once, whatever they are for; less if the system gives the process fewer file descriptors.
    pub max_connections: usize,
    /// Most of them from one address (of IPv6 one network of 64 bits), and most subscribers for whom a trusted proxy asks
    /// from one address.
    pub max_connections_per_address: usize,
    /// Addresses and networks of reverse proxies: their connections are not counted by address, and they are believed when
    /// they say in `X-Forwarded-For` for whom they ask.
    pub trusted_proxies: Vec<String>,
    /// Time between heartbeats of a connection, more than zero. Holds from each connection's next heartbeat on.
    pub heartbeat: Duration,
    /// Where browsers find the daemon if not by a loopback name or its own address, such as
    /// `https://genre.example.org`; its origin and host are then let in.
    pub public_url: Option<String>,
    /// Further origins whose pages may read from the daemon, such as `https://radio.example.org`.
    pub allow_origins: Vec<String>,
    /// What everything but the page's files and `/livez` is asked for; `None`: nobody is asked. Whoever is connected by a
    /// token that is no longer among them is cut off.
    pub tokens: Option<Tokens>,
    /// What is shown to clients over TLS; `None`: plain HTTP is spoken. Holds from the next connection on.
    pub tls: Option<Identity>,
    /// Seconds for which browsers that came through TLS are told to come back by it only; 0: they are told nothing.
    pub hsts_seconds: u64,
}

impl Default for LiveSettings {
    /// 1,024 clients, 2,048 connections, 256 from an address, heartbeats every 15 s, no foreign page, no token.
    fn default() -> Self {
        Self {
            max_clients: 1024,
            max_connections: 2048,
            max_connections_per_address: 256,
            trusted_proxies: Vec::new(),
            heartbeat: Duration::from_secs(15),
            public_url: None,
            allow_origins: Vec::new(),
            tokens: None,
            tls: None,
            hsts_seconds: 0,
        }
    }
}

impl LiveSettings {
    /// True if this can be a `public_url`: `http` or `https`, and a host.
    pub fn takes_url(url: &str) -> bool {
        Place::parse(url).is_some()
    }

    /// Whether this can be one of `allow_origins`.
    ///
    /// # Errors
    /// What was expected and what to do, in words.
    pub fn takes_origin(origin: &str) -> Result<(), String> {
        Place::parse_origin(origin).map(|_| ())
    }

    /// Whether these can be `trusted_proxies`.
    ///
    /// # Errors
    /// What was expected, in words.
    pub fn takes_proxies(proxies: &[String]) -> Result<(), String> {
        Proxies::new(proxies).map(|_| ())
    }
}

/// [`LiveSettings`] that have been checked.
#[derive(Debug)]
pub struct Live {
    settings: LiveSettings,
    pub(super) guard: Guard,
    pub(super) proxies: Proxies,
    /// Absent where no origin is listed.
    pub(super) cors: Option<CorsLayer>,
}

impl Live {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ServerError::PublicUrl`], [`ServerError::Origin`], [`ServerError::Proxy`] or [`ServerError::Zero`] for what cannot be meant.
    pub fn new(settings: LiveSettings) -> Result<Arc<Self>, ServerError> {
        if settings.heartbeat.is_zero() {
            return Err(ServerError::Zero { what: "heartbeat" });
        }
        let guard = Guard::new(settings.public_url.as_deref(), &settings.allow_origins)?;
        let cors = cors::layer(guard.origins());
        let proxies = Proxies::new(&settings.trusted_proxies);
        let proxies = proxies.map_err(|reason| ServerError::Proxy { reason })?;
        Ok(Arc::new(Self { settings, guard, proxies, cors }))
    }

    /// What was checked.
    pub fn settings(&self) -> &LiveSettings {
        &self.settings
    }
}

/// Waits for other settings; for ever if there can be none any more.
pub(super) async fn changed(live: &mut watch::Receiver<Arc<Live>>) {
    if live.changed().await.is_err() {
        std::future::pending().await
    }
}
