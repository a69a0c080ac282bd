//! Web addresses, which may hold a password: as they are for the client, without it for everybody's eyes.
//! Touch it when something else in an address is a secret.

use std::fmt;

use data_encoding::BASE64;
use percent_encoding::percent_decode_str;
use url::Url;

/// The longest address that is taken.
const LONGEST: usize = 8192;

/// Parts of the names of those keys in a query whose values are nobody's business.
const SECRET_KEYS: [&str; 8] = ["token", "pass", "pwd", "auth", "secret", "key", "sig", "session"];

/// An `http` or `https` address. What it shows, also for debugging, has neither user, password nor the values of such
/// keys as `token`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address(Url);

/// An address that cannot be used. It is not repeated, because it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a web address ({reason}): expected `http://HOST/…` or `https://HOST/…`")]
pub struct AddressError {
    /// What is wrong with it.
    pub reason: String,
}

impl Address {
    /// Reads an absolute address. A fragment is left out.
    ///
    /// # Errors
    /// When it is no address, not one of the web, or too long.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        Self::check(text.len(), Url::parse(text))
    }

    /// Resolves what is written relative to this one, as redirects and playlists do.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn join(&self, reference: &str) -> Result<Self, AddressError> {
        let reference = reference.trim();
        Self::check(reference.len(), self.0.join(reference))
    }

    fn check(length: usize, parsed: Result<Url, url::ParseError>) -> Result<Self, AddressError> {
        let refused = |reason: &str| AddressError { reason: reason.to_owned() };
        if length > LONGEST {
            return Err(refused(&format!("it has {length} bytes, and {LONGEST} are the most")));
        }
        let mut url = parsed.map_err(|error| refused(&error.to_string()))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(refused(&format!("it begins with `{}:`", url.scheme())));
        }
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// Whether it asks for TLS.
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host's name or number, an IPv6 one without brackets.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    /// The port, given or usual.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(80)
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// What the header `Host` says.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// What the request line says.
    pub fn target(&self) -> String {
        let path = self.0.path();
        self.0.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
    }

    /// What the header `Authorization` says, if the address has a user or a password.
    pub fn authorization(&self) -> Option<String> {
        if self.0.username().is_empty() && self.0.password().is_none() {
            return None;
        }
        let mut plain: Vec<u8> = percent_decode_str(self.0.username()).collect();
        plain.push(b':');
        plain.extend(percent_decode_str(self.0.password().unwrap_or_default()));
        Some(format!("Basic {}", BASE64.encode(&plain)))
    }

    /// This address with the user and password of `other`, if it is on the same server and has none itself.
    pub fn with_credentials_of(mut self, other: &Self) -> Self {
        if self.0.origin() == other.0.origin() && self.authorization().is_none() {
            // Both fail only for addresses without a host, which these have.
            let _ = self.0.set_username(other.0.username());
            let _ = self.0.set_password(other.0.password());
        }
        self
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = if self.authorization().is_some() { "…@" } else { "" };
        write!(f, "{}://{hidden}{}{}", self.0.scheme(), self.authority(), self.0.path())?;
        let Some(query) = self.0.query() else { return Ok(()) };
        for (place, pair) in query.split('&').enumerate() {
            f.write_str(if place == 0 { "?" } else { "&" })?;
            match pair.split_once('=') {
                Some((key, _)) if is_secret(key) => write!(f, "{key}=…")?,
                _ => f.write_str(pair)?,
            }
        }
        Ok(())
    }
}

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET_KEYS.iter().any(|secret| key.contains(secret))
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).expect(text)
    }

    #[test]
    fn secrets_are_sent_but_never_shown() {
        let with = address("https://me:p%40ss@radio.example:8443/live?token=abc&b=1&Api_Key=x#part");
        for shown in [with.to_string(), format!("{with:?}"), format!("{:?}", Some(&with))] {
            assert!(
                !["me:", "p%40ss", "p@ss", "abc", "=x", "part"].iter().any(|part| shown.contains(part)),
                "{shown}"
            );
        }
        assert_eq!(with.to_string(), "https://…@radio.example:8443/live?token=…&b=1&Api_Key=…");
        assert_eq!(with.authorization().as_deref(), Some("Basic bWU6cEBzcw=="));
        assert_eq!(with.target(), "/live?token=abc&b=1&Api_Key=x");
        assert_eq!((with.authority().as_str(), with.port()), ("radio.example:8443", 8443));
        assert!(AddressError { reason: "x".into() }.to_string().contains("https://HOST"));
    }

    #[test]
    fn addresses_of_the_web_only() {
        for bad in ["file:///etc/passwd", "ftp://a/b", "a.mp3", "http://", "javascript:1", "http://a b/"] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
        assert!(Address::parse(&format!("http://a/{}", "b".repeat(9000))).is_err());
        let base = address("http://a.example/dir/list.m3u?x=1");
        assert_eq!(base.join("next.mp3").expect("joins").to_string(), "http://a.example/dir/next.mp3");
        assert_eq!(base.join("//b.example/c").expect("joins").to_string(), "http://b.example/c");
        assert!(base.join("file:///etc/passwd").is_err());
        assert_eq!(address("http://[::1]:80/x").host(), "::1");
        assert_eq!(address("http://[::1]:81/x").authority(), "[::1]:81");
    }

    #[test]
    fn a_password_stays_on_its_server() {
        let first = address("http://me:secret@a.example/x");
        let same = first.join("/y").expect("joins").with_credentials_of(&first);
        assert!(same.authorization().is_some());
        let other = first.join("http://b.example/y").expect("joins").with_credentials_of(&first);
        assert_eq!(other.authorization(), None);
        let other_port = first.join("http://a.example:81/y").expect("joins").with_credentials_of(&first);
        assert_eq!(other_port.authorization(), None);
    }
}
