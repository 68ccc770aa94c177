//! What of an answer's head a bot gets to see.

use reqwest::header::HeaderMap;

/// What means something behind the keeper. Not among them: what is about one connection (RFC 9110, section
/// 7.6.1), cookies, which are the keeper's own, and `Location`: a bot that followed it would show its key there.
const NAMES: &[&str] = &[
    "cache-control",
    "cf-ray",
    "content-encoding",
    "content-language",
    "content-type",
    "date",
    "expires",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "x-request-id",
    "x-retry-after-ms",
];

/// Families of names.
const BEGINNINGS: &[&str] = &["x-ratelimit-", "x-rate-limit-", "ratelimit-"];

/// These headers, in the order they came, each as often as it came, byte for byte.
pub(super) fn that_matter(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let matters =
        |name: &str| NAMES.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning));
    let kept = headers.iter().filter(|(name, _)| matters(name.as_str()));
    kept.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_connections_and_other_addresses_stay_behind() {
        let pairs = [
            ("content-type", "text/html"),
            ("set-cookie", "__cf_bm=x"),
            ("connection", "close"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("content-length", "5"),
            ("location", "https://evil.example/"),
            ("x-keeper-mode", "live"),
            ("access-control-allow-origin", "*"),
            ("x-ratelimit-remaining", "3"),
            ("retry-after", "7"),
        ];
        let headers = pairs.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let kept = that_matter(&HeaderMap::from_iter(headers));
        let mut names: Vec<_> = kept.into_iter().map(|(name, _)| name).collect();
        names.sort();
        assert_eq!(names, ["content-type", "retry-after", "x-ratelimit-remaining"]);
    }
}
