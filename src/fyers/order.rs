//! An order as FYERS wants it (docs/fyers-api.md, "Place").

use fyers_api::{codes, model::OrderRequest};
use keeper_domain::broker_error::BrokerError;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Number, Value, json};

use crate::fyers::{credentials::not_sent, fields::decimal};

/// The body of one order: valid for the day, nothing disclosed, no legs.
pub(super) fn body(order: &OrderRequest) -> Result<Value, BrokerError> {
    let mut body = json!({
        "symbol": order.symbol,
        "qty": order.quantity,
        "type": codes::order_type_number(order.order_type),
        "side": order.side.sign(),
        "productType": codes::product_word(order.product),
        "limitPrice": price(order.limit_price)?,
        "stopPrice": price(order.stop_price)?,
        "disclosedQty": 0,
        "validity": "DAY",
        "offlineOrder": false,
        "stopLoss": 0,
        "takeProfit": 0,
    });
    if let Some(tag) = &order.tag {
        body["orderTag"] = json!(tag);
    }
    Ok(body)
}

/// A price as a JSON number with exactly its own digits. One that would change on the way is not sent.
fn price(price: Decimal) -> Result<Number, BrokerError> {
    let number = if price.fract().is_zero() {
        price.to_i64().map(Number::from)
    } else {
        price.normalize().to_string().parse().ok().and_then(Number::from_f64)
    };
    number
        .filter(|number| decimal(number) == Some(price))
        .ok_or_else(|| not_sent(0, "The price has more digits than can be sent exactly."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prices_keep_their_digits() {
        for (given, sent) in [("0", "0"), ("800.10", "800.1"), ("800.00", "800"), ("0.0025", "0.0025")] {
            assert_eq!(price(given.parse().unwrap()).unwrap().to_string(), sent);
        }
        for bad in ["0.12345678901234567890", "9999999999999999999999", "12345678901234567.8"] {
            assert!(price(bad.parse().unwrap()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn four_decimals_go_out_as_they_are(units in 0_i64..10_000_000_000_000) {
            let given = Decimal::new(units, 4);
            prop_assert_eq!(price(given).unwrap().to_string().parse::<Decimal>().unwrap(), given);
        }
    }
}
