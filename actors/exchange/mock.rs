//! The MockExchange: pure rules over its book. It knows no clock and no disk; prices are what FYERS last said,
//! or, for a symbol never seen, a made-up one that is always the same.

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};
use sha2::{Digest, Sha256};

use super::model::{
    Book, Funds, Order, OrderAck, OrderRequest, OrderStatus, OrderType, Position, Product, Profile, Quote,
    Side,
};
use crate::ist::{self, ist};

/// The smallest price step of cash equities, in INR.
const TICK: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

impl Book {
    /// An empty book with this much cash.
    pub fn new(capital: Decimal) -> Self {
        Self { cash: capital, next_order: 1, orders: vec![], positions: vec![], last_prices: vec![] }
    }

    /// Last prices, in the order asked for.
    pub fn quotes(&self, symbols: &[String]) -> Vec<Quote> {
        symbols.iter().map(|symbol| Quote { symbol: symbol.clone(), last: self.price(symbol) }).collect()
    }

    /// Remembers prices seen at the broker, and fills what they reach.
    pub fn learn_prices(&mut self, quotes: &[Quote]) {
        for quote in quotes {
            self.last_prices.retain(|known| known.symbol != quote.symbol);
            self.last_prices.push(quote.clone());
            self.match_symbol(&quote.symbol);
        }
    }

    /// Takes an order, or says why not. A marketable one is filled at once.
    pub fn place(&mut self, request: &OrderRequest, now: DateTime<Utc>) -> Result<OrderAck, String> {
        check(request)?;
        self.drop_old_orders(now);
        let id = format!("MOCK{}{:08}", ist(now).format("%y%m%d"), self.next_order);
        self.next_order += 1;
        self.orders.push(Order {
            id: id.clone(),
            request: request.clone(),
            status: OrderStatus::Pending,
            filled: 0,
            average: Decimal::ZERO,
            placed_at: now,
            message: String::new(),
        });
        self.match_symbol(&request.symbol);
        Ok(OrderAck { id, confirmed: true })
    }

    /// Money, with positions at what they cost: all of it, what positions tie up, and the rest.
    pub fn funds(&self) -> Funds {
        let cost = |position: &Position| position.average * Decimal::from(position.net);
        let total = self.cash + self.positions.iter().map(cost).sum::<Decimal>();
        let utilized = self.positions.iter().map(|position| cost(position).abs()).sum::<Decimal>();
        Funds { total, utilized, available: total - utilized }
    }

    /// Orders taken on this IST day.
    pub fn orders_today(&self, now: DateTime<Utc>) -> u64 {
        let today = ist::date(now);
        self.orders.iter().filter(|order| ist::date(order.placed_at) == today).count() as u64
    }

    /// The order book is the day's; positions stay.
    fn drop_old_orders(&mut self, now: DateTime<Utc>) {
        let today = ist::date(now);
        self.orders.retain(|order| ist::date(order.placed_at) >= today);
    }

    fn price(&self, symbol: &str) -> Decimal {
        let known = self.last_prices.iter().find(|quote| quote.symbol == symbol);
        known.map_or_else(|| made_up_price(symbol), |quote| quote.last)
    }

    fn match_symbol(&mut self, symbol: &str) {
        let price = self.price(symbol);
        let fills = |order: &&mut Order| {
            order.status == OrderStatus::Pending
                && order.request.symbol == symbol
                && is_marketable(&order.request, price)
        };
        let mut trades = Vec::new();
        for order in self.orders.iter_mut().filter(fills) {
            order.status = OrderStatus::Traded;
            order.filled = order.request.quantity;
            order.average = price;
            trades.push(order.request.clone());
        }
        for trade in trades {
            self.trade(&trade, price);
        }
    }

    /// Books a fill: cash moves, the position changes, closed quantity realises its profit.
    fn trade(&mut self, request: &OrderRequest, price: Decimal) {
        let quantity = request.signed_quantity();
        self.cash -= price * Decimal::from(quantity);
        let position = self.position_mut(&request.symbol, request.product);
        let closing = if position.net.signum() == -quantity.signum() {
            quantity.abs().min(position.net.abs()) * position.net.signum()
        } else {
            0
        };
        position.realized += (price - position.average) * Decimal::from(closing);
        let opening = quantity + closing;
        let kept = position.net - closing;
        if opening != 0 {
            let cost = position.average * Decimal::from(kept) + price * Decimal::from(opening);
            position.average = (cost / Decimal::from(kept + opening)).abs();
        }
        position.net = kept + opening;
        if position.net == 0 {
            position.average = Decimal::ZERO;
        }
    }

    fn position_mut(&mut self, symbol: &str, product: Product) -> &mut Position {
        let same = |position: &Position| position.symbol == symbol && position.product == product;
        let index = self.positions.iter().position(same).unwrap_or_else(|| {
            let (average, realized) = (Decimal::ZERO, Decimal::ZERO);
            self.positions.push(Position { symbol: symbol.to_owned(), product, net: 0, average, realized });
            self.positions.len() - 1
        });
        &mut self.positions[index]
    }
}

/// Nobody real.
pub fn profile() -> Profile {
    Profile { fy_id: "MOCK".to_owned(), name: "MockExchange".to_owned() }
}

fn is_marketable(request: &OrderRequest, price: Decimal) -> bool {
    match (request.order_type, request.side) {
        (OrderType::Market, _) => true,
        (OrderType::Limit, Side::Buy) => price <= request.limit_price,
        (OrderType::Limit, Side::Sell) => price >= request.limit_price,
        (OrderType::Stop, Side::Buy) => price >= request.stop_price,
        (OrderType::Stop, Side::Sell) => price <= request.stop_price,
        (OrderType::StopLimit, Side::Buy) => price >= request.stop_price && price <= request.limit_price,
        (OrderType::StopLimit, Side::Sell) => price <= request.stop_price && price >= request.limit_price,
    }
}

fn check(request: &OrderRequest) -> Result<(), String> {
    let exchange_and_name = request.symbol.split_once(':');
    let needs_limit = matches!(request.order_type, OrderType::Limit | OrderType::StopLimit);
    let needs_stop = matches!(request.order_type, OrderType::Stop | OrderType::StopLimit);
    if exchange_and_name.is_none_or(|(exchange, name)| exchange.is_empty() || name.is_empty()) {
        return Err(format!("\"{}\" is no symbol, as NSE:SBIN-EQ", request.symbol));
    }
    if request.quantity <= 0 || request.quantity > 10_000_000 {
        return Err(format!("the quantity is {}", request.quantity));
    }
    if needs_limit && request.limit_price <= Decimal::ZERO {
        return Err("a limit order needs a limit price".to_owned());
    }
    if needs_stop && request.stop_price <= Decimal::ZERO {
        return Err("a stop order needs a stop price".to_owned());
    }
    Ok(())
}

/// Between 100 and 2100 INR, the same for a symbol every time.
fn made_up_price(symbol: &str) -> Decimal {
    let digest = Sha256::digest(symbol.as_bytes());
    let number = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) % 200_000;
    let price = Decimal::from(100) + Decimal::new(i64::from(number), 2);
    (price / TICK).round_dp_with_strategy(0, RoundingStrategy::ToZero) * TICK
}
