//! A bot at the keeper's order socket, in FYERS' own protocol: the server's side.

use std::collections::BTreeSet;

use fyers_api::order_socket::{ClientText, OrderTopic, ServerText};
use serde_json::json;

use super::news::FeedNews;

/// One connection.
#[derive(Debug, Default)]
pub struct OrderClient {
    topics: BTreeSet<OrderTopic>,
}

impl OrderClient {
    /// Understands a text: the answer, and what the bot wants to hear of when that has changed.
    pub fn received(&mut self, text: &str) -> (Option<String>, Option<BTreeSet<OrderTopic>>) {
        match ClientText::read(text) {
            Some(ClientText::Ping) => (Some(ServerText::Pong.write()), None),
            Some(ClientText::Subscribe(topics)) => {
                self.topics.extend(topics);
                (Some(ServerText::Subscribed.write()), Some(self.topics.clone()))
            }
            Some(ClientText::Unsubscribe(topics)) => {
                self.topics.retain(|topic| !topics.contains(topic));
                let done = json!({"code": 1605, "message": "Successfully unsubscribed", "s": "ok"});
                (Some(done.to_string()), Some(self.topics.clone()))
            }
            None => (None, None),
        }
    }

    /// What this protocol says of a piece of news.
    pub fn news(&self, news: &FeedNews) -> Option<String> {
        match news {
            FeedNews::Order(order) => Some(order.text.to_string()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_add_up_and_are_acknowledged() {
        let mut client = OrderClient::default();
        assert_eq!(client.received("ping"), (Some("pong".to_owned()), None));
        let (answer, topics) = client.received(r#"{"T":"SUB_ORD","SLIST":["OnOrders","trades"],"SUB_T":1}"#);
        assert!(answer.unwrap().contains("1605"));
        assert_eq!(topics, Some(BTreeSet::from([OrderTopic::Orders, OrderTopic::Trades])));
        let (answer, topics) = client.received(r#"{"T":"SUB_ORD","SLIST":["orders"],"SUB_T":-1}"#);
        assert!(answer.unwrap().contains("unsubscribed"));
        assert_eq!(topics, Some(BTreeSet::from([OrderTopic::Trades])));
        assert_eq!(client.received("nonsense"), (None, None));
    }
}
