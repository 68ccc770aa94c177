//! Where a request comes from, as far as its head tells: rules for what other pages in the same browser can and
//! cannot make it send.

use core::net::IpAddr;

/// The parts of a request's head that matter here.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Head<'a> {
    /// `Host`.
    pub(super) host: &'a str,
    /// `Origin`.
    pub(super) origin: Option<&'a str>,
    /// `Sec-Fetch-Site`.
    pub(super) site: Option<&'a str>,
    /// Whether a proxy says that it passes the request on for somebody else.
    pub(super) forwarded: bool,
}

impl Head<'_> {
    /// Whether it was written for this very machine. A page whose name was bent to 127.0.0.1 (DNS rebinding)
    /// gives itself away by that name, and so does a proxy that passes strangers on.
    pub(super) fn is_local(&self) -> bool {
        let name = name(self.host).to_ascii_lowercase();
        let name = name.trim_end_matches('.');
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let local = match address {
            Ok(address) => address.is_loopback(),
            Err(_) => name == "localhost" || name.ends_with(".localhost"),
        };
        local && !self.forwarded
    }

    /// Whether it comes from a page of this keeper. `public` is the keeper's address on the internet as an
    /// origin, for a proxy that changes `Host`. A browser that tells neither is not believed.
    pub(super) fn is_own(&self, public: Option<&str>) -> bool {
        match (self.site, self.origin) {
            (Some(site), _) => site == "same-origin",
            (None, Some(origin)) => {
                let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
                let here = !self.host.is_empty() && authority.eq_ignore_ascii_case(self.host);
                here || public.is_some_and(|public| public.eq_ignore_ascii_case(origin))
            }
            (None, None) => false,
        }
    }
}

/// The host without its port.
fn name(host: &str) -> &str {
    match host.rfind(']') {
        Some(end) => &host[..=end],
        None => host.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(host: &str) -> Head<'_> {
        Head { host, ..Head::default() }
    }

    #[test]
    fn only_names_of_this_machine_are_local() {
        for name in [
            "127.0.0.1",
            "127.0.0.1:8080",
            "localhost",
            "LocalHost:8080",
            "localhost.",
            "[::1]:8080",
            "a.localhost",
        ] {
            assert!(host(name).is_local(), "{name}");
        }
        for name in [
            "",
            "evil.example",
            "evil.example:8080",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "0.0.0.0",
            "[::2]",
            "xlocalhost",
        ] {
            assert!(!host(name).is_local(), "{name}");
        }
        assert!(!Head { forwarded: true, ..host("localhost") }.is_local());
    }

    #[test]
    fn only_its_own_pages_are_its_own() {
        let from = |site, origin| Head { host: "127.0.0.1:8080", origin, site, forwarded: false };
        for (site, origin, own) in [
            (Some("same-origin"), None, true),
            (Some("same-origin"), Some("null"), true),
            (Some("same-site"), Some("http://127.0.0.1:8080"), false),
            (Some("cross-site"), Some("http://127.0.0.1:8080"), false),
            (Some("none"), None, false),
            (None, Some("http://127.0.0.1:8080"), true),
            (None, Some("http://127.0.0.1:9"), false),
            (None, Some("http://evil.example"), false),
            (None, Some("null"), false),
            (None, None, false),
        ] {
            assert_eq!(from(site, origin).is_own(None), own, "{site:?} {origin:?}");
        }
        let public = Some("https://keeper.example");
        assert!(from(None, Some("https://keeper.example")).is_own(public));
        assert!(!from(None, Some("http://keeper.example")).is_own(public));
    }
}
