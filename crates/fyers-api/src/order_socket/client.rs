//! What a client sends.

use serde_json::{Value, json};

/// What can be subscribed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OrderTopic {
    /// Changes of orders.
    Orders,
    /// Fills.
    Trades,
    /// Changes of positions.
    Positions,
    /// Electronic delivery instructions.
    Edis,
    /// Price alerts.
    PriceAlerts,
    /// Logins.
    Login,
}

/// Each topic in the spelling of the wire and in that of the SDKs' users. `OnGeneral` is the last three together.
const NAMES: [(OrderTopic, &str, &str); 6] = [
    (OrderTopic::Orders, "orders", "OnOrders"),
    (OrderTopic::Trades, "trades", "OnTrades"),
    (OrderTopic::Positions, "positions", "OnPositions"),
    (OrderTopic::Edis, "edis", "OnGeneral"),
    (OrderTopic::PriceAlerts, "pricealerts", "OnGeneral"),
    (OrderTopic::Login, "login", "OnGeneral"),
];

impl OrderTopic {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Orders, Self::Trades, Self::Positions, Self::Edis, Self::PriceAlerts, Self::Login];

    /// As FYERS' own programs write it on the wire, as `orders`.
    pub fn word(self) -> &'static str {
        NAMES.iter().find(|(topic, ..)| *topic == self).map_or("", |(_, word, _)| word)
    }

    /// The topics of a word in either spelling; none of one that is not known.
    fn of(word: &str) -> impl Iterator<Item = Self> {
        NAMES.iter().filter(move |(_, wire, user)| [*wire, *user].contains(&word)).map(|(topic, ..)| *topic)
    }
}

/// A text from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientText {
    /// `ping`, or `__ping` in version 3.0.0 of the Python SDK. Answered with `pong`.
    Ping,
    /// More of these, please.
    Subscribe(Vec<OrderTopic>),
    /// No more of these.
    Unsubscribe(Vec<OrderTopic>),
}

impl ClientText {
    /// Reads a text from a client. Topics come in two spellings and, in one SDK, as a list in a list; those that are
    /// not known are left out. `None` for anything else, which a server passes over.
    pub fn read(text: &str) -> Option<Self> {
        if matches!(text.trim(), "ping" | "__ping") {
            return Some(Self::Ping);
        }
        let body: Value = serde_json::from_str(text).ok()?;
        if body["T"] != "SUB_ORD" {
            return None;
        }
        let mut topics = Vec::new();
        flatten(&body["SLIST"], &mut topics);
        match crate::number::whole(&body["SUB_T"])? {
            1 => Some(Self::Subscribe(topics)),
            -1 => Some(Self::Unsubscribe(topics)),
            _ => None,
        }
    }

    /// The text for a server.
    pub fn write(&self) -> String {
        let order = |topics: &[OrderTopic], kind: i64| {
            let words: Vec<_> = topics.iter().map(|topic| topic.word()).collect();
            json!({"T": "SUB_ORD", "SLIST": words, "SUB_T": kind}).to_string()
        };
        match self {
            Self::Ping => "ping".to_owned(),
            Self::Subscribe(topics) => order(topics, 1),
            Self::Unsubscribe(topics) => order(topics, -1),
        }
    }
}

/// Every topic once, in the order they are named.
fn flatten(list: &Value, found: &mut Vec<OrderTopic>) {
    match list {
        Value::Array(all) => all.iter().for_each(|one| flatten(one, found)),
        Value::String(word) => OrderTopic::of(word).for_each(|topic| {
            if !found.contains(&topic) {
                found.push(topic);
            }
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_spellings_and_a_list_in_a_list_are_read() {
        use OrderTopic::{Edis, Login, Orders, PriceAlerts, Trades};
        for (text, read) in [
            ("ping", Some(ClientText::Ping)),
            ("__ping", Some(ClientText::Ping)),
            (
                r#"{"T":"SUB_ORD","SLIST":["orders","OnTrades","OnOrders","x"],"SUB_T":1}"#,
                Some(ClientText::Subscribe(vec![Orders, Trades])),
            ),
            (
                r#"{"T":"SUB_ORD","SLIST":["orders",["edis","pricealerts","login"]],"SUB_T":-1}"#,
                Some(ClientText::Unsubscribe(vec![Orders, Edis, PriceAlerts, Login])),
            ),
            (
                r#"{"T":"SUB_ORD","SLIST":"OnGeneral","SUB_T":1}"#,
                Some(ClientText::Subscribe(vec![Edis, PriceAlerts, Login])),
            ),
            (r#"{"T":"SUB_ORD","SLIST":["orders"],"SUB_T":0}"#, None),
            (r#"{"T":"SUB_L2","SLIST":["orders"],"SUB_T":1}"#, None),
            ("", None),
            ("[]", None),
        ] {
            assert_eq!(ClientText::read(text), read, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            topics in prop::sample::subsequence(NAMES.map(|(topic, ..)| topic).to_vec(), 0..=6), more: bool,
        ) {
            let text = if more { ClientText::Subscribe(topics) } else { ClientText::Unsubscribe(topics) };
            prop_assert_eq!(ClientText::read(&text.write()), Some(text));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,100}") {
            let _ = ClientText::read(&text);
        }
    }
}
