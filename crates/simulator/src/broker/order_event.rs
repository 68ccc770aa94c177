//! Pushes of the order socket, with the snake-case keys they have on the wire (section 7.1).

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::rows::{OrderRow, TradeRow};

/// What a client of the order socket can subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderTopic {
    /// Orders of the account.
    Orders,
    /// Fills.
    Trades,
    /// Positions after a fill or a conversion.
    Positions,
    /// eDIS authorisations.
    Edis,
    /// Price alerts.
    PriceAlerts,
    /// Logins.
    Login,
}

impl OrderTopic {
    /// Every topic.
    pub const ALL: [Self; 6] =
        [Self::Orders, Self::Trades, Self::Positions, Self::Edis, Self::PriceAlerts, Self::Login];

    /// The name in `SLIST`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Trades => "trades",
            Self::Positions => "positions",
            Self::Edis => "edis",
            Self::PriceAlerts => "pricealerts",
            Self::Login => "login",
        }
    }

    /// The topics a name in `SLIST` stands for, in either spelling; empty when it is unknown.
    pub(crate) fn named(name: &str) -> &'static [Self] {
        match name {
            "orders" | "OnOrders" => &[Self::Orders],
            "trades" | "OnTrades" => &[Self::Trades],
            "positions" | "OnPositions" => &[Self::Positions],
            "edis" => &[Self::Edis],
            "pricealerts" => &[Self::PriceAlerts],
            "login" => &[Self::Login],
            "OnGeneral" => &[Self::Edis, Self::PriceAlerts, Self::Login],
            _ => &[],
        }
    }
}

/// One push.
#[derive(Clone, Debug)]
pub(crate) struct OrderEvent {
    pub(crate) topic: OrderTopic,
    pub(crate) body: Value,
}

impl OrderEvent {
    /// Wraps a row; keys with an empty value are left out, as FYERS does.
    pub(crate) fn new(topic: OrderTopic, mut row: Value) -> Self {
        if let Some(fields) = row.as_object_mut() {
            fields.retain(|_, value| !value.is_null() && *value != "");
        }
        Self { topic, body: json!({"s": "ok", topic.name(): row}) }
    }

    pub(crate) fn of_order(order: &OrderRow) -> Self {
        Self::new(OrderTopic::Orders, order_row(order))
    }

    pub(crate) fn of_trade(trade: &TradeRow) -> Self {
        Self::new(OrderTopic::Trades, trade_row(trade))
    }
}

/// The OMS code that npm maps to a REST status; Python uses `org_ord_status`.
fn oms_status(status: i64) -> i64 {
    match status {
        1 => 91,
        2 => 90,
        4 => 20,
        5 => 92,
        _ => 22,
    }
}

fn order_row(order: &OrderRow) -> Value {
    let mut row = json!({
        "client_id": order.client_id, "id": order.id, "id_exchange": order.exch_ord_id, "id_fyers": order.id_fyers,
        "qty": order.qty, "qty_remaining": order.remaining_quantity, "qty_filled": order.filled_qty,
        "price_limit": order.limit_price, "price_stop": order.stop_price, "price_traded": order.traded_price,
        "ord_type": order.kind, "tran_side": order.side, "validity": order.order_validity,
        "product_type": order.product_type, "offline_flag": order.offline_order,
        "org_ord_status": order.status, "ord_status": oms_status(order.status), "fy_token": order.fy_token,
        "exchange": order.exchange, "segment": order.segment, "symbol": order.symbol,
        "instrument": order.instrument, "symbol_exch": order.ex_sym, "symbol_desc": order.description,
        "oms_msg": order.message, "time_oms": order.order_date_time, "ord_source": order.source,
        "ordertag": order.order_tag, "lot_size": 1, "tick_size": 0.1, "oms_flag": "K:1",
        "status_msg": order.message, "id_parent": "",
    });
    if order.take_profit > 0.0 || order.stop_loss > 0.0 {
        row["take_profit"] = json!(order.take_profit);
        row["stop_loss"] = json!(order.stop_loss);
    }
    row
}

fn trade_row(trade: &TradeRow) -> Value {
    json!({
        "id_fill": format!("{}-1", trade.order_number), "id": trade.order_number, "qty_traded": trade.traded_qty,
        "price_traded": trade.trade_price, "traded_val": trade.trade_value, "product_type": trade.product_type,
        "client_id": trade.client_id, "id_exchange": trade.exchange_order_no, "ord_type": trade.order_type,
        "tran_side": trade.side, "symbol": trade.symbol, "fill_time": fill_time(&trade.order_date_time),
        "fy_token": trade.fy_token, "exchange": trade.exchange, "segment": trade.segment,
        "ordertag": trade.order_tag,
    })
}

/// `23-Nov-2026 09:15:01` as `23-11-2026 09:15:01`.
fn fill_time(text: &str) -> String {
    let time = NaiveDateTime::parse_from_str(text, "%d-%b-%Y %H:%M:%S");
    time.map_or_else(|_| text.to_owned(), |time| time.format("%d-%m-%Y %H:%M:%S").to_string())
}
