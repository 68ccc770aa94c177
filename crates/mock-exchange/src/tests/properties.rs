//! Whatever a bot and the market do: money adds up, statuses move forward, the journal is the book.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::*;
use crate::symbol::segment_of;
use crate::tests::game::{Game, Move, config, moves, order_type, side, ticks};

/// The order that waited until this record.
fn concerns(record: &Record) -> Option<&str> {
    match record {
        Record::OrderTriggered { id, .. }
        | Record::OrderModified { id, .. }
        | Record::OrderCancelled { id, .. }
        | Record::OrderExpired { id, .. }
        | Record::Traded { id, .. } => Some(id),
        _ => None,
    }
}

proptest! {
    #[test]
    fn cash_and_shares_are_worth_the_capital_and_the_profit(moves in moves(), charges: bool, level in 1i64..9_999) {
        let mut game = Game::new(config(charges));
        let price = |symbol: &str| ticks(level + symbol.len() as i64);
        for next in &moves {
            game.play(next);
            let (cash, shares) = game.trades_alone();
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
        let instruments = (*game.engine.instruments).clone();
        let again = Engine::replay(game.engine.config, instruments, &read);
        prop_assert_eq!(&again.ledger, &game.engine.ledger);
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
            for old in before.orders.iter() {
                let new = game.engine.state(&old.id);
                prop_assert!(rank(new.status) >= rank(old.status) && new.filled >= old.filled);
                prop_assert!(rank(old.status) < 2 || new == old, "{} is over", old.id);
            }
        }
    }

    #[test]
    fn an_order_that_is_over_is_not_heard_of_again(moves in moves()) {
        let mut game = Game::new(config(false));
        moves.iter().for_each(|next| game.play(next));
        let mut engine = Engine::new(game.engine.config, (*game.engine.instruments).clone());
        for record in &game.journal {
            if let Some(id) = concerns(record) {
                prop_assert_eq!(engine.status(id), OrderStatus::Pending, "before {:?}", record);
                let before = engine.clone();
                engine.apply(record);
                prop_assert!(engine.ledger != before.ledger, "{:?} does something", record);
            } else {
                engine.apply(record);
            }
        }
    }

    #[test]
    fn a_record_that_does_not_fit_changes_nothing(moves in moves()) {
        let mut game = Game::new(config(true));
        moves.iter().for_each(|next| game.play(next));
        let empty = Engine::new(game.engine.config, (*game.engine.instruments).clone());
        for record in game.journal.iter().filter(|record| concerns(record).is_some()) {
            let mut engine = empty.clone();
            engine.apply(record);
            prop_assert_eq!(&engine.ledger, &empty.ledger);
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
            let waiting = ledger.orders.iter().filter(|order| order.status == OrderStatus::Pending);
            let indexed: Vec<_> = ledger.open.values().flat_map(Resting::ids).collect();
            prop_assert_eq!(waiting.count(), indexed.len());
            for id in indexed {
                prop_assert_eq!(game.engine.status(&id.to_string()), OrderStatus::Pending);
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
            let intraday = intraday.filter(|account| segment_of(&account.symbol) == Segment::Cash);
            let flat = intraday.clone().all(|account| account.net == 0 && account.open_buy.quantity == 0);
            prop_assert!(!ledger.squared_off.contains(&Segment::Cash) || flat);
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

/// Properties of games in which nothing happens prove nothing.
#[test]
fn games_are_eventful() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..150 {
        let moves = moves().new_tree(&mut runner).unwrap().current();
        let mut game = Game::new(config(true));
        for next in &moves {
            let sold = |account: &Account| account.product == Product::Cnc && account.net < 0;
            if matches!(next, Move::NewDay) && game.engine.ledger.accounts.values().any(sold) {
                seen.insert("sold from the holdings".to_owned());
            }
            game.play(next);
        }
        seen.extend(game.journal.iter().map(|record| match record {
            Record::PositionConverted { to, .. } => format!("converted to {to:?}"),
            record => serde_json::to_value(record).unwrap()["fact"].to_string(),
        }));
        seen.extend(game.engine.ledger.holdings.keys().cloned());
    }
    let converted = ["Cnc", "Intraday", "Margin"].map(|product| format!("converted to {product}"));
    assert!(converted.iter().all(|event| seen.contains(event)), "{seen:?}");
    assert!(seen.contains(SBIN) && seen.contains("sold from the holdings"), "{seen:?}");
    let facts = seen.iter().filter(|event| event.starts_with('"'));
    assert_eq!(facts.count(), 13, "every kind of fact beside conversions: {seen:?}");
}
