//! Market data and order updates on the page: the sockets to FYERS, and the bots that listen.

use keeper_domain::mode::Mode;

use crate::status::{FeedsStatus, SourceStatus, Status};

/// A socket to FYERS.
pub(super) struct Socket {
    pub(super) name: &'static str,
    /// `pass`, `warn` or `off`.
    pub(super) kind: &'static str,
    pub(super) words: String,
}

/// The section.
pub(super) struct Feeds {
    pub(super) sockets: Vec<Socket>,
    pub(super) rows: Vec<(&'static str, String)>,
}

impl Feeds {
    pub(super) fn of(status: &Status) -> Self {
        let feeds = &status.feeds;
        let socket = |(name, source): (&String, &SourceStatus)| {
            let name = if name == "data" { "Market data" } else { "Order updates" };
            let is_asked_for = name == "Market data" || status.mode_below_halt == Mode::Live;
            let (kind, words) = match is_asked_for || source.open {
                true => health(source, feeds, status.session.usable),
                false => ("off", "the MockExchange's: orders do not go to FYERS".to_owned()),
            };
            Socket { name, kind, words }
        };
        Self { sockets: feeds.sources.iter().map(socket).collect(), rows: rows(feeds) }
    }
}

/// A socket is opened for bots that listen, and needs a token.
fn health(source: &SourceStatus, feeds: &FeedsStatus, has_token: bool) -> (&'static str, String) {
    let lost: u64 = source.lost.values().sum();
    let lost = match lost {
        0 => String::new(),
        1 => "; lost once since the start".to_owned(),
        many => format!("; lost {many} times since the start"),
    };
    let listening = feeds.clients.values().any(|count| *count > 0);
    match (source.open, listening, has_token) {
        (true, _, _) => {
            let age = source.last_frame_age.map(|age| format!(", last message {age} s ago"));
            let topics = match source.subscriptions {
                0 => String::new(),
                1 => ", 1 topic".to_owned(),
                many => format!(", {many} topics"),
            };
            ("pass", format!("connected to FYERS{topics}{}{lost}", age.unwrap_or_default()))
        }
        (false, false, _) => ("off", format!("not connected: no bot listens{lost}")),
        (false, true, false) => ("off", format!("not connected: no token is in use{lost}")),
        (false, true, true) => ("warn", format!("not connected, although a bot listens{lost}")),
    }
}

fn rows(feeds: &FeedsStatus) -> Vec<(&'static str, String)> {
    let clients: Vec<String> = feeds
        .clients
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(door, count)| format!("{count} by {door}"))
        .collect();
    let clients = if clients.is_empty() { "none".to_owned() } else { clients.join(", ") };
    let mut rows = vec![("Bots that listen", clients), ("Symbols followed", feeds.followed.to_string())];
    if feeds.slow_clients_closed > 0 {
        let value = feeds.slow_clients_closed.to_string();
        rows.push(("Bots closed because they did not read", value));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_is_not_needed_is_no_trouble_and_one_that_is_needed_is() {
        let listening = FeedsStatus { clients: [("feed".to_owned(), 2)].into(), ..FeedsStatus::default() };
        let closed = SourceStatus::default();
        let told = |source: &SourceStatus, feeds: &FeedsStatus, token| health(source, feeds, token);
        assert_eq!(
            told(&closed, &FeedsStatus::default(), true),
            ("off", "not connected: no bot listens".into())
        );
        assert_eq!(told(&closed, &listening, false), ("off", "not connected: no token is in use".into()));
        assert_eq!(told(&closed, &listening, true), ("warn", "not connected, although a bot listens".into()));
        let open = SourceStatus {
            open: true,
            subscriptions: 3,
            last_frame_age: Some(1),
            lost: [("mute".to_owned(), 2)].into(),
        };
        let words = "connected to FYERS, 3 topics, last message 1 s ago; lost 2 times since the start";
        assert_eq!(told(&open, &listening, true), ("pass", words.into()));
        assert_eq!(rows(&listening)[0].1, "2 by feed");
    }
}
