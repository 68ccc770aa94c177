//! The MockExchange as a house of its own: a bot's request in, the broker's words and the facts to keep out. Pure:
//! prices come in by [`MockExchange::observe`], time as an argument.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::{
    Command, Config, Engine, FALLBACK_TICK, Instruments, NewOrder, PriceUpdate, Record, Reply,
    api::{gtt, requests as form, responses as shape},
    walk::{self, Walk},
};
use fyers_api::ist;
use fyers_api::{
    error::ApiError,
    http::{ApiRequest, ApiResponse},
    operation::{Operation, order_in_path, parameter},
};

/// A made-up price moves once in so many seconds.
const STEP: TimeDelta = TimeDelta::seconds(5);
/// The intraday square-off (IST): brokers close INTRADAY positions before the market does.
const SQUARE_OFF: chrono::NaiveTime = ist::at(15, 15);
/// The most symbols in one quotes call (docs/fyers-api.md, "Quotes").
const MOST_SYMBOLS: usize = 500;

/// An order as the journal of orders wants it, with what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What was asked for; `None` for changes, cancels, exits and what could not be read.
    pub order: Option<NewOrder>,
    /// The answer.
    pub outcome: Result<Reply, ApiError>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The answer, not to be given before the records are on disk.
    pub answer: ApiResponse,
    /// New facts, in order.
    pub records: Vec<Record>,
    /// Orders that were tried.
    pub tried: Vec<Attempt>,
}

/// The MockExchange with its prices.
#[derive(Debug, Clone)]
pub struct MockExchange {
    engine: Engine,
    /// Real prices last seen, and when: made-up ones begin there.
    anchors: BTreeMap<String, (Decimal, DateTime<Utc>)>,
    seed: u64,
}

impl MockExchange {
    /// The house after this journal.
    pub fn open<'a>(
        config: Config,
        instruments: Instruments,
        records: impl IntoIterator<Item = &'a Record>,
        seed: u64,
    ) -> Self {
        Self::resume(Engine::replay(config, instruments, records), seed)
    }

    /// The house with this book.
    pub fn resume(engine: Engine, seed: u64) -> Self {
        Self { engine, anchors: BTreeMap::new(), seed }
    }

    /// The book.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Orders taken today (IST).
    pub fn taken_today(&self, now: DateTime<Utc>) -> u64 {
        let ledger = self.engine.ledger();
        if ledger.day == Some(ist::date(now)) { ledger.next_order - 1 } else { 0 }
    }

    /// Symbols that orders wait for.
    pub fn waited_for(&self) -> Vec<String> {
        let ledger = self.engine.ledger();
        let all: BTreeSet<&String> = ledger.open.keys().chain(ledger.gtts_waiting.keys()).collect();
        all.into_iter().cloned().collect()
    }

    /// A real price: fills what waits for it, and made-up prices go on from it.
    pub fn observe(&mut self, symbol: &str, price: Decimal, now: DateTime<Utc>) -> Vec<Record> {
        if price <= Decimal::ZERO {
            return vec![];
        }
        self.anchors.insert(symbol.to_owned(), (price, now));
        self.quote(PriceUpdate::last(symbol, price, now), now)
    }

    /// A made-up price for now.
    fn made_up(&self, symbol: &str, now: DateTime<Utc>) -> PriceUpdate {
        let begin_of_day = ist::instant(ist::date(now), ist::at(0, 0));
        let last_trade = || self.engine.market().ltp(symbol).map(|price| (price, begin_of_day));
        let anchor = self.anchors.get(symbol).copied();
        let (start, since) =
            anchor.or_else(last_trade).unwrap_or_else(|| (walk::made_up_start(symbol), begin_of_day));
        let tick = self.engine.tick(symbol).unwrap_or(FALLBACK_TICK);
        let step = (now - since).num_seconds().max(0) / STEP.num_seconds();
        let price = Walk::new(self.seed, symbol, start, tick).price(u64::try_from(step).unwrap_or_default());
        PriceUpdate::last(symbol, price, now)
    }

    /// Lets made-up prices of these symbols move, and fills what waits for them.
    pub fn wander(&mut self, symbols: &[String], now: DateTime<Utc>) -> Vec<Record> {
        symbols.iter().flat_map(|symbol| self.quote(self.made_up(symbol, now), now)).collect()
    }

    fn quote(&mut self, price: PriceUpdate, now: DateTime<Utc>) -> Vec<Record> {
        self.anchor_if_new(&price);
        let mut records = self.catch_up(now);
        let symbol = price.symbol.clone();
        records.extend(self.engine.execute(&Command::Quote(price)).unwrap_or_default());
        for id in self.engine.gtts_due(&symbol) {
            records.extend(self.engine.execute(&Command::TriggerGtt { id, at: now }).unwrap_or_default());
        }
        records
    }

    /// A walk must not begin anew from where it has walked to.
    fn anchor_if_new(&mut self, price: &PriceUpdate) {
        let begin_of_day = ist::instant(ist::date(price.at), ist::at(0, 0));
        let start =
            self.engine.market().ltp(&price.symbol).unwrap_or_else(|| walk::made_up_start(&price.symbol));
        self.anchors.entry(price.symbol.clone()).or_insert((start, begin_of_day));
    }

    /// What the clock alone brings: the new day, the intraday square-off.
    pub fn catch_up(&mut self, now: DateTime<Utc>) -> Vec<Record> {
        let mut records = vec![];
        while let Some(due) = self.engine.due(now) {
            let Ok(new) = self.engine.execute(&due) else { break };
            records.extend(new);
        }
        let late = ist::ist(now).time() >= SQUARE_OFF;
        let worth_it = !self.engine.ledger().squared_off && !self.engine.ledger().orders.is_empty();
        if late && worth_it {
            records.extend(self.engine.execute(&Command::SquareOff { at: now }).unwrap_or_default());
        }
        records
    }

    /// The intraday square-off, when it is due and something was traded today.
    pub fn square_off_if_due(&mut self, now: DateTime<Utc>) -> Vec<Record> {
        if self.engine.ledger().day == Some(ist::date(now)) { self.catch_up(now) } else { vec![] }
    }

    /// The price that stands for this symbol now: the last one seen, or a made-up one.
    pub fn price(&self, symbol: &str, wander: bool, now: DateTime<Utc>) -> Decimal {
        let last = self.engine.market().ltp(symbol).filter(|_| !wander);
        last.unwrap_or_else(|| self.made_up(symbol, now).ltp)
    }

    /// One command, and what to say about it.
    fn execute(&mut self, command: &Command, records: &mut Vec<Record>) -> Result<Reply, ApiError> {
        let new = self.engine.decide(command)?;
        let reply = self.engine.reply(command, &new);
        self.engine.commit(command, &new);
        records.extend(new);
        reply
    }

    /// One order, from the keeper's own words.
    pub fn place(
        &mut self,
        order: NewOrder,
        wander: bool,
        now: DateTime<Utc>,
    ) -> (Vec<Record>, Result<Reply, ApiError>) {
        let mut records = self.catch_up(now);
        if wander {
            records.extend(self.wander(std::slice::from_ref(&order.request.symbol), now));
        }
        let outcome = self.execute(&Command::Place { order, at: now }, &mut records);
        (records, outcome)
    }

    /// Carries out a bot's request. `wander`: prices are made up, for FYERS cannot be asked.
    pub fn carry(
        &mut self,
        operation: Operation,
        call: &ApiRequest,
        wander: bool,
        now: DateTime<Utc>,
    ) -> Execution {
        let mut records = self.catch_up(now);
        let mut tried = vec![];
        let answer = match self.try_carry(operation, call, wander, now, &mut records, &mut tried) {
            Ok(body) => shape::answer(200, &body),
            Err(refusal) => shape::answer(refusal.status, &shape::refusal(&refusal)),
        };
        Execution { answer, records, tried }
    }

    fn try_carry(
        &mut self,
        operation: Operation,
        call: &ApiRequest,
        wander: bool,
        now: DateTime<Utc>,
        records: &mut Vec<Record>,
        tried: &mut Vec<Attempt>,
    ) -> Result<Value, ApiError> {
        if operation.trades() && operation != Operation::LiveOrder {
            return self.trade(operation, call, wander, now, records, tried);
        }
        let ask = |name: &str| parameter(&call.query, name);
        if wander && matches!(operation, Operation::Positions | Operation::Holdings) {
            let held = self.held();
            records.extend(self.wander(&held, now));
        }
        Ok(match operation {
            Operation::Profile => shape::profile(),
            Operation::Funds => shape::funds(&self.engine),
            Operation::Holdings => shape::holdings(&self.engine),
            Operation::Positions => shape::positions(&self.engine),
            Operation::Orders => {
                shape::orders(&self.engine, ask("id").as_deref(), ask("order_tag").as_deref())?
            }
            Operation::Trades => shape::trades(&self.engine, ask("order_tag").as_deref()),
            Operation::Gtts => gtt::rows(&self.engine),
            Operation::MarketStatus => shape::market_status(is_open(now)),
            Operation::History => shape::history(),
            Operation::Quotes => {
                let symbols = symbols(call)?;
                records.extend(self.wander(&symbols, now));
                let prices: Vec<_> = symbols.iter().map(|symbol| self.made_up(symbol, now)).collect();
                shape::quotes(&prices)
            }
            Operation::Depth => {
                let symbol = ask("symbol").filter(|symbol| !symbol.is_empty()).ok_or_else(bad_symbol)?;
                let tick = self.engine.tick(&symbol).unwrap_or(FALLBACK_TICK);
                shape::depth(&self.made_up(&symbol, now), tick)
            }
            _ => return Err(live_only()),
        })
    }

    /// Symbols with a position or a holding.
    pub fn held(&self) -> Vec<String> {
        let ledger = self.engine.ledger();
        let open =
            ledger.accounts.values().filter(|account| account.net != 0).map(|account| account.symbol.clone());
        let mut all: Vec<String> = open.chain(ledger.holdings.keys().cloned()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn trade(
        &mut self,
        operation: Operation,
        call: &ApiRequest,
        wander: bool,
        now: DateTime<Utc>,
        records: &mut Vec<Record>,
        tried: &mut Vec<Attempt>,
    ) -> Result<Value, ApiError> {
        let many = matches!(operation, Operation::PlaceMany | Operation::ModifyMany | Operation::CancelMany);
        let elements = match (many, order_in_path(call.path.trim_end_matches('/'))) {
            (true, _) => form::basket(&call.body)?,
            (false, Some(id)) => vec![serde_json::json!({"id": id})],
            (false, None) if operation == Operation::ExitPositions && call.body.is_empty() => {
                vec![serde_json::json!({})]
            }
            (false, None) => vec![form::body(&call.body)?],
        };
        let mut outcomes = vec![];
        for element in elements {
            let command = command(operation, element, now);
            let order = match &command {
                Ok(Command::Place { order, .. }) => Some(order.clone()),
                Ok(Command::PlaceGtt { order, .. }) => Some(order.order(order.first)),
                _ => None,
            };
            if wander {
                let symbols = self.priced(command.as_ref().ok());
                records.extend(self.wander(&symbols, now));
            }
            let outcome = command.and_then(|command| self.execute(&command, records));
            tried.push(Attempt { order, outcome: outcome.clone() });
            outcomes.push(outcome);
        }
        if many {
            return Ok(shape::basket(&outcomes));
        }
        let only = outcomes.pop().unwrap_or_else(|| Err(ApiError::invalid_input()))?;
        let mut body = shape::reply(&only);
        if operation == Operation::ConvertPosition {
            body["positionDetails"] = serde_json::json!(1101);
        }
        Ok(body)
    }

    /// Symbols whose price decides about a command.
    fn priced(&self, command: Option<&Command>) -> Vec<String> {
        match command {
            Some(Command::Place { order, .. }) => vec![order.request.symbol.clone()],
            Some(Command::Modify { change, .. }) => {
                let order = self.engine.ledger().orders.get(&change.id);
                order.map(|order| order.symbol().to_owned()).into_iter().collect()
            }
            Some(Command::PlaceGtt { order, .. }) => vec![order.symbol.clone()],
            Some(Command::ModifyGtt { change, .. }) => {
                let gtt = self.engine.ledger().gtts.get(&change.id);
                gtt.map(|gtt| gtt.order.symbol.clone()).into_iter().collect()
            }
            Some(Command::ExitPosition { .. } | Command::ConvertPosition { .. }) => self.held(),
            _ => vec![],
        }
    }
}

fn command(operation: Operation, element: Value, at: DateTime<Utc>) -> Result<Command, ApiError> {
    match operation {
        Operation::Place | Operation::PlaceMany => {
            form::order(element).map(|order| Command::Place { order, at })
        }
        Operation::Modify | Operation::ModifyMany => form::modification(&element, at),
        Operation::Cancel | Operation::CancelMany => form::cancel(&element, at),
        Operation::ExitPositions => form::exit(&element, at),
        Operation::ConvertPosition => form::conversion(&element, at),
        Operation::PlaceGtt => gtt::order(element).map(|order| Command::PlaceGtt { order, at }),
        Operation::ModifyGtt => gtt::change(&element, at),
        Operation::CancelGtt => gtt::cancel(&element, at),
        _ => Err(live_only()),
    }
}

/// The symbols of a quotes call, by query or by body.
pub fn symbols(call: &ApiRequest) -> Result<Vec<String>, ApiError> {
    let listed =
        parameter(&call.query, "symbols").map(|list| list.split(',').map(str::to_owned).collect::<Vec<_>>());
    let in_body = || {
        let body = form::body(&call.body).ok()?;
        let all = body["symbols"].as_array()?.iter();
        Some(all.filter_map(|symbol| symbol.as_str().map(str::to_owned)).collect())
    };
    let mut all = listed.or_else(in_body).unwrap_or_default();
    all.iter_mut().for_each(|symbol| *symbol = symbol.trim().to_owned());
    all.retain(|symbol| symbol.contains(':'));
    if all.is_empty() || all.len() > MOST_SYMBOLS { Err(bad_symbol()) } else { Ok(all) }
}

fn bad_symbol() -> ApiError {
    ApiError::new(-300, "Invalid symbol provided")
}

/// What Mock does not serve, in words of the keeper's own.
fn live_only() -> ApiError {
    ApiError {
        status: 501,
        ..ApiError::new(-50, "The keeper serves this call in Live mode only, and the mode is not Live")
    }
}

/// Regular hours on weekdays: the exchange's own holidays are the keeper's calendar's business.
fn is_open(now: DateTime<Utc>) -> bool {
    use chrono::Datelike;
    let local = ist::ist(now);
    local.weekday().number_from_monday() <= 5 && (ist::at(9, 15)..ist::at(15, 30)).contains(&local.time())
}
