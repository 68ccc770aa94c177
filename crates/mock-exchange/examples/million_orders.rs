//! What a busy day does to the MockExchange: orders in one day, every other one left waiting, each after a new price of its
//! symbol. Time and memory, beside a bare order book (the `lobster` crate: no money, no positions, no history).
//!
//! ```text
//! cargo run --release -p mock-exchange --example million_orders -- [ORDERS]
//! ```

use std::error::Error;

use chrono::{DateTime, Utc};
use fyers_api::model::{OrderRequest, OrderType, Product, Side};
use lobster::{OrderBook, OrderType as Bare, Side as BareSide};
use mock_exchange::{Command, Config, Engine, Instruments, PriceUpdate};
use rust_decimal::Decimal;

const SYMBOLS: u64 = 500;
/// The orders of the bare book that stand for the market.
const MARKET: u128 = 1 << 64;

fn request(symbol: &str, number: u64) -> OrderRequest {
    let waits = number.is_multiple_of(2);
    OrderRequest {
        symbol: symbol.to_owned(),
        quantity: 1,
        side: Side::Buy,
        order_type: if waits { OrderType::Limit } else { OrderType::Market },
        product: Product::Cnc,
        limit_price: if waits { Decimal::from(90) } else { Decimal::ZERO },
        stop_price: Decimal::ZERO,
        tag: None,
    }
}

/// Half of a symbol's orders wait, half trade.
fn place(number: u64) -> usize {
    usize::try_from(number / 2 % SYMBOLS).unwrap_or_default()
}

fn rupees(number: u64) -> u64 {
    100 + number % 3
}

/// Resident memory in bytes (Linux).
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() * 1024.0
}

fn engine(orders: u64) -> Result<Engine, Box<dyn Error>> {
    let noon: DateTime<Utc> = "2026-11-23T06:30:00Z".parse()?;
    let mut engine = Engine::new(Config::new(Decimal::from(1_000_000_000_000_i64)), Instruments::default());
    if let Some(day) = engine.due(noon) {
        engine.execute(&day)?;
    }
    let symbols: Vec<String> = (0..SYMBOLS).map(|number| format!("NSE:S{number}-EQ")).collect();
    for number in 0..orders {
        let Some(symbol) = symbols.get(place(number)) else { continue };
        let price = PriceUpdate::last(symbol, Decimal::from(rupees(number)), noon);
        engine.execute(&Command::Quote(price))?;
        engine.execute(&Command::Place { order: request(symbol, number).into(), at: noon })?;
    }
    Ok(engine)
}

fn bare(orders: u64) -> Vec<OrderBook> {
    let mut books: Vec<OrderBook> = (0..SYMBOLS).map(|_| OrderBook::new(0, 0, false)).collect();
    for number in 0..orders {
        let Some(book) = books.get_mut(place(number)) else { continue };
        // Another price of the symbol: the market's offer goes and comes again.
        let id = MARKET + u128::from(number);
        book.execute(Bare::Cancel { id: id - u128::from(if number % 2 == 1 { 1 } else { 2 * SYMBOLS - 1 }) });
        book.execute(Bare::Limit { id, side: BareSide::Ask, qty: 1_000_000, price: rupees(number) });
        let (id, side) = (u128::from(number), BareSide::Bid);
        book.execute(if number.is_multiple_of(2) {
            Bare::Limit { id, side, qty: 1, price: 90 }
        } else {
            Bare::Market { id, side, qty: 1 }
        });
    }
    books
}

/// Processor time of this thread in seconds (Linux): a busy machine does not count against either.
fn processor() -> f64 {
    let told = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = told.split_whitespace().next().and_then(|word| word.parse::<f64>().ok());
    nanoseconds.unwrap_or_default() / 1e9
}

/// What it did and how it went: what stays in memory is measured while it is there.
fn measure<T>(name: &str, orders: u64, run: impl FnOnce() -> T) -> T {
    let (before, began) = (resident(), processor());
    let done = run();
    let (seconds, used) = (processor() - began, resident() - before);
    println!(
        "{name}: {orders} orders in {seconds:.2} s of processor time ({:.0} a second), {:.0} MB more ({:.0} bytes an order)",
        orders as f64 / seconds,
        used / 1e6,
        used / orders as f64,
    );
    done
}

fn main() -> Result<(), Box<dyn Error>> {
    let orders: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let engine = measure("MockExchange", orders, || engine(orders))?;
    let waiting = engine.waiting().count() as u64;
    let books = measure("bare book", orders, || bare(orders));
    let resting: u64 = books.iter().filter_map(OrderBook::max_bid).count() as u64;
    println!("{waiting} wait in the MockExchange; {resting} of {SYMBOLS} bare books have a bid");
    Ok(())
}
