//! What a server sends.

use serde_json::{Map, Value, json};

use crate::order_socket::{OrderEvent, PositionEvent, SUBSCRIBED, TradeEvent};

/// A text from a server.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerText {
    /// The answer to a ping.
    Pong,
    /// The answer to a subscription.
    Subscribed,
    /// An order has changed.
    Order(Box<OrderEvent>),
    /// A fill.
    Trade(Box<TradeEvent>),
    /// A position has changed.
    Position(Box<PositionEvent>),
    /// Anything else that is JSON, as it came: errors, price alerts, logins.
    General(Value),
}

impl ServerText {
    /// Reads a text from a server; of several keys in one object the first of `orders`, `trades` and `positions`
    /// counts, as in FYERS' SDKs. `None` for what is neither a pong nor a JSON object.
    pub fn read(text: &str) -> Option<Self> {
        if text.trim() == "pong" {
            return Some(Self::Pong);
        }
        let body: Value = serde_json::from_str(text).ok()?;
        let event = |name: &str| body.get(name).and_then(Value::as_object);
        Some(match () {
            () if !body.is_object() => return None,
            () if body["code"] == SUBSCRIBED => Self::Subscribed,
            () => match (event("orders"), event("trades"), event("positions")) {
                (Some(fields), ..) => Self::Order(Box::new(OrderEvent::read(fields))),
                (_, Some(fields), _) => Self::Trade(Box::new(TradeEvent::read(fields))),
                (.., Some(fields)) => Self::Position(Box::new(PositionEvent::read(fields))),
                _ => Self::General(body),
            },
        })
    }

    /// The text for a client.
    pub fn write(&self) -> String {
        let event = |name: &str, fields: Map<String, Value>| json!({"s": "ok", name: fields});
        match self {
            Self::Pong => return "pong".to_owned(),
            Self::Subscribed => json!({"code": SUBSCRIBED, "message": "Successfully subscribed", "s": "ok"}),
            Self::Order(order) => event("orders", order.write()),
            Self::Trade(trade) => event("trades", trade.write()),
            Self::Position(position) => event("positions", position.write()),
            Self::General(body) => body.clone(),
        }
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{option, prelude::*};
    use rust_decimal::Decimal;

    use super::*;

    fn money() -> impl Strategy<Value = Option<Decimal>> {
        option::of((-9_999_999_999i64..9_999_999_999).prop_map(|units| Decimal::new(units, 4).normalize()))
    }

    fn word() -> impl Strategy<Value = Option<String>> {
        option::of(".{0,20}")
    }

    fn whole() -> impl Strategy<Value = Option<i64>> {
        option::of(any::<i64>())
    }

    prop_compose! {
        fn orders()(id in word(), symbol in word(), product in word(), tag in word(), message in word(),
            quantity in whole(), filled in whole(), side in whole(), status_number in whole(),
            limit_price in money(), traded_price in money(), offline in option::of(any::<bool>())) -> ServerText {
            ServerText::Order(Box::new(OrderEvent { id, symbol, product, tag, message, quantity, filled, side,
                status_number, limit_price, traded_price, offline, ..OrderEvent::default() }))
        }
    }

    prop_compose! {
        fn trades()(id in word(), order_id in word(), time in word(), quantity in whole(), price in money(),
            value in money()) -> ServerText {
            ServerText::Trade(Box::new(TradeEvent { id, order_id, time, quantity, price, value, ..TradeEvent::default() }))
        }
    }

    prop_compose! {
        fn positions()(id in word(), symbol in word(), net_quantity in whole(), net_average in money(),
            profit in money(), cross_currency in word()) -> ServerText {
            ServerText::Position(Box::new(PositionEvent { id, symbol, net_quantity, net_average, profit, cross_currency,
                ..PositionEvent::default() }))
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in prop_oneof![orders(), trades(), positions(), Just(ServerText::Pong), Just(ServerText::Subscribed)]) {
            prop_assert_eq!(ServerText::read(&text.write()), Some(text));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}", key in prop::sample::select(vec!["orders", "trades", "positions", "code"])) {
            let _ = ServerText::read(&text);
            let _ = ServerText::read(&json!({key: {"id": text, "qty": text, "price_limit": text}}).to_string());
            let _ = ServerText::read(&format!("{{\"{key}\":{text}}}"));
        }
    }

    #[test]
    fn the_first_key_counts_and_the_rest_is_general() {
        let read = |text: &str| ServerText::read(text);
        let both = read(r#"{"s":"ok","positions":{"id":"p"},"orders":{"id":"26","org_ord_status":6}}"#);
        assert!(matches!(both, Some(ServerText::Order(order)) if order.id.as_deref() == Some("26")));
        let ack = read(r#"{"code":1605,"message":"Successfully subscribed","s":"ok"}"#);
        assert_eq!(ack, Some(ServerText::Subscribed));
        let error = json!({"s": "error", "code": -99, "message": "Token is expired"});
        assert_eq!(read(&error.to_string()), Some(ServerText::General(error)));
        assert_eq!((read("pong"), read("[1]"), read("x")), (Some(ServerText::Pong), None, None));
    }
}
