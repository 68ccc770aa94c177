//! What the pair says to the exchange, as a bot would.

use serde_json::{Value, json};

use super::{
    acts::{Kind, Wish},
    listed::SYMBOLS,
    orders::{Gtt, GttLeg, Order},
};

pub(super) fn product(symbol: usize, carries: bool) -> &'static str {
    match (carries, SYMBOLS[symbol].is_share()) {
        (false, _) => "INTRADAY",
        (true, false) => "MARGIN",
        (true, true) => "CNC",
    }
}

pub(super) fn rupees(paise: i64) -> f64 {
    paise as f64 / 100.0
}

pub(super) fn position_id(symbol: usize, carries: bool) -> String {
    format!("{}-{}", SYMBOLS[symbol].name, product(symbol, carries))
}

pub(super) fn order(wish: &Wish, (limit, stop): (i64, i64)) -> Value {
    let number = match wish.kind {
        Kind::Limit => 1,
        Kind::Market => 2,
        Kind::Stop => 3,
        Kind::StopLimit => 4,
    };
    let distance = |ticks: Option<i64>| rupees(ticks.unwrap_or_default() * SYMBOLS[wish.symbol].tick);
    json!({"symbol": SYMBOLS[wish.symbol].name, "qty": wish.quantity, "type": number,
        "side": if wish.buys { 1 } else { -1 }, "productType": product(wish.symbol, wish.carries),
        "limitPrice": rupees(limit), "stopPrice": rupees(stop), "validity": if wish.ioc { "IOC" } else { "DAY" },
        "disclosedQty": 0, "offlineOrder": false, "stopLoss": distance(wish.stop_loss),
        "takeProfit": distance(wish.take_profit)})
}

/// What of an order is not as it was.
pub(super) fn change(old: &Order, new: &Order) -> Value {
    let mut body = json!({"id": old.id});
    if new.quantity != old.quantity {
        body["qty"] = json!(new.quantity);
    }
    if new.stop != old.stop {
        body["stopPrice"] = json!(new.stop.map(rupees));
    }
    match new.limit {
        None if old.limit.is_some() => {
            body["type"] = json!(2);
            body["limitPrice"] = json!(0);
        }
        Some(limit) if new.limit != old.limit => body["limitPrice"] = json!(rupees(limit)),
        _ => {}
    }
    body
}

fn leg((trigger, limit, quantity): GttLeg) -> Value {
    json!({"triggerPrice": rupees(trigger), "price": rupees(limit), "qty": quantity})
}

pub(super) fn gtt(gtt: &Gtt) -> Value {
    let mut legs = json!({"leg1": leg(gtt.first)});
    if let Some(second) = gtt.second {
        legs["leg2"] = leg(second);
    }
    json!({"side": gtt.sign, "symbol": SYMBOLS[gtt.symbol].name, "productType": product(gtt.symbol, true),
        "orderInfo": legs})
}

pub(super) fn gtt_change(id: &str, first: GttLeg) -> Value {
    json!({"id": id, "orderInfo": {"leg1": leg(first)}})
}

pub(super) fn conversion(symbol: usize, carries: bool, side: i64, quantity: i64) -> Value {
    json!({"symbol": position_id(symbol, carries), "positionSide": side, "convertQty": quantity,
        "convertFrom": product(symbol, carries), "convertTo": product(symbol, !carries), "overnight": 0})
}
