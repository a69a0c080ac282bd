//! Where a daemon's events are: what people type, made the right URL.
//! Touch it when another form of address is to be understood.

use std::path::PathBuf;

use axum::http::Uri;

use super::ClientError;
use super::connect::Trust;

/// The daemon's default port.
pub const DEFAULT_PORT: u16 = 8470;

/// The events of a daemon on this machine.
pub const DEFAULT_URL: &str = "ws://127.0.0.1:8470/v1/events";

const PATH: &str = "/v1/events";

/// The WebSocket URL of a daemon's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: String,
    ca_file: Option<PathBuf>,
}

impl Endpoint {
    /// Understands `ws://`, `http://`, over TLS `wss://` and `https://` (also behind a path), `HOST` and `HOST:PORT`.
    ///
    /// # Errors
    /// [`ClientError::Url`] for anything else.
    pub fn parse(given: &str) -> Result<Self, ClientError> {
        let wrong = |why: &str| ClientError::Url { given: given.to_owned(), why: why.to_owned() };
        let (scheme, rest) = given.split_once("://").unwrap_or(("", given));
        let ours = match scheme {
            "" | "ws" | "http" => "ws",
            "wss" | "https" => "wss",
            _ => return Err(wrong("the scheme is none of ws, wss, http and https")),
        };
        let uri: Uri = format!("{ours}://{rest}").parse().map_err(|_| wrong("it is not a URL"))?;
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| wrong("there is no host in it"))?;
        if uri.query().is_some() {
            return Err(wrong("filters are given as options, not in the URL"));
        }
        let port = match (uri.port_u16(), scheme) {
            (Some(port), _) => format!(":{port}"),
            (None, "") => format!(":{DEFAULT_PORT}"),
            (None, _) => String::new(),
        };
        let path = uri.path().trim_end_matches('/');
        let path = path.strip_suffix(PATH).unwrap_or(path);
        Ok(Self { url: format!("{ours}://{host}{port}{path}{PATH}"), ca_file: None })
    }

    /// The URL of another path of the same daemon, over HTTP; `path` begins with a slash.
    pub fn http(&self, path: &str) -> String {
        let root = self.url.strip_suffix(PATH).unwrap_or(&self.url);
        format!("http{}{path}", root.strip_prefix("ws").unwrap_or(root))
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// The same; over TLS the certificates in this file (PEM) are trusted in the place of the system's.
    pub fn trusting(self, ca_file: Option<PathBuf>) -> Self {
        Self { ca_file, ..self }
    }

    /// Whether TLS is spoken.
    pub(super) fn is_secure(&self) -> bool {
        self.url.starts_with("wss:")
    }

    /// What is trusted, where TLS is spoken.
    pub(super) fn trust(&self) -> Result<Option<Trust>, ClientError> {
        self.is_secure().then(|| Trust::new(self.ca_file.as_deref())).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_becomes_the_url() {
        for (given, url) in [
            (DEFAULT_URL, DEFAULT_URL),
            ("127.0.0.1", DEFAULT_URL),
            ("127.0.0.1:8470/", DEFAULT_URL),
            ("http://127.0.0.1:8470", DEFAULT_URL),
            ("[::1]:9", "ws://[::1]:9/v1/events"),
            ("ws://genre.example.org", "ws://genre.example.org/v1/events"),
            ("http://example.org/genre/", "ws://example.org/genre/v1/events"),
            ("https://example.org/genre/", "wss://example.org/genre/v1/events"),
            ("wss://[::1]:9", "wss://[::1]:9/v1/events"),
        ] {
            assert_eq!(Endpoint::parse(given).expect(given).as_str(), url);
        }
    }

    #[test]
    fn other_paths_are_beside_it() {
        let at = Endpoint::parse("http://example.org/genre/").expect("a URL");
        assert_eq!(at.http("/v1/history?a=b"), "http://example.org/genre/v1/history?a=b");
        let secure = Endpoint::parse("wss://example.org").expect("a URL");
        assert_eq!(secure.http("/v1/now"), "https://example.org/v1/now");
    }

    #[test]
    fn the_rest_is_refused() {
        for given in ["", "wss://", "ftp://x", "ws://", "a b", "host?top_k=3"] {
            assert!(Endpoint::parse(given).is_err(), "{given}");
        }
    }
}
