//! The order book, the trade book, and the positions they add up to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::conditional::ConditionalOrders;
use super::gtt::Gtt;
use super::market::{Market, fy_token, round2};
use super::rows::{OrderRow, TradeRow};

/// What was bought and sold today in one symbol and product.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    buy_qty: i64,
    sell_qty: i64,
    buy_value: f64,
    sell_value: f64,
}

/// A quantity as a price factor; books stay far below the 2^52 where this would round.
pub(crate) fn quantity(qty: i64) -> f64 {
    qty as f64
}

impl Bucket {
    fn net(&self) -> i64 {
        self.buy_qty - self.sell_qty
    }

    fn average(value: f64, qty: i64) -> f64 {
        if qty == 0 { 0.0 } else { value / quantity(qty) }
    }

    fn buy_average(&self) -> f64 {
        Self::average(self.buy_value, self.buy_qty)
    }

    fn sell_average(&self) -> f64 {
        Self::average(self.sell_value, self.sell_qty)
    }

    fn net_average(&self) -> f64 {
        match self.net() {
            0 => 0.0,
            net if net > 0 => self.buy_average(),
            _ => self.sell_average(),
        }
    }

    fn realized(&self) -> f64 {
        let closed = self.buy_qty.min(self.sell_qty);
        quantity(closed) * (self.sell_average() - self.buy_average())
    }

    fn unrealized(&self, ltp: f64) -> f64 {
        quantity(self.net()) * (ltp - self.net_average())
    }
}

/// Everything the account did today.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) orders: Vec<OrderRow>,
    pub(crate) trades: Vec<TradeRow>,
    pub(crate) gtts: Vec<Gtt>,
    pub(crate) conditional: ConditionalOrders,
    buckets: BTreeMap<(String, String), Bucket>,
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
        self.trades.push(trade(&order, number, price));
    }

    fn add_to_position(&mut self, symbol: &str, product: &str, side: i64, qty: i64, price: f64) {
        let bucket = self.buckets.entry((symbol.to_owned(), product.to_owned())).or_default();
        let value = quantity(qty) * price;
        if side > 0 {
            bucket.buy_qty += qty;
            bucket.buy_value += value;
        } else {
            bucket.sell_qty += qty;
            bucket.sell_value += value;
        }
    }

    /// Money held by open positions.
    pub(crate) fn blocked(&self) -> f64 {
        self.buckets.values().map(|bucket| quantity(bucket.net().abs()) * bucket.net_average()).sum()
    }

    /// Profit of what was closed today.
    pub(crate) fn realized(&self) -> f64 {
        self.buckets.values().map(Bucket::realized).sum()
    }

    /// Signed open quantity in a symbol and product.
    pub(crate) fn net(&self, symbol: &str, product: &str) -> i64 {
        let key = (symbol.to_owned(), product.to_owned());
        self.buckets.get(&key).map_or(0, Bucket::net)
    }

    /// Symbol, product and signed quantity of what is open.
    pub(crate) fn open_positions(&self) -> Vec<(String, String, i64)> {
        let row = |((symbol, product), bucket): (&(String, String), &Bucket)| {
            (symbol.clone(), product.clone(), bucket.net())
        };
        self.buckets.iter().map(row).filter(|(_, _, net)| *net != 0).collect()
    }

    /// Moves a quantity of an open position to another product at its average price; false when there is not so
    /// much of it.
    pub(crate) fn convert(&mut self, symbol: &str, from: &str, to: &str, qty: i64) -> bool {
        let net = self.net(symbol, from);
        if qty > net.abs() {
            return false;
        }
        let key = (symbol.to_owned(), from.to_owned());
        let price = self.buckets.get(&key).map_or(0.0, Bucket::net_average);
        self.add_to_position(symbol, from, -net.signum(), qty, price);
        self.add_to_position(symbol, to, net.signum(), qty, price);
        true
    }

    /// The body of `GET /positions` (section 3.4).
    pub(crate) fn positions(&self, market: &Market) -> Value {
        let ltp = |symbol: &str| market.price(symbol).unwrap_or_default();
        let rows: Vec<Value> = self
            .buckets
            .iter()
            .enumerate()
            .map(|(index, ((symbol, product), bucket))| position(index, symbol, product, bucket, ltp(symbol)))
            .collect();
        let realized = self.realized();
        let open = self.buckets.values().filter(|bucket| bucket.net() != 0).count();
        let unrealized: f64 =
            self.buckets.iter().map(|((symbol, _), bucket)| bucket.unrealized(ltp(symbol))).sum();
        json!({"s": "ok", "code": 200, "message": "", "netPositions": rows, "overall": {
            "count_total": self.buckets.len(),
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

fn position(index: usize, symbol: &str, product: &str, bucket: &Bucket, ltp: f64) -> Value {
    let (net, realized, unrealized) = (bucket.net(), bucket.realized(), bucket.unrealized(ltp));
    json!({
        "id": format!("{symbol}-{product}"), "symbol": symbol, "productType": product,
        "fyToken": fy_token(symbol), "side": net.signum(), "netQty": net, "qty": net.abs(),
        "buyQty": bucket.buy_qty, "sellQty": bucket.sell_qty,
        "buyAvg": round2(bucket.buy_average()), "sellAvg": round2(bucket.sell_average()),
        "netAvg": round2(bucket.net_average()), "avgPrice": round2(bucket.net_average()),
        "buyVal": round2(bucket.buy_value), "sellVal": round2(bucket.sell_value),
        "realized_profit": round2(realized), "unrealized_profit": round2(unrealized),
        "pl": round2(realized + unrealized), "ltp": ltp, "crossCurrency": "N", "rbiRefRate": 1,
        "qtyMulti_com": 1, "segment": 10, "exchange": 10, "slNo": index, "cfBuyQty": 0, "cfSellQty": 0,
        "dayBuyQty": bucket.buy_qty, "daySellQty": bucket.sell_qty,
    })
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
