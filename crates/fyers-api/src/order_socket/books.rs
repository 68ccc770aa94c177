//! The day's REST books as events of the order socket: what it would have told, for a connection that was away
//! (docs/fyers-api.md, "Order book", "Trade book" and "Positions").

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{
    codes, date,
    order_socket::{OrderEvent, PositionEvent, TradeEvent},
    response::{Body, Parsed, Unreadable},
};

/// All that happened today, by FYERS' books. Rows that name no order, or no symbol, are left out: nothing can be told
/// of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayBooks {
    /// Orders as they stand, oldest first.
    pub orders: Vec<OrderEvent>,
    /// Fills, oldest first.
    pub trades: Vec<TradeEvent>,
    /// Positions as they are.
    pub positions: Vec<PositionEvent>,
}

impl DayBooks {
    /// Reads `GET /orders`, `GET /tradebook` and `GET /positions`, each with its HTTP status.
    ///
    /// # Errors
    /// When one of them is no answer, or an error, or has no list. That never means "nothing happened". A field that is there
    /// and odd is reported as drift.
    pub fn read(
        orders: (u16, &[u8]),
        trades: (u16, &[u8]),
        positions: (u16, &[u8]),
    ) -> Result<Parsed<Self>, Unreadable> {
        let [mut of_orders, mut of_trades, mut of_positions] = [Odd::new(), Odd::new(), Odd::new()];
        let mut orders: Vec<_> =
            rows(orders, "orderBook")?.iter().map(|row| order(row, &mut of_orders)).collect();
        let mut trades: Vec<_> =
            rows(trades, "tradeBook")?.iter().map(|row| trade(row, &mut of_trades)).collect();
        let positions = rows(positions, "netPositions")?;
        let mut positions: Vec<_> =
            positions.iter().map(|row| PositionEvent::of_row(row, &mut of_positions)).collect();
        named(&mut orders, (&mut of_orders, "id"), |order| order.id.is_some());
        named(&mut trades, (&mut of_trades, "orderNumber"), |trade| trade.order_id.is_some());
        named(&mut positions, (&mut of_positions, "symbol"), |position| position.symbol.is_some());
        // Ids of orders count up through the day; those of fills are numbers of any length.
        orders.sort_by(|a, b| a.id.cmp(&b.id));
        let number = |trade: &TradeEvent| trade.id.as_deref().and_then(|id| id.parse::<u64>().ok());
        let at = |trade: &TradeEvent| trade.time.as_deref().and_then(date::fill_time);
        trades.sort_by_key(|trade| (at(trade), number(trade)));
        let lists = [("orderBook", of_orders), ("tradeBook", of_trades), ("netPositions", of_positions)];
        let places = lists
            .into_iter()
            .flat_map(|(list, odd)| odd.into_iter().map(move |field| format!("{list}[].{field}")));
        Ok(Parsed { drift: places.collect(), value: Self { orders, trades, positions } })
    }
}

/// Fields that are there and odd.
type Odd = BTreeSet<&'static str>;

/// Leaves out what has no name.
fn named<T>(rows: &mut Vec<T>, (odd, field): (&mut Odd, &'static str), has_name: impl Fn(&T) -> bool) {
    let before = rows.len();
    rows.retain(has_name);
    if rows.len() < before {
        odd.insert(field);
    }
}

fn rows((status, body): (u16, &[u8]), list: &'static str) -> Result<Vec<Map<String, Value>>, Unreadable> {
    let body = Body::read_strictly(status, body)?;
    let rows = body.get(list).and_then(Value::as_array).ok_or(Unreadable::Field(list))?;
    Ok(rows.iter().filter_map(|row| row.as_object().cloned()).collect())
}

fn order(row: &Map<String, Value>, odd: &mut Odd) -> OrderEvent {
    let event = OrderEvent::of_row(row, odd);
    match event.status_number.and_then(codes::status) {
        Some(status) => event.with_status(status),
        None => event,
    }
}

/// The trade book writes its times as the order book does.
fn trade(row: &Map<String, Value>, odd: &mut Odd) -> TradeEvent {
    let event = TradeEvent::of_row(row, odd);
    let time = event.time.as_deref().and_then(date::order_time);
    let time = time.map(|at| crate::ist::ist(at).format("%d-%m-%Y %H:%M:%S").to_string());
    TradeEvent { time: time.or(event.time), ..event }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn books(orders: &Value, trades: &Value, positions: &Value) -> Result<Parsed<DayBooks>, Unreadable> {
        let text = |list: &str, rows: &Value| json!({"s": "ok", "code": 200, list: rows}).to_string();
        let (orders, trades) = (text("orderBook", orders), text("tradeBook", trades));
        let positions = text("netPositions", positions);
        DayBooks::read((200, orders.as_bytes()), (200, trades.as_bytes()), (200, positions.as_bytes()))
    }

    #[test]
    fn rows_become_the_events_that_the_socket_would_have_told() {
        let order = json!({"clientId": "XX00001", "id": "26112300000017", "exchOrdId": "", "qty": 5, "filledQty": 2,
            "remainingQuantity": 3, "limitPrice": 800.1, "stopPrice": 0, "tradedPrice": 800.05, "type": 1,
            "symbol": "NSE:SBIN-EQ", "message": "", "orderDateTime": "23-Nov-2026 09:20:31", "orderValidity": "DAY",
            "productType": "INTRADAY", "side": 1, "status": 6, "orderTag": "1:bot1", "offlineOrder": false, "pan": ""});
        let trade = json!({"orderNumber": "26112300000017", "tradeNumber": "700654", "tradedQty": 2,
            "tradePrice": 800.05, "tradeValue": 1600.1, "symbol": "NSE:SBIN-EQ", "side": 1, "orderType": 1,
            "productType": "INTRADAY", "orderDateTime": "23-Nov-2026 09:20:32"});
        let position = json!({"id": "NSE:SBIN-EQ-INTRADAY", "symbol": "NSE:SBIN-EQ", "productType": "INTRADAY",
            "netQty": 2, "qty": 2, "side": 1, "buyQty": 2, "sellQty": 0, "realized_profit": 0, "pl": -1.5});
        let read = books(&json!([order, {"status": 6}, 7]), &json!([trade]), &json!([position, {}])).unwrap();
        assert_eq!(read.drift, ["orderBook[].id", "netPositions[].symbol"], "rows without a name");
        let read = read.value;
        let written = Value::Object(read.orders[0].write());
        let want = json!({"client_id": "XX00001", "id": "26112300000017", "qty": 5, "qty_filled": 2,
            "qty_remaining": 3, "price_limit": 800.1, "price_stop": 0, "price_traded": 800.05, "ord_type": 1,
            "symbol": "NSE:SBIN-EQ", "time_oms": "23-Nov-2026 09:20:31", "validity": "DAY",
            "product_type": "INTRADAY", "tran_side": 1, "org_ord_status": 6, "ord_status": 22,
            "ordertag": "1:bot1", "offline_flag": false});
        assert_eq!((written, read.orders.len()), (want, 1));
        let written = Value::Object(read.trades[0].write());
        let want = json!({"id_fill": "700654", "id": "26112300000017", "qty_traded": 2, "price_traded": 800.05,
            "traded_val": 1600.1, "symbol": "NSE:SBIN-EQ", "tran_side": 1, "ord_type": 1,
            "product_type": "INTRADAY", "fill_time": "23-11-2026 09:20:32"});
        assert_eq!(written, want);
        let written = Value::Object(read.positions[0].write());
        let want = json!({"id": "NSE:SBIN-EQ-INTRADAY", "symbol": "NSE:SBIN-EQ", "product_type": "INTRADAY",
            "net_qty": 2, "qty": 2, "tran_side": 1, "buy_qty": 2, "sell_qty": 0, "pl_realized": 0, "pl_total": -1.5});
        assert_eq!((written, read.positions.len()), (want, 1));
    }

    #[test]
    fn oldest_first_whatever_the_books_have() {
        let order = |id: &str| json!({"id": id, "status": 2});
        let trade = |id: &str, at: &str| json!({"orderNumber": "1", "tradeNumber": id, "orderDateTime": format!("23-Nov-2026 {at}")});
        let trades = json!([trade("100", "09:16:00"), trade("99", "09:16:00"), trade("200", "09:15:00")]);
        let read = books(&json!([order("2"), order("1")]), &trades, &json!([])).unwrap();
        assert_eq!(read.drift, Vec::<String>::new());
        let read = read.value;
        let ids: Vec<_> = read.orders.iter().filter_map(|order| order.id.as_deref()).collect();
        assert_eq!(ids, ["1", "2"]);
        let ids: Vec<_> = read.trades.iter().filter_map(|trade| trade.id.as_deref()).collect();
        assert_eq!(ids, ["200", "99", "100"]);
    }

    #[test]
    fn what_is_odd_is_told_and_costs_no_row() {
        let order = json!({"id": "1", "status": 6, "message": ["PRIVATE"], "offlineOrder": null, "pan": ""});
        let trade = json!({"orderNumber": "1", "tradePrice": "x"});
        let read = books(&json!([order, order]), &json!([trade]), &json!([])).unwrap();
        assert_eq!((read.value.orders.len(), read.value.trades.len()), (2, 1));
        assert_eq!(read.drift, ["orderBook[].message", "tradeBook[].tradePrice"]);
    }

    #[test]
    fn no_answer_is_never_no_orders() {
        let (good, none) = (br#"{"s":"ok","orderBook":[]}"#, &b""[..]);
        let other = br#"{"s":"ok","tradeBook":[],"netPositions":[]}"#;
        assert!(DayBooks::read((200, good), (200, other), (200, other)).is_ok());
        for (orders, trades, positions) in [
            ((200, none), (200, &other[..]), (200, &other[..])),
            ((200, &good[..]), (503, none), (200, &other[..])),
            ((200, &good[..]), (200, &other[..]), (200, &good[..])),
            ((500, &good[..]), (200, &other[..]), (200, &other[..])),
        ] {
            assert!(DayBooks::read(orders, trades, positions).is_err());
        }
    }
}
