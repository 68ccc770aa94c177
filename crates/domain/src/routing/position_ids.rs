//! Which positions an exit or a conversion names (docs/fyers-api.md, "Exit", "Convert").

use fyers_api::{codes, model::Position, operation::Operation};
use serde_json::Value;

/// With one of these an exit is about more than the ids beside it.
const MORE: [&str; 5] = ["exit_all", "segment", "side", "productType", "pending_orders_cancel"];

/// Ids or symbols of the positions; `None` where it may be about any.
pub(super) fn named(body: &[u8], operation: Operation) -> Option<Vec<String>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let ids = match operation {
        Operation::ExitPositions if MORE.iter().all(|name| body[name].is_null()) => texts(&body["id"])?,
        Operation::ConvertPosition => texts(&body["symbol"])?,
        _ => return None,
    };
    Some(ids).filter(|ids| !ids.is_empty())
}

/// As FYERS writes it.
fn spelt(text: &str) -> String {
    text.trim().to_uppercase()
}

fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(text.split(',').map(spelt).collect()),
        Value::Array(all) => all.iter().map(|one| one.as_str().map(spelt)).collect(),
        _ => None,
    }
}

/// Whether this id may be of a position in the symbol of this one: its id is the symbol with the product behind it.
pub(super) fn is_of(position: &Position, id: &str) -> bool {
    is_of_symbol(&position.symbol, id)
}

/// The same of a symbol.
pub(super) fn is_of_symbol(symbol: &str, id: &str) -> bool {
    let behind = id.strip_prefix(&spelt(symbol));
    behind.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// Whether it is spelt as FYERS spells them, as `NSE:SBIN-EQ-INTRADAY`: such a one is of its own symbol and of no other.
pub(super) fn is_plain(id: &str) -> bool {
    let of = id.rsplit_once('-').and_then(|(symbol, product)| Some((symbol.split_once(':')?, product)));
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|one| one.is_ascii_uppercase());
    of.is_some_and(|((exchange, name), product)| {
        is_word(exchange) && !name.is_empty() && codes::product(product).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use fyers_api::model::Product;
    use rust_decimal::Decimal;

    use super::*;

    #[test]
    fn an_id_as_fyers_spells_it_is_of_its_own_symbol() {
        for plain in ["NSE:SBIN-EQ-INTRADAY", "NSE:NIFTY26NOVFUT-MARGIN", "MCX:GOLD26DECFUT-CNC"] {
            assert!(is_plain(plain), "{plain}");
        }
        for odd in
            ["", "7", "NSE:SBIN-EQ", "NSE:SBIN-EQ-ODD", "SBIN-EQ-INTRADAY", ":A-CNC", "NSE:-CNC", "nse:A-CNC"]
        {
            assert!(!is_plain(odd), "{odd}");
        }
    }

    #[test]
    fn positions_are_named_all_or_none() {
        let exit = |body: &str| named(body.as_bytes(), Operation::ExitPositions);
        assert_eq!(exit(r#"{"id":"NSE:A-EQ-INTRADAY"}"#).unwrap(), ["NSE:A-EQ-INTRADAY"]);
        assert_eq!(
            exit(r#"{"id":["nse:a-eq-cnc"," NSE:B-EQ-CNC"]}"#).unwrap(),
            ["NSE:A-EQ-CNC", "NSE:B-EQ-CNC"]
        );
        for any in [
            r#"{"exit_all":1}"#,
            r#"{"id":"NSE:A-EQ-INTRADAY","exit_all":1}"#,
            r#"{"id":"NSE:A-EQ-INTRADAY","pending_orders_cancel":1}"#,
            r#"{"id":["NSE:A-EQ-INTRADAY",7]}"#,
            r#"{"id":[]}"#,
            r#"{"segment":[10],"side":[1],"productType":["CNC"]}"#,
            "{}",
            "garbage",
        ] {
            assert_eq!(exit(any), None, "{any}");
        }
        let convert = named(br#"{"symbol":"NSE:A-EQ","convertQty":1}"#, Operation::ConvertPosition);
        assert_eq!(convert.unwrap(), ["NSE:A-EQ"]);
        let (symbol, product) = ("NSE:A-EQ".to_owned(), Product::Margin);
        let one =
            Position { symbol, product, net: 1, average: Decimal::ONE, realized: Decimal::ZERO, today: None };
        let id = |id: &str| spelt(id);
        assert!(is_of(&one, &id("NSE:A-EQ")) && is_of(&one, &id("nse:a-eq-margin")));
        assert!(!is_of(&one, &id("NSE:A-EQX-MARGIN")) && !is_of(&one, &id("NSE:A")));
    }
}
