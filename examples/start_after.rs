//! What a start costs after a long life, and how large its database is: so many facts of the MockExchange, two for each
//! order, a thousand orders a day.
//!
//! ```text
//! cargo run --release --example start_after -- [RECORDS] [ORDERS A DAY]
//! ```
//!
//! Fills a state folder in a temporary place with everything that an order leaves (facts, an entry of the order journal, an
//! event), then loads it in a process of its own, whose time and memory are told.

use std::{error::Error, path::Path, process::Command as Process, time::Instant};

use chrono::{DateTime, Days, Utc};
use fyers_api::{
    model::{OrderRequest, OrderType, Product, Side},
    operation::Operation,
};
use fyers_keeper::store::{SqliteStore, StateDir};
use keeper_actors::exchange::book;
use keeper_domain::{
    event::Event,
    keys::BotName,
    mode::Mode,
    order_journal::OrderEntry,
    ports::{Change, ChangeStore, OutboxStore},
};
use mock_exchange::{Command, Config, Engine, Instruments, NewOrder, PriceUpdate, exchange::Attempt};
use rust_decimal::Decimal;

fn rules() -> Config {
    // Every day is a day of trade here.
    Config { around_the_clock: true, ..Config::new(Decimal::from(1_000_000_000_i64)) }
}

fn order(number: usize) -> NewOrder {
    let request = OrderRequest {
        symbol: format!("NSE:S{}-EQ", number % 50),
        quantity: 1,
        side: if number.is_multiple_of(2) { Side::Buy } else { Side::Sell },
        order_type: OrderType::Market,
        product: Product::Intraday,
        limit_price: Decimal::ZERO,
        stop_price: Decimal::ZERO,
        tag: None,
    };
    request.into()
}

/// Carries an order out, and notes what the keeper notes of it.
fn place(
    engine: &mut Engine,
    order: NewOrder,
    at: DateTime<Utc>,
    change: &mut Change,
) -> Result<(), Box<dyn Error>> {
    let command = Command::Place { order: order.clone(), at };
    let records = engine.execute(&command)?;
    let reply = engine.reply(&command, &records)?;
    let (bot, mode, request) = (BotName::owner(), Mode::Sandbox, &order.request);
    let (id, symbol) = (reply.id.clone().unwrap_or_default(), request.symbol.clone());
    let quantity = request.signed_quantity();
    change.events.push((
        at,
        Event::OrderSimulated { bot: Some(bot.clone()), id, symbol, quantity, mode, why: None, sent: false },
    ));
    let tried = Attempt { order: Some(order), outcome: Ok(reply) };
    change.orders.push(OrderEntry::simulated(Operation::Place, &tried, mode, at).of(&bot));
    change.mock_records.extend(records);
    Ok(())
}

/// `snapshots`: as the keeper writes it; else one long journal, as keepers before snapshots left it.
async fn fill(
    folder: &Path,
    (wanted, orders): (usize, usize),
    snapshots: bool,
) -> Result<usize, Box<dyn Error>> {
    let store = SqliteStore::open(&StateDir::open(folder)?).await?;
    let mut engine = Engine::new(rules(), Instruments::default());
    let mut morning: DateTime<Utc> = "2026-01-01T04:00:00Z".parse()?;
    let (mut written, mut told) = (0, 0);
    while written < wanted {
        let mut change = Change::default();
        if let Some(day) = engine.due(morning) {
            change.mock_records.extend(engine.execute(&day)?);
        }
        change.mock_snapshot = engine.opening().cloned().filter(|_| snapshots);
        for symbol in 0..50 {
            let price = PriceUpdate::last(format!("NSE:S{symbol}-EQ"), Decimal::ONE_HUNDRED, morning);
            change.mock_records.extend(engine.execute(&Command::Quote(price))?);
        }
        for number in 0..orders {
            place(&mut engine, order(number), morning, &mut change)?;
        }
        written += change.mock_records.len();
        told += i64::try_from(change.events.len())?;
        store.commit(change).await?;
        // As the Notifier does: what it has not read is not removed.
        store.queue_alerts(told, vec![], vec![]).await?;
        while store.trim().await? {}
        morning = morning.checked_add_days(Days::new(1)).ok_or("the calendar is over")?;
    }
    store.close().await;
    Ok(written)
}

/// A line of `/proc/self/status`, in MiB (Linux).
fn memory(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

async fn load(folder: &Path) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let store = SqliteStore::open(&StateDir::open(folder)?).await?;
    let opened = began.elapsed();
    let engine = book::load(&store, rules(), Instruments::default()).await?;
    println!(
        "  opened in {:.0} ms, book of {} orders loaded in {:.0} ms, {:.0} MiB at most",
        opened.as_secs_f64() * 1e3,
        engine.ledger().orders.len(),
        (began.elapsed() - opened).as_secs_f64() * 1e3,
        memory("VmHWM:"),
    );
    store.close().await;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let given: Vec<String> = std::env::args().skip(1).collect();
    if let [word, folder] = given.as_slice()
        && word == "load"
    {
        return runtime.block_on(load(Path::new(folder)));
    }
    let number = |at: usize, usual: usize| given.get(at).map_or(Ok(usual), |text| text.parse());
    let wanted = (number(0, 1_000_000)?, number(1, 1_000)?);
    for (snapshots, told) in
        [(true, "with a snapshot each day"), (false, "without snapshots, as at a first start")]
    {
        let work = tempfile::tempdir()?;
        let written = runtime.block_on(fill(work.path(), wanted, snapshots))?;
        let size = std::fs::metadata(work.path().join("keeper.db"))?.len();
        println!("{written} records in a lifetime {told}, {:.1} MB of database:", size as f64 / 1e6);
        Process::new(std::env::current_exe()?).arg("load").arg(work.path()).status()?;
    }
    Ok(())
}
