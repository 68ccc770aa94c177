//! The engine tried.

#![allow(clippy::inconsistent_digit_grouping, reason = "800_00 is 800 rupees and no paise")]
#![allow(clippy::needless_pass_by_value, reason = "a test says a command once")]

mod api;
mod api_orders;
mod book_pages;
mod chain;
mod closing;
mod depth;
mod differential;
mod events;
mod game;
mod gtt;
mod history;
mod journal;
mod lifecycle;
mod margin;
mod matching;
mod money;
mod prices;
mod priority;
mod properties;
mod refusals;
mod seed;
mod snapshot;
mod units;
mod values;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::*;
use crate::sessions::Segment;
use fyers_api::{
    error::ApiError,
    ist,
    model::{OrderRequest, OrderStatus, OrderType, Product, Side, Validity},
};

const SBIN: &str = "NSE:SBIN-EQ";
const INFY: &str = "NSE:INFY-EQ";
const FUTURE: &str = "NSE:NIFTY27DECFUT";
const CALL: &str = "NSE:NIFTY27DEC25000CE";

/// Paise.
fn inr(paise: i64) -> Decimal {
    Decimal::new(paise, 2)
}

fn day(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, number).unwrap()
}

/// A moment of 23 November 2026, so many seconds after 09:15 IST.
fn at(seconds: i64) -> DateTime<Utc> {
    ist::instant(day(23), ist::at(9, 15)) + TimeDelta::seconds(seconds)
}

/// 100,000 INR on 23 November 2026, derivatives in lots of 75, shares in ticks of 0.05.
fn exchange(config: Config) -> Engine {
    let lots = |symbol: &str| Instrument {
        tick: FALLBACK_TICK,
        freeze: None,
        lot: 75,
        ..Instrument::assumed(symbol, None)
    };
    let mut engine = Engine::new(config, Instruments::lenient([lots(FUTURE), lots(CALL)]));
    engine.execute(&Command::NewDay { date: day(23) }).unwrap();
    engine
}

fn rich() -> Config {
    Config::new(Decimal::from(100_000))
}

/// An intraday market order for the SBIN share.
fn order(side: Side, quantity: i64) -> NewOrder {
    NewOrder::from(OrderRequest {
        symbol: SBIN.to_owned(),
        quantity,
        side,
        order_type: OrderType::Market,
        product: Product::Intraday,
        limit_price: Decimal::ZERO,
        stop_price: Decimal::ZERO,
        tag: None,
    })
}

impl NewOrder {
    fn of(mut self, symbol: &str) -> Self {
        self.request.symbol = symbol.to_owned();
        self
    }

    fn product(mut self, product: Product) -> Self {
        self.request.product = product;
        self
    }

    fn limit(mut self, paise: i64) -> Self {
        (self.request.order_type, self.request.limit_price) = (OrderType::Limit, inr(paise));
        self
    }

    fn stop(mut self, paise: i64) -> Self {
        (self.request.order_type, self.request.stop_price) = (OrderType::Stop, inr(paise));
        self
    }

    fn stop_limit(mut self, stop: i64, limit: i64) -> Self {
        self = self.stop(stop).limit(limit);
        self.request.order_type = OrderType::StopLimit;
        self
    }

    fn tag(mut self, tag: &str) -> Self {
        self.request.tag = Some(tag.to_owned());
        self
    }

    fn ioc(mut self) -> Self {
        self.validity = Validity::Ioc;
        self
    }
}

/// What a test says to the engine.
impl Engine {
    fn say(&mut self, command: Command) -> Result<Reply, ApiError> {
        let records = self.execute(&command)?;
        self.reply(&command, &records)
    }

    fn place(&mut self, order: NewOrder) -> Result<String, ApiError> {
        self.say(Command::Place { order, at: at(60) }).map(|reply| reply.id.unwrap())
    }

    fn cancel(&mut self, id: &str) -> Result<Reply, ApiError> {
        self.say(Command::Cancel { id: id.to_owned(), at: at(90) })
    }

    fn modify(&mut self, change: Modification) -> Result<Reply, ApiError> {
        self.say(Command::Modify { change, at: at(80) })
    }

    /// The last price becomes this many paise, on both sides.
    fn price(&mut self, symbol: &str, paise: i64) {
        self.execute(&Command::Quote(PriceUpdate::last(symbol, inr(paise), at(70)))).unwrap();
    }

    /// SBIN is bid and offered at these paise, so much on each side.
    fn book(&mut self, bid: i64, ask: i64, quantity: i64) {
        let quote = PriceUpdate {
            bid: Some(inr(bid)),
            ask: Some(inr(ask)),
            bid_quantity: Some(quantity),
            ask_quantity: Some(quantity),
            ..PriceUpdate::last(SBIN, inr(bid), at(70))
        };
        self.execute(&Command::Quote(quote)).unwrap();
    }

    fn state(&self, id: &str) -> OrderState {
        self.ledger.orders.get(id).unwrap()
    }

    fn status(&self, id: &str) -> OrderStatus {
        self.state(id).status
    }

    fn net(&self, symbol: &str, product: Product) -> i64 {
        self.ledger.accounts.get(&PositionKey::new(symbol, product)).map_or(0, |account| account.net)
    }
}

/// 100,000 INR and an SBIN share at 800.00.
fn open_at_800() -> Engine {
    let mut engine = exchange(rich());
    engine.price(SBIN, 800_00);
    engine
}
