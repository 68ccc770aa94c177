//! Which paths are carried: pure rules.
//!
//! Where a request goes is decided by its path, here and at FYERS. Two readers of one path must not come to two
//! results (an order or a logout that looks like something else here would go where none may go), so a path that could
//! be read in two ways is not carried at all: it is judged byte by byte as it was written, nothing in it is resolved.
//! No official program writes another one.

use fyers_api::{http::Surface, operation::is_known_place};

/// What the keeper does for all bots and a bot cannot do through it.
const SESSION: &[&str] =
    &["validate-authcode", "validate-refresh-token", "generate-authcode", "logout", "token"];

/// The side and the rest, beginning with its slash, of a path as it was written. `None` for any other path.
pub fn split(path: &str) -> Option<(Surface, &str)> {
    let sides = [(Surface::Api, "/api/v3"), (Surface::Data, "/data")];
    sides.into_iter().find_map(|(surface, prefix)| {
        let rest = path.strip_prefix(prefix)?;
        rest.starts_with('/').then_some((surface, rest))
    })
}

/// Whether the path can be read in one way only: segments of letters, digits, `-` and `_`, none of them empty, and no
/// known path in another spelling. A new path of FYERS is one; whoever reads it without regard to case finds the same.
pub fn is_plain(surface: Surface, path: &str) -> bool {
    let is_clean = path.strip_prefix('/').is_some_and(|path| path.split('/').all(is_plain_segment));
    is_clean && (is_known_place(surface, path) || !is_known_place(surface, &folded(path)))
}

fn is_plain_segment(segment: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    !segment.is_empty() && segment.bytes().all(plain)
}

/// Paths that differ in case only are one. The one known path with a capital letter is not mistaken for a new one.
fn folded(path: &str) -> String {
    let small = path.to_ascii_lowercase();
    if small == "/marketstatus" { "/marketStatus".to_owned() } else { small }
}

/// Whether the path is a step of a login or a logout, however it is written.
pub fn is_about_the_session(path: &str) -> bool {
    let first = path.split('/').find(|segment| !segment.is_empty()).unwrap_or_default();
    SESSION.iter().any(|name| letters(first).eq(letters(name)))
}

fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_prefix_is_taken_to_the_letter() {
        assert_eq!(split("/api/v3/orders/sync"), Some((Surface::Api, "/orders/sync")));
        assert_eq!(split("/data/quotes"), Some((Surface::Data, "/quotes")));
        for other in
            ["/api/v3", "/api/v3x/y", "/%61pi/v3/x", "/API/v3/x", "//api/v3/x", "/datax", "data/x", ""]
        {
            assert_eq!(split(other), None, "{other}");
        }
    }

    fn plain(path: &str) -> bool {
        is_plain(Surface::Api, path)
    }

    #[test]
    fn what_the_official_programs_ask_for_is_plain() {
        for path in [
            "/profile",
            "/orders/sync",
            "/orders/26112300000017-BO-1/sync",
            "/smart-order/limit",
            "/flows/tc/se/activate",
            "/span_margin",
            "/something/new",
            "/somethingNew",
        ] {
            assert!(plain(path), "{path}");
        }
        for path in
            ["/marketStatus", "/options-chain-v3", "/history/fno/expired/expiry-dates", "/futures-chain"]
        {
            assert!(is_plain(Surface::Data, path), "{path}");
        }
    }

    #[test]
    fn a_known_path_is_spelled_as_it_is() {
        for path in [
            "/Profile",
            "/ORDERS/SYNC",
            "/orders/Sync",
            "/Orders/26112300000017-BO-1/sync",
            "/Smart-Order/limit",
            "/multi-order/SYNC",
            "/positionS",
        ] {
            assert!(!plain(path), "{path}");
        }
        for path in ["/marketstatus", "/MARKETSTATUS", "/Quotes"] {
            assert!(!is_plain(Surface::Data, path), "{path}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_not() {
        let ways = |name: &str| {
            let (head, tail) = name.split_at(name.len() - 2);
            [
                format!("/{name}/"),
                format!("//{name}"),
                format!("/./{name}"),
                format!("/x/../{name}"),
                format!("/{name}/."),
                format!("/{name}."),
                format!("/{name}.json"),
                format!("/{name};x"),
                format!("/{name}%20"),
                format!("/%20{name}"),
                format!("/{name}%09"),
                format!("/{name}%00"),
                format!("/{name}%0d%0a"),
                format!("/{name}%2f"),
                format!("/{name}%5c"),
                format!("/{name}%3Fx"),
                format!("/{name}%23"),
                format!("/{name}%ef%bc%8f"),
                format!("/{name}%c2%a0"),
                format!("/{head}%7{tail}"),
                format!("/{name}%"),
                format!("/{name}%4"),
                format!("/{name}%zz"),
                format!("/{name}%2520"),
                format!("/{name}+"),
                format!("/{name}~"),
                format!("/{name}:80"),
                format!("/{name}@x"),
                format!("/{name},x"),
                format!("/{name}'"),
                format!("/{name}$"),
                format!("/{name} "),
                format!("/{name}\t"),
                format!("/{name}?y"),
                format!("/{name}#y"),
                format!("/{name}\\y"),
                format!("/{name}\u{e4}"),
                format!("/{name}\u{200b}"),
                name.to_string(),
            ]
        };
        for name in ["logout", "profile", "orders/sync", "validate-refresh-token", "something-new"] {
            ways(name).iter().for_each(|path| assert!(!plain(path), "{path}"));
        }
        for path in ["", "/", "//", "/.", "/..", "/%2e%2e/x", "/.%2E/x", "/http://evil.example/"] {
            assert!(!plain(path), "{path}");
        }
    }

    #[test]
    fn logins_are_known_however_they_are_written() {
        for path in [
            "/logout",
            "//logout",
            "/LogOut",
            "/log-out",
            "/logout_",
            "/logout.",
            "/logout/x",
            "/validate-authcode",
            "/validate_authcode",
            "/generate-authcode",
        ] {
            assert!(is_about_the_session(path), "{path}");
        }
        for path in ["/orders/logout", "/logouts", "/profile", "/data-token"] {
            assert!(!is_about_the_session(path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn a_plain_path_stays_the_same_when_a_url_parser_reads_it(path in "/[a-zA-Z0-9%./~:@&=;_\\\\2ef-]{0,12}") {
            let url = url::Url::parse(&format!("https://h.example{path}"));
            if plain(&path) {
                let url = url.unwrap();
                prop_assert_eq!(url.path(), path);
            }
        }
    }
}
