//! Network addresses: which are of this machine, and which client stands behind a request.

use core::{net::IpAddr, str::FromStr};

use url::{Host, Url};

/// Whether a URL names this machine. Nothing is resolved.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// A range of addresses: one address, or a CIDR block as `10.0.0.0/8` or `2001:db8::/32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

/// Text that is neither an address nor a CIDR block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an IP address or a range as 10.0.0.0/8")]
pub struct NotANetwork;

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let address = address.parse::<IpAddr>().map_err(|_| NotANetwork)?;
        let prefix = prefix.map_or(Ok(bits(address)), str::parse).map_err(|_| NotANetwork)?;
        if prefix > bits(address) {
            return Err(NotANetwork);
        }
        Ok(Self::around(address, prefix))
    }
}

impl Network {
    fn around(address: IpAddr, prefix: u8) -> Self {
        let first = match address {
            IpAddr::V4(ip) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V4((ip.to_bits() & mask).into())
            }
            IpAddr::V6(ip) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V6((ip.to_bits() & mask).into())
            }
        };
        Self { first, prefix }
    }

    /// Whether the address lies in this range. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        bits(address) == bits(self.first) && Self::around(address, self.prefix) == *self
    }

    /// What limits are counted by: one IPv4 address, or the IPv6 /64 that one customer of a provider gets.
    pub fn of_client(address: IpAddr) -> Self {
        match address.to_canonical() {
            v4 @ IpAddr::V4(_) => Self::around(v4, 32),
            v6 @ IpAddr::V6(_) => Self::around(v6, 64),
        }
    }
}

impl core::fmt::Display for Network {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.prefix == bits(self.first) {
            return write!(f, "{}", self.first);
        }
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address of the client that a request comes from.
///
/// `peer` is the other end of the connection. When it is a trusted proxy, the last entry of `X-Forwarded-For`
/// that is not itself a trusted proxy is the client: entries further left were written by the client and may say
/// anything. An entry that is no address ends the search at the hop that reported it.
pub fn client_of(peer: IpAddr, forwarded_for: &[&str], trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let entries = forwarded_for.iter().flat_map(|value| value.split(',')).map(str::trim);
    let mut client = peer.to_canonical();
    for entry in entries.rev() {
        if !is_trusted(client) {
            break;
        }
        let Some(address) = without_port(entry) else { break };
        client = address.to_canonical();
    }
    client
}

/// An address as proxies write it: bare, with a port, or an IPv6 address in brackets.
fn without_port(entry: &str) -> Option<IpAddr> {
    let socket = || entry.parse::<core::net::SocketAddr>().ok().map(|socket| socket.ip());
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    entry.parse().ok().or_else(socket).or_else(bracketed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn networks(texts: &[&str]) -> Vec<Network> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn only_addresses_of_this_machine_are_loopback() {
        for (url, expected) in [
            ("http://127.0.0.1:80/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]/", true),
            ("http://localhost:1/", true),
            ("http://localhost.evil.example/", false),
            ("http://10.0.0.1/", false),
            ("http://[::2]/", false),
            ("data:x", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn a_range_is_read_and_contains_what_it_says() {
        for (range, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
            ("10.1.2.3/8", "10.9.9.9", "9.9.9.9"),
            ("0.0.0.0/0", "203.0.113.7", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("::1", "::1", "::2"),
            ("127.0.0.1", "::ffff:127.0.0.1", "::1"),
        ] {
            let range: Network = range.parse().unwrap();
            assert!(range.contains(ip(inside)) && !range.contains(ip(outside)), "{range}");
        }
        for bad in ["", "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/129", "10.0.0.0/-1", "proxy.example"]
        {
            assert_eq!(bad.parse::<Network>(), Err(NotANetwork), "{bad}");
        }
    }

    #[test]
    fn clients_of_ipv6_are_counted_by_64_bits() {
        let of = |text: &str| Network::of_client(ip(text));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("203.0.113.7"), of("203.0.113.8"));
        assert_eq!(of("::ffff:203.0.113.7"), of("203.0.113.7"));
        assert_eq!(of("203.0.113.7").to_string(), "203.0.113.7");
        assert_eq!(of("2001:db8:1:2::1").to_string(), "2001:db8:1:2::/64");
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let trusted = networks(&["127.0.0.1", "10.0.0.0/8"]);
        for (peer, header, client) in [
            ("203.0.113.7", &["1.2.3.4"][..], "203.0.113.7"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            ("127.0.0.1", &["1.2.3.4, 203.0.113.7"], "203.0.113.7"),
            ("127.0.0.1", &["1.2.3.4", "203.0.113.7, 10.1.1.1"], "203.0.113.7"),
            ("127.0.0.1", &["203.0.113.7:1234"], "203.0.113.7"),
            ("127.0.0.1", &["[2001:db8::1]:1234"], "2001:db8::1"),
            ("127.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
            ("127.0.0.1", &["203.0.113.7, unknown"], "127.0.0.1"),
            ("127.0.0.1", &["10.1.1.1"], "10.1.1.1"),
            ("::ffff:127.0.0.1", &["203.0.113.7"], "203.0.113.7"),
        ] {
            assert_eq!(client_of(ip(peer), header, &trusted), ip(client), "{peer} {header:?}");
        }
        assert_eq!(client_of(ip("127.0.0.1"), &["203.0.113.7"], &[]), ip("127.0.0.1"), "nobody is trusted");
    }

    proptest! {
        #[test]
        fn what_a_client_writes_in_front_changes_nothing(lie in "[ -~]{0,40}") {
            let trusted = networks(&["127.0.0.1"]);
            let header = format!("{lie}, 203.0.113.7");
            prop_assert_eq!(client_of(ip("127.0.0.1"), &[&header], &trusted), ip("203.0.113.7"));
        }
    }
}
