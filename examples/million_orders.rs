//! What a busy day does to the MockExchange's memory: orders in one day, every other one left waiting.
//!
//! ```text
//! cargo run --release --example million_orders -- [ORDERS]
//! ```

use std::{error::Error, time::Instant};

use chrono::{DateTime, Utc};
use fyers_api::model::{OrderRequest, OrderType, Product, Side};
use mock_exchange::{Command, Config, Engine, Instruments, PriceUpdate};
use rust_decimal::Decimal;

fn request(number: u64) -> OrderRequest {
    let waits = number.is_multiple_of(2);
    OrderRequest {
        symbol: format!("NSE:S{}-EQ", number % 500),
        quantity: 1,
        side: Side::Buy,
        order_type: if waits { OrderType::Limit } else { OrderType::Market },
        product: Product::Cnc,
        limit_price: if waits { Decimal::ONE } else { Decimal::ZERO },
        stop_price: Decimal::ZERO,
        tag: None,
    }
}

/// Resident memory in MiB (Linux).
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

fn main() -> Result<(), Box<dyn Error>> {
    let orders: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let noon: DateTime<Utc> = "2026-11-23T06:30:00Z".parse()?;
    let mut engine = Engine::new(Config::new(Decimal::from(1_000_000_000_000_i64)), Instruments::default());
    if let Some(day) = engine.due(noon) {
        engine.execute(&day)?;
    }
    for number in 0..500 {
        let price = PriceUpdate::last(format!("NSE:S{number}-EQ"), Decimal::ONE_HUNDRED, noon);
        engine.execute(&Command::Quote(price))?;
    }
    let (before, began) = (resident(), Instant::now());
    for number in 0..orders {
        engine.execute(&Command::Place { order: request(number).into(), at: noon })?;
    }
    let (seconds, used) = (began.elapsed().as_secs_f64(), resident() - before);
    println!(
        "{orders} orders in {seconds:.2} s ({:.0} a second), {used:.0} MiB more ({:.0} bytes an order)",
        orders as f64 / seconds,
        used * 1024.0 * 1024.0 / orders as f64,
    );
    Ok(())
}
