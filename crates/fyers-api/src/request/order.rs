//! An order as FYERS wants it (docs/fyers-api.md, "Place").

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Number, Value, json};

use crate::{codes, model::OrderRequest, number::decimal};

/// A price has more digits than a JSON number carries exactly. It is not sent: it would be another price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the price has more digits than can be sent exactly")]
pub struct NotExact;

/// The body of `POST /orders/sync`: valid for the day, nothing disclosed, no legs.
///
/// # Errors
/// When a price cannot be sent exactly.
pub fn order(order: &OrderRequest) -> Result<Value, NotExact> {
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
fn price(price: Decimal) -> Result<Number, NotExact> {
    let number = if price.fract().is_zero() {
        price.to_i64().map(Number::from)
    } else {
        price.normalize().to_string().parse().ok().and_then(Number::from_f64)
    };
    number.filter(|number| decimal(&Value::Number(number.clone())) == Some(price)).ok_or(NotExact)
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
