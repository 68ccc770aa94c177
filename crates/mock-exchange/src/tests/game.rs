//! Random bots in random markets.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

pub(super) const SYMBOLS: [&str; 4] = [SBIN, INFY, FUTURE, CALL];

/// What happens next; numbers pick orders, symbols and prices of whatever there is.
#[derive(Debug, Clone)]
pub(super) enum Move {
    Place { symbol: usize, kind: OrderType, product: Product, buys: bool, lots: i64, away: i64, ioc: bool },
    Modify { pick: usize, lots: i64, away: i64, kind: Option<OrderType> },
    Cancel { pick: usize },
    Quote { symbol: usize, price: i64, spread: i64, shown: Option<i64> },
    Exit { cancel_pending: bool },
    Convert { pick: usize, quantity: i64, to: Product },
    Gtt { symbol: usize, buys: bool, lots: i64, above: i64, below: Option<i64> },
    ChangeGtt { pick: usize, above: Option<i64> },
    SquareOff,
    NewDay,
}

pub(super) fn order_type() -> impl Strategy<Value = OrderType> + Clone {
    use OrderType::{Limit, Market, Stop, StopLimit};
    prop_oneof![Just(Limit), Just(Market), Just(Stop), Just(StopLimit)]
}

fn product() -> impl Strategy<Value = Product> + Clone {
    use Product::{Cnc, Intraday, Margin, Mtf};
    prop_oneof![3 => Just(Intraday), 4 => Just(Cnc), 3 => Just(Margin), 1 => Just(Mtf)]
}

/// Mostly one share, so that orders meet.
fn symbol() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![6 => Just(0usize), 1 => Just(1usize), 3 => Just(2usize), 1 => Just(3usize)]
}

fn a_move() -> impl Strategy<Value = Move> {
    let what = (symbol(), order_type(), product(), any::<bool>());
    // `away` is in ticks from the last price, mostly towards waiting.
    let place = (what, 1i64..6, -10i64..30, prop::bool::weighted(0.2)).prop_map(
        |((symbol, kind, product, buys), lots, away, ioc)| Move::Place {
            symbol,
            kind,
            product,
            buys,
            lots,
            away,
            ioc,
        },
    );
    let modify = (any::<usize>(), 1i64..6, -10i64..30, prop::option::weighted(0.3, order_type()))
        .prop_map(|(pick, lots, away, kind)| Move::Modify { pick, lots, away, kind });
    let quote = (symbol(), 1_950i64..2_050, 0i64..4, prop::option::of(0i64..200))
        .prop_map(|(symbol, price, spread, shown)| Move::Quote { symbol, price, spread, shown });
    let convert = (any::<usize>(), 1i64..80, product()).prop_map(|(pick, quantity, to)| Move::Convert {
        pick,
        quantity,
        to,
    });
    let gtt = (symbol(), any::<bool>(), 1i64..6, 1i64..30, prop::option::of(1i64..30))
        .prop_map(|(symbol, buys, lots, above, below)| Move::Gtt { symbol, buys, lots, above, below });
    prop_oneof![
        4 => gtt,
        2 => (any::<usize>(), prop::option::of(1i64..30)).prop_map(|(pick, above)| Move::ChangeGtt { pick, above }),
        16 => place,
        6 => modify,
        3 => any::<usize>().prop_map(|pick| Move::Cancel { pick }),
        14 => quote,
        2 => any::<bool>().prop_map(|cancel_pending| Move::Exit { cancel_pending }),
        4 => convert,
        1 => Just(Move::SquareOff),
        3 => Just(Move::NewDay),
    ]
}

pub(super) fn moves() -> impl Strategy<Value = Vec<Move>> {
    prop::collection::vec(a_move(), 1..80)
}

pub(super) fn config(charges: bool) -> Config {
    let charges = if charges { Charges::On } else { Charges::Off };
    Config { charges, mtf: true, around_the_clock: true, ..Config::new(Decimal::from(40_000)) }
}

pub(super) fn ticks(number: i64) -> Decimal {
    Decimal::new(number * 5, 2)
}

pub(super) fn side(buys: bool) -> Side {
    if buys { Side::Buy } else { Side::Sell }
}

/// The engine, and everything it ever recorded.
pub(super) struct Game {
    pub(super) engine: Engine,
    pub(super) journal: Vec<Record>,
    now: DateTime<Utc>,
}

impl Game {
    /// A first day; every symbol costs 100 INR.
    pub(super) fn new(config: Config) -> Self {
        let mut engine = exchange(config);
        engine.book.ledger = Ledger::new(&config);
        let mut game = Self { engine, journal: vec![], now: at(0) };
        game.carry_out(&Command::NewDay { date: day(23) });
        for symbol in SYMBOLS {
            game.engine.observe(&PriceUpdate::last(symbol, ticks(2_000), at(0)));
        }
        game
    }

    pub(super) fn play(&mut self, next: &Move) {
        let command = self.command(next);
        self.carry_out(&command);
        if let Command::Quote(quote) = command {
            for id in self.engine.gtts_due(&quote.symbol) {
                self.carry_out(&Command::TriggerGtt { id, at: quote.at });
            }
            assert!(self.engine.gtts_due(&quote.symbol).is_empty(), "what was due is done");
        }
    }

    fn carry_out(&mut self, command: &Command) {
        let decided = self.engine.decide(command);
        assert_eq!(decided, self.engine.decide(command), "deciding changes nothing");
        if let Ok(records) = decided {
            self.engine.commit(command, &records);
            self.journal.extend(records);
        }
    }

    fn command(&mut self, next: &Move) -> Command {
        self.now += TimeDelta::seconds(1);
        let at = self.now;
        match next.clone() {
            Move::Place { symbol, kind, product, buys, lots, away, ioc } => {
                let order = self.order(SYMBOLS[symbol], (kind, product, side(buys)), lots, away);
                Command::Place { order: if ioc { order.ioc() } else { order }, at }
            }
            Move::Modify { pick, lots, away, kind } => {
                Command::Modify { change: self.change(pick, lots, away, kind), at }
            }
            Move::Cancel { pick } => Command::Cancel { id: self.pick(pick), at },
            Move::Quote { symbol, price, spread, shown } => Command::Quote(PriceUpdate {
                bid: Some(ticks(price - spread)),
                ask: Some(ticks(price + spread)),
                bid_quantity: shown,
                ask_quantity: shown,
                ..PriceUpdate::last(SYMBOLS[symbol], ticks(price), at)
            }),
            Move::Exit { cancel_pending } => {
                Command::ExitPosition { exit: ExitScope::All, cancel_pending, at }
            }
            Move::Convert { pick, quantity, to } => {
                Command::ConvertPosition { conversion: self.conversion(pick, quantity, to), at }
            }
            Move::Gtt { symbol, buys, lots, above, below } => {
                Command::PlaceGtt { order: self.gtt(SYMBOLS[symbol], buys, lots, above, below), at }
            }
            Move::ChangeGtt { pick, above } => self.change_gtt(pick, above),
            Move::SquareOff => Command::SquareOff { segment: Segment::Cash, at },
            Move::NewDay => {
                self.now += TimeDelta::days(1);
                Command::NewDay { date: ist::date(self.now) }
            }
        }
    }

    /// An order whose product suits its symbol and whose prices suit its type.
    fn order(&self, symbol: &str, what: (OrderType, Product, Side), lots: i64, away: i64) -> NewOrder {
        let (kind, product, side) = what;
        let derivative = Kind::of(symbol).is_derivative();
        let product = match (derivative, product) {
            (true, Product::Cnc) => Product::Margin,
            (false, Product::Margin) => Product::Cnc,
            _ => product,
        };
        let quantity = lots * if derivative { 75 } else { 15 };
        let order = order(side, quantity).of(symbol).product(product);
        let ltp: i64 = (self.engine.market.ltp(symbol).unwrap() * Decimal::from(100)).try_into().unwrap();
        let step = 5 * away * side.sign();
        match kind {
            OrderType::Market => order,
            OrderType::Limit => order.limit(ltp - step),
            OrderType::Stop => order.stop(ltp + step),
            OrderType::StopLimit => order.stop_limit(ltp + step, ltp + step + 20 * side.sign()),
        }
    }

    fn gtt(&self, symbol: &str, buys: bool, lots: i64, above: i64, below: Option<i64>) -> NewGtt {
        let derivative = Kind::of(symbol).is_derivative();
        let (product, size) = if derivative { (Product::Margin, 75) } else { (Product::Cnc, 15) };
        let ltp = self.engine.market.ltp(symbol).unwrap();
        let leg = |trigger| GttLeg { trigger, limit: trigger, quantity: lots * size };
        let (first, second) = (leg(ltp + ticks(above)), below.map(|below| leg(ltp - ticks(below))));
        NewGtt { symbol: symbol.to_owned(), side: side(buys), product, first, second, tag: None }
    }

    /// Another first trigger, or the end.
    fn change_gtt(&self, pick: usize, above: Option<i64>) -> Command {
        let all: Vec<_> = self.engine.ledger.gtts.values().collect();
        let (id, old) = all
            .get(pick % all.len().max(1))
            .map_or((String::new(), None), |gtt| (gtt.id.clone(), Some(&gtt.order)));
        match (old, above) {
            (Some(old), Some(above)) => {
                let trigger = self.engine.market.ltp(&old.symbol).unwrap() + ticks(above);
                let first = Some(GttLeg { trigger, limit: trigger, ..old.first });
                Command::ModifyGtt { change: GttChange { id, first, second: None }, at: self.now }
            }
            _ => Command::CancelGtt { id, at: self.now },
        }
    }

    fn change(&self, pick: usize, lots: i64, away: i64, kind: Option<OrderType>) -> Modification {
        let id = self.pick(pick);
        let Some(old) = self.engine.ledger.orders.get(&id) else { return Modification::default() };
        let kind = kind.unwrap_or(old.order.request.order_type);
        let new = self.order(old.symbol(), (kind, old.product(), old.side()), lots, away).request;
        Modification {
            id,
            order_type: Some(kind),
            quantity: Some(new.quantity),
            limit_price: Some(new.limit_price),
            stop_price: Some(new.stop_price),
            ..Modification::default()
        }
    }

    fn conversion(&self, pick: usize, quantity: i64, to: Product) -> Conversion {
        let open: Vec<_> = self.engine.ledger.accounts.values().filter(|account| account.net != 0).collect();
        let none = Account::new(SBIN, Product::Intraday);
        let account = open.get(pick % open.len().max(1)).copied().unwrap_or(&none);
        let (symbol, side) = (account.symbol.clone(), side(account.net > 0));
        Conversion { symbol, side, quantity, from: account.product, to }
    }

    /// The id of an order, mostly of one that waits.
    fn pick(&self, pick: usize) -> String {
        let waiting: Vec<_> = self.engine.ledger.open.values().flat_map(Resting::ids).collect();
        let waiting: Vec<_> = waiting.iter().map(ToString::to_string).collect();
        let all: Vec<_> = self.engine.orders().map(|order| order.id).collect();
        let ids = if pick.is_multiple_of(5) || waiting.is_empty() { all } else { waiting };
        ids.get(pick % ids.len().max(1)).cloned().unwrap_or_default()
    }

    /// Cash and shares as the bare trades of the journal say.
    pub(super) fn trades_alone(&self) -> (Decimal, BTreeMap<String, i64>) {
        let (mut orders, mut shares) = (BTreeMap::new(), BTreeMap::new());
        let mut cash = self.engine.config.capital;
        for record in &self.journal {
            match record {
                Record::OrderAccepted { id, order, .. } => {
                    orders.insert(id, &order.request);
                }
                Record::Traded { id, quantity, price, charges, .. } => {
                    let signed = quantity * orders[id].side.sign();
                    cash -= Decimal::from(signed) * price + charges;
                    *shares.entry(orders[id].symbol.clone()).or_default() += signed;
                }
                _ => {}
            }
        }
        (cash, shares)
    }

    /// Profit at these prices, as positions, holdings and tallies say.
    pub(super) fn profit(&self, price: impl Fn(&str) -> Decimal) -> Decimal {
        let ledger = &self.engine.ledger;
        let open = ledger.accounts.values().map(|account| account.unrealized(price(&account.symbol)));
        let held = ledger.holdings.iter();
        let held = held.map(|(symbol, leg)| price(symbol) * Decimal::from(leg.quantity) - leg.value);
        ledger.realized.total() + open.sum::<Decimal>() + held.sum::<Decimal>() - ledger.charges.total()
    }
}
