//! By which way a request came, as far as its head tells: from a program on the other end of the connection itself, or by
//! a proxy. One rule, and any doubt means a proxy: a proxy on this machine is a client on this machine, but whoever it
//! works for may be anywhere.

use super::host::is_this_machine;

/// Headers by which a proxy says that it passes a request on: the standard's, and those of the usual proxies, hosters and
/// content networks.
const PROXYS: [&str; 15] = [
    "forwarded",
    "forwarded-for",
    "via",
    "cdn-loop",
    "client-ip",
    "true-client-ip",
    "x-amzn-trace-id",
    "x-client-ip",
    "x-cloud-trace-context",
    "x-cluster-client-ip",
    "x-host",
    "x-proxyuser-ip",
    "x-real-ip",
    "x-real-proto",
    "x-rewrite-url",
];
/// How the names of all others of one kind begin.
const PROXYS_KINDS: [&str; 12] = [
    "x-forwarded",
    "x-original-",
    "cf-",
    "fastly-",
    "fly-",
    "ngrok-",
    "rndr-",
    "tailscale-",
    "x-appengine-",
    "x-azure-",
    "x-envoy-",
    "x-railway-",
];
/// What browsers, curl, monitoring programs and HTTP libraries write by themselves. `traceparent`, `tracestate` and `baggage`
/// are those of any program with OpenTelemetry in it. `X-Request-Id` is not here: HAProxy, Envoy, nginx's Ingress and
/// hosters write it, some of them alone, and a program writes it only where somebody has told it to.
const CLIENTS: [&str; 37] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "authorization",
    "baggage",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "dnt",
    "expect",
    "from",
    "host",
    "http2-settings",
    "keep-alive",
    "last-event-id",
    "origin",
    "postman-token",
    "pragma",
    "priority",
    "purpose",
    "range",
    "referer",
    "save-data",
    "te",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "x-prometheus-scrape-timeout-seconds",
    "x-requested-with",
];
/// The same for all names that begin so: those of browsers alone, and conditions.
const CLIENTS_KINDS: [&str; 3] = ["sec-", "if-", "access-control-request-"];

/// By which way a request came, the surest word of a proxy last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Nothing speaks against the program at the other end of the connection.
    Direct,
    /// No proxy says so, but one may have been there.
    Doubtful,
    /// A proxy says that it passes the request on for somebody else.
    PassedOn,
}

/// What of a head tells by which way it came.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Traces<'a> {
    /// HTTP/1.0: what some proxies speak by default, and no program of today.
    pub(super) is_old: bool,
    /// `Origin`.
    pub(super) origin: Option<&'a str>,
    /// `Referer`.
    pub(super) referer: Option<&'a str>,
}

impl Way {
    /// The rule. `names` are those of the headers, in lower case.
    pub(super) fn of<'a>(names: impl Iterator<Item = &'a str>, traces: Traces<'_>) -> Self {
        let is_from_elsewhere = [traces.origin, traces.referer].into_iter().flatten().any(names_elsewhere);
        let first = if traces.is_old || is_from_elsewhere { Self::Doubtful } else { Self::Direct };
        names.map(Self::of_header).fold(first, Self::max)
    }

    /// What the name of one header says.
    fn of_header(name: &str) -> Self {
        let is_one = |all: &[&str], kinds: &[&str]| {
            all.contains(&name) || kinds.iter().any(|kind| name.starts_with(kind))
        };
        if is_one(&PROXYS, &PROXYS_KINDS) {
            Self::PassedOn
        } else if is_one(&CLIENTS, &CLIENTS_KINDS) {
            Self::Direct
        } else {
            Self::Doubtful
        }
    }
}

/// Whether the address of a page is not one of this machine. `null` names nothing.
fn names_elsewhere(page: &str) -> bool {
    let authority = page.split_once("://").map_or("", |(_, rest)| rest);
    let end = authority.find(['/', '?', '#']).unwrap_or(authority.len());
    page != "null" && !is_this_machine(&authority[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(names: &[&str]) -> Way {
        Way::of(names.iter().copied(), Traces::default())
    }

    #[test]
    fn every_header_of_a_proxy_is_noticed() {
        for name in [
            "forwarded",
            "via",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-forwarded-server",
            "x-forwarded",
            "x-real-ip",
            "x-original-forwarded-for",
            "x-original-host",
            "x-client-ip",
            "x-cluster-client-ip",
            "cdn-loop",
            "cf-connecting-ip",
            "cf-ray",
            "fly-client-ip",
            "true-client-ip",
            "x-envoy-external-address",
        ] {
            assert_eq!(by(&["host", name]), Way::PassedOn, "{name}");
        }
    }

    #[test]
    fn what_no_program_writes_by_itself_may_be_a_proxys() {
        for name in [
            "x-arr-log-id",
            "x-varnish",
            "incap-client-ip",
            "x-sucuri-clientip",
            "x-nf-client-connection-ip",
            "x-vercel-id",
            "cloudfront-viewer-address",
            "x-amz-cf-id",
            "x-scheme",
            "x-ssl-client-verify",
            "x-request-start",
            "x-remote-addr",
            "remote-user",
            "x-auth-request-user",
            "x-goog-iap-jwt-assertion",
            "proxy-connection",
            "surrogate-capability",
            "x-proxy-of-somebody",
            "x-request-id",
            "x-correlation-id",
            "x-b3-traceid",
            "",
        ] {
            assert_eq!(by(&["host", name]), Way::Doubtful, "{name}");
        }
    }

    #[test]
    fn programs_of_this_machine_come_directly() {
        for names in [
            &["host"][..],
            &["host", "user-agent", "accept"],
            &["host", "accept", "authorization", "content-type", "content-length"],
            // curl --http2, and Java's own client.
            &["host", "connection", "upgrade", "http2-settings", "user-agent"],
            &["host", "user-agent", "accept-encoding", "accept", "x-prometheus-scrape-timeout-seconds"],
            // Python with OpenTelemetry.
            &["host", "user-agent", "accept-encoding", "accept", "connection", "traceparent"],
            &["host", "user-agent", "accept", "traceparent", "tracestate", "baggage"],
            &[
                "host",
                "connection",
                "cache-control",
                "sec-ch-ua",
                "sec-ch-ua-mobile",
                "upgrade-insecure-requests",
                "user-agent",
                "accept",
                "sec-gpc",
                "sec-fetch-site",
                "accept-encoding",
                "accept-language",
                "cookie",
                "dnt",
                "if-none-match",
            ],
        ] {
            assert_eq!(by(names), Way::Direct, "{names:?}");
        }
    }

    #[test]
    fn the_surest_word_of_a_proxy_counts_whatever_stands_beside_it() {
        for (names, want) in [
            (&["host", "traceparent", "x-request-id"][..], Way::Doubtful),
            (&["host", "x-request-id", "x-forwarded-for"], Way::PassedOn),
            (&["host", "x-request-id", "x-forwarded-proto", "x-envoy-expected-rq-timeout-ms"], Way::PassedOn),
            (&["host", "baggage", "x-amzn-trace-id"], Way::PassedOn),
        ] {
            assert_eq!(by(names), want, "{names:?}");
        }
    }

    #[test]
    fn an_old_request_or_one_of_a_page_elsewhere_may_have_been_passed_on() {
        let of = |traces| Way::of(["host", "accept"].into_iter(), traces);
        assert_eq!(of(Traces { is_old: true, ..Traces::default() }), Way::Doubtful);
        for (page, want) in [
            ("http://127.0.0.1:8080", Way::Direct),
            ("http://localhost:8080/keys?x=://y", Way::Direct),
            ("http://[::1]:8080/", Way::Direct),
            ("null", Way::Direct),
            ("https://keeper.example", Way::Doubtful),
            ("https://keeper.example/localhost", Way::Doubtful),
            ("https://localhost@keeper.example/", Way::Doubtful),
            ("https://localhost.keeper.example?//localhost", Way::Doubtful),
            ("http://127.0.0.1:8080.evil.example/", Way::Doubtful),
            ("http://127.0.0.1:8080@evil.example/", Way::Doubtful),
            ("", Way::Doubtful),
        ] {
            assert_eq!(of(Traces { origin: Some(page), ..Traces::default() }), want, "{page}");
            assert_eq!(of(Traces { referer: Some(page), ..Traces::default() }), want, "{page}");
        }
        let both = Way::of(["via"].into_iter(), Traces { is_old: true, ..Traces::default() });
        assert_eq!(both, Way::PassedOn);
    }
}
