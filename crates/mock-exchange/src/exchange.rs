//! [`MockExchange`]: FYERS requests in, FYERS responses out, and with them the records to keep and the orders that were
//! attempted. Pure: prices come in by [`MockExchange::observe`], time as an argument.
//!
//! What a caller does for each request: ask [`MockExchange::wanted`] which prices it needs, give it those it can get
//! ([`MockExchange::observe_all`]), then [`MockExchange::execute`], and answer once the records are on disk. Beside that, every few
//! seconds: prices of [`MockExchange::waited_for`], then [`MockExchange::tick`].

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::{
    account::Account,
    api::{
        gtt, history,
        quotes::{self, Quoted},
        requests as request, responses as response,
    },
    calendar::Calendar,
    close,
    command::Command,
    config::Config,
    engine::Engine,
    instrument::{FALLBACK_TICK, Instruments},
    market::DayPrices,
    new_order::NewOrder,
    price::{PriceOrigin, PriceUpdate},
    record::Record,
    reply::Reply,
    sessions::{self, Segment},
    symbol::segment_of,
    walk::{self, Walk},
    words,
};
use fyers_api::{
    error::ApiError,
    http::{ApiRequest, ApiResponse},
    ist,
    model::Product,
    operation::{Operation, order_in_path, parameter},
};

/// How old a real price may be for a fill while FYERS can be asked.
const FRESH: TimeDelta = TimeDelta::seconds(5);
/// The most symbols in one quotes call (docs/fyers-api.md, "Quotes").
const MOST_SYMBOLS: usize = 500;
/// The most slices of one order (docs/fyers-api.md, "Place").
const MOST_SLICES: i64 = 10;

/// What prices do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prices {
    /// FYERS can be asked: an order needs a real price that is at most five seconds old.
    Live,
    /// FYERS cannot be asked: prices stand where they were last seen, and nothing is invented.
    Last,
    /// FYERS cannot be asked: prices are made up ([`crate::walk`]).
    Walk,
}

/// An order that was attempted, with what came of it.
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
    /// Orders that were attempted.
    pub attempts: Vec<Attempt>,
}

/// The exchange with its prices, behind FYERS' API.
#[derive(Debug, Clone)]
pub struct MockExchange {
    engine: Engine,
    walk: Walk,
}

impl MockExchange {
    /// The exchange after this journal. `seed` picks the made-up market.
    pub fn open<'a>(
        config: Config,
        instruments: Instruments,
        records: impl IntoIterator<Item = &'a Record>,
        seed: u64,
    ) -> Self {
        Self::resume(Engine::replay(config, instruments, records), seed)
    }

    /// The exchange with this book.
    pub fn resume(engine: Engine, seed: u64) -> Self {
        Self { engine, walk: Walk::new(seed) }
    }

    /// The same with the hours of this calendar.
    #[must_use]
    pub fn with_calendar(self, calendar: Arc<Calendar>) -> Self {
        Self { engine: self.engine.with_calendar(calendar), ..self }
    }

    /// A newer symbol master.
    pub fn set_instruments(&mut self, instruments: Arc<Instruments>) {
        self.engine.set_instruments(instruments);
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

    /// Symbols whose price matters without anybody asking: orders wait for it, or an INTRADAY position will be squared
    /// off at it, or a contract that ends soon will be settled at it.
    pub fn waited_for(&self) -> Vec<String> {
        let ledger = self.engine.ledger();
        let intraday = ledger.accounts.values().filter(|account| account.net != 0);
        let intraday =
            intraday.filter(|account| account.product == Product::Intraday).map(|account| &account.symbol);
        let all: BTreeSet<&String> =
            ledger.open.keys().chain(ledger.gtts_waiting.keys()).chain(intraday).collect();
        all.into_iter().cloned().collect()
    }

    /// Symbols with a position or a holding.
    pub fn held(&self) -> Vec<String> {
        let ledger = self.engine.ledger();
        let open = ledger.accounts.values().filter(|account| account.net != 0);
        let all: BTreeSet<&String> =
            open.map(|account| &account.symbol).chain(ledger.holdings.keys()).collect();
        all.into_iter().cloned().collect()
    }

    /// Symbols whose price this request needs, together with those the clock needs now.
    pub fn wanted(&self, operation: Operation, call: &ApiRequest, now: DateTime<Utc>) -> Vec<String> {
        let mut all: BTreeSet<String> = match operation {
            Operation::Positions | Operation::Holdings | Operation::ExitPositions => {
                self.held().into_iter().collect()
            }
            _ if operation.trades() => {
                let commands = elements(operation, call).unwrap_or_default().into_iter();
                let commands = commands.filter_map(|element| command(operation, element, now).ok());
                commands.flat_map(|(command, _)| self.priced(&command)).collect()
            }
            _ => BTreeSet::new(),
        };
        if self.is_square_off_due(now) {
            all.extend(self.waited_for());
        }
        all.into_iter().collect()
    }

    /// A real price: fills what waits for it, and made-up prices go on from it.
    pub fn observe(&mut self, symbol: &str, price: Decimal, now: DateTime<Utc>) -> Vec<Record> {
        self.observe_all([(symbol.to_owned(), price)], now)
    }

    /// Real last prices of one answer: all of them are known before the clock or an order does something with one.
    pub fn observe_all(
        &mut self,
        prices: impl IntoIterator<Item = (String, Decimal)>,
        now: DateTime<Utc>,
    ) -> Vec<Record> {
        self.observe_quotes(
            prices.into_iter().map(|(symbol, price)| PriceUpdate::last(symbol, price, now)).collect(),
        )
    }

    /// Real prices with what is known of bid and ask, as of one moment.
    pub fn observe_quotes(&mut self, prices: Vec<PriceUpdate>) -> Vec<Record> {
        let prices: Vec<_> = prices.into_iter().filter(|price| price.ltp > Decimal::ZERO).collect();
        let Some(now) = prices.iter().map(|price| price.at).max() else { return vec![] };
        for price in &prices {
            self.walk.anchor(&price.symbol, price.ltp, price.at);
            self.engine.observe(price);
        }
        let mut records = self.tick(now);
        for price in prices {
            records.extend(self.quote(price));
        }
        records
    }

    /// A real price from before a restart or an earlier session: it fills nothing by itself, and newer ones stay.
    pub fn remember(&mut self, price: &PriceUpdate) {
        let price = PriceUpdate { origin: PriceOrigin::Last, ..price.clone() };
        self.walk.anchor(&price.symbol, price.ltp, price.at);
        self.engine.observe(&price);
    }

    /// Real prices, for a caller that keeps them and gives them back to [`Self::remember`] after a restart.
    pub fn real_prices(&self) -> impl Iterator<Item = &PriceUpdate> {
        self.engine.market().prices().filter(|price| price.origin != PriceOrigin::Walk)
    }

    /// The price step in INR; for a symbol of which no real price is known, by where its walk begins.
    fn tick_size(&self, symbol: &str) -> Decimal {
        let found = self.engine.known(symbol, Some(walk::reference(symbol)));
        found.map_or(FALLBACK_TICK, |one| one.tick)
    }

    /// A made-up price for now.
    fn made_up(&self, symbol: &str, now: DateTime<Utc>) -> PriceUpdate {
        let price = self.walk.price(self.engine.calendar(), symbol, self.tick_size(symbol), now);
        PriceUpdate::walk(symbol, price, now)
    }

    /// Lets made-up prices of these symbols move, and fills what waits for them.
    pub fn wander(&mut self, symbols: &[String], now: DateTime<Utc>) -> Vec<Record> {
        let known = symbols.iter().filter(|symbol| self.engine.known(symbol, None).is_ok());
        let prices: Vec<_> = known.map(|symbol| self.made_up(symbol, now)).collect();
        prices.iter().for_each(|price| self.engine.observe(price));
        let mut records = self.tick(now);
        for price in prices {
            records.extend(self.quote(price));
        }
        records
    }

    fn quote(&mut self, price: PriceUpdate) -> Vec<Record> {
        let (symbol, at) = (price.symbol.clone(), price.at);
        let mut records = self.engine.execute(&Command::Quote(price)).unwrap_or_default();
        for id in self.engine.gtts_due(&symbol) {
            records.extend(self.engine.execute(&Command::TriggerGtt { id, at }).unwrap_or_default());
        }
        records
    }

    /// What the clock alone brings: the new day, the square-off, the end of a session with its expiries. Prices should be
    /// seen first ([`Self::waited_for`]).
    pub fn tick(&mut self, now: DateTime<Utc>) -> Vec<Record> {
        let mut records = vec![];
        while let Some(due) = self.engine.due(now) {
            let Ok(new) = self.engine.execute(&due) else { break };
            records.extend(new);
        }
        if self.engine.config().around_the_clock {
            return records;
        }
        for segment in Segment::ALL {
            let (calendar, today) = (self.engine.calendar(), ist::date(now));
            let due = [
                (sessions::square_off(calendar, segment, today), Command::SquareOff { segment, at: now }),
                (sessions::day_close(calendar, segment, today), Command::EndSession { segment, at: now }),
            ];
            for (_, command) in due.into_iter().filter(|(due, _)| due.is_some_and(|due| due <= now)) {
                records.extend(self.engine.execute(&command).unwrap_or_default());
            }
        }
        records
    }

    /// Whether INTRADAY positions are open that the square-off is to close now.
    pub fn is_square_off_due(&self, now: DateTime<Utc>) -> bool {
        let intraday = |account: &Account| account.net != 0 && account.product == Product::Intraday;
        let open = self.engine.ledger().accounts.values().filter(|account| intraday(account));
        let mut segments = open.map(|account| segment_of(&account.symbol));
        segments.any(|segment| self.engine.is_squared_off(segment, now))
    }

    /// The price of a symbol in INR by the policy; `None` while none is known.
    pub fn price(&self, symbol: &str, prices: Prices, now: DateTime<Utc>) -> Option<Decimal> {
        self.quoted(symbol, prices, now).ok().map(|quoted| quoted.price.ltp)
    }

    /// One command, and what to say about it.
    fn carry_out(&mut self, command: &Command, records: &mut Vec<Record>) -> Result<Reply, ApiError> {
        let new = self.engine.decide(command)?;
        let reply = self.engine.reply(command, &new);
        self.engine.commit(command, &new);
        records.extend(new);
        reply
    }

    /// Prices of these symbols by the policy.
    ///
    /// # Errors
    /// -99 when one must be fresh and is not.
    fn prepare(
        &mut self,
        symbols: &[String],
        prices: Prices,
        now: DateTime<Utc>,
        records: &mut Vec<Record>,
    ) -> Result<(), ApiError> {
        match prices {
            Prices::Walk => records.extend(self.wander(symbols, now)),
            Prices::Last => {}
            Prices::Live => {
                let fresh = |symbol: &&String| {
                    let top = self.engine.market().top(symbol);
                    top.is_some_and(|top| top.origin == PriceOrigin::Live && now - top.at <= FRESH)
                };
                // An unknown symbol is refused as such, and a closed market as closed.
                let matters = |symbol: &&String| {
                    self.engine.instrument(symbol, None).is_ok() && self.engine.takes_orders(symbol, now)
                };
                if let Some(stale) = symbols.iter().filter(matters).find(|symbol| !fresh(symbol)) {
                    return Err(words::no_fresh_price(stale));
                }
            }
        }
        Ok(())
    }

    /// One order.
    pub fn place(
        &mut self,
        order: NewOrder,
        prices: Prices,
        now: DateTime<Utc>,
    ) -> (Vec<Record>, Result<Reply, ApiError>) {
        let mut records = self.tick(now);
        let priced = self.prepare(std::slice::from_ref(&order.request.symbol), prices, now, &mut records);
        let outcome = priced.and_then(|()| self.carry_out(&Command::Place { order, at: now }, &mut records));
        (records, outcome)
    }

    /// Carries out a bot's request.
    pub fn execute(
        &mut self,
        operation: Operation,
        call: &ApiRequest,
        prices: Prices,
        now: DateTime<Utc>,
    ) -> Execution {
        let (mut records, mut attempts) = (self.tick(now), vec![]);
        let done = if operation.trades() && operation != Operation::LiveOrder {
            self.trade(operation, call, (prices, now), &mut records, &mut attempts)
        } else {
            self.read(operation, call, (prices, now), &mut records)
        };
        let (status, mut body) = match done {
            Ok(body) => (200, body),
            Err(refusal) => (refusal.status, response::refusal(&refusal)),
        };
        response::mark_simulated(&mut body, self.engine.config().name);
        Execution { answer: response::answer(status, &body), records, attempts }
    }

    fn read(
        &mut self,
        operation: Operation,
        call: &ApiRequest,
        (prices, now): (Prices, DateTime<Utc>),
        records: &mut Vec<Record>,
    ) -> Result<Value, ApiError> {
        let ask = |name: &str| parameter(&call.query, name);
        if prices == Prices::Walk && matches!(operation, Operation::Positions | Operation::Holdings) {
            let held = self.held();
            records.extend(self.wander(&held, now));
        }
        Ok(match operation {
            Operation::Profile => response::profile(),
            Operation::Funds => response::funds(&self.engine),
            Operation::Holdings => response::holdings(&self.engine),
            Operation::Positions => response::positions(&self.engine),
            Operation::Orders => {
                response::orders(&self.engine, ask("id").as_deref(), ask("order_tag").as_deref())?
            }
            Operation::Trades => response::trades(&self.engine, ask("order_tag").as_deref()),
            Operation::Gtts => gtt::rows(&self.engine),
            Operation::MarketStatus => response::market_status(&self.engine, now),
            Operation::History => self.history(call, prices, now)?,
            Operation::Quotes => {
                let symbols = names(call)?;
                if prices == Prices::Walk {
                    records.extend(self.wander(&symbols, now));
                }
                let element = |symbol: &String| match self.quoted(symbol, prices, now) {
                    Ok(quoted) => quotes::quote(&quoted),
                    Err(why) => quotes::unknown(symbol, &why.message),
                };
                quotes::quotes(&symbols.iter().map(element).collect::<Vec<_>>())
            }
            Operation::Depth => {
                let symbol = ask("symbol").ok_or_else(bad_symbol)?;
                quotes::depth(&self.engine, &self.quoted(&symbol, prices, now)?)
            }
            _ => return Err(live_only()),
        })
    }

    fn quoted(&self, symbol: &str, prices: Prices, now: DateTime<Utc>) -> Result<Quoted, ApiError> {
        self.engine.known(symbol, None).map_err(|_| bad_symbol())?;
        if prices == Prices::Walk {
            let (calendar, tick) = (self.engine.calendar(), self.tick_size(symbol));
            let (today, previous) = self.walk.day(calendar, symbol, tick, now);
            let day = DayPrices { open: today.open, high: today.high, low: today.low, previous };
            let at = walk::market_time(calendar, symbol, now);
            let price = PriceUpdate { at, ..self.made_up(symbol, now) };
            return Ok(Quoted { price, day, volume: today.volume });
        }
        let market = self.engine.market();
        let known = market.top(symbol).filter(|top| top.origin != PriceOrigin::Walk).zip(market.day(symbol));
        let (price, day) = known.ok_or_else(|| ApiError::new(-300, "No price of it has been seen"))?;
        Ok(Quoted { price: price.clone(), day, volume: 0 })
    }

    fn history(&self, call: &ApiRequest, prices: Prices, now: DateTime<Utc>) -> Result<Value, ApiError> {
        let range = history::range(&call.query, now)?;
        self.engine.known(&range.symbol, None).map_err(|_| bad_symbol())?;
        if prices != Prices::Walk {
            return Ok(history::none());
        }
        let symbol = (range.symbol.as_str(), self.tick_size(&range.symbol));
        let span = (range.from, range.to.min(now));
        let candles = self.walk.candles(self.engine.calendar(), symbol, span, range.seconds, history::MOST);
        Ok(history::candles(&candles))
    }

    fn trade(
        &mut self,
        operation: Operation,
        call: &ApiRequest,
        (prices, now): (Prices, DateTime<Utc>),
        records: &mut Vec<Record>,
        attempts: &mut Vec<Attempt>,
    ) -> Result<Value, ApiError> {
        let mut replies = vec![];
        for element in elements(operation, call)? {
            let asked = command(operation, element, now);
            let slices = match asked {
                Ok((command, true)) => self.slices(command),
                Ok((command, false)) => Ok(vec![command]),
                Err(why) => Err(why),
            };
            let sliced = slices.as_ref().is_ok_and(|slices| slices.len() > 1);
            let outcomes: Vec<_> = match slices {
                Ok(commands) => commands
                    .into_iter()
                    .map(|command| self.attempt(&command, (prices, now), records, attempts))
                    .collect(),
                Err(why) => {
                    attempts.push(Attempt { order: None, outcome: Err(why.clone()) });
                    vec![Err(why)]
                }
            };
            replies.push((sliced, outcomes));
        }
        if is_many(operation) {
            let outcomes: Vec<_> = replies.into_iter().flat_map(|(_, outcomes)| outcomes).collect();
            return Ok(response::basket(&outcomes));
        }
        let (sliced, mut outcomes) = replies.pop().unwrap_or_default();
        if sliced {
            return Ok(response::slices(&outcomes));
        }
        let only = outcomes.pop().unwrap_or_else(|| Err(ApiError::invalid_input()))?;
        let mut body = response::reply(&only);
        if operation == Operation::ConvertPosition {
            body["positionDetails"] = json!(1101);
        }
        Ok(body)
    }

    fn attempt(
        &mut self,
        command: &Command,
        (prices, now): (Prices, DateTime<Utc>),
        records: &mut Vec<Record>,
        attempts: &mut Vec<Attempt>,
    ) -> Result<Reply, ApiError> {
        let order = match command {
            Command::Place { order, .. } => Some(order.clone()),
            Command::PlaceGtt { order, .. } => Some(order.order(order.first)),
            _ => None,
        };
        let symbols = self.priced(command);
        let priced = self.prepare(&symbols, prices, now, records);
        let outcome = priced.and_then(|()| self.carry_out(command, records));
        attempts.push(Attempt { order, outcome: outcome.clone() });
        outcome
    }

    /// An order in parts no larger than the freeze quantity.
    fn slices(&self, command: Command) -> Result<Vec<Command>, ApiError> {
        let Command::Place { order, at } = command else { return Ok(vec![command]) };
        let instrument = self.engine.instrument(&order.request.symbol, None)?;
        let Some(freeze) =
            instrument.freeze.map(|freeze| freeze - freeze % instrument.lot).filter(|size| *size > 0)
        else {
            return Ok(vec![Command::Place { order, at }]);
        };
        let whole = order.request.quantity;
        if whole > freeze * MOST_SLICES {
            return Err(words::not_taken(
                "isSliceOrder",
                "an order has at most ten slices of the freeze quantity",
            ));
        }
        let starts = (0..whole.max(1)).step_by(usize::try_from(freeze).unwrap_or(usize::MAX));
        let slice = |start: i64| {
            let mut order = order.clone();
            order.request.quantity = freeze.min(whole - start);
            Command::Place { order, at }
        };
        Ok(starts.map(slice).collect())
    }

    /// Symbols whose price decides about a command.
    fn priced(&self, command: &Command) -> Vec<String> {
        match command {
            Command::Place { order, .. } => vec![order.request.symbol.clone()],
            Command::Modify { change, .. } => {
                let order = self.engine.ledger().orders.get(&change.id);
                order.map(|order| order.symbol().to_owned()).into_iter().collect()
            }
            Command::PlaceGtt { order, .. } => vec![order.symbol.clone()],
            Command::ModifyGtt { change, .. } => {
                let gtt = self.engine.ledger().gtts.get(&change.id);
                gtt.map(|gtt| gtt.order.symbol.clone()).into_iter().collect()
            }
            Command::ExitPosition { exit, .. } => close::exiting(&self.engine, exit),
            _ => vec![],
        }
    }
}

fn is_many(operation: Operation) -> bool {
    matches!(operation, Operation::PlaceMany | Operation::ModifyMany | Operation::CancelMany)
}

/// The bodies of a request that trades: one, or those of a basket.
fn elements(operation: Operation, call: &ApiRequest) -> Result<Vec<Value>, ApiError> {
    Ok(match (is_many(operation), order_in_path(call.path.trim_end_matches('/'))) {
        (true, _) => request::basket(&call.body)?,
        (false, Some(id)) => vec![json!({"id": id})],
        (false, None) if operation == Operation::ExitPositions && call.body.is_empty() => vec![json!({})],
        (false, None) => vec![request::body(&call.body)?],
    })
}

/// The command, and whether it is to be sliced.
fn command(operation: Operation, element: Value, at: DateTime<Utc>) -> Result<(Command, bool), ApiError> {
    let plain = |command: Result<Command, ApiError>| command.map(|command| (command, false));
    match operation {
        Operation::Place | Operation::PlaceMany => request::place(element)
            .map(|request| (Command::Place { order: request.order, at }, request.slice)),
        Operation::Modify | Operation::ModifyMany => plain(request::modification(&element, at)),
        Operation::Cancel | Operation::CancelMany => plain(request::cancel(&element, at)),
        Operation::ExitPositions => plain(request::exit(&element, at)),
        Operation::ConvertPosition => plain(request::conversion(&element, at)),
        Operation::PlaceGtt => plain(gtt::order(element).map(|order| Command::PlaceGtt { order, at })),
        Operation::ModifyGtt => plain(gtt::change(&element, at)),
        Operation::CancelGtt => plain(gtt::cancel(&element, at)),
        _ => Err(live_only()),
    }
}

/// All names of a quotes call, by query or by body, well formed or not.
///
/// # Errors
/// -300 when there are none, or too many.
pub fn names(call: &ApiRequest) -> Result<Vec<String>, ApiError> {
    let listed =
        parameter(&call.query, "symbols").map(|list| list.split(',').map(str::to_owned).collect::<Vec<_>>());
    let in_body = || {
        let body = request::body(&call.body).ok()?;
        let all = body["symbols"].as_array()?.iter();
        Some(all.filter_map(|symbol| symbol.as_str().map(str::to_owned)).collect())
    };
    let mut all = listed.or_else(in_body).unwrap_or_default();
    all.iter_mut().for_each(|symbol| *symbol = symbol.trim().to_owned());
    all.retain(|symbol| !symbol.is_empty());
    if all.is_empty() || all.len() > MOST_SYMBOLS { Err(bad_symbol()) } else { Ok(all) }
}

fn bad_symbol() -> ApiError {
    ApiError::new(-300, "Invalid symbol provided")
}

/// What is not simulated.
fn live_only() -> ApiError {
    ApiError { status: 501, ..ApiError::new(-50, "This call is not simulated: only FYERS itself serves it") }
}
