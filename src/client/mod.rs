//! The client behind `genrecast listen`, which follows a daemon's events for as long as it is wanted, and behind
//! `genrecast history`, which asks for what was.
//! Touch it when the command gets an option or an outcome; how a connection goes is in `follow`, how it looks in `view`.

mod connect;
mod endpoint;
mod fetch;
mod follow;
mod output;
mod position;
mod render;
mod screen;
mod token;
mod view;

use std::io;
use std::path::PathBuf;

use tokio::sync::watch;

pub use endpoint::{DEFAULT_PORT, DEFAULT_URL, Endpoint};
pub use fetch::fetch_lines;
pub use output::Output;
pub use render::render;
pub use token::Token;
pub use view::{Link, SourceView, View};

/// What `listen` was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenOptions {
    /// Where the daemon is: `ws://…`, `wss://…`, `http://…`, `https://…`, `HOST` or `HOST:PORT`.
    pub url: String,
    /// Begin after this cursor (`EPOCH:SEQ`) instead of with a snapshot.
    pub since: Option<String>,
    /// Names of the sources wanted; empty for all.
    pub sources: Vec<String>,
    /// Types of events wanted; empty for all.
    pub types: Vec<String>,
    /// Labels in a window; `None` for the daemon's default.
    pub top_k: Option<usize>,
    /// Whether to wait for a daemon that is not there yet. One that was there is always waited for.
    pub wait: bool,
    /// What a daemon is shown that asks for a token.
    pub token: Option<Token>,
    /// The certificates, in PEM, that are trusted over TLS; `None` for the system's.
    pub ca_file: Option<PathBuf>,
}

impl Default for ListenOptions {
    /// Everything from the daemon on this machine's default port.
    fn default() -> Self {
        Self {
            url: DEFAULT_URL.into(),
            since: None,
            sources: Vec::new(),
            types: Vec::new(),
            top_k: None,
            wait: false,
            token: None,
            ca_file: None,
        }
    }
}

/// Why listening ended, where that is no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitReason {
    /// It was asked to stop.
    Stopped,
    /// Whoever read the output has gone, such as `head` when it had enough.
    ReaderGone,
}

/// Why listening failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The URL names no daemon.
    #[error("{given:?} is no address of a daemon: {why}; give it as {DEFAULT_URL} or HOST:PORT")]
    Url {
        /// What was given.
        given: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nobody answers at the first try.
    #[error("no daemon answers at {url}: {why}; is it running (`genrecast run`), and is the address right?")]
    Unreachable {
        /// Where it was sought.
        url: String,
        /// What happened.
        why: String,
    },
    /// The daemon does not want this client, and would not the next time either.
    #[error("the daemon at {url} refuses ({code}): {message}")]
    Refused {
        /// Where it is.
        url: String,
        /// The daemon's error code, an HTTP status or a close code.
        code: String,
        /// Its explanation.
        message: String,
    },
    /// The file of the token cannot be used.
    #[error("the token's file {}: {why}; it holds the token that the daemon's operator gave out", .path.display())]
    Token {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file of the certificates that are to be trusted cannot be used.
    #[error("the certificates in {}: {why}; expected a PEM file, such as the one of whoever signed the daemon's certificate", .path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

/// Listens until `stop` becomes true (or its sender is dropped), the output's reader goes, or it cannot go on.
///
/// A lost connection is sought again after a growing time, and goes on where it was: nothing is missed that the daemon
/// still has, and what it no longer has is told as a `gap`. The terminal's cursor is restored before this returns.
///
/// # Errors
/// [`ClientError`]; whatever passes by itself is no error.
pub async fn run(
    options: ListenOptions,
    output: Output,
    stop: watch::Receiver<bool>,
) -> Result<ExitReason, ClientError> {
    let endpoint = Endpoint::parse(&options.url)?.trusting(options.ca_file.clone());
    follow::Follower::new(options, endpoint, output, stop).run().await
}
