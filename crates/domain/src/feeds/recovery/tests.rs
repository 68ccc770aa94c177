//! An account at FYERS as a model: whatever happens to orders, whenever the socket is away and whenever the books are
//! read, bots hear of each change once and in order.

use std::{collections::BTreeMap, time::Duration};

use fyers_api::model::OrderStatus;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;

const QUANTITY: i64 = 40;

#[derive(Clone)]
struct ModelOrder {
    version: i64,
    status: OrderStatus,
    filled: i64,
    limit: i64,
}

/// FYERS: books, and the socket's messages that are on their way.
#[derive(Default)]
struct Fyers {
    orders: Vec<ModelOrder>,
    trades: Vec<TradeEvent>,
    bought: i64,
    wire: Option<Vec<ServerText>>,
}

impl Fyers {
    fn order_event(&self, at: usize) -> OrderEvent {
        let order = &self.orders[at];
        let event = OrderEvent {
            id: Some(format!("{at:04}")),
            quantity: Some(QUANTITY),
            filled: Some(order.filled),
            order_type: Some(1),
            limit_price: Some(order.limit.into()),
            // Which of the order's states this is, for the test alone.
            leg_type: Some(order.version),
            ..OrderEvent::default()
        };
        event.with_status(order.status)
    }

    fn position_event(&self) -> PositionEvent {
        PositionEvent {
            symbol: Some("NSE:SBIN-EQ".to_owned()),
            buy_quantity: Some(self.bought),
            net_quantity: Some(self.bought),
            ..PositionEvent::default()
        }
    }

    fn say(&mut self, event: &ServerText) {
        self.wire.iter_mut().for_each(|wire| wire.push(event.clone()));
    }

    fn say_order(&mut self, at: usize) {
        self.orders[at].version += 1;
        let event = self.order_event(at);
        self.say(&ServerText::Order(Box::new(event)));
    }

    fn act(&mut self, what: u8, pick: usize) {
        let at = pick % self.orders.len().max(1);
        let waits = self.orders.get(at).is_some_and(|order| order.status == OrderStatus::Pending);
        match what {
            0 => {
                let (status, limit) = (OrderStatus::Pending, 100);
                self.orders.push(ModelOrder { version: 0, status, filled: 0, limit });
                self.say_order(self.orders.len() - 1);
            }
            1 if waits => {
                self.orders[at].limit = 100 + i64::try_from(pick % 3).unwrap();
                self.say_order(at);
            }
            2 if waits => {
                self.orders[at].status = OrderStatus::Cancelled;
                self.say_order(at);
            }
            3.. if waits => self.fill(at),
            _ => {}
        }
    }

    /// All fills look the same.
    fn fill(&mut self, at: usize) {
        let order = &mut self.orders[at];
        order.filled += 10;
        if order.filled == QUANTITY {
            order.status = OrderStatus::Traded;
        }
        self.bought += 10;
        self.say_order(at);
        let trade = TradeEvent {
            id: Some(format!("{}", self.trades.len())),
            order_id: Some(format!("{at:04}")),
            quantity: Some(10),
            price: Some(Decimal::ONE_HUNDRED),
            ..TradeEvent::default()
        };
        self.trades.push(trade.clone());
        self.say(&ServerText::Trade(Box::new(trade)));
        self.say(&ServerText::Position(Box::new(self.position_event())));
    }

    fn books(&self) -> DayBooks {
        let orders = (0..self.orders.len()).map(|at| self.order_event(at)).collect();
        let positions = (self.bought > 0).then(|| self.position_event());
        DayBooks { orders, trades: self.trades.clone(), positions: positions.into_iter().collect() }
    }
}

/// What one bot has heard.
#[derive(Default)]
struct Bot {
    orders: BTreeMap<String, Vec<OrderEvent>>,
    trades: BTreeMap<String, usize>,
    bought: Vec<i64>,
}

impl Bot {
    fn hear(&mut self, news: impl IntoIterator<Item = OrderNews>) {
        for one in news {
            match ServerText::read(&one.text) {
                Some(ServerText::Order(event)) => {
                    self.orders.entry(event.id.clone().unwrap()).or_default().push(*event);
                }
                Some(ServerText::Trade(event)) => {
                    *self.trades.entry(event.order_id.unwrap()).or_default() += 1;
                }
                Some(ServerText::Position(event)) => self.bought.push(event.buy_quantity.unwrap()),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn now() -> EventTime {
    EventTime { elapsed: Duration::from_secs(100), at: "2026-11-25T05:00:00Z".parse().unwrap() }
}

/// The keeper between both.
#[derive(Default)]
struct Keeper {
    recovery: Recovery,
    generation: Generation,
    /// Books that are here, and how much of the wire was said before they were made.
    books: Option<(DayBooks, usize)>,
    asked: bool,
}

impl Keeper {
    fn connect(&mut self, fyers: &mut Fyers) {
        if fyers.wire.is_none() {
            fyers.wire = Some(vec![]);
            self.generation += 1;
            self.recovery.ask(self.generation, true);
            self.asked = true;
        }
    }

    fn lose(&mut self, fyers: &mut Fyers, bot: &mut Bot) {
        fyers.wire = None;
        (self.books, self.asked) = (None, false);
        bot.hear(self.recovery.give_up(self.generation, now()));
    }

    fn deliver(&mut self, fyers: &mut Fyers, bot: &mut Bot, most: usize) {
        let Some(wire) = &mut fyers.wire else { return };
        for event in wire.drain(..most.min(wire.len())) {
            bot.hear(self.recovery.hear(news(&event), now()));
            if let Some((_, before)) = &mut self.books {
                *before = before.saturating_sub(1);
            }
        }
    }

    /// The answer is made at FYERS now.
    fn make_books(&mut self, fyers: &Fyers) {
        if let (true, Some(wire)) = (self.asked, &fyers.wire) {
            (self.books, self.asked) = (Some((fyers.books(), wire.len())), false);
        }
    }

    fn finish(&mut self, fyers: &mut Fyers, bot: &mut Bot) {
        let Some((_, before)) = self.books else { return };
        self.deliver(fyers, bot, before);
        let Some((books, _)) = self.books.take() else { return };
        match self.recovery.finish(self.generation, &books, now()) {
            Finished::Tell { news, .. } => bot.hear(news),
            Finished::ReadAgain => {
                self.recovery.ask(self.generation, true);
                self.asked = true;
            }
        }
    }

    fn fail(&mut self, bot: &mut Bot) {
        if self.asked || self.books.is_some() {
            self.books = None;
            bot.hear(self.recovery.give_up(self.generation, now()));
            self.recovery.ask(self.generation, false);
            self.asked = true;
        }
    }

    fn settle(&mut self, fyers: &mut Fyers, bot: &mut Bot) {
        self.connect(fyers);
        while self.asked || self.books.is_some() {
            self.make_books(fyers);
            self.finish(fyers, bot);
        }
        self.deliver(fyers, bot, usize::MAX);
    }
}

fn check(fyers: &Fyers, bot: &Bot, from: &[i64]) -> Result<(), TestCaseError> {
    for (at, order) in fyers.orders.iter().enumerate() {
        let heard = bot.orders.get(&format!("{at:04}")).cloned().unwrap_or_default();
        let versions: Vec<i64> = heard.iter().filter_map(|event| event.leg_type).collect();
        prop_assert!(versions.windows(2).all(|pair| pair[0] < pair[1]), "once and in order: {versions:?}");
        let began = from.get(at).copied().unwrap_or(0);
        prop_assert!(versions.iter().all(|version| *version > began), "{versions:?} after {began}");
        if let Some(last) = heard.last() {
            let (last, now) =
                (OrderStanding::of(last).unwrap().1, OrderStanding::of(&fyers.order_event(at)).unwrap().1);
            prop_assert!(last.is_same(&now), "the present state: {last:?} {now:?}");
        } else {
            prop_assert!(at < from.len(), "order {at} {} was never told", order.version);
        }
    }
    prop_assert!(bot.bought.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", bot.bought);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]
    #[test]
    fn each_change_is_told_once_and_in_order(
        before in proptest::collection::vec((0u8..8, 0usize..9), 0..20),
        steps in proptest::collection::vec((0u8..20, 0usize..9), 1..150),
    ) {
        let (mut fyers, mut bot, mut keeper) = (Fyers::default(), Bot::default(), Keeper::default());
        before.iter().for_each(|(what, pick)| fyers.act(*what, *pick));
        let began: Vec<i64> = fyers.orders.iter().map(|order| order.version).collect();
        let (trades, bought) = (fyers.trades.len(), fyers.bought);
        keeper.settle(&mut fyers, &mut bot);
        for (what, pick) in steps {
            match what {
                0..=11 => fyers.act(what % 6, pick),
                12 | 13 => keeper.deliver(&mut fyers, &mut bot, pick),
                14 => keeper.lose(&mut fyers, &mut bot),
                15 | 16 => keeper.connect(&mut fyers),
                17 => keeper.make_books(&fyers),
                18 => keeper.finish(&mut fyers, &mut bot),
                _ => keeper.fail(&mut bot),
            }
        }
        keeper.settle(&mut fyers, &mut bot);
        check(&fyers, &bot, &began)?;
        prop_assert_eq!(bot.trades.values().sum::<usize>(), fyers.trades.len() - trades, "each fill once");
        prop_assert!(fyers.bought == bought || bot.bought.last() == Some(&fyers.bought), "{:?}", bot.bought);
    }

    #[test]
    fn without_a_gap_every_event_is_told_at_once(steps in proptest::collection::vec((0u8..6, 0usize..9), 1..80)) {
        let (mut fyers, mut bot, mut keeper) = (Fyers::default(), Bot::default(), Keeper::default());
        keeper.settle(&mut fyers, &mut bot);
        let mut versions = 0;
        for (what, pick) in steps {
            fyers.act(what, pick);
            versions = fyers.orders.iter().map(|order| order.version).sum::<i64>();
            keeper.deliver(&mut fyers, &mut bot, usize::MAX);
        }
        let told: usize = bot.orders.values().map(Vec::len).sum();
        prop_assert_eq!(i64::try_from(told).unwrap(), versions);
        prop_assert_eq!(bot.trades.values().sum::<usize>(), fyers.trades.len());
    }
}

#[test]
fn what_the_first_books_show_is_no_news() {
    let (mut fyers, mut bot, mut keeper) = (Fyers::default(), Bot::default(), Keeper::default());
    [0, 3, 0].iter().for_each(|what| fyers.act(*what, 0));
    keeper.settle(&mut fyers, &mut bot);
    assert!(bot.orders.is_empty() && bot.trades.is_empty() && bot.bought.is_empty());
    keeper.lose(&mut fyers, &mut bot);
    fyers.act(3, 0);
    keeper.settle(&mut fyers, &mut bot);
    let told: Vec<i64> = bot.orders["0000"].iter().filter_map(|event| event.filled).collect();
    assert_eq!((told, bot.trades["0000"], &bot.bought[..]), (vec![20], 1, &[20][..]));
    keeper.recovery.forget();
    keeper.lose(&mut fyers, &mut bot);
    fyers.act(3, 0);
    keeper.settle(&mut fyers, &mut bot);
    assert_eq!(bot.trades["0000"], 1, "nobody listened");
}

#[test]
fn a_connection_that_breaks_at_once_costs_nothing_when_the_beginning_is_known() {
    let (mut fyers, mut bot, mut keeper) = (Fyers::default(), Bot::default(), Keeper::default());
    [0, 3, 0].iter().for_each(|what| fyers.act(*what, 0));
    keeper.connect(&mut fyers);
    keeper.recovery.begin_at(&fyers.books(), now());
    fyers.act(0, 0);
    keeper.deliver(&mut fyers, &mut bot, 9);
    keeper.lose(&mut fyers, &mut bot);
    fyers.act(3, 0);
    fyers.act(0, 0);
    keeper.settle(&mut fyers, &mut bot);
    let told: Vec<&str> = bot.orders.keys().map(String::as_str).collect();
    assert_eq!((told, bot.trades.len(), &bot.bought[..]), (vec!["0000", "0002", "0003"], 1, &[20][..]));
}

#[test]
fn what_the_socket_tells_late_is_told_once() {
    let (mut fyers, mut bot, mut keeper) = (Fyers::default(), Bot::default(), Keeper::default());
    keeper.settle(&mut fyers, &mut bot);
    fyers.act(0, 0);
    keeper.deliver(&mut fyers, &mut bot, 9);
    keeper.lose(&mut fyers, &mut bot);
    keeper.connect(&mut fyers);
    fyers.act(3, 0);
    fyers.act(3, 0);
    // The socket is slower than the books.
    let late = fyers.wire.replace(vec![]).unwrap();
    keeper.settle(&mut fyers, &mut bot);
    fyers.wire = Some(late);
    keeper.deliver(&mut fyers, &mut bot, 99);
    let told: Vec<i64> = bot.orders["0000"].iter().filter_map(|event| event.filled).collect();
    assert_eq!((told, bot.trades["0000"], &bot.bought[..]), (vec![0, 20], 2, &[20][..]));
}

#[test]
fn what_is_older_than_yesterday_is_no_news() {
    let mut recovery = Recovery::default();
    recovery.begin_at(&DayBooks::default(), now());
    let order = |id: &str, time: &str| {
        let (id, time) = (Some(id.to_owned()), Some(format!("{time}-Nov-2026 10:00:00")));
        OrderEvent { id, time, ..OrderEvent::default() }.with_status(OrderStatus::Traded)
    };
    let trade = |id: &str, time: &str| TradeEvent {
        order_id: Some(id.to_owned()),
        time: Some(format!("{time}-11-2026 10:00:00")),
        quantity: Some(1),
        price: Some(Decimal::ONE),
        ..TradeEvent::default()
    };
    let days = [("1", "23"), ("2", "24"), ("3", "25")];
    let books = DayBooks {
        orders: days.map(|(id, day)| order(id, day)).into(),
        trades: days.map(|(id, day)| trade(id, day)).into(),
        positions: vec![],
    };
    recovery.ask(1, true);
    let Finished::Tell { news, missed } = recovery.finish(1, &books, now()) else { panic!() };
    assert_eq!((missed, news.iter().any(|one| one.text.contains(r#""id":"1""#))), (4, false), "{news:?}");
}

#[test]
fn a_position_of_yesterday_is_no_state_of_today() {
    let (mut recovery, mut at) = (Recovery::default(), now());
    let position = |bought| PositionEvent {
        symbol: Some("NSE:SBIN-EQ".to_owned()),
        buy_quantity: Some(bought),
        ..PositionEvent::default()
    };
    let books = |bought| DayBooks { positions: vec![position(bought)], ..DayBooks::default() };
    let mut told = |books: &DayBooks, at| {
        recovery.ask(1, true);
        match recovery.finish(1, books, at) {
            Finished::Tell { missed, .. } => missed,
            Finished::ReadAgain => panic!(),
        }
    };
    assert_eq!(told(&books(20), at), 0);
    assert_eq!(told(&books(10), at), 0, "an answer that is older than what is known");
    at.at += chrono::TimeDelta::days(1);
    assert_eq!(told(&books(10), at), 1);
    assert_eq!(told(&books(10), at), 0);
}
