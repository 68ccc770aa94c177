//! Whatever a bot and the market do: money adds up, statuses move forward, the journal is the book.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const SYMBOLS: [&str; 4] = [SBIN, INFY, FUTURE, CALL];

/// What happens next; numbers pick orders, symbols and prices of whatever there is.
#[derive(Debug, Clone)]
enum Move {
    Place {
        symbol: usize,
        order_type: OrderType,
        product: Product,
        side: bool,
        lots: i64,
        price: i64,
        ioc: bool,
    },
    Modify {
        pick: usize,
        lots: i64,
        price: i64,
        order_type: Option<OrderType>,
    },
    Cancel {
        pick: usize,
    },
    Quote {
        symbol: usize,
        price: i64,
        spread: i64,
        shown: Option<i64>,
    },
    Exit {
        cancel_pending: bool,
    },
    Convert {
        symbol: usize,
        quantity: i64,
        side: bool,
        from: Product,
        to: Product,
    },
    SquareOff,
    NewDay,
}

fn order_type() -> impl Strategy<Value = OrderType> + Clone {
    prop_oneof![
        Just(OrderType::Limit),
        Just(OrderType::Market),
        Just(OrderType::Stop),
        Just(OrderType::StopLimit)
    ]
}

fn product() -> impl Strategy<Value = Product> + Clone {
    prop_oneof![
        3 => Just(Product::Intraday),
        2 => Just(Product::Cnc),
        2 => Just(Product::Margin),
        1 => Just(Product::Mtf)
    ]
}

/// Ticks around 100 INR.
fn price() -> impl Strategy<Value = i64> + Clone {
    1_900i64..2_100
}

fn a_move() -> impl Strategy<Value = Move> {
    let place =
        (0usize..4, order_type(), product(), any::<bool>(), 1i64..6, price(), prop::bool::weighted(0.2))
            .prop_map(|(symbol, order_type, product, side, lots, price, ioc)| Move::Place {
                symbol,
                order_type,
                product,
                side,
                lots,
                price,
                ioc,
            });
    let modify = (any::<usize>(), 1i64..6, price(), prop::option::of(order_type()))
        .prop_map(|(pick, lots, price, order_type)| Move::Modify { pick, lots, price, order_type });
    let quote = (0usize..4, price(), 0i64..4, prop::option::of(0i64..200))
        .prop_map(|(symbol, price, spread, shown)| Move::Quote { symbol, price, spread, shown });
    let convert = (0usize..4, 1i64..100, any::<bool>(), product(), product())
        .prop_map(|(symbol, quantity, side, from, to)| Move::Convert { symbol, quantity, side, from, to });
    prop_oneof![
        8 => place,
        3 => modify,
        2 => any::<usize>().prop_map(|pick| Move::Cancel { pick }),
        8 => quote,
        1 => any::<bool>().prop_map(|cancel_pending| Move::Exit { cancel_pending }),
        2 => convert,
        1 => Just(Move::SquareOff),
        1 => Just(Move::NewDay),
    ]
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    prop::collection::vec(a_move(), 1..60)
}

fn config(charges: bool) -> Config {
    let charges = if charges { Charges::On } else { Charges::Off };
    Config { charges, mtf: true, ..Config::new(Decimal::from(200_000)) }
}

fn ticks(number: i64) -> Decimal {
    Decimal::new(number * 5, 2)
}

fn side(buys: bool) -> Side {
    if buys { Side::Buy } else { Side::Sell }
}

/// A game: the engine, and everything it ever recorded.
struct Game {
    engine: Engine,
    journal: Vec<Record>,
    now: DateTime<Utc>,
}

impl Game {
    fn new(config: Config) -> Self {
        let engine = Engine { ledger: Ledger::new(&config), ..exchange(config) };
        let mut game = Self { engine, journal: vec![], now: at(0) };
        game.carry_out(&Command::NewDay { date: day(23) });
        game
    }

    fn carry_out(&mut self, command: &Command) {
        let decided = self.engine.decide(command);
        assert_eq!(decided, self.engine.decide(command), "deciding changes nothing");
        if let Ok(records) = decided {
            self.engine.commit(command, &records);
            self.journal.extend(records);
        }
    }

    fn play(&mut self, next: &Move) {
        self.now += TimeDelta::seconds(1);
        let command = self.command(next);
        self.carry_out(&command);
    }

    fn command(&mut self, next: &Move) -> Command {
        let at = self.now;
        match next.clone() {
            Move::Place { symbol, order_type, product, side: buys, lots, price, ioc } => {
                let order = self.order(symbol, order_type, product, side(buys), lots, price);
                Command::Place { order: if ioc { order.ioc() } else { order }, at }
            }
            Move::Modify { pick, lots, price, order_type } => {
                let (id, quantity) = (self.pick(pick), Some(lots * 15));
                let (limit_price, stop_price) = (Some(ticks(price)), None);
                let disclosed = None;
                let change = Modification { id, order_type, quantity, limit_price, stop_price, disclosed };
                Command::Modify { change, at }
            }
            Move::Cancel { pick } => Command::Cancel { id: self.pick(pick), at },
            Move::Quote { symbol, price, spread, shown } => Command::Quote(PriceUpdate {
                bid: Some(ticks(price - spread)),
                ask: Some(ticks(price + spread)),
                bid_quantity: shown,
                ask_quantity: shown,
                ..PriceUpdate::last(SYMBOLS[symbol], ticks(price), at)
            }),
            Move::Exit { cancel_pending } => Command::ExitPosition { exit: Exit::All, cancel_pending, at },
            Move::Convert { symbol, quantity, side: long, from, to } => {
                let (symbol, side) = (SYMBOLS[symbol].to_owned(), side(long));
                Command::ConvertPosition { conversion: Conversion { symbol, side, quantity, from, to }, at }
            }
            Move::SquareOff => Command::SquareOff { at },
            Move::NewDay => {
                self.now += TimeDelta::days(1);
                Command::NewDay { date: ist::date(self.now) }
            }
        }
    }

    fn order(
        &self,
        symbol: usize,
        kind: OrderType,
        product: Product,
        side: Side,
        lots: i64,
        price: i64,
    ) -> NewOrder {
        let symbol = SYMBOLS[symbol];
        let quantity = lots * if Kind::of(symbol).is_derivative() { 75 } else { 15 };
        let order = order(side, quantity).of(symbol).product(product);
        let paise = price * 5;
        match kind {
            OrderType::Market => order,
            OrderType::Limit => order.limit(paise),
            OrderType::Stop => order.stop(paise),
            OrderType::StopLimit => order.stop_limit(paise, paise + 20 * side.sign()),
        }
    }

    fn pick(&self, pick: usize) -> String {
        let ids: Vec<_> = self.engine.ledger.orders.keys().collect();
        ids.get(pick % ids.len().max(1)).map_or_else(String::new, |id| (*id).clone())
    }

    /// Cash and shares as the bare trades of the journal say.
    fn from_trades(&self) -> (Decimal, BTreeMap<String, i64>) {
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
    fn profit(&self, price: impl Fn(&str) -> Decimal) -> Decimal {
        let ledger = &self.engine.ledger;
        let open = ledger.accounts.values().map(|account| account.unrealized(price(&account.symbol)));
        let held = ledger.holdings.iter();
        let held = held.map(|(symbol, leg)| price(symbol) * Decimal::from(leg.quantity) - leg.value);
        ledger.realized.total() + open.sum::<Decimal>() + held.sum::<Decimal>() - ledger.charges.total()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn cash_and_shares_are_worth_the_capital_and_the_profit(moves in moves(), charges: bool, level in 1i64..9_999) {
        let mut game = Game::new(config(charges));
        let price = |symbol: &str| ticks(level + symbol.len() as i64);
        for next in &moves {
            game.play(next);
            let (cash, shares) = game.from_trades();
            prop_assert_eq!(cash, game.engine.ledger.cash);
            let worth = shares.iter().map(|(symbol, shares)| price(symbol) * Decimal::from(*shares));
            let gained = cash + worth.sum::<Decimal>() - game.engine.config.capital;
            prop_assert_eq!(gained, game.profit(price), "after {:?}", next);
        }
    }

    #[test]
    fn the_journal_is_the_book(moves in moves(), charges: bool) {
        let mut game = Game::new(config(charges));
        moves.iter().for_each(|next| game.play(next));
        let text: Vec<_> = game.journal.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
        let read: Vec<Record> = text.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(&read, &game.journal);
        let instruments = game.engine.instruments.clone();
        let again = Engine::replay(game.engine.config, instruments, &read);
        prop_assert_eq!(again.ledger, game.engine.ledger);
    }

    #[test]
    fn statuses_only_move_forward(moves in moves()) {
        let mut game = Game::new(config(false));
        for next in &moves {
            let before = game.engine.ledger.clone();
            game.play(next);
            if before.day != game.engine.ledger.day {
                continue;
            }
            for (id, old) in &before.orders {
                let new = game.engine.state(id);
                prop_assert!(rank(new.status) >= rank(old.status) && new.filled >= old.filled);
                prop_assert!(rank(old.status) < 2 || new == old, "{} is over", id);
            }
        }
    }

    #[test]
    fn nobody_gets_more_than_asked_or_pays_more_than_offered(moves in moves()) {
        let mut game = Game::new(config(false));
        moves.iter().for_each(|next| game.play(next));
        let mut orders: BTreeMap<&str, (OrderType, i64, Decimal, Side, i64)> = BTreeMap::new();
        for record in &game.journal {
            match record {
                Record::OrderAccepted { id, order: NewOrder { request, .. }, .. } => {
                    let terms = (request.order_type, request.quantity, request.limit_price, request.side, 0);
                    prop_assert_eq!(orders.insert(id, terms), None, "an id is used once");
                }
                Record::OrderModified { id, order_type, quantity, limit_price, .. } => {
                    let terms = orders.get_mut(id.as_str()).unwrap();
                    (terms.0, terms.1, terms.2) = (*order_type, *quantity, *limit_price);
                }
                Record::Traded { id, quantity, price, .. } => {
                    let (order_type, asked, limit, side, filled) = orders.get_mut(id.as_str()).unwrap();
                    *filled += quantity;
                    prop_assert!(*quantity > 0 && *filled <= *asked);
                    let limited = matches!(order_type, OrderType::Limit | OrderType::StopLimit);
                    let worse = if *side == Side::Buy { price > limit } else { price < limit };
                    prop_assert!(!(limited && worse), "{} at {} with limit {}", id, price, limit);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn sums_and_indices_are_what_they_sum_and_index(moves in moves(), charges: bool) {
        let mut game = Game::new(config(charges));
        for next in &moves {
            game.play(next);
            let ledger = &game.engine.ledger;
            let margins = ledger.accounts.values().map(|account| account.margin(ledger.leverage));
            prop_assert_eq!(margins.sum::<Decimal>(), ledger.blocked);
            let costs = ledger.accounts.values().map(|account| account.cost);
            prop_assert_eq!(costs.sum::<Decimal>(), ledger.cost);
            let waiting = ledger.orders.values().filter(|order| order.status == OrderStatus::Pending);
            let indexed: Vec<_> = ledger.open.values().flatten().collect();
            prop_assert_eq!(waiting.count(), indexed.len());
            for id in indexed {
                prop_assert_eq!(game.engine.status(id), OrderStatus::Pending);
            }
            for account in ledger.accounts.values() {
                prop_assert_eq!(account.net, account.buy.quantity - account.sell.quantity, "{}", account.id());
                let legs = [account.open_buy, account.open_sell];
                prop_assert!(legs.iter().all(|leg| leg.quantity >= 0 && leg.value >= Decimal::ZERO));
                let held = ledger.holdings.get(&account.symbol).map_or(0, |leg| leg.quantity);
                prop_assert!(account.product != Product::Cnc || account.net + held >= 0, "sold what is not held");
            }
        }
    }

    #[test]
    fn after_a_square_off_intraday_is_flat(moves in moves()) {
        let mut game = Game::new(config(false));
        for next in &moves {
            game.play(next);
            let ledger = &game.engine.ledger;
            let intraday = ledger.accounts.values().filter(|account| account.product == Product::Intraday);
            let flat = intraday.clone().all(|account| account.net == 0 && account.open_buy.quantity == 0);
            prop_assert!(!ledger.squared_off || flat);
        }
    }

    #[test]
    fn no_number_makes_it_panic(
        quantity: i64, disclosed: i64, mantissa: i64, scale in 0u32..28, kind in order_type(), buys: bool,
    ) {
        let mut engine = open_at_800();
        let price = Decimal::new(mantissa, scale);
        let mut wild = order(side(buys), quantity);
        (wild.request.order_type, wild.disclosed) = (kind, disclosed);
        (wild.request.limit_price, wild.request.stop_price) = (price, price);
        let refused = engine.place(wild).is_err();
        prop_assert!(refused || quantity > 0);
        let id = engine.place(order(Side::Buy, 1).limit(700_00)).unwrap();
        let change = Modification { id, quantity: Some(quantity), limit_price: Some(price), ..Modification::default() };
        let _any = engine.modify(change);
        let quote = PriceUpdate { bid_quantity: Some(quantity), ..PriceUpdate::last(SBIN, price, at(75)) };
        let _any = engine.say(Command::Quote(quote));
    }
}
