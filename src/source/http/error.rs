//! What can go wrong between an address and the bytes behind it, in words. Touch it when a failure deserves its own advice.

use std::io;
use std::time::Duration;

use crate::dial::{Address, AddressError};

/// A request that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The address itself.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The name of the host is not known.
    #[error("the name {host} cannot be resolved: {io}")]
    Resolve {
        /// The host.
        host: String,
        /// What the system said.
        #[source]
        io: io::Error,
    },
    /// Nobody takes the connection.
    #[error("{address} cannot be connected to: {io}")]
    Connect {
        /// What was asked for.
        address: Address,
        /// What the system said.
        #[source]
        io: io::Error,
    },
    /// No secure connection.
    #[error("there is no secure connection to {address}: {reason}")]
    Tls {
        /// What was asked for.
        address: Address,
        /// What is wrong.
        reason: String,
    },
    /// It takes too long.
    #[error("{address}: {doing} took longer than {} s", limit.as_secs_f64())]
    Slow {
        /// What was asked for.
        address: Address,
        /// What was being done.
        doing: &'static str,
        /// How long it may take.
        limit: Duration,
    },
    /// The answer is none of HTTP.
    #[error("{address} gives no proper HTTP answer: {reason}")]
    Broken {
        /// What was asked for.
        address: Address,
        /// What is wrong.
        reason: String,
    },
    /// The server refuses, or has trouble.
    #[error("{address} answers {status}")]
    Status {
        /// What was asked for.
        address: Address,
        /// Number and words.
        status: hyper::StatusCode,
    },
    /// Redirects that lead back.
    #[error("the redirects lead in a circle: {address} has been asked for before")]
    RedirectLoop {
        /// Where it closes.
        address: Address,
    },
    /// Too many of them.
    #[error("more than {most} redirects, the last to {address}")]
    Redirects {
        /// The last.
        address: Address,
        /// The most that are followed.
        most: usize,
    },
    /// One that leads nowhere.
    #[error("{address} redirects to something that is {error}")]
    RedirectTarget {
        /// Who redirects.
        address: Address,
        /// What is wrong with the target.
        #[source]
        error: AddressError,
    },
    /// The body is compressed although that was not asked for.
    #[error("{address} sends its content encoded as {encoding:?}, although it was asked for as it is")]
    Encoding {
        /// What was asked for.
        address: Address,
        /// The header's value.
        encoding: String,
    },
    /// More than can be meant.
    #[error("{address} is larger than {most} bytes, which this cannot be")]
    TooLarge {
        /// What was asked for.
        address: Address,
        /// The most that is taken.
        most: usize,
    },
    /// It broke while it was being read.
    #[error("{address} broke off: {io}")]
    Body {
        /// What was asked for.
        address: Address,
        /// What happened.
        #[source]
        io: io::Error,
    },
    /// The other side ended a stream that should have none.
    #[error("{address} ended the stream{}", because(damage.as_deref()))]
    Over {
        /// What was asked for.
        address: Address,
        /// What was wrong with it besides.
        damage: Option<String>,
    },
    /// The client cannot be made.
    #[error("the HTTP client cannot be started: {io}")]
    Client {
        /// What the system said.
        #[source]
        io: io::Error,
    },
    /// Told to stop.
    #[error("the source was told to stop")]
    Stopped,
}

fn because(damage: Option<&str>) -> String {
    damage.map(|damage| format!(" ({damage})")).unwrap_or_default()
}

impl HttpError {
    /// What the person who runs the daemon can do about it.
    pub fn remedy(&self) -> String {
        let remedy = match self {
            Self::Address(_) | Self::RedirectTarget { .. } => "write the address as a browser shows it",
            Self::Resolve { .. } => "check the spelling of the host, and that this machine has a name server",
            Self::Connect { .. } | Self::Slow { .. } | Self::Body { .. } | Self::Over { .. } => {
                "check the network and whether the station is on the air; it is tried again"
            }
            Self::Tls { reason, .. } if reason.contains("no certificates") => {
                "install the package ca-certificates, or set SSL_CERT_FILE"
            }
            Self::Tls { .. } => {
                "check the clock of this machine and the station's certificate; a private authority belongs among \
                 the system's certificates"
            }
            Self::Broken { .. } => "check the address: what answers there is no web server or radio station",
            Self::Status { status, .. } => match status.as_u16() {
                401 | 403 | 407 => "give user and password in the address: http://USER:PASSWORD@HOST/…",
                404 | 410 => {
                    "check the address on the station's web page; the stream may also be off the air"
                }
                429 => "there are too many requests from here; it is tried again later",
                500.. => "the station has trouble; it is tried again",
                _ => "check the address on the station's web page",
            },
            Self::RedirectLoop { .. } | Self::Redirects { .. } => {
                "ask the station for its present address; this one leads nowhere"
            }
            Self::Encoding { .. } => "ask the station for a stream that is not compressed by the web server",
            Self::TooLarge { .. } => "check the address: it should be a playlist's",
            Self::Client { .. } => "raise the limit on the number of threads or open files",
            Self::Stopped => "nothing",
        };
        remedy.to_owned()
    }
}
