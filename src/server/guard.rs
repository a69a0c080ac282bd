//! Who may talk to the daemon from a browser: the fixed list that Host and Origin are checked against.
//! Touch it when the list changes. The two are never compared with each other: after DNS rebinding they agree.

use std::net::IpAddr;

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::{Authority, Uri};

use super::ServerError;
use super::routes::Local;

/// Loopback names with any port, the configured public URL and further origins, and the very address the connection came in on: an
/// address, unlike a name, cannot be pointed elsewhere by whoever serves the page.
#[derive(Debug)]
pub(super) struct Guard {
    public: Option<Place>,
    origins: Vec<Place>,
}

/// Scheme, host (lower case) and port.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    scheme: String,
    host: String,
    port: u16,
}

impl Guard {
    pub(super) fn new(public_url: Option<&str>, origins: &[String]) -> Result<Self, ServerError> {
        let public = match public_url {
            None => None,
            Some(url) => {
                Some(Place::parse(url).ok_or_else(|| ServerError::PublicUrl { given: url.to_owned() })?)
            }
        };
        let origins = origins.iter().map(|origin| Place::parse_origin(origin));
        let origins = origins.collect::<Result<_, _>>().map_err(|reason| ServerError::Origin { reason })?;
        Ok(Self { public, origins })
    }

    /// The listed origins, each as browsers send it.
    pub(super) fn origins(&self) -> impl Iterator<Item = String> {
        self.origins.iter().map(Place::origin)
    }

    /// Checks a request that came in on the local address `local`; the error says what was wrong.
    pub(super) fn check(&self, headers: &HeaderMap, uri: &Uri, local: Local) -> Result<(), String> {
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next().and_then(|value| value.to_str().ok());
        let Some(host) = host.and_then(|host| host.parse::<Authority>().ok()) else {
            return Err("the request has no valid Host header".into());
        };
        if hosts.next().is_some() {
            return Err("the request has two Host headers".into());
        }
        for authority in [Some(&host), uri.authority()].into_iter().flatten() {
            if !self.host(authority, local) {
                return Err(refusal("Host", authority.as_str()));
            }
        }
        for origin in headers.get_all(ORIGIN) {
            let origin = origin.to_str().unwrap_or("(not text)");
            if !Place::parse(origin).is_some_and(|place| self.origin(&place, local)) {
                return Err(refusal("Origin", origin));
            }
        }
        Ok(())
    }

    fn host(&self, authority: &Authority, local: Local) -> bool {
        if authority.as_str().contains('@') {
            return false;
        }
        let host = authority.host().to_ascii_lowercase();
        let port = authority.port_u16();
        let ours = address(&host) == Some(local.at.ip().to_canonical())
            && port.unwrap_or(if local.secure { 443 } else { 80 }) == local.at.port();
        let public = self
            .public
            .as_ref()
            .is_some_and(|public| public.host == host && port.is_none_or(|port| port == public.port));
        loopback(&host) || ours || public
    }

    fn origin(&self, place: &Place, local: Local) -> bool {
        let ours = address(&place.host) == Some(local.at.ip().to_canonical())
            && place.port == local.at.port()
            && place.scheme == if local.secure { "https" } else { "http" };
        let listed = self.public.iter().chain(&self.origins).any(|known| known == place);
        loopback(&place.host) || ours || listed
    }
}

impl Place {
    pub(super) fn parse(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let usual = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        if uri.authority()?.as_str().contains('@') {
            return None;
        }
        Some(Self { host: uri.host()?.to_ascii_lowercase(), port: uri.port_u16().unwrap_or(usual), scheme })
    }
}

impl Place {
    /// As browsers send it, which leave out the usual port.
    fn origin(&self) -> String {
        let Self { scheme, host, port } = self;
        match (scheme.as_str(), port) {
            ("http", 80) | ("https", 443) => format!("{scheme}://{host}"),
            _ => format!("{scheme}://{host}:{port}"),
        }
    }

    /// An origin as browsers send it: scheme, host and perhaps a port, nothing else.
    pub(super) fn parse_origin(origin: &str) -> Result<Self, String> {
        if origin.contains('*') {
            return Err(format!(
                "{origin:?} would let every page on the internet read what plays here; \
                 list the origins that are meant, such as \"https://radio.example.org\""
            ));
        }
        let bare = |uri: &Uri| uri.path().trim_start_matches('/').is_empty() && uri.query().is_none();
        let place = origin.parse().ok().filter(bare).and_then(|_| Self::parse(origin));
        place.filter(|_| !origin.ends_with('/')).ok_or_else(|| {
            format!(
                "expected an origin as browsers send it, scheme, host and perhaps a port, \
                 such as \"https://radio.example.org\", got {origin:?}"
            )
        })
    }
}

fn address(host: &str) -> Option<IpAddr> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

fn loopback(host: &str) -> bool {
    host == "localhost" || address(host).is_some_and(|ip| ip.is_loopback())
}

fn refusal(header: &str, value: &str) -> String {
    format!(
        "{header} {value:?} is neither a loopback name, nor this daemon's own address, nor its configured public_url; \
         set server.public_url if it is meant to be reached this way, or list a page's origin in server.allow_origins"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: &str = "192.168.1.5:8470";

    fn check(public: Option<&str>, host: &str, origin: Option<&str>) -> bool {
        check_listed(public, &[], host, origin)
    }

    fn check_listed(public: Option<&str>, origins: &[String], host: &str, origin: Option<&str>) -> bool {
        let guard = Guard::new(public, origins).expect("a URL and origins");
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().expect("a value"));
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().expect("a value"));
        }
        let local = Local { at: LOCAL.parse().expect("an address"), secure: false };
        guard.check(&headers, &Uri::from_static("/"), local).is_ok()
    }

    #[test]
    fn names_of_this_machine_pass() {
        for host in ["localhost", "LocalHost:9", "127.0.0.1:8470", "127.9.9.9", "[::1]:1", LOCAL] {
            assert!(check(None, host, None), "{host}");
        }
        for origin in
            ["http://localhost:3000", "https://127.0.0.1", "http://[::1]", "http://192.168.1.5:8470"]
        {
            assert!(check(None, "localhost", Some(origin)), "{origin}");
        }
    }

    #[test]
    fn through_tls_the_own_address_is_that_of_https() {
        let guard = Guard::new(None, &[]).expect("nothing listed");
        let check = |host: &str, origin: &str, secure| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().expect("a value"));
            headers.insert(ORIGIN, origin.parse().expect("a value"));
            let local = Local { at: "192.168.1.5:443".parse().expect("an address"), secure };
            guard.check(&headers, &Uri::from_static("/"), local).is_ok()
        };
        assert!(check("192.168.1.5", "https://192.168.1.5", true));
        assert!(!check("192.168.1.5", "http://192.168.1.5:443", true));
        assert!(
            !check("192.168.1.5", "https://192.168.1.5", false),
            "without TLS that port is not the usual one"
        );
    }

    #[test]
    fn foreign_names_do_not() {
        for host in [
            "evil.example",
            "localhost.evil.example",
            "192.168.1.6:8470",
            "192.168.1.5:80",
            "u@localhost",
            "",
            "127.0.0.1.evil.example:8470",
        ] {
            assert!(!check(None, host, None), "{host}");
        }
        for origin in [
            "http://evil.example",
            "null",
            "file://",
            "http://192.168.1.5",
            "http://localhost@evil.example",
            "chrome-extension://abc",
        ] {
            assert!(!check(None, "localhost", Some(origin)), "{origin}");
        }
        // What DNS rebinding looks like: the two agree.
        assert!(!check(None, "evil.example:8470", Some("http://evil.example:8470")));
    }

    #[test]
    fn the_public_url_passes_exactly() {
        let public = Some("https://genre.example.org");
        assert!(check(public, "genre.example.org", Some("https://genre.example.org")));
        assert!(check(public, "genre.example.org:443", None));
        assert!(!check(public, "genre.example.org:444", None));
        assert!(!check(public, "localhost", Some("http://genre.example.org")));
        assert!(!check(public, "localhost", Some("https://genre.example.org:8443")));
    }

    #[test]
    fn a_public_url_without_scheme_is_refused() {
        assert!(Guard::new(Some("genre.example.org"), &[]).is_err());
        assert!(Guard::new(Some("ftp://genre.example.org"), &[]).is_err());
    }

    #[test]
    fn listed_origins_pass_exactly_and_open_no_host() {
        let listed = ["https://radio.example.org".to_owned(), "http://dash.example:3000".to_owned()];
        let check = |host: &str, origin: &str| check_listed(None, &listed, host, Some(origin));
        for origin in &listed {
            assert!(check("localhost", origin));
        }
        for origin in ["http://radio.example.org", "https://radio.example.org:8443", "http://dash.example"] {
            assert!(!check("localhost", origin), "{origin}");
        }
        assert!(
            !check("radio.example.org", "https://radio.example.org"),
            "a page's origin is no host of ours"
        );
    }

    #[test]
    fn what_is_no_origin_is_refused_with_the_reason() {
        for wrong in [
            "*",
            "https://*.example.org",
            "radio.example.org",
            "https://a.example/",
            "https://a.example/x",
            "null",
            "",
        ] {
            let error = Guard::new(None, &[wrong.to_owned()]).expect_err(wrong).to_string();
            assert!(error.contains("https://radio.example.org"), "{error}");
        }
        let error = Guard::new(None, &["*".to_owned()]).expect_err("a wildcard").to_string();
        assert!(error.contains("every page"), "{error}");
    }
}
