//! The engine against an independent model of one share: plain integers, no index, no journal, written from the
//! exchange's rules of price and time priority.

use proptest::prelude::*;

use super::*;
use crate::sessions::Segment;

/// What happens next; prices are in steps of 5 paise around 800 INR.
#[derive(Debug, Clone)]
enum Act {
    Price { step: i64, shown: Option<i64> },
    Place { kind: OrderType, buys: bool, quantity: i64, away: i64, ioc: bool },
    Move { pick: usize, away: i64, more: i64 },
    Cancel { pick: usize },
    Restart,
    NextDay,
}

fn act() -> impl Strategy<Value = Act> {
    let kind = prop_oneof![
        Just(OrderType::Market),
        Just(OrderType::Limit),
        Just(OrderType::Stop),
        Just(OrderType::StopLimit)
    ];
    prop_oneof![
        6 => (-60_i64..60, prop::option::of(0_i64..20)).prop_map(|(step, shown)| Act::Price { step, shown }),
        6 => (kind, any::<bool>(), 1_i64..12, 0_i64..25, prop::bool::weighted(0.1))
            .prop_map(|(kind, buys, quantity, away, ioc)| Act::Place { kind, buys, quantity, away, ioc }),
        2 => (any::<usize>(), 0_i64..25, -2_i64..3).prop_map(|(pick, away, more)| Act::Move { pick, away, more }),
        1 => any::<usize>().prop_map(|pick| Act::Cancel { pick }),
        1 => Just(Act::Restart),
        1 => Just(Act::NextDay),
    ]
}

/// An order of the model; prices in paise.
#[derive(Debug, Clone)]
struct Plain {
    id: String,
    sign: i64,
    quantity: i64,
    filled: i64,
    limit: Option<i64>,
    stop: Option<i64>,
    since: u64,
    alive: bool,
}

#[derive(Debug, Default)]
struct Model {
    orders: Vec<Plain>,
    clock: u64,
    ltp: i64,
    /// What is left to buy from and to sell to; `None`: any quantity.
    left: [Option<i64>; 2],
    net: i64,
    cash: i64,
    fills: Vec<(String, i64, i64)>,
}

impl Model {
    fn time(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    fn trade(&mut self, at: usize, price: i64) {
        let ltp_side = usize::from(self.orders[at].sign < 0);
        let order = &mut self.orders[at];
        let open = order.quantity - order.filled;
        let quantity = self.left[ltp_side].map_or(open, |left| left.min(open));
        if quantity == 0 {
            return;
        }
        order.filled += quantity;
        order.alive = order.filled < order.quantity;
        let (id, sign) = (order.id.clone(), order.sign);
        if let Some(left) = &mut self.left[ltp_side] {
            *left -= quantity;
        }
        self.net += sign * quantity;
        self.cash -= sign * quantity * price;
        self.fills.push((id, quantity, price));
    }

    /// An order meets the market: released if its stop is reached, then filled if its limit allows.
    fn meet(&mut self, at: usize, resting: bool) {
        let (ltp, order) = (self.ltp, &self.orders[at]);
        let mut resting = resting;
        if let Some(stop) = order.stop {
            if order.sign * (ltp - stop) < 0 {
                return;
            }
            let now = self.time();
            (self.orders[at].stop, self.orders[at].since) = (None, now);
            resting = false;
        }
        let order = &self.orders[at];
        match order.limit {
            None => self.trade(at, ltp),
            Some(limit) if order.sign * (limit - ltp) >= 0 => {
                self.trade(at, if resting { limit } else { ltp });
            }
            Some(_) => {}
        }
    }

    fn quote(&mut self, ltp: i64, shown: Option<i64>) {
        (self.ltp, self.left) = (ltp, [shown; 2]);
        for released in [false, true] {
            for sign in [1, -1] {
                let mine =
                    |order: &Plain| order.alive && order.sign == sign && order.stop.is_some() == released;
                let mut turn: Vec<usize> =
                    (0..self.orders.len()).filter(|at| mine(&self.orders[*at])).collect();
                turn.sort_by_key(|at| {
                    let order = &self.orders[*at];
                    let price = order
                        .stop
                        .map_or(order.limit.map_or(i64::MIN, |limit| -sign * limit), |stop| sign * stop);
                    (price, order.since)
                });
                // A stop released by this price is not met a second time.
                for at in turn {
                    self.meet(at, true);
                }
            }
        }
    }

    fn end_day(&mut self) {
        self.orders.clear();
        self.cash += self.net * self.ltp;
        self.net = 0;
    }
}

/// Both, and what ties them together.
struct Pair {
    engine: Engine,
    model: Model,
    journal: Vec<Record>,
    now: DateTime<Utc>,
}

impl Pair {
    fn new() -> Self {
        let mut pair = Self {
            engine: Engine::new(capital(), Instruments::default()),
            model: Model::default(),
            journal: vec![],
            now: at(3_600),
        };
        pair.tell(&Command::NewDay { date: day(23) }).unwrap();
        pair.quote(0, None);
        pair
    }

    fn tell(&mut self, command: &Command) -> Result<Reply, ApiError> {
        let records = self.engine.decide(command)?;
        let reply = self.engine.reply(command, &records);
        self.engine.commit(command, &records);
        self.journal.extend(records);
        reply
    }

    fn quote(&mut self, step: i64, shown: Option<i64>) {
        let ltp = 800_00 + 5 * step;
        let price = PriceUpdate {
            bid_quantity: shown,
            ask_quantity: shown,
            ..PriceUpdate::last(SBIN, inr(ltp), self.now)
        };
        self.tell(&Command::Quote(price)).unwrap();
        self.model.quote(ltp, shown);
    }

    fn terms(&self, kind: OrderType, sign: i64, away: i64) -> (i64, i64) {
        let (ltp, away) = (self.model.ltp, 5 * away);
        match kind {
            OrderType::Market => (0, 0),
            OrderType::Limit => (ltp - sign * away + sign * 25, 0),
            OrderType::Stop => (0, ltp + sign * away),
            OrderType::StopLimit => (ltp + sign * (away + 20), ltp + sign * away),
        }
    }

    fn play(&mut self, act: &Act) {
        self.now += TimeDelta::seconds(1);
        match *act {
            Act::Price { step, shown } => self.quote(step, shown),
            Act::Place { kind, buys, quantity, away, ioc } => self.place(kind, buys, quantity, away, ioc),
            Act::Move { pick, away, more } => self.change(pick, away, more),
            Act::Cancel { pick } => {
                let Some(at) = self.alive(pick) else { return };
                let id = self.model.orders[at].id.clone();
                self.tell(&Command::Cancel { id, at: self.now }).unwrap();
                self.model.orders[at].alive = false;
            }
            Act::Restart => {
                let top = self.engine.market().top(SBIN).cloned();
                self.engine = Engine::replay(capital(), Instruments::default(), &self.journal);
                self.engine.observe(&top.unwrap());
            }
            Act::NextDay => self.next_day(),
        }
    }

    fn alive(&self, pick: usize) -> Option<usize> {
        let alive: Vec<usize> =
            (0..self.model.orders.len()).filter(|at| self.model.orders[*at].alive).collect();
        alive.get(pick % alive.len().max(1)).copied()
    }

    fn place(&mut self, kind: OrderType, buys: bool, quantity: i64, away: i64, ioc: bool) {
        let sign = if buys { 1 } else { -1 };
        let (limit, stop) = self.terms(kind, sign, away);
        let mut new = order(if buys { Side::Buy } else { Side::Sell }, quantity);
        (new.request.order_type, new.request.limit_price, new.request.stop_price) =
            (kind, inr(limit), inr(stop));
        let new = if ioc { new.ioc() } else { new };
        let id = self.tell(&Command::Place { order: new, at: self.now }).unwrap().id.unwrap();
        let since = self.model.time();
        let (limit, stop) = ((limit > 0).then_some(limit), (stop > 0).then_some(stop));
        self.model.orders.push(Plain { id, sign, quantity, filled: 0, limit, stop, since, alive: true });
        let at = self.model.orders.len() - 1;
        self.model.meet(at, false);
        self.model.orders[at].alive &= !ioc;
    }

    fn change(&mut self, pick: usize, away: i64, more: i64) {
        let Some(at) = self.alive(pick) else { return };
        let Plain { id, sign, quantity, filled, limit: Some(old), stop: None, .. } =
            self.model.orders[at].clone()
        else {
            return;
        };
        let (limit, quantity) = (self.model.ltp - sign * 5 * away, (quantity + more).max(filled + 1));
        if self.engine.state(&id).order.request.order_type != OrderType::Limit {
            return;
        }
        let change = Modification {
            id,
            limit_price: Some(inr(limit)),
            quantity: Some(quantity),
            ..Modification::default()
        };
        self.tell(&Command::Modify { change, at: self.now }).unwrap();
        let now = self.model.time();
        let plain = &mut self.model.orders[at];
        if limit != old || quantity > plain.quantity {
            plain.since = now;
        }
        (plain.limit, plain.quantity) = (Some(limit), quantity);
        self.model.meet(at, false);
    }

    fn next_day(&mut self) {
        let today = ist::date(self.now);
        let end = ist::instant(today, ist::at(15, 15));
        self.tell(&Command::SquareOff { segment: Segment::Cash, at: end }).unwrap();
        self.model.end_day();
        let next = self.engine.calendar().next_trading_day(today);
        self.now = ist::instant(next, ist::at(10, 0));
        self.tell(&Command::NewDay { date: next }).unwrap();
        self.quote(0, None);
    }
}

fn capital() -> Config {
    Config::new(Decimal::from(1_000_000_000))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn fills_positions_and_cash_are_the_models(acts in prop::collection::vec(act(), 1..120)) {
        let mut pair = Pair::new();
        for act in &acts {
            pair.play(act);
            let fills: Vec<_> = pair.engine.trades().iter().map(|trade| (trade.order_id.clone(), trade.quantity, trade.price)).collect();
            let today = pair.model.fills.iter().filter(|(id, ..)| pair.engine.ledger().orders.contains_key(id));
            let model: Vec<_> = today.map(|(id, quantity, price)| (id.clone(), *quantity, inr(*price))).collect();
            prop_assert_eq!(fills, model, "after {:?}", act);
            prop_assert_eq!(pair.engine.net(SBIN, Product::Intraday), pair.model.net);
            let cash = pair.engine.ledger().cash - capital().capital;
            prop_assert_eq!(cash, inr(pair.model.cash), "after {:?}", act);
            let account = pair.engine.ledger().accounts.get(&PositionKey::new(SBIN, Product::Intraday));
            let gained = account.map_or(Decimal::ZERO, |account| account.unrealized(inr(pair.model.ltp)));
            let total = pair.engine.ledger().realized.total() + gained;
            prop_assert_eq!(total, inr(pair.model.cash + pair.model.net * pair.model.ltp), "profit");
        }
    }
}
