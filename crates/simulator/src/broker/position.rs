//! A position, and its two representations on the wire.

use serde_json::{Value, json};

use super::market::round2;
use super::symbols::fy_token;

/// What was bought and sold today in one symbol and product.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Position {
    pub(super) buy_qty: i64,
    pub(super) sell_qty: i64,
    pub(super) buy_value: f64,
    pub(super) sell_value: f64,
}

/// A quantity as a price factor; books stay far below the 2^52 where this would round.
pub(crate) fn quantity(qty: i64) -> f64 {
    qty as f64
}

impl Position {
    pub(super) fn net(&self) -> i64 {
        self.buy_qty - self.sell_qty
    }

    pub(super) fn average(value: f64, qty: i64) -> f64 {
        if qty == 0 { 0.0 } else { value / quantity(qty) }
    }

    pub(super) fn buy_average(&self) -> f64 {
        Self::average(self.buy_value, self.buy_qty)
    }

    pub(super) fn sell_average(&self) -> f64 {
        Self::average(self.sell_value, self.sell_qty)
    }

    /// What the books call `netAvg`: everything bought less everything sold, for each share that is left.
    pub(super) fn net_average(&self) -> f64 {
        Self::average(self.buy_value - self.sell_value, self.net())
    }

    /// The price of the open part: the average of the side that is open.
    pub(super) fn open_average(&self) -> f64 {
        match self.net() {
            0 => 0.0,
            net if net > 0 => self.buy_average(),
            _ => self.sell_average(),
        }
    }

    pub(super) fn realized(&self) -> f64 {
        let closed = self.buy_qty.min(self.sell_qty);
        quantity(closed) * (self.sell_average() - self.buy_average())
    }

    pub(super) fn unrealized(&self, ltp: f64) -> f64 {
        quantity(self.net()) * (ltp - self.open_average())
    }
}

/// A row of `GET /positions` (section 3.4).
pub(super) fn position_row(
    index: usize,
    symbol: &str,
    product: &str,
    position: &Position,
    ltp: f64,
) -> Value {
    let (net, realized, unrealized) = (position.net(), position.realized(), position.unrealized(ltp));
    json!({
        "id": format!("{symbol}-{product}"), "symbol": symbol, "productType": product,
        "fyToken": fy_token(symbol), "side": net.signum(), "netQty": net, "qty": net.abs(),
        "buyQty": position.buy_qty, "sellQty": position.sell_qty,
        "buyAvg": round2(position.buy_average()), "sellAvg": round2(position.sell_average()),
        "netAvg": round2(position.net_average()), "avgPrice": round2(position.open_average()),
        "buyVal": round2(position.buy_value), "sellVal": round2(position.sell_value),
        "realized_profit": round2(realized), "unrealized_profit": round2(unrealized),
        "pl": round2(realized + unrealized), "ltp": ltp, "crossCurrency": "N", "rbiRefRate": 1,
        "qtyMulti_com": 1, "segment": 10, "exchange": 10, "slNo": index, "cfBuyQty": 0, "cfSellQty": 0,
        "dayBuyQty": position.buy_qty, "daySellQty": position.sell_qty,
    })
}

/// The same position with the keys of the order socket (section 7.1).
pub(super) fn position_push(symbol: &str, product: &str, position: &Position, ltp: f64) -> Value {
    let (net, realized, unrealized) = (position.net(), position.realized(), position.unrealized(ltp));
    json!({
        "symbol": symbol, "id": format!("{symbol}-{product}"), "product_type": product, "tran_side": net.signum(),
        "buy_avg": round2(position.buy_average()), "buy_qty": position.buy_qty, "buy_val": round2(position.buy_value),
        "sell_avg": round2(position.sell_average()), "sell_qty": position.sell_qty,
        "sell_val": round2(position.sell_value), "net_avg": round2(position.net_average()), "net_qty": net,
        "qty": net.abs(), "pl_realized": round2(realized), "pl_unrealized": round2(unrealized),
        "pl_total": round2(realized + unrealized), "rbirefrate": 1, "fy_token": fy_token(symbol), "exchange": 10,
        "segment": 10, "day_buy_qty": position.buy_qty, "day_sell_qty": position.sell_qty, "cf_buy_qty": 0,
        "cf_sell_qty": 0, "qty_multiplier": 1, "cross_curr_flag": "N",
    })
}
