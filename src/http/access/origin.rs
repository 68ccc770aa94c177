//! Where a request comes from, as far as its head tells: rules for what other pages in the same browser can and cannot
//! make it send. What proxies send is `way`'s to judge.

use super::{
    host::{is_this_machine, split_port},
    way::Way,
};

/// The parts of a request's head that matter for the origin.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Head<'a> {
    /// `Host`.
    pub(super) host: &'a str,
    /// `Origin`.
    pub(super) origin: Option<&'a str>,
    /// `Sec-Fetch-Site`.
    pub(super) site: Option<&'a str>,
    /// `X-Forwarded-Proto`.
    pub(super) scheme: Option<&'a str>,
}

impl Head<'_> {
    /// Whether it was written for the listener with this port by a name of this machine. A page whose name was
    /// bent to 127.0.0.1 (DNS rebinding) gives itself away by its name, a proxy on another port by that port.
    pub(super) fn names_listener(&self, port: u16) -> bool {
        let (_, shown) = split_port(self.host);
        self.names_this_machine() && shown == Some(port)
    }

    /// Whether a browser reaches the keeper by a name of the browser's own machine: there, or at the end of a tunnel.
    fn names_this_machine(&self) -> bool {
        is_this_machine(self.host)
    }

    /// Whether nobody on the way can read what is typed into a page: the browser is on this machine or at the end of a
    /// tunnel, or it came by the keeper's https address.
    pub(super) fn is_private(&self, public: Option<&str>, way: Way) -> bool {
        let https = public.and_then(|public| public.strip_prefix("https://"));
        let by_https = https.is_some_and(|authority| {
            let scheme = self.scheme.is_none_or(|scheme| scheme.trim().eq_ignore_ascii_case("https"));
            scheme && (way == Way::PassedOn || authority.eq_ignore_ascii_case(self.host))
        });
        by_https || (self.names_this_machine() && way == Way::Direct)
    }

    /// Whether it comes from a page of this keeper, by all that the browser tells; one that tells nothing is not believed.
    /// `public` is the keeper's address on the internet as an origin, for a proxy that changes `Host`. The origin `null` is
    /// what a page without referrers has, as the keeper's own: it says nothing. A keeper with such an address has no other
    /// name but those of this machine: a page whose name was bent to it is none of its own.
    pub(super) fn is_own(&self, public: Option<&str>) -> bool {
        let site = self.site.map(|site| site == "same-origin");
        let origin = self.origin.filter(|origin| *origin != "null" || site.is_none());
        let origin = origin.map(|origin| self.is_origin(origin, public));
        site.or(origin).is_some() && site != Some(false) && origin != Some(false)
    }

    fn is_origin(&self, origin: &str, public: Option<&str>) -> bool {
        let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
        let may_be_named = public.is_none() || self.names_this_machine();
        let here = may_be_named && !self.host.is_empty() && authority.eq_ignore_ascii_case(self.host);
        here || public.is_some_and(|public| public.eq_ignore_ascii_case(origin))
    }

    /// Whether a target that names its host names this keeper.
    pub(super) fn is_this_keeper(&self, port: u16, public: Option<&str>) -> bool {
        let authority = public.and_then(|public| public.split_once("://")).map(|(_, authority)| authority);
        self.names_listener(port) || authority.is_some_and(|known| known.eq_ignore_ascii_case(self.host))
    }
}

/// Whether a listener with this port is named by a name of this machine.
pub(crate) fn names_listener(host: &str, port: u16) -> bool {
    Head { host, ..Head::default() }.names_listener(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(host: &str) -> Head<'_> {
        Head { host, ..Head::default() }
    }

    #[test]
    fn only_names_of_this_machine_with_the_listeners_port_name_it() {
        for name in ["127.0.0.1:8080", "LocalHost:8080", "localhost.:8080", "[::1]:8080", "a.localhost:8080"]
        {
            assert!(host(name).names_listener(8080), "{name}");
        }
        assert!(host("localhost").names_listener(80));
        for name in [
            "",
            "localhost",
            "127.0.0.1",
            "localhost:80",
            "localhost:",
            "localhost:8080x",
            "[::1]",
            "evil.example:8080",
            "127.0.0.1.evil.example:8080",
            "localhost.evil.example:8080",
            "10.0.0.1:8080",
            "0.0.0.0:8080",
            "[::2]:8080",
            "xlocalhost:8080",
        ] {
            assert!(!host(name).names_listener(8080), "{name}");
        }
    }

    /// Secrets are typed on this machine, through a tunnel, or by https.
    #[test]
    fn a_connection_that_others_can_read_is_not_private() {
        let public = Some("https://keeper.example");
        let proxied = |scheme| Head { host: "10.0.0.7:8080", scheme, ..Head::default() };
        let (direct, doubtful, passed_on) = (Way::Direct, Way::Doubtful, Way::PassedOn);
        assert!(host("127.0.0.1:8080").is_private(None, direct));
        assert!(host("localhost:9999").is_private(None, direct));
        for way in [doubtful, passed_on] {
            assert!(!host("127.0.0.1:8080").is_private(None, way), "passed on for somebody elsewhere");
        }
        assert!(host("keeper.example").is_private(public, direct));
        assert!(proxied(Some("https")).is_private(public, passed_on));
        assert!(proxied(None).is_private(public, passed_on));
        assert!(!proxied(None).is_private(public, doubtful), "an odd header makes no https");
        assert!(!proxied(Some("http")).is_private(public, passed_on));
        assert!(!proxied(Some("https")).is_private(None, passed_on), "anybody can write that header");
        for other in ["keeper.example:8080", "10.0.0.7:8080", "127.0.0.1.evil.example", ""] {
            assert!(!host(other).is_private(public, direct), "{other}");
        }
        assert!(!host("keeper.example").is_private(Some("http://keeper.example"), direct));
    }

    #[test]
    fn only_its_own_pages_are_its_own() {
        let from = |site, origin| Head { host: "127.0.0.1:8080", origin, site, scheme: None };
        for (site, origin, own) in [
            (Some("same-origin"), None, true),
            (Some("same-origin"), Some("null"), true),
            (Some("same-origin"), Some("http://127.0.0.1:8080"), true),
            (Some("same-origin"), Some("http://127.0.0.1:9"), false),
            (Some("same-origin"), Some("http://evil.example"), false),
            (Some("same-origin"), Some(""), false),
            (Some(""), Some("http://127.0.0.1:8080"), false),
            (Some("Same-Origin"), None, false),
            (Some("none"), Some("http://127.0.0.1:8080"), false),
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
        for (name, is_this) in [
            ("127.0.0.1:8080", true),
            ("Keeper.example", true),
            ("keeper.example:8080", false),
            ("127.0.0.1", false),
            ("evil.example", false),
            ("", false),
        ] {
            assert_eq!(host(name).is_this_keeper(8080, public), is_this, "{name}");
        }
        assert!(!host("keeper.example").is_this_keeper(8080, None));
        assert!(from(None, Some("https://keeper.example")).is_own(public));
        assert!(!from(None, Some("http://keeper.example")).is_own(public));
        let named = |host, origin| Head { host, origin: Some(origin), site: None, scheme: None };
        assert!(named("10.0.0.7:8080", "http://10.0.0.7:8080").is_own(None), "in a home without an address");
        for (host, origin, own) in [
            ("keeper.example", "https://keeper.example", true),
            ("10.0.0.7:8080", "https://keeper.example", true),
            ("127.0.0.1:8080", "http://127.0.0.1:8080", true),
            ("keeper.example", "http://keeper.example", false),
            ("keeper.example", "https://keeper.example:8443", false),
            ("evil.example", "http://evil.example", false),
            ("evil.example", "https://evil.example", false),
            ("10.0.0.7:8080", "http://10.0.0.7:8080", false),
        ] {
            assert_eq!(named(host, origin).is_own(public), own, "{host} {origin}");
        }
    }
}
