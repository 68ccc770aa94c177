//! From a path to one of a closed list of patterns (docs/fyers-api.md, "Paths"): what somebody writes into a
//! path must never become a new time series.

/// What is behind `/api/v3`, with its full pattern.
const API: &[(&str, &str)] = &[
    ("/profile", "/api/v3/profile"),
    ("/funds", "/api/v3/funds"),
    ("/holdings", "/api/v3/holdings"),
    ("/positions", "/api/v3/positions"),
    ("/tradebook", "/api/v3/tradebook"),
    ("/orders", "/api/v3/orders"),
    ("/orders/sync", "/api/v3/orders/sync"),
    ("/orders/async", "/api/v3/orders/async"),
    ("/multi-order/sync", "/api/v3/multi-order/sync"),
    ("/multi-order/async", "/api/v3/multi-order/async"),
    ("/multileg/orders/sync", "/api/v3/multileg/orders/sync"),
    ("/gtt/orders", "/api/v3/gtt/orders"),
    ("/gtt/orders/sync", "/api/v3/gtt/orders/sync"),
    ("/multiorder/margin", "/api/v3/multiorder/margin"),
    ("/span_margin", "/api/v3/span_margin"),
    ("/price-alert", "/api/v3/price-alert"),
    ("/toggle-alert", "/api/v3/toggle-alert"),
    ("/validate-authcode", "/api/v3/validate-authcode"),
    ("/validate-refresh-token", "/api/v3/validate-refresh-token"),
    ("/logout", "/api/v3/logout"),
];
/// What is behind `/data`, with its full pattern.
const DATA: &[(&str, &str)] = &[
    ("/marketStatus", "/data/marketStatus"),
    ("/quotes", "/data/quotes"),
    ("/depth", "/data/depth"),
    ("/history", "/data/history"),
    ("/symbol-token", "/data/symbol-token"),
    ("/options-chain-v3", "/data/options-chain-v3"),
];
/// An order's id is in the path.
const ONE_ORDER: &str = "/api/v3/orders/{id}/sync";
/// Anything else.
const OTHER: &str = "other";

/// The pattern of a path at the gateway, which begins with `/api/v3` or `/data`.
pub fn gateway(path: &str) -> &'static str {
    let (table, rest) = match (path.strip_prefix("/api/v3"), path.strip_prefix("/data")) {
        (Some(rest), _) => (API, rest),
        (_, Some(rest)) => (DATA, rest),
        _ => return OTHER,
    };
    let rest = rest.trim_end_matches('/');
    let known = table.iter().find(|(known, _)| *known == rest).map(|(_, full)| *full);
    known.or_else(|| names_an_order(rest).then_some(ONE_ORDER)).unwrap_or(OTHER)
}

/// The pattern of a path at FYERS, without what comes before it: the base addresses are a setting.
pub fn endpoint(path: &str) -> &'static str {
    let path = path.trim_end_matches('/');
    let fits = |known: &&(&'static str, &'static str)| path.ends_with(known.0);
    let longest = API.iter().chain(DATA).filter(fits).max_by_key(|(known, _)| known.len());
    match longest {
        Some((known, _)) => known,
        None if path.split_once("/orders/").is_some_and(|(_, id)| id.ends_with("/sync")) => {
            "/orders/{id}/sync"
        }
        None => OTHER,
    }
}

fn names_an_order(rest: &str) -> bool {
    fyers_api::operation::order_in_path(rest).is_some()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_become_patterns() {
        for (path, pattern) in [
            ("/api/v3/profile", "/api/v3/profile"),
            ("/api/v3/orders/sync/", "/api/v3/orders/sync"),
            ("/api/v3/orders/26112300000017/sync", "/api/v3/orders/{id}/sync"),
            ("/data/quotes", "/data/quotes"),
            ("/data/profile", "other"),
            ("/api/v3/profile/x", "other"),
            ("/api/v30", "other"),
            ("/", "other"),
        ] {
            assert_eq!(gateway(path), pattern, "{path}");
        }
        assert_eq!(endpoint("/api/v3/orders/sync"), "/orders/sync");
        assert_eq!(endpoint("/x/orders/26112300000017-BO-1/sync"), "/orders/{id}/sync");
        assert_eq!(endpoint("/gtt/orders/sync"), "/gtt/orders/sync");
        assert_eq!(endpoint("/anything"), "other");
    }

    proptest! {
        #[test]
        fn nothing_makes_up_a_label(path in "/(api/v3|data|)/?.{0,30}") {
            let known: BTreeSet<_> =
                API.iter().chain(DATA).map(|(_, full)| *full).chain([ONE_ORDER, OTHER]).collect();
            prop_assert!(known.contains(gateway(&path)));
        }
    }
}
