//! The reverse proxies that are believed when they say for whom they ask. Touch it when another header is to be understood.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Addresses and networks of proxies.
#[derive(Debug, Default)]
pub(super) struct Proxies(Vec<Network>);

#[derive(Debug, Clone, Copy)]
struct Network {
    address: u128,
    mask: u128,
}

impl Proxies {
    /// Understands addresses, and networks such as `10.0.0.0/8`; the error says what was expected.
    pub(super) fn new(listed: &[String]) -> Result<Self, String> {
        let one = |text: &String| {
            Network::parse(text).ok_or_else(|| {
                format!(
                    "expected an address or a network such as \"127.0.0.1\" or \"10.0.0.0/8\", got {text:?}"
                )
            })
        };
        listed.iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// Whether this is one of them.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        let bits = bits(address);
        self.0.iter().any(|network| bits & network.mask == network.address)
    }

    /// For whom a proxy asks: the last address in `X-Forwarded-For` that is no proxy itself, because what stands before it was
    /// written by the client. `None` if it was no proxy that asked, or it says nothing that can be understood.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        if !self.has(peer) {
            return None;
        }
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        for word in lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(',')) {
            let address = address(word.trim())?;
            if !self.has(address) {
                return Some(address);
            }
        }
        None
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let (most, before) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let length = before + length.unwrap_or(most);
        if length > 128 {
            return None;
        }
        let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
        Some(Self { address: bits(address) & mask, mask })
    }
}

/// IPv4 as it stands in IPv6.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(four) => four.to_ipv6_mapped().to_bits(),
        IpAddr::V6(six) => six.to_bits(),
    }
}

/// An address, perhaps with brackets or a port, as some proxies write it.
fn address(word: &str) -> Option<IpAddr> {
    let bare = word.trim_start_matches('[').trim_end_matches(']');
    let with_port = || word.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    bare.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(listed: &[&str]) -> Proxies {
        Proxies::new(&listed.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).expect("sound")
    }

    fn client(proxies: &Proxies, peer: &str, lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().expect("a value"));
        }
        proxies.client(peer.parse().expect("an address"), &headers).map(|address| address.to_string())
    }

    #[test]
    fn only_a_proxy_is_believed_and_only_its_own_word() {
        let ours = proxies(&["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"]);
        for peer in ["127.0.0.1", "::ffff:127.0.0.1", "10.200.3.4", "2001:db8:5::1"] {
            assert_eq!(client(&ours, peer, &["192.0.2.7"]).as_deref(), Some("192.0.2.7"), "{peer}");
        }
        for peer in ["127.0.0.2", "11.0.0.1", "2001:db9::1", "192.0.2.1"] {
            assert_eq!(client(&ours, peer, &["192.0.2.7"]), None, "{peer}");
        }
        // Whatever the client wrote itself stands before what the proxies have added.
        let said = ["1.1.1.1, 2.2.2.2", "192.0.2.7, 10.0.0.9"];
        assert_eq!(client(&ours, "127.0.0.1", &said).as_deref(), Some("192.0.2.7"));
        let port = client(&ours, "127.0.0.1", &["[2001:db9::1]:44, [2001:db8::1]"]);
        assert_eq!(port.as_deref(), Some("2001:db9::1"));
        for nothing in [&[][..], &["unknown"], &["10.0.0.1"], &["1.1.1.1, secret"]] {
            assert_eq!(client(&ours, "127.0.0.1", nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn what_is_no_network_is_told() {
        for wrong in ["", "proxy", "10.0.0.0/33", "::/129", "10.0.0.0/", "1.2.3.4/-1"] {
            let error = Proxies::new(&[wrong.to_owned()]).expect_err(wrong);
            assert!(error.contains("10.0.0.0/8") && error.contains(&format!("{wrong:?}")), "{error}");
        }
        assert!(proxies(&["0.0.0.0/0"]).has("203.0.113.9".parse().expect("an address")));
        assert!(!proxies(&["0.0.0.0/0"]).has("2001:db8::1".parse().expect("an address")));
    }
}
