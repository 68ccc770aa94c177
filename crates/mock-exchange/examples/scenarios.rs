//! Plays scenarios and prints what came of them, for `scripts/nautilus`, which plays the same ones elsewhere.
//!
//! Standard input has a scenario in each line, a JSON list of acts: `{"quote": paise}`, `{"place": [number, kind, sign,
//! quantity, limit, stop]}`, `{"modify": [number, quantity, limit, stop]}` and `{"cancel": number}`, with prices in paise
//! and the kinds of FYERS (1 limit, 2 market, 3 stop, 4 stop limit). Standard output has a line for each: fills as
//! `[number, quantity, paise]`, net quantity, average price and realised profit in INR.
//!
//! `scenarios time N 0`: how long N market orders take, each with a price before it, and how much memory; `1`: every other
//! one is a limit that rests.

use std::{
    collections::BTreeMap,
    error::Error,
    io::{BufRead, stdin},
    time::Instant,
};

use chrono::{DateTime, TimeDelta, Utc};
use fyers_api::model::{OrderRequest, OrderType, Product, Side};
use mock_exchange::{Command, Config, Engine, Instruments, Modification, PositionKey, PriceUpdate};
use rust_decimal::Decimal;
use serde_json::{Value, json};

type Failure = Box<dyn Error>;

const SYMBOL: &str = "NSE:SBIN-EQ";

fn inr(paise: i64) -> Decimal {
    Decimal::new(paise, 2)
}

/// The engine in a session, its clock, and the orders by the scenario's numbers.
struct Run {
    engine: Engine,
    now: DateTime<Utc>,
    ids: BTreeMap<i64, String>,
}

impl Run {
    fn new() -> Result<Self, Failure> {
        let rules = Config::new(Decimal::from(1_000_000_000_000_i64));
        let (mut engine, now) = (Engine::new(rules, Instruments::default()), "2026-11-23T06:30:00Z".parse()?);
        if let Some(day) = engine.due(now) {
            engine.execute(&day)?;
        }
        Ok(Self { engine, now, ids: BTreeMap::new() })
    }

    fn quote(&mut self, paise: i64) -> Result<(), Failure> {
        self.now += TimeDelta::milliseconds(1);
        self.engine.execute(&Command::Quote(PriceUpdate::last(SYMBOL, inr(paise), self.now)))?;
        Ok(())
    }

    /// Number 0: nothing more is said about it.
    fn place(&mut self, [number, kind, sign, quantity, limit, stop]: [i64; 6]) -> Result<(), Failure> {
        let order_type = match kind {
            1 => OrderType::Limit,
            2 => OrderType::Market,
            3 => OrderType::Stop,
            _ => OrderType::StopLimit,
        };
        let request = OrderRequest {
            symbol: SYMBOL.to_owned(),
            quantity,
            side: if sign > 0 { Side::Buy } else { Side::Sell },
            order_type,
            product: Product::Intraday,
            limit_price: inr(limit),
            stop_price: inr(stop),
            tag: None,
        };
        let command = Command::Place { order: request.into(), at: self.now };
        let records = self.engine.execute(&command)?;
        let id = self.engine.reply(&command, &records)?.id.ok_or("an order without an id")?;
        if number > 0 {
            self.ids.insert(number, id);
        }
        Ok(())
    }

    fn act(&mut self, act: &Value) -> Result<(), Failure> {
        let list = |value: &Value| -> Vec<i64> {
            value.as_array().into_iter().flatten().filter_map(Value::as_i64).collect()
        };
        if let Some(paise) = act["quote"].as_i64() {
            return self.quote(paise);
        }
        if let Ok(order) = <[i64; 6]>::try_from(list(&act["place"])) {
            return self.place(order);
        }
        // What is over by now can be neither changed nor cancelled, here as there.
        let at = self.now;
        let id = |number: i64| self.ids.get(&number).cloned().unwrap_or_default();
        let command = match <[i64; 4]>::try_from(list(&act["modify"])) {
            Ok([number, quantity, limit, stop]) => {
                let price = |paise: i64| (paise > 0).then(|| inr(paise));
                let (limit_price, stop_price) = (price(limit), price(stop));
                let (id, quantity) = (id(number), Some(quantity));
                let change =
                    Modification { id, quantity, limit_price, stop_price, ..Modification::default() };
                Command::Modify { change, at }
            }
            Err(_) => Command::Cancel { id: id(act["cancel"].as_i64().ok_or("an unknown act")?), at },
        };
        drop(self.engine.execute(&command));
        Ok(())
    }

    fn outcome(&self) -> Value {
        let numbers: BTreeMap<&String, i64> = self.ids.iter().map(|(number, id)| (id, *number)).collect();
        let number = |amount: Decimal| amount.to_string().parse::<f64>().unwrap_or_default();
        let fills: Vec<_> = self
            .engine
            .trades()
            .map(|trade| {
                (
                    numbers.get(&trade.order_id).copied(),
                    trade.quantity,
                    number(trade.price * Decimal::ONE_HUNDRED),
                )
            })
            .collect();
        let account = self.engine.ledger().accounts.get(&PositionKey::new(SYMBOL, Product::Intraday));
        let (net, average, realized) =
            account.map_or((0, 0.0, 0.0), |one| (one.net, number(one.average()), number(one.realized)));
        json!({"fills": fills, "net": net, "average": average, "realized": realized})
    }
}

fn play() -> Result<(), Failure> {
    for line in stdin().lock().lines() {
        let (acts, mut run): (Vec<Value>, _) = (serde_json::from_str(&line?)?, Run::new()?);
        acts.iter().try_for_each(|act| run.act(act))?;
        println!("{}", run.outcome());
    }
    Ok(())
}

/// Resident memory in bytes (Linux).
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() * 1024.0
}

fn time(count: i64, rests: bool) -> Result<(), Failure> {
    let mut run = Run::new()?;
    run.quote(80_000)?;
    let (before, began) = (resident(), Instant::now());
    for number in 0..count {
        run.quote(80_000 + number % 2 * 5)?;
        let waits = rests && number % 2 == 1;
        run.place(if waits { [0, 1, 1, 1, 79_000, 0] } else { [0, 2, 1 - number / 2 % 2 * 2, 1, 0, 0] })?;
    }
    let (seconds, orders) = (began.elapsed().as_secs_f64(), count as f64);
    let bytes = (resident() - before) / orders;
    println!("{}", json!({"orders_a_second": orders / seconds, "bytes_an_order": bytes}));
    Ok(())
}

fn main() -> Result<(), Failure> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    match given.as_slice() {
        [word, count, rests] if word == "time" => time(count.parse()?, rests == "1"),
        _ => play(),
    }
}
