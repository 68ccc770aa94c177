//! The matching engine by itself: `cargo bench -p mock-exchange`. What an order costs, and how that grows with what
//! is in the book.
#![allow(clippy::unwrap_used, missing_docs)]

use chrono::{DateTime, TimeDelta, Utc};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fyers_api::model::{OrderRequest, OrderType, Product, Side};
use mock_exchange::{
    Command, Config, Engine, Instruments, NewOrder, PriceUpdate,
    exchange::{MockExchange, Prices},
};
use rust_decimal::Decimal;

fn noon() -> DateTime<Utc> {
    "2026-11-23T06:30:00Z".parse().unwrap()
}

fn order(symbol: &str, order_type: OrderType, limit: i64) -> NewOrder {
    OrderRequest {
        symbol: symbol.to_owned(),
        quantity: 1,
        side: Side::Buy,
        order_type,
        product: Product::Cnc,
        limit_price: Decimal::from(limit),
        stop_price: Decimal::ZERO,
        tag: None,
    }
    .into()
}

fn do_it(engine: &mut Engine, command: &Command) {
    engine.execute(command).unwrap();
}

/// A book with this many waiting orders, spread over 500 symbols.
fn waiting(orders: usize) -> Engine {
    let config = Config::new(Decimal::from(1_000_000_000_000_i64));
    let mut engine = Engine::new(config, Instruments::default());
    let due = engine.due(noon()).unwrap();
    do_it(&mut engine, &due);
    for number in 0..orders {
        let order = order(&format!("NSE:S{}-EQ", number % 500), OrderType::Limit, 1);
        do_it(&mut engine, &Command::Place { order, at: noon() });
    }
    engine
}

fn quote(symbol: &str, price: i64, step: i64) -> Command {
    Command::Quote(PriceUpdate::last(symbol, Decimal::from(price), noon() + TimeDelta::milliseconds(step)))
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("with this many waiting orders");
    for orders in [0, 1_000, 10_000, 100_000] {
        let mut engine = waiting(orders);
        let mut step = 0;
        group.bench_function(BenchmarkId::new("a price of a symbol nobody waits for", orders), |bencher| {
            bencher.iter(|| {
                step += 1;
                do_it(&mut engine, &quote("NSE:OTHER-EQ", 100 + step % 2, step));
            });
        });
        let mut engine = waiting(orders);
        do_it(&mut engine, &quote("NSE:OTHER-EQ", 100, 0));
        group.bench_function(BenchmarkId::new("a market order, filled", orders), |bencher| {
            bencher.iter(|| {
                let order = order("NSE:OTHER-EQ", OrderType::Market, 0);
                do_it(&mut engine, &Command::Place { order, at: noon() });
            });
        });
    }
    group.finish();
    resting_on_one_symbol(criterion);
    made_up(criterion);
}

/// Prices of a symbol on which many orders rest, none of which they reach.
fn resting_on_one_symbol(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("with this many orders resting on one symbol");
    for orders in [100, 10_000] {
        let config = Config::new(Decimal::from(1_000_000_000_000_i64));
        let mut engine = Engine::new(config, Instruments::default());
        let due = engine.due(noon()).unwrap();
        do_it(&mut engine, &due);
        do_it(&mut engine, &quote("NSE:DEEP-EQ", 100, 0));
        for number in 0..orders {
            let order = order("NSE:DEEP-EQ", OrderType::Limit, 81 + number % 10);
            do_it(&mut engine, &Command::Place { order, at: noon() });
        }
        let mut step = 0;
        group.bench_function(BenchmarkId::new("a price of it", orders), |bencher| {
            bencher.iter(|| {
                step += 1;
                do_it(&mut engine, &quote("NSE:DEEP-EQ", 100 + step % 2, step));
            });
        });
    }
    group.finish();
}

/// The price that each order asks for of each symbol its bot holds: it must not look at the whole day.
fn made_up(criterion: &mut Criterion) {
    let exchange = MockExchange::open(Config::new(Decimal::from(1_000_000)), Instruments::default(), [], 1);
    criterion.bench_function("a made-up price, three hours into the day", |bencher| {
        bencher.iter(|| exchange.price("NSE:SBIN-EQ", Prices::Walk, noon()));
    });
}

criterion_group!(all, benches);
criterion_main!(all);
