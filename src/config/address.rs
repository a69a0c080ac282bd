//! The address to listen on, as it is written and as it is meant. Touch it when another way of writing is understood.

use std::net::{SocketAddr, ToSocketAddrs};

use serde::de::{Deserialize, Deserializer, Error};

/// For serde: an address, or a name that the system resolves now.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    resolved(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Of the addresses of a name the first of IPv4 is taken, else the first: `localhost` is often both.
fn resolved(text: &str) -> Result<SocketAddr, String> {
    let expected = |why: &str| {
        format!(
            "expected ADDRESS:PORT such as 127.0.0.1:8470, localhost:8470 or [::1]:8470, got {text:?}{why}"
        )
    };
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (host, port) = text.rsplit_once(':').ok_or_else(|| expected(""))?;
    let port: u16 = port.parse().map_err(|_| expected(": the port is no number from 0 to 65535"))?;
    if host.is_empty() || host.contains([':', '[', ']', '/']) {
        return Err(expected(""));
    }
    if cfg!(fuzzing) {
        return Err(expected(": names are not resolved while fuzzing"));
    }
    let found = (host, port).to_socket_addrs().map_err(|error| expected(&format!(": {host:?}: {error}")))?;
    let found: Vec<SocketAddr> = found.collect();
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| expected(&format!(": {host:?} has no address")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_are_taken() {
        for (text, meant) in [
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("[::1]:8470", "[::1]:8470"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("localhost:8470", "127.0.0.1:8470"),
        ] {
            assert_eq!(resolved(text).map(|address| address.to_string()).as_deref(), Ok(meant));
        }
    }

    #[test]
    fn anything_else_is_told_what_was_expected() {
        for text in
            ["foo", "", ":8470", "8470", "localhost:http", "localhost:70000", "::1:8470", "http://box:1"]
        {
            let error = resolved(text).expect_err(text);
            assert!(error.contains("localhost:8470") && error.contains(&format!("{text:?}")), "{error}");
        }
    }
}
