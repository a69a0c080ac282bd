//! The broker's address. Touch it when it can be written otherwise.

use std::fmt;

use url::Url;

/// `mqtt://HOST:PORT`, or `mqtts://…` through TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// Name or number, an IPv6 one without brackets.
    pub host: String,
    /// 1883 unless written otherwise, through TLS 8883.
    pub port: u16,
    /// Whether through TLS.
    pub secure: bool,
}

impl Broker {
    /// Reads an address. What is wrong with it is told without repeating it, because it may hold a password.
    ///
    /// # Errors
    /// What was expected, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = |what: &str| format!("expected mqtt://HOST:PORT or mqtts://HOST:PORT, {what}");
        let url = Url::parse(text.trim()).map_err(|error| expected(&error.to_string()))?;
        let (secure, usual) = match url.scheme() {
            "mqtt" => (false, 1883),
            "mqtts" => (true, 8883),
            other => return Err(expected(&format!("got one that begins with {other:?}"))),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(expected(
                "without user and password, which an address would show to everybody: they are mqtt.username and \
                 mqtt.password_file",
            ));
        }
        if !["", "/"].contains(&url.path()) || url.query().is_some() || url.fragment().is_some() {
            return Err(expected("with nothing behind the port"));
        }
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(expected("got one without a host"));
        }
        Ok(Self { host: host.to_owned(), port: url.port().unwrap_or(usual), secure })
    }
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "mqtts" } else { "mqtt" };
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{scheme}://{open}{}{close}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::Broker;

    #[test]
    fn addresses_are_read_and_shown_whole() {
        for (text, shown) in [
            ("mqtt://127.0.0.1", "mqtt://127.0.0.1:1883"),
            ("mqtts://broker.example/", "mqtts://broker.example:8883"),
            ("mqtt://[::1]:1884", "mqtt://[::1]:1884"),
        ] {
            assert_eq!(Broker::parse(text).map(|broker| broker.to_string()).as_deref(), Ok(shown));
        }
        assert_eq!(Broker::parse("mqtt://[::1]").expect("sound").host, "::1");
    }

    #[test]
    fn what_is_none_is_told_without_a_password() {
        for (text, says) in [
            ("127.0.0.1:1883", "expected mqtt://"),
            ("tcp://a:1", "begins with \"tcp\""),
            ("mqtt://", "without a host"),
            ("mqtt://me:hunter2@a", "mqtt.password_file"),
            ("mqtt://hunter2@a", "mqtt.username"),
            ("mqtt://a/topic", "nothing behind the port"),
            ("mqtt://a:99999", "port"),
        ] {
            let error = Broker::parse(text).expect_err(text);
            assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
        }
    }
}
