//! Exchange and model side by side: both hear the same, and must say the same.

use std::collections::BTreeMap;

use fyers_api::{
    http::{ApiRequest, Method, Surface},
    operation::Operation,
};
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

use super::{
    acts::{Act, Kind, Shown, Wish},
    compare::{Checked, check, compare, name_orders},
    listed::{DAYS, OPEN, SYMBOLS},
    model::{Model, No},
    orders::{Gtt, Order, Sender},
    requests,
};
use crate::{
    exchange::{MockExchange, Prices},
    tests::*,
};

/// The last minute of a day.
const LATE: i64 = 23 * 60 + 58;

fn rules() -> Config {
    Config::new(Decimal::from(100_000_000_000_i64))
}

fn instant(day: u32, minute: i64) -> DateTime<Utc> {
    let date = NaiveDate::from_ymd_opt(2026, 12, day).unwrap();
    ist::instant(date, ist::at(0, 0)) + TimeDelta::minutes(minute)
}

/// Both, and what ties them together.
pub(super) struct Pair {
    exchange: MockExchange,
    model: Model,
    /// Records since the day that is open began.
    tail: Vec<Record>,
    /// What is on disk besides.
    kept: BTreeMap<String, KeptPrice>,
    /// Number of the day in [`DAYS`], and minute of it.
    today: usize,
    minute: i64,
    pub(super) days: usize,
}

impl Pair {
    pub(super) fn new() -> Self {
        let exchange = MockExchange::open(rules(), Instruments::default(), &[], 1);
        let (model, tail, kept) = (Model::default(), vec![], BTreeMap::new());
        let mut pair = Self { exchange, model, tail, kept, today: 0, minute: OPEN, days: 1 };
        pair.clock();
        let nothing = Shown { spread: None, best: None, behind: None };
        (0..SYMBOLS.len()).for_each(|symbol| pair.quote(symbol, 0, nothing));
        pair
    }

    /// What happened how often.
    pub(super) fn happened(mut self) -> BTreeMap<&'static str, usize> {
        self.model.count("fills", self.model.fills.len());
        self.model.happened
    }

    pub(super) fn play(&mut self, act: &Act) -> Checked {
        self.act(act)?;
        let engine = self.exchange.engine();
        let same =
            name_orders(engine, &mut self.model).and_then(|()| compare(engine, &self.model, rules().capital));
        same.map_err(|error| TestCaseError::fail(format!("after {act:?}: {error}")))
    }

    fn act(&mut self, act: &Act) -> Checked {
        match *act {
            Act::Wait(minutes) => {
                self.minute = (self.minute + minutes).min(LATE);
                self.clock();
            }
            Act::Until(minute) => {
                self.minute = self.minute.max(minute);
                self.clock();
            }
            Act::Price { symbol, step, shown } => self.quote(symbol, step, shown),
            Act::Place(wish) => self.place(&wish)?,
            Act::Move { pick, away, more, to_market } => self.change(pick, away, more, to_market)?,
            Act::Cancel { pick } => self.cancel(pick)?,
            Act::Exit { symbol, carries, with_orders } => self.exit(symbol, carries, with_orders)?,
            Act::Convert { symbol, carries, quantity } => self.convert(symbol, carries, quantity)?,
            Act::Gtt { symbol, buys, quantity, first, second } => {
                self.place_gtt(symbol, if buys { 1 } else { -1 }, quantity, first, second)?;
            }
            Act::ChangeGtt { pick, first } => self.change_gtt(pick, first)?,
            Act::Restart => self.restart(),
            Act::NextDay if self.today + 1 < DAYS.len() => {
                (self.today, self.minute, self.days) = (self.today + 1, OPEN, self.days + 1);
                self.clock();
            }
            Act::NextDay => {}
        }
        Ok(())
    }

    fn now(&self) -> DateTime<Utc> {
        instant(DAYS[self.today], self.minute)
    }

    /// What the exchange did is on disk.
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

    fn quote(&mut self, symbol: usize, step: i64, shown: Shown) {
        let one = &SYMBOLS[symbol];
        let ltp = one.usual + one.tick * step;
        let sides = [1, -1].map(|sign| levels(ltp, one.tick * sign, shown));
        let best = |side: usize| shown.spread.map(|_| inr(sides[side][0].0));
        let behind = |side: usize| {
            let behind = sides[side].iter().skip(1);
            behind.map(|(price, left)| Level { price: inr(*price), quantity: left.unwrap() }).collect()
        };
        let price = PriceUpdate {
            ask: best(0),
            bid: best(1),
            ask_quantity: shown.best,
            bid_quantity: shown.best,
            more_asks: behind(0),
            more_bids: behind(1),
            ..PriceUpdate::last(one.name, inr(ltp), self.now())
        };
        let records = self.exchange.observe_quotes(vec![price]);
        self.keep(records);
        // Where nothing is offered at the best price, the one behind it is the best.
        let sides = sides.map(|side| {
            let empty = side.len() > 1 && side[0].1 == Some(0);
            side.into_iter().skip(usize::from(empty)).collect()
        });
        self.model.quote(symbol, ltp, sides);
    }

    fn send(&mut self, method: Method, path: &str, body: &Value) -> Value {
        let call = ApiRequest {
            surface: Surface::Api,
            method,
            path: path.to_owned(),
            query: String::new(),
            content_type: None,
            body: body.to_string().into_bytes(),
        };
        let done = self.exchange.execute(Operation::of(&call), &call, Prices::Last, self.now());
        self.keep(done.records);
        serde_json::from_slice(&done.answer.body).unwrap()
    }

    /// Limit and stop in paise, where the order is a sound one: the stop lies ahead, the limit behind it.
    fn prices(&self, symbol: usize, kind: Kind, sign: i64, away: i64) -> (i64, i64) {
        let (ltp, tick) = (self.model.ltp[symbol].unwrap(), SYMBOLS[symbol].tick);
        let stop = ltp + sign * tick * away.max(0);
        match kind {
            Kind::Market => (0, 0),
            Kind::Limit => (ltp + sign * tick * (5 - away), 0),
            Kind::Stop => (0, stop),
            Kind::StopLimit => (stop + sign * tick * 4, stop),
        }
    }

    fn place(&mut self, wish: &Wish) -> Checked {
        let &Wish { symbol, kind, carries, quantity, ioc, .. } = wish;
        let signed = if wish.buys { quantity } else { -quantity };
        let prices = self.prices(symbol, kind, signed.signum(), wish.away);
        let code = match self.model.may_place(symbol, carries, signed.signum(), quantity) {
            Ok(()) => 1101,
            Err(No::Symbol) => -50,
            Err(No::Risk) => -99,
        };
        let body = requests::order(wish, prices);
        let said = self.send(Method::Post, "/orders/sync", &body);
        check(said["code"] == code, || format!("{body}: {said}, the model says {code}"))?;
        if code == 1101 {
            let order = Order::new((symbol, carries), signed, Sender::Bot).priced(kind, prices);
            let legs = [wish.stop_loss, wish.take_profit].map(|leg| Some(leg? * SYMBOLS[symbol].tick));
            let id = said["id"].as_str().map(str::to_owned);
            self.model.place(Order { legs, id, ..order }, ioc);
        }
        Ok(())
    }

    fn alive(&self, pick: usize) -> Option<usize> {
        let orders = &self.model.orders;
        let alive: Vec<usize> = (0..orders.len()).filter(|at| orders[*at].is_alive()).collect();
        alive.get(pick % alive.len().max(1)).copied()
    }

    fn change(&mut self, pick: usize, away: i64, more: i64, to_market: bool) -> Checked {
        let Some(at) = self.alive(pick) else { return Ok(()) };
        let old = self.model.orders[at].clone();
        let new = self.changed(&old, (away, more), to_market);
        if (new.limit, new.stop, new.quantity) == (old.limit, old.stop, old.quantity) {
            return Ok(());
        }
        let body = requests::change(&old, &new);
        let said = self.send(Method::Patch, "/orders/sync", &body);
        check(said["code"] == 1102, || format!("{body}: {said}"))?;
        self.model.change(at, new);
        Ok(())
    }

    /// A released stop keeps its prices; a leg keeps its quantity and its kind.
    fn changed(&self, old: &Order, (away, more): (i64, i64), to_market: bool) -> Order {
        let mut new = old.clone();
        let kind = match (old.stop, old.limit) {
            (Some(_), Some(_)) => Kind::StopLimit,
            (Some(_), None) => Kind::Stop,
            (None, Some(_)) if !old.was_stop => Kind::Limit,
            (None, _) => Kind::Market,
        };
        if kind != Kind::Market {
            let priced = old.clone().priced(kind, self.prices(old.symbol, kind, old.sign, away));
            (new.limit, new.stop) = (priced.limit, priced.stop);
        }
        if !old.is_leg() {
            // Delivery that is not there cannot be promised by a change either.
            let more = if old.carries && old.sign < 0 { more.min(0) } else { more };
            new.quantity = (old.quantity + more).max(old.filled + 1);
            if to_market && kind == Kind::Limit {
                new.limit = None;
            }
        }
        new
    }

    fn cancel(&mut self, pick: usize) -> Checked {
        let Some(at) = self.alive(pick) else { return Ok(()) };
        let body = json!({"id": self.model.orders[at].id});
        let said = self.send(Method::Delete, "/orders/sync", &body);
        check(said["code"] == 1103, || format!("{body}: {said}"))?;
        self.model.cancel(at);
        Ok(())
    }

    fn exit(&mut self, symbol: usize, carries: bool, with_orders: bool) -> Checked {
        let is_open = self.model.positions[symbol][usize::from(carries)].net != 0;
        let may = self.model.may_place(symbol, true, 1, 0).is_ok() && is_open;
        let mut body = json!({"id": requests::position_id(symbol, carries)});
        if with_orders && may {
            body["pending_orders_cancel"] = json!(1);
        }
        let said = self.send(Method::Delete, "/positions", &body);
        check((said["s"] == "ok") == may, || format!("exit {body}: {said}, the model says {may}"))?;
        if may {
            self.model.exit(symbol, carries, with_orders);
        }
        Ok(())
    }

    fn convert(&mut self, symbol: usize, carries: bool, quantity: i64) -> Checked {
        let net = self.model.positions[symbol][usize::from(carries)].net;
        let may = self.model.may_convert(symbol, carries, quantity);
        let body = requests::conversion(symbol, carries, if net < 0 { -1 } else { 1 }, quantity);
        let said = self.send(Method::Post, "/positions", &body);
        check((said["s"] == "ok") == may, || format!("{body}: {said}, the model says {may}"))?;
        if may {
            self.model.convert(symbol, carries, quantity);
        }
        Ok(())
    }

    fn place_gtt(
        &mut self,
        symbol: usize,
        sign: i64,
        quantity: i64,
        first: i64,
        second: Option<i64>,
    ) -> Checked {
        let (ltp, tick) = (self.model.ltp[symbol].unwrap(), SYMBOLS[symbol].tick);
        let leg = |ticks: i64, quantity: i64| (ltp + tick * ticks, ltp + tick * (ticks + 2 * sign), quantity);
        // Of two legs the first lies above the market, the second below.
        let first = if second.is_some() { first.abs() + 1 } else { first };
        let second = second.map(|below| leg(-below, quantity + 1));
        let (id, above) = (String::new(), first > 0);
        let mut gtt = Gtt { id, symbol, sign, first: leg(first, quantity), second, above };
        let (may, body) = (!self.model.is_expired(symbol), requests::gtt(&gtt));
        let said = self.send(Method::Post, "/gtt/orders/sync", &body);
        check((said["s"] == "ok") == may, || format!("{body}: {said}, the model says {may}"))?;
        if may {
            said["id"].as_str().unwrap_or_default().clone_into(&mut gtt.id);
            self.model.gtts.push(gtt);
        }
        Ok(())
    }

    fn change_gtt(&mut self, pick: usize, first: Option<i64>) -> Checked {
        let all = &self.model.gtts;
        let Some(at) = (!all.is_empty()).then(|| pick % all.len()) else { return Ok(()) };
        let Gtt { id, symbol, sign, first: (_, _, quantity), .. } = all[at].clone();
        let Some(ticks) = first.filter(|_| !self.model.is_expired(symbol)) else {
            let said = self.send(Method::Delete, "/gtt/orders/sync", &json!({"id": id}));
            self.model.gtts.remove(at);
            return check(said["s"] == "ok", || format!("end of {id}: {said}"));
        };
        let (ltp, tick) = (self.model.ltp[symbol].unwrap(), SYMBOLS[symbol].tick);
        let leg = (ltp + tick * ticks, ltp + tick * (ticks + sign), quantity);
        // The second leg stays, and must lie below the market.
        let may = self.model.gtts[at].second.is_none_or(|second| second.0 < ltp);
        let said = self.send(Method::Patch, "/gtt/orders/sync", &requests::gtt_change(&id, leg));
        check((said["s"] == "ok") == may, || format!("change of {id}: {said}, the model says {may}"))?;
        if may {
            let gtt = &mut self.model.gtts[at];
            (gtt.first, gtt.above) = (leg, true);
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
        self.model.forget_shown();
        let waits = self.model.orders.iter().any(Order::is_alive);
        self.model.count("restarts with orders waiting", usize::from(waits));
    }
}

/// What one side shows; `tick` has the sign of the side.
fn levels(ltp: i64, tick: i64, shown: Shown) -> Vec<(i64, Option<i64>)> {
    let (below, above) = shown.spread.unwrap_or_default();
    let best = ltp + tick * if tick > 0 { above } else { below };
    let mut levels: Vec<(i64, Option<i64>)> = vec![(best, shown.best)];
    if let Some((ticks, quantity)) = shown.behind.filter(|_| shown.best.is_some()) {
        levels.push((best + tick * ticks, Some(quantity)));
    }
    levels
}
