//! Which paths are carried: pure rules.
//!
//! Where a request goes is decided by its path, here and at FYERS. Two readers of one path must not come to two
//! results (an order that looks like something else here would go where no order may go), so a path that could be
//! read in two ways is not carried at all. No official program writes one.

use fyers_api::http::Surface;

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

/// Whether the path can be read in one way only: no empty segments, no dots that climb, and percent forms only
/// of characters that mean nothing in a path.
pub fn is_plain(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|path| path.split('/').all(is_plain_segment))
}

fn is_plain_segment(segment: &str) -> bool {
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        let plain = match byte {
            b'%' => hex(rest.next())
                .zip(hex(rest.next()))
                .is_some_and(|(high, low)| stays_itself(high << 4 | low)),
            byte => is_unreserved(byte) || b"!$&'()*+,:=@".contains(&byte),
        };
        if !plain {
            return false;
        }
    }
    !matches!(segment, "" | "." | "..")
}

/// Decoded or not, such a character is never a letter of a known path, a separator or a control.
fn stays_itself(byte: u8) -> bool {
    b" !\"$&'()*+,:<=>@[]^`{|}".contains(&byte)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn hex(digit: Option<u8>) -> Option<u8> {
    let value = char::from(digit?).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Whether the path is a step of a login or a logout, however it is written.
pub fn is_about_the_session(path: &str) -> bool {
    let first = path.split('/').find(|segment| !segment.is_empty()).unwrap_or_default();
    SESSION.iter().any(|name| first.eq_ignore_ascii_case(name))
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

    #[test]
    fn what_the_official_programs_ask_for_is_plain() {
        for path in [
            "/profile",
            "/orders/sync",
            "/orders/26112300000017-BO-1/sync",
            "/options-chain-v3",
            "/marketStatus",
            "/flows/tc/se/activate",
            "/history/fno/expired/expiry-dates",
            "/x/NSE:SBIN-EQ",
            "/x/NSE%3AM%26M-EQ",
        ] {
            assert!(is_plain(path), "{path}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_not() {
        for path in [
            "",
            "x",
            "/",
            "//",
            "/x/",
            "//x",
            "/x//y",
            "/.",
            "/..",
            "/x/../y",
            "/x/./y",
            "/%2e%2e/x",
            "/.%2E/x",
            "/x%2fy",
            "/x%2Fy",
            "/x%5Cy",
            "/x\\y",
            "/x%00",
            "/x%0d%0ay",
            "/orders/%73ync",
            "/x%",
            "/x%4",
            "/x%zz",
            "/x%25",
            "/x%252e",
            "/x;y",
            "/x%3By",
            "/x?y",
            "/x%3Fy",
            "/x#y",
            "/x%23",
            "/x y",
            "/x%ff",
            "/x\u{e4}",
            "/http://evil.example/",
            "/x\ty",
            "/x\"y",
        ] {
            assert!(!is_plain(path), "{path}");
        }
    }

    #[test]
    fn logins_are_known_however_they_are_written() {
        for path in
            ["/logout", "//logout", "/LogOut", "/logout/x", "/validate-authcode", "/generate-authcode"]
        {
            assert!(is_about_the_session(path), "{path}");
        }
        for path in ["/orders/logout", "/logouts", "/profile", "/data-token"] {
            assert!(!is_about_the_session(path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn a_plain_path_stays_the_same_when_a_url_parser_reads_it(path in "/[a-z0-9%./~:@&=;\\\\2ef-]{0,12}") {
            let url = url::Url::parse(&format!("https://h.example{path}"));
            if is_plain(&path) {
                let url = url.unwrap();
                prop_assert_eq!(url.path(), path);
            }
        }
    }
}
