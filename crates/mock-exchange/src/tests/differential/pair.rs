//! Exchange and model side by side: both hear the same, and must say the same.

use fyers_api::{
    http::{ApiRequest, Method, Surface},
    operation::Operation,
};
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

use super::{
    Act, Kind,
    model::{self, DAYS, Model, No, OPEN, SYMBOLS, TRADED},
};
use crate::{
    exchange::{MockExchange, Prices},
    tests::*,
};

/// The last minute of a day: 20:00.
const LATE: i64 = 20 * 60;

type Checked = Result<(), TestCaseError>;

fn rules() -> Config {
    Config::new(Decimal::from(100_000_000_000_i64))
}

fn instant(day: u32, minute: i64) -> DateTime<Utc> {
    let date = NaiveDate::from_ymd_opt(2026, 12, day).unwrap();
    ist::instant(date, ist::at(0, 0)) + TimeDelta::minutes(minute)
}

fn product(symbol: usize, carries: bool) -> &'static str {
    match (carries, SYMBOLS[symbol].is_contract) {
        (false, _) => "INTRADAY",
        (true, true) => "MARGIN",
        (true, false) => "CNC",
    }
}

fn rupees(paise: i64) -> f64 {
    paise as f64 / 100.0
}

/// Both, and what ties them together.
pub(super) struct Pair {
    exchange: MockExchange,
    model: Model,
    /// Records since the day that is open began.
    tail: Vec<Record>,
    /// What is on disk besides.
    kept: std::collections::BTreeMap<String, KeptPrice>,
    /// Number of the day in [`DAYS`], and minute of it.
    today: usize,
    minute: i64,
    pub(super) days: usize,
    fills: usize,
}

impl Pair {
    pub(super) fn new() -> Self {
        let exchange = MockExchange::open(rules(), Instruments::default(), &[], 1);
        let (model, tail, kept) = (Model::default(), vec![], std::collections::BTreeMap::new());
        let mut pair = Self { exchange, model, tail, kept, today: 0, minute: OPEN, days: 1, fills: 0 };
        pair.clock();
        (0..SYMBOLS.len()).for_each(|symbol| pair.quote(symbol, 0, None));
        pair
    }

    /// Fills of all days.
    pub(super) fn fills(&self) -> usize {
        self.fills + self.model.fills.len()
    }

    pub(super) fn play(&mut self, act: &Act) -> Checked {
        match *act {
            Act::Wait(minutes) => {
                self.minute = (self.minute + minutes).min(LATE);
                self.clock();
            }
            Act::Price { symbol, step, shown } => self.quote(symbol, step, shown),
            Act::Place { symbol, kind, buys, carries, quantity, away, ioc } => {
                let signed = if buys { quantity } else { -quantity };
                self.place((symbol, carries, signed), kind, away, ioc)?;
            }
            Act::Move { pick, away, more } => self.change(pick, away, more)?,
            Act::Cancel { pick } => self.cancel(pick)?,
            Act::Exit { symbol, carries } => self.exit(symbol, carries)?,
            Act::Restart => self.restart(),
            Act::NextDay if self.today + 1 < DAYS.len() => {
                (self.today, self.minute, self.days) = (self.today + 1, OPEN, self.days + 1);
                self.fills += self.model.fills.len();
                self.clock();
            }
            Act::NextDay => {}
        }
        self.compare(act)
    }

    fn now(&self) -> DateTime<Utc> {
        instant(DAYS[self.today], self.minute)
    }

    /// What the exchange did is on disk; the model hears of the time.
    fn keep(&mut self, records: Vec<Record>) {
        for record in records {
            if matches!(record, Record::DayOpened { .. }) {
                self.tail.clear();
            } else {
                self.tail.push(record);
            }
        }
        for price in self.exchange.take_unsaved_prices() {
            self.kept.insert(price.symbol.clone(), price);
        }
    }

    fn clock(&mut self) {
        let records = self.exchange.tick(self.now(), Prices::Last);
        self.keep(records);
        self.model.pass(DAYS[self.today], self.minute);
    }

    fn quote(&mut self, symbol: usize, step: i64, shown: Option<i64>) {
        let one = &SYMBOLS[symbol];
        let paise = one.usual + one.tick * step;
        let price = PriceUpdate {
            bid_quantity: shown,
            ask_quantity: shown,
            ..PriceUpdate::last(one.name, inr(paise), self.now())
        };
        let records = self.exchange.observe_quotes(vec![price]);
        self.keep(records);
        self.model.quote(symbol, paise, shown);
    }

    fn send(&mut self, method: Method, path: &str, body: &Value) -> Value {
        let call = ApiRequest {
            surface: Surface::Api,
            method,
            path: path.to_owned(),
            query: String::new(),
            content_type: None,
            body: if body.is_null() { vec![] } else { body.to_string().into_bytes() },
        };
        let done = self.exchange.execute(Operation::of(&call), &call, Prices::Last, self.now());
        self.keep(done.records);
        serde_json::from_slice(&done.answer.body).unwrap()
    }

    /// Limit and stop in paise, where the order is a sound one: the stop lies ahead, the limit behind it.
    fn prices(&self, symbol: usize, kind: Kind, sign: i64, away: i64) -> (i64, i64) {
        let (ltp, tick) = (self.model.ltp[symbol].unwrap(), SYMBOLS[symbol].tick);
        match kind {
            Kind::Market => (0, 0),
            Kind::Limit => (ltp + sign * tick * (5 - away), 0),
            Kind::Stop => (0, ltp + sign * tick * away),
            Kind::StopLimit => (ltp + sign * tick * (away + 4), ltp + sign * tick * away),
        }
    }

    fn place(
        &mut self,
        (symbol, carries, signed): (usize, bool, i64),
        kind: Kind,
        away: i64,
        ioc: bool,
    ) -> Checked {
        let (limit, stop) = self.prices(symbol, kind, signed.signum(), away);
        let number = match kind {
            Kind::Limit => 1,
            Kind::Market => 2,
            Kind::Stop => 3,
            Kind::StopLimit => 4,
        };
        let body = json!({"symbol": SYMBOLS[symbol].name, "qty": signed.abs(), "type": number,
            "side": signed.signum(), "productType": product(symbol, carries), "limitPrice": rupees(limit),
            "stopPrice": rupees(stop), "validity": if ioc { "IOC" } else { "DAY" }, "disclosedQty": 0,
            "offlineOrder": false});
        let may = self.model.may_place(symbol, carries, signed.signum(), signed.abs());
        let said = self.send(Method::Post, "/orders/sync", &body);
        let code = match may {
            Ok(()) => 1101,
            Err(No::Symbol) => -50,
            Err(No::Risk) => -99,
        };
        prop_check(said["code"] == code, || format!("{body}: {said}, the model says {code}"))?;
        if may.is_ok() {
            let id = said["id"].as_str().unwrap().to_owned();
            self.model.place(model::order(id, symbol, carries, signed, kind, (limit, stop)), ioc);
        }
        Ok(())
    }

    fn alive(&self, pick: usize) -> Option<usize> {
        let orders = &self.model.orders;
        let alive: Vec<usize> = (0..orders.len()).filter(|at| orders[*at].alive).collect();
        alive.get(pick % alive.len().max(1)).copied()
    }

    fn change(&mut self, pick: usize, away: i64, more: i64) -> Checked {
        let Some(at) = self.alive(pick) else { return Ok(()) };
        let order = self.model.orders[at].clone();
        if order.limit.is_none() || order.was_stop {
            return Ok(());
        }
        let limit = self.prices(order.symbol, Kind::Limit, order.sign, away).0;
        // Delivery that is not there cannot be promised by a change either.
        let more = if order.carries && order.sign < 0 { more.min(0) } else { more };
        let quantity = (order.quantity + more).max(order.filled + 1);
        let body = json!({"id": order.id, "limitPrice": rupees(limit), "qty": quantity});
        let said = self.send(Method::Patch, "/orders/sync", &body);
        prop_check(said["code"] == 1102, || format!("{body}: {said}"))?;
        self.model.change(at, limit, quantity);
        Ok(())
    }

    fn cancel(&mut self, pick: usize) -> Checked {
        let Some(at) = self.alive(pick) else { return Ok(()) };
        let body = json!({"id": self.model.orders[at].id});
        let said = self.send(Method::Delete, "/orders/sync", &body);
        prop_check(said["code"] == 1103, || format!("{body}: {said}"))?;
        self.model.orders[at].alive = false;
        Ok(())
    }

    fn exit(&mut self, symbol: usize, carries: bool) -> Checked {
        let id = format!("{}-{}", SYMBOLS[symbol].name, product(symbol, carries));
        let is_open = self.model.positions[symbol][usize::from(carries)].net != 0;
        let signed = self.model.exit_quantity(symbol, carries);
        let may = self.model.may_place(symbol, true, 1, 0).is_ok() && is_open;
        let before = self.exchange.engine().ledger().orders.len();
        let said = self.send(Method::Delete, "/positions", &json!({"id": id}));
        prop_check((said["s"] == "ok") == may, || format!("exit of {id}: {said}, the model says {may}"))?;
        if may && signed != 0 {
            let sent = self.exchange.engine().ledger().orders.keys().nth(before).cloned();
            self.model.place(model::exit(sent.unwrap_or_default(), symbol, carries, signed), false);
        }
        Ok(())
    }

    fn restart(&mut self) {
        let opening = self.exchange.engine().opening().unwrap();
        let opening = serde_json::from_str(&serde_json::to_string(opening).unwrap()).unwrap();
        let mut engine = Engine::resume(rules(), Instruments::default(), opening);
        self.tail.iter().for_each(|record| engine.apply(record));
        self.exchange = MockExchange::resume(engine, 1);
        self.kept.values().for_each(|price| self.exchange.remember(price));
        self.model.restart();
    }

    fn compare(&mut self, act: &Act) -> Checked {
        let engine = self.exchange.engine();
        let is_sent = |id: &str| self.model.orders.iter().any(|order| order.id == id);
        // The broker's own orders have no name in the model, and no rule says which comes first.
        let name = |id: &String| if is_sent(id) { id.clone() } else { String::new() };
        let sorted = |mut fills: Vec<(String, i64, Decimal)>| {
            fills.sort_by_key(|(id, quantity, price)| id.is_empty().then_some((*quantity, *price)));
            fills
        };
        let trades = engine.trades().iter();
        let fills =
            sorted(trades.map(|trade| (name(&trade.order_id), trade.quantity, trade.price)).collect());
        let own = self.model.fills.iter();
        let model = sorted(own.map(|(id, quantity, price)| (id.clone(), *quantity, inr(*price))).collect());
        prop_check(fills == model, || format!("fills after {act:?}: {fills:?}, the model has {model:?}"))?;
        let cash = engine.ledger().cash - rules().capital;
        prop_check(cash == inr(self.model.cash), || {
            format!("cash after {act:?}: {cash}, {}", self.model.cash)
        })?;
        for (symbol, one) in SYMBOLS.iter().enumerate().take(TRADED) {
            for carries in [false, true] {
                self.compare_position(symbol, carries, act)?;
            }
            let held = engine.ledger().holdings.get(one.name).map_or(0, |held| held.quantity);
            prop_check(held == self.model.held[symbol], || format!("shares held after {act:?}: {held}"))?;
        }
        for order in &self.model.orders {
            let state = engine.state(&order.id);
            let waits = state.status == OrderStatus::Pending;
            prop_check((state.filled, waits) == (order.filled, order.alive), || {
                format!("after {act:?}: {state:?}")
            })?;
        }
        Ok(())
    }

    /// The model counts in floating point: a hundredth of a paisa is no difference.
    fn compare_position(&self, symbol: usize, carries: bool, act: &Act) -> Checked {
        let wanted = self.model.positions[symbol][usize::from(carries)];
        let product = match product(symbol, carries) {
            "INTRADAY" => Product::Intraday,
            "MARGIN" => Product::Margin,
            _ => Product::Cnc,
        };
        let key = PositionKey::new(SYMBOLS[symbol].name, product);
        let found = self.exchange.engine().ledger().accounts.get(&key);
        let number = |amount: Decimal| amount.to_string().parse::<f64>().unwrap() * 100.0;
        let (net, cost, realized) = found
            .map_or((0, 0.0, 0.0), |account| (account.net, number(account.cost), number(account.realized)));
        let near = |a: f64, b: f64| (a - b).abs() < 0.5;
        let same = net == wanted.net && near(cost, wanted.cost) && near(realized, wanted.realized_today);
        prop_check(same, || {
            format!(
                "{} carries={carries} after {act:?}: {net}, {cost}, {realized}; the model has {wanted:?}",
                key.symbol
            )
        })
    }
}

fn prop_check(holds: bool, words: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(TestCaseError::fail(words())) }
}
