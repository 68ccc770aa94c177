//! Bots' JSON bodies as commands for the MockExchange (docs/fyers-api.md, "Place" and "Convert"). A body counts as
//! JSON whatever its label says.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    api::fields,
    command::{Command, Conversion, ExitScope, Fixed, Modification},
    new_order::{ExitLegs, NewOrder},
    words,
};
use fyers_api::{
    codes,
    error::ApiError,
    request::{OrderFields, Spelling, decimal, whole},
};

/// The most orders in one call (docs/fyers-api.md, "Baskets").
pub const MOST_ORDERS: usize = 10;

pub(crate) fn read<T: for<'de> Deserialize<'de>>(value: Value) -> Result<T, ApiError> {
    // Its words name the field: what is missing, or of which kind it should be.
    serde_json::from_value(value).map_err(|error| ApiError::invalid(&error.to_string()))
}

/// The body as JSON.
///
/// # Errors
/// -50 when it is none, or could be read in two ways.
pub fn body(bytes: &[u8]) -> Result<Value, ApiError> {
    let value = serde_json::from_slice(bytes).map_err(|_| ApiError::invalid("the body must be JSON"))?;
    match Spelling::of(bytes) {
        Spelling::Plain => Ok(value),
        _ => Err(ApiError::invalid("send each field once, in FYERS' own spelling")),
    }
}

/// The elements of a basket.
///
/// # Errors
/// -50 for anything but an array of one to ten.
pub fn basket(bytes: &[u8]) -> Result<Vec<Value>, ApiError> {
    match body(bytes)? {
        Value::Array(all) if (1..=MOST_ORDERS).contains(&all.len()) => Ok(all),
        _ => Err(ApiError::invalid("a basket is a list of 1 to 10 orders")),
    }
}

/// Everything an order may say.
const ORDER_FIELDS: &[&str] = &[
    "symbol",
    "qty",
    "type",
    "side",
    "productType",
    "limitPrice",
    "stopPrice",
    "disclosedQty",
    "validity",
    "offlineOrder",
    "stopLoss",
    "takeProfit",
    "legType",
    "orderTag",
    "isSliceOrder",
    "filledQty",
];

/// An order, and whether it is to be sliced by freeze quantity (`isSliceOrder`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceRequest {
    /// The order.
    pub order: NewOrder,
    /// Whether it may be split.
    pub slice: bool,
}

/// An order.
///
/// # Errors
/// -50, as the broker has it for a missing or badly typed field; with the field's name for what is not simulated.
pub fn place(value: Value) -> Result<PlaceRequest, ApiError> {
    fields::only(&value, ORDER_FIELDS)?;
    no_old_product(&value["productType"])?;
    if fields::flag(&value, "offlineOrder")? {
        return Err(words::not_taken("offlineOrder", "after-market orders are not offered through the API"));
    }
    let slice = fields::flag(&value, "isSliceOrder")?;
    let fields: OrderFields = read(value)?;
    let legs = exit_legs(&fields)?;
    if slice && legs.is_some() {
        return Err(words::not_taken(
            "isSliceOrder",
            "together with stopLoss or takeProfit it is not simulated",
        ));
    }
    let (request, validity) = (fields.order()?, fields.validity()?);
    let disclosed = whole(&fields.disclosed_qty)?;
    Ok(PlaceRequest { order: NewOrder { request, validity, disclosed, legs }, slice })
}

/// [`place`], for whoever needs the order alone.
///
/// # Errors
/// As [`place`].
pub fn order(value: Value) -> Result<NewOrder, ApiError> {
    place(value).map(|request| request.order)
}

fn no_old_product(product: &Value) -> Result<(), ApiError> {
    match product.as_str() {
        Some("CO" | "BO") => {
            let why =
                "CO and BO are no longer offered; INTRADAY with stopLoss and takeProfit takes their place";
            Err(words::not_taken("productType", why))
        }
        _ => Ok(()),
    }
}

fn exit_legs(fields: &OrderFields) -> Result<Option<ExitLegs>, ApiError> {
    let distance = |value: &Value| Ok(Some(decimal(value)?).filter(|distance| !distance.is_zero()));
    let (stop_loss, take_profit) = (distance(&fields.stop_loss)?, distance(&fields.take_profit)?);
    let percent = match whole(&fields.leg_type)? {
        0 | 1 => false,
        2 => true,
        _ => return Err(words::not_taken("legType", "it is 1 (points) or 2 (percent)")),
    };
    let any = stop_loss.is_some() || take_profit.is_some();
    Ok(any.then_some(ExitLegs { stop_loss, take_profit, percent }))
}

pub(crate) fn id_of(value: &Value) -> Result<String, ApiError> {
    match &value["id"] {
        Value::String(id) if !id.is_empty() => Ok(id.clone()),
        Value::Number(id) => Ok(id.to_string()),
        _ => Err(ApiError::invalid("id is the order's id")),
    }
}

/// Everything a change may say.
const CHANGE_FIELDS: &[&str] = &[
    "id",
    "type",
    "qty",
    "limitPrice",
    "stopPrice",
    "disclosedQty",
    "symbol",
    "side",
    "productType",
    "validity",
    "stopLoss",
    "takeProfit",
    "legType",
];

/// A change to a waiting order.
///
/// # Errors
/// -50, as for an order.
pub fn modification(value: &Value, at: DateTime<Utc>) -> Result<Command, ApiError> {
    fields::only(value, CHANGE_FIELDS)?;
    for name in ["stopLoss", "takeProfit"] {
        fields::neutral(value, name, "legs come with the order or not at all; cancel it and place another")?;
    }
    let given = |name: &str| Some(&value[name]).filter(|value| !value.is_null());
    let money = |name: &str| given(name).map(decimal).transpose();
    let count = |name: &str| given(name).map(whole).transpose();
    let text =
        |name: &str| given(name).map(|word| word.as_str().ok_or_else(ApiError::invalid_input)).transpose();
    no_old_product(&value["productType"])?;
    let order_type = count("type")?.map(codes::order_type).transpose()?;
    let change = Modification {
        id: id_of(value)?,
        order_type,
        quantity: count("qty")?,
        limit_price: money("limitPrice")?,
        stop_price: money("stopPrice")?,
        disclosed: count("disclosedQty")?,
        fixed: Fixed {
            symbol: text("symbol")?.map(str::to_owned),
            side: count("side")?.map(codes::side).transpose()?,
            product: text("productType")?.map(codes::product).transpose()?,
            validity: text("validity")?.map(codes::validity).transpose()?,
        },
    };
    Ok(Command::Modify { change, at })
}

/// The end of a waiting order.
///
/// # Errors
/// -50 without an id.
pub fn cancel(value: &Value, at: DateTime<Utc>) -> Result<Command, ApiError> {
    fields::only(value, &["id"])?;
    Ok(Command::Cancel { id: id_of(value)?, at })
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(all) => all.clone(),
        Value::Null => vec![],
        one => vec![one.clone()],
    }
}

/// Which positions to close.
///
/// # Errors
/// -50 for a body that names none.
pub fn exit(value: &Value, at: DateTime<Utc>) -> Result<Command, ApiError> {
    fields::only(value, &["id", "exit_all", "pending_orders_cancel", "segment", "side", "productType"])?;
    let flag = |name: &str| whole(&value[name]).is_ok_and(|number| number == 1) || value[name] == true;
    let ids: Vec<String> =
        list(&value["id"]).iter().filter_map(|id| id.as_str().map(str::to_owned)).collect();
    let cancel_pending = flag("pending_orders_cancel");
    let filtered = ["segment", "side", "productType"].iter().all(|name| !value[*name].is_null());
    let exit = match () {
        () if !ids.is_empty() => ExitScope::Ids(ids),
        () if filtered => matching(value)?,
        () if flag("exit_all")
            || cancel_pending
            || value.as_object().is_some_and(serde_json::Map::is_empty) =>
        {
            ExitScope::All
        }
        () => return Err(ApiError::invalid_input()),
    };
    Ok(Command::ExitPosition { exit, cancel_pending, at })
}

fn matching(value: &Value) -> Result<ExitScope, ApiError> {
    let segment = |value: &Value| codes::segment(whole(value)?).ok_or_else(ApiError::invalid_input);
    let words = list(&value["productType"]);
    let all = words.iter().any(|word| word == "ALL");
    let product = |word: &Value| codes::product(word.as_str().unwrap_or_default());
    Ok(ExitScope::Matching {
        segments: list(&value["segment"]).iter().map(segment).collect::<Result<_, _>>()?,
        sides: list(&value["side"]).iter().map(|side| codes::side(whole(side)?)).collect::<Result<_, _>>()?,
        products: if all { vec![] } else { words.iter().map(product).collect::<Result<_, _>>()? },
    })
}

/// A change of product.
///
/// # Errors
/// -50 for a missing or badly typed field.
pub fn conversion(value: &Value, at: DateTime<Utc>) -> Result<Command, ApiError> {
    fields::only(value, &["symbol", "positionSide", "convertQty", "convertFrom", "convertTo", "overnight"])?;
    fields::neutral(value, "overnight", "only positions of the day are converted")?;
    let word = |name: &str| value[name].as_str().ok_or_else(ApiError::invalid_input);
    let conversion = Conversion {
        symbol: codes::symbol_of_position(word("symbol")?).to_owned(),
        side: codes::side(whole(&value["positionSide"])?)?,
        quantity: whole(&value["convertQty"])?,
        from: codes::product(word("convertFrom")?)?,
        to: codes::product(word("convertTo")?)?,
    };
    Ok(Command::ConvertPosition { conversion, at })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use fyers_api::model::Validity;
    use rust_decimal::Decimal;

    fn full() -> Value {
        json!({"symbol": "NSE:SBIN-EQ", "qty": 5, "type": 1, "side": -1, "productType": "INTRADAY",
            "limitPrice": 800.1, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false,
            "stopLoss": 0, "takeProfit": 0, "orderTag": "a1"})
    }

    #[test]
    fn a_malformed_order_is_invalid_input() {
        assert_eq!(order(full()).unwrap().validity, Validity::Day);
        for (name, value) in [("qty", json!(1.5)), ("symbol", Value::Null), ("disclosedQty", json!("x"))] {
            let mut order_body = full();
            order_body[name] = value;
            let refused = order(order_body).unwrap_err();
            assert_eq!((refused.status, refused.code), (400, -50), "{name}");
            assert!(refused.message.starts_with("Invalid input"), "{name}: {refused:?}");
        }
        assert!(body(b"qty=1").is_err() && basket(b"[]").is_err());
        assert!(basket(&serde_json::to_vec(&vec![1; 11]).unwrap()).is_err());
    }

    #[test]
    fn exits_come_in_four_ways() {
        let now = DateTime::from_timestamp(1_795_400_000, 0).unwrap();
        let exit_of = |value: Value| match exit(&value, now).unwrap() {
            Command::ExitPosition { exit, cancel_pending, .. } => (exit, cancel_pending),
            other => panic!("{other:?}"),
        };
        assert_eq!(exit_of(json!({"exit_all": 1})), (ExitScope::All, false));
        assert_eq!(
            exit_of(json!({"id": "NSE:SBIN-EQ-CNC"})),
            (ExitScope::Ids(vec!["NSE:SBIN-EQ-CNC".into()]), false)
        );
        assert_eq!(exit_of(json!({"pending_orders_cancel": 1})), (ExitScope::All, true));
        let (exit, _) = exit_of(json!({"segment": [10], "side": [1, -1], "productType": ["ALL"]}));
        assert!(
            matches!(exit, ExitScope::Matching { products, sides, .. } if products.is_empty() && sides.len() == 2)
        );
        for none in [json!({"exit_all": 0}), json!({"segment": [99], "side": [1], "productType": ["ALL"]})] {
            assert!(crate::api::requests::exit(&none, now).is_err(), "{none}");
        }
    }

    #[test]
    fn what_is_not_simulated_is_refused_by_its_name() {
        let with = |name: &str, value: Value| {
            let mut order_body = full();
            order_body[name] = value;
            order(order_body)
        };
        for (name, value) in [
            ("offlineOrder", json!(true)),
            ("offlineOrder", json!("maybe")),
            ("productType", json!("BO")),
            ("productType", json!("CO")),
            ("legType", json!(3)),
            ("trailingStop", json!(5)),
        ] {
            let refusal = with(name, value).unwrap_err();
            assert!(refusal.code == -50 && refusal.message.starts_with(name), "{refusal}");
        }
        let legs = with("stopLoss", json!(5)).unwrap().legs.unwrap();
        assert_eq!((legs.stop_loss, legs.take_profit, legs.percent), (Some(Decimal::from(5)), None, false));
        for (name, value) in
            [("stopLoss", json!(null)), ("message", json!("")), ("isSliceOrder", json!(false))]
        {
            assert_eq!(with(name, value).unwrap().legs, None, "{name} asks for nothing");
        }
        let change = |body: Value| modification(&body, DateTime::UNIX_EPOCH);
        for name in ["stopLoss", "takeProfit", "orderTag", "offlineOrder"] {
            let mut body = json!({"id": "MOCK1", "type": 1, "limitPrice": 5});
            body[name] = json!(7);
            assert!(change(body).unwrap_err().message.starts_with(name), "{name}");
        }
        let convert = json!({"symbol": "NSE:A-EQ-CNC", "positionSide": 1, "convertQty": 1, "convertFrom": "INTRADAY",
            "convertTo": "CNC", "overnight": 1});
        assert!(conversion(&convert, DateTime::UNIX_EPOCH).unwrap_err().message.starts_with("overnight"));
    }
}
