//! The order book, the trade book, and the positions they add up to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::conditional::ConditionalOrders;
use super::gtt::Gtt;
use super::market::{Market, round2};
use super::order_event::{OrderEvent, OrderTopic};
use super::position::{Position, position_push, position_row, quantity};
use super::rows::{OrderRow, TradeRow};

/// Everything the account did today.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) orders: Vec<OrderRow>,
    pub(crate) trades: Vec<TradeRow>,
    pub(crate) gtts: Vec<Gtt>,
    pub(crate) conditional: ConditionalOrders,
    /// Pushes for the order sockets that were not delivered yet.
    events: Vec<OrderEvent>,
    positions: BTreeMap<(String, String), Position>,
    last_id: i64,
}

impl Book {
    /// The next number of the day's counter.
    pub(crate) fn next_number(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn find(&mut self, id: &str) -> Option<&mut OrderRow> {
        self.orders.iter_mut().find(|order| order.id == id)
    }

    /// Fills an order whole at a price: the row, one trade, the position.
    pub(crate) fn fill(&mut self, id: &str, price: f64) {
        let number = self.next_number();
        let Some(order) = self.find(id) else { return };
        order.status = 2;
        order.filled_qty = order.qty;
        order.remaining_quantity = 0;
        order.traded_price = price;
        order.message = "Completed".into();
        order.order_num_status = format!("{id}:2");
        let order = order.clone();
        self.add_to_position(&order.symbol, &order.product_type, order.side, order.qty, price);
        let trade = trade(&order, number, price);
        self.events.extend([OrderEvent::of_order(&order), OrderEvent::of_trade(&trade)]);
        self.trades.push(trade);
        self.push_position(&order.symbol, &order.product_type, price);
    }

    /// Queues a push of an order as it is now.
    pub(crate) fn push_order(&mut self, id: &str) {
        let event = self.orders.iter().find(|order| order.id == id).map(OrderEvent::of_order);
        self.events.extend(event);
    }

    fn push_position(&mut self, symbol: &str, product: &str, ltp: f64) {
        let key = (symbol.to_owned(), product.to_owned());
        let row = self.positions.get(&key).map(|position| position_push(symbol, product, position, ltp));
        self.events.extend(row.map(|row| OrderEvent::new(OrderTopic::Positions, row)));
    }

    /// The pushes that were not delivered yet, oldest first.
    pub(crate) fn take_events(&mut self) -> Vec<OrderEvent> {
        std::mem::take(&mut self.events)
    }

    fn add_to_position(&mut self, symbol: &str, product: &str, side: i64, qty: i64, price: f64) {
        let position = self.positions.entry((symbol.to_owned(), product.to_owned())).or_default();
        let value = quantity(qty) * price;
        if side > 0 {
            position.buy_qty += qty;
            position.buy_value += value;
        } else {
            position.sell_qty += qty;
            position.sell_value += value;
        }
    }

    /// Money held by open positions.
    pub(crate) fn blocked(&self) -> f64 {
        self.positions.values().map(|position| quantity(position.net().abs()) * position.open_average()).sum()
    }

    /// Profit of what was closed today.
    pub(crate) fn realized(&self) -> f64 {
        self.positions.values().map(Position::realized).sum()
    }

    /// Signed open quantity in a symbol and product.
    pub(crate) fn net(&self, symbol: &str, product: &str) -> i64 {
        let key = (symbol.to_owned(), product.to_owned());
        self.positions.get(&key).map_or(0, Position::net)
    }

    /// Symbol, product and signed quantity of what is open.
    pub(crate) fn open_positions(&self) -> Vec<(String, String, i64)> {
        let row = |((symbol, product), position): (&(String, String), &Position)| {
            (symbol.clone(), product.clone(), position.net())
        };
        self.positions.iter().map(row).filter(|(_, _, net)| *net != 0).collect()
    }

    /// Moves a quantity of an open position to another product at its average price; false when there is not so
    /// much of it.
    pub(crate) fn convert(&mut self, symbol: &str, from: &str, to: &str, qty: i64) -> bool {
        let net = self.net(symbol, from);
        if qty > net.abs() {
            return false;
        }
        let key = (symbol.to_owned(), from.to_owned());
        let price = self.positions.get(&key).map_or(0.0, Position::open_average);
        self.add_to_position(symbol, from, -net.signum(), qty, price);
        self.add_to_position(symbol, to, net.signum(), qty, price);
        self.push_position(symbol, from, price);
        self.push_position(symbol, to, price);
        true
    }

    /// The body of `GET /positions` (section 3.4).
    pub(crate) fn positions(&self, market: &Market) -> Value {
        let ltp = |symbol: &str| market.price(symbol).unwrap_or_default();
        let rows: Vec<Value> = self
            .positions
            .iter()
            .enumerate()
            .map(|(index, ((symbol, product), position))| {
                position_row(index, symbol, product, position, ltp(symbol))
            })
            .collect();
        let realized = self.realized();
        let open = self.positions.values().filter(|position| position.net() != 0).count();
        let unrealized: f64 =
            self.positions.iter().map(|((symbol, _), position)| position.unrealized(ltp(symbol))).sum();
        json!({"s": "ok", "code": 200, "message": "", "netPositions": rows, "overall": {
            "count_total": self.positions.len(),
            "count_open": open,
            "pl_total": round2(realized + unrealized),
            "pl_realized": round2(realized),
            "pl_unrealized": round2(unrealized),
        }})
    }

    /// Order rows for the snapshot.
    pub(crate) fn order_rows(&self) -> Vec<Value> {
        self.orders.iter().filter_map(|order| serde_json::to_value(order).ok()).collect()
    }
}

fn trade(order: &OrderRow, number: i64, price: f64) -> TradeRow {
    TradeRow {
        client_id: order.client_id.clone(),
        order_date_time: order.order_date_time.clone(),
        order_number: order.id.clone(),
        exchange_order_no: order.exch_ord_id.clone(),
        trade_number: format!("{number}"),
        row: number,
        exchange: order.exchange,
        segment: order.segment,
        side: order.side,
        order_type: order.kind,
        fy_token: order.fy_token.clone(),
        product_type: order.product_type.clone(),
        traded_qty: order.qty,
        trade_price: price,
        trade_value: round2(quantity(order.qty) * price),
        symbol: order.symbol.clone(),
        order_tag: order.order_tag.clone(),
    }
}
