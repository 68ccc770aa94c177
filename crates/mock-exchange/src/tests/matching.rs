//! Which orders trade, at what price, and what it costs to find them.

use super::*;
use crate::place::sweep;

/// Filled quantity and average in paise.
fn fills(engine: &Engine, id: &str) -> (i64, Decimal) {
    (engine.state(id).filled, engine.state(id).average())
}

#[test]
fn market_orders_take_the_other_side() {
    let mut engine = exchange(rich());
    engine.book(799_00, 801_00, 1_000);
    let buy = engine.place(order(Side::Buy, 5)).unwrap();
    let sell = engine.place(order(Side::Sell, 3)).unwrap();
    assert_eq!(fills(&engine, &buy), (5, inr(801_00)));
    assert_eq!(fills(&engine, &sell), (3, inr(799_00)));
    assert_eq!(engine.status(&buy), OrderStatus::Traded);
}

#[test]
fn a_limit_order_that_arrives_gets_the_better_price() {
    let mut engine = open_at_800();
    let id = engine.place(order(Side::Buy, 1).limit(805_00)).unwrap();
    assert_eq!(fills(&engine, &id), (1, inr(800_00)));
}

#[test]
fn a_limit_order_that_waits_gets_its_own_price() {
    let mut engine = open_at_800();
    let buy = engine.place(order(Side::Buy, 1).limit(795_00)).unwrap();
    let sell = engine.place(order(Side::Sell, 1).limit(805_00)).unwrap();
    engine.price(SBIN, 799_00);
    assert_eq!((engine.status(&buy), engine.status(&sell)), (OrderStatus::Pending, OrderStatus::Pending));
    engine.price(SBIN, 790_00);
    assert_eq!(fills(&engine, &buy), (1, inr(795_00)));
    engine.price(SBIN, 806_00);
    assert_eq!(fills(&engine, &sell), (1, inr(805_00)));
}

#[test]
fn a_stop_becomes_a_market_order() {
    let mut engine = open_at_800();
    let id = engine.place(order(Side::Sell, 2).stop(790_00)).unwrap();
    engine.price(SBIN, 790_05);
    assert_eq!(engine.status(&id), OrderStatus::Pending);
    engine.price(SBIN, 785_00);
    assert_eq!(fills(&engine, &id), (2, inr(785_00)), "the gap is the bot's");
}

#[test]
fn a_stop_limit_that_is_jumped_over_waits_at_its_limit() {
    let mut engine = open_at_800();
    let id = engine.place(order(Side::Buy, 2).stop_limit(810_00, 812_00)).unwrap();
    engine.price(SBIN, 820_00);
    assert!(engine.state(&id).triggered);
    assert_eq!(engine.status(&id), OrderStatus::Pending);
    engine.price(SBIN, 805_00);
    assert_eq!(fills(&engine, &id), (2, inr(812_00)), "it was waiting, so at its limit");
}

#[test]
fn a_stop_at_the_last_price_triggers_at_once() {
    let mut engine = open_at_800();
    let id = engine.place(order(Side::Buy, 1).stop(800_00)).unwrap();
    assert_eq!(engine.status(&id), OrderStatus::Traded);
}

#[test]
fn what_the_market_shows_is_used_up() {
    let mut engine = exchange(rich());
    engine.book(799_00, 800_00, 10);
    let first = engine.place(order(Side::Buy, 6)).unwrap();
    let second = engine.place(order(Side::Buy, 6).limit(800_00)).unwrap();
    assert_eq!((engine.state(&first).filled, engine.state(&second).filled), (6, 4));
    engine.book(799_00, 800_00, 1);
    assert_eq!(engine.state(&second).filled, 5);
    engine.book(799_00, 800_00, 9);
    assert_eq!(engine.status(&second), OrderStatus::Traded);
    assert_eq!(engine.trades().count(), 4);
}

#[test]
fn better_prices_come_first_and_then_older_orders() {
    let mut engine = open_at_800();
    let ids: Vec<_> = [790_00, 795_00, 795_00]
        .map(|limit| engine.place(order(Side::Buy, 5).limit(limit)).unwrap())
        .into_iter()
        .collect();
    engine.book(780_00, 785_00, 12);
    let filled: Vec<_> = ids.iter().map(|id| engine.state(id).filled).collect();
    assert_eq!(filled, [2, 5, 5]);
}

#[test]
fn immediate_or_cancel_waits_for_nothing() {
    let mut engine = exchange(rich());
    engine.book(799_00, 800_00, 4);
    let part = engine.place(order(Side::Buy, 6).limit(800_00).ioc()).unwrap();
    let none = engine.place(order(Side::Buy, 6).limit(790_00).ioc()).unwrap();
    assert_eq!((engine.status(&part), engine.state(&part).filled), (OrderStatus::Cancelled, 4));
    assert_eq!((engine.status(&none), engine.state(&none).filled), (OrderStatus::Cancelled, 0));
    assert_eq!(engine.funds().utilized, inr(640_00), "only the filled part holds margin");
    engine.book(799_00, 800_00, 4);
    let whole = Command::Place { order: order(Side::Buy, 4).limit(800_00).ioc(), at: at(60) };
    assert_eq!(
        engine.execute(&whole).unwrap().len(),
        2,
        "accepted and traded, and nothing is left to cancel"
    );
}

#[test]
fn a_quote_looks_at_its_own_symbol_only() {
    let mut engine = Engine::new(Config::new(Decimal::from(1_000_000_000)), Instruments::default());
    engine.execute(&Command::NewDay { date: day(23) }).unwrap();
    for number in 0..2_000 {
        engine.place(order(Side::Buy, 1).of(&format!("NSE:S{number}-EQ")).limit(100_00)).unwrap();
    }
    engine.place(order(Side::Buy, 1).limit(100_00)).unwrap();
    engine.place(order(Side::Buy, 1).limit(101_00)).unwrap();
    let quote = PriceUpdate::last(SBIN, inr(100_00), at(99));
    let draft = sweep(&engine, &quote);
    assert_eq!((draft.looked_at, draft.records.len()), (2, 2), "of 2,002 waiting orders");
    let symbols = engine.ledger.open.len();
    engine.execute(&Command::Quote(quote.clone())).unwrap();
    assert_eq!(sweep(&engine, &quote).looked_at, 0, "what has traded is not looked at again");
    assert_eq!(engine.ledger.open.len(), symbols - 1, "and leaves nothing in the index");
}

#[test]
fn our_own_orders_do_not_trade_with_each_other() {
    let mut engine = exchange(rich());
    engine.book(790_00, 810_00, 100);
    let buy = engine.place(order(Side::Buy, 1).limit(805_00)).unwrap();
    let sell = engine.place(order(Side::Sell, 1).limit(795_00)).unwrap();
    assert_eq!((engine.state(&buy).filled, engine.state(&sell).filled), (0, 0));
}

#[test]
fn a_price_that_moves_nothing_leaves_no_trace_in_the_journal() {
    let mut engine = open_at_800();
    let quote = PriceUpdate::last(SBIN, inr(801_00), at(0));
    assert_eq!(engine.execute(&Command::Quote(quote)).unwrap(), []);
    assert_eq!(engine.market().ltp(SBIN), Some(inr(801_00)));
}
