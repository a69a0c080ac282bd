//! `[server]`: where the daemon listens, whom it lets in and how many. Touch it when the network side gets a key.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::address;
use crate::server::LiveSettings;

/// `[server]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ServerConfig {
    /// Address and port; a name is resolved when the configuration is read.
    #[serde(deserialize_with = "address::deserialize")]
    pub listen: SocketAddr,
    /// Serve beyond loopback without a token.
    pub allow_unauthenticated: bool,
    /// The file of the tokens that clients are asked for.
    pub token_file: Option<PathBuf>,
    /// The certificate that is shown, with its chain.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub private_key: Option<PathBuf>,
    /// Seconds for which browsers are to come by TLS only.
    pub hsts_seconds: u64,
    /// Address behind a proxy.
    pub public_url: Option<String>,
    /// Origins of further pages that may read.
    pub allow_origins: Vec<String>,
    /// Subscribers at a time.
    pub max_clients: usize,
    /// Connections at a time.
    pub max_connections: usize,
    /// Those of one address.
    pub max_connections_per_address: usize,
    /// Reverse proxies that say for whom they ask.
    pub trusted_proxies: Vec<String>,
    /// Seconds between heartbeats.
    pub heartbeat_seconds: u64,
}

impl ServerConfig {
    /// What of it can change while the daemon serves; tokens and the certificate are to be read from their files.
    pub fn live(&self) -> LiveSettings {
        LiveSettings {
            max_clients: self.max_clients,
            max_connections: self.max_connections,
            max_connections_per_address: self.max_connections_per_address,
            trusted_proxies: self.trusted_proxies.clone(),
            heartbeat: Duration::from_secs(self.heartbeat_seconds),
            public_url: self.public_url.clone(),
            allow_origins: self.allow_origins.clone(),
            tokens: None,
            tls: None,
            hsts_seconds: self.hsts_seconds,
        }
    }

    /// The first key that is out of bounds, and why.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        let guarded = self.token_file.is_some() || self.allow_unauthenticated;
        if !self.listen.ip().is_loopback() && !guarded {
            let listen = self.listen;
            return Some((
                "server.listen",
                format!(
                    "{listen} is reachable from other machines; have clients show a token (server.token_file), set \
                     server.allow_unauthenticated = true if anybody may listen, or listen on 127.0.0.1"
                ),
            ));
        }
        if self.certificate.is_some() != self.private_key.is_some() {
            let (key, other) = match self.certificate {
                Some(_) => ("server.certificate", "server.private_key"),
                None => ("server.private_key", "server.certificate"),
            };
            return Some((key, format!("expected {other} beside it, for TLS needs both; it is not set")));
        }
        if let Some(url) = self.public_url.as_deref().filter(|url| !LiveSettings::takes_url(url)) {
            let reason =
                format!("must look like https://genre.example.org, but is {url:?}; mend it or leave it out");
            return Some(("server.public_url", reason));
        }
        let refused = |origin: &String| LiveSettings::takes_origin(origin).err();
        if let Some(reason) = self.allow_origins.iter().find_map(refused) {
            return Some(("server.allow_origins", reason));
        }
        if let Err(reason) = LiveSettings::takes_proxies(&self.trusted_proxies) {
            return Some(("server.trusted_proxies", reason));
        }
        let counts = [
            ("server.max_clients", self.max_clients),
            ("server.max_connections", self.max_connections),
            ("server.max_connections_per_address", self.max_connections_per_address),
        ];
        if let Some((key, got)) = counts.into_iter().find(|(_, count)| !(1..=1_000_000).contains(count)) {
            return Some((key, format!("expected 1 to 1000000, got {got}")));
        }
        if !(1..=3600).contains(&self.heartbeat_seconds) {
            let got = self.heartbeat_seconds;
            return Some(("server.heartbeat_seconds", format!("expected 1 to 3600, got {got}")));
        }
        None
    }
}
