//! Who of several waiting orders trades first.

use super::*;

fn filled(engine: &Engine, id: &str) -> i64 {
    engine.state(id).filled
}

#[test]
fn the_stop_nearest_to_the_market_is_released_first() {
    let mut engine = exchange(rich());
    engine.price(SBIN, 99_50);
    let far = engine.place(order(Side::Buy, 25).stop(100_15)).unwrap();
    let near = engine.place(order(Side::Buy, 7).stop(99_70)).unwrap();
    engine.book(100_20, 100_20, 11);
    assert_eq!((filled(&engine, &near), filled(&engine, &far)), (7, 4));
}

#[test]
fn a_released_stop_waits_behind_those_at_its_limit() {
    let mut engine = exchange(rich());
    engine.price(SBIN, 100_00);
    let stop = engine.place(order(Side::Buy, 5).stop_limit(101_00, 102_00)).unwrap();
    let resting = engine.place(order(Side::Buy, 5).limit(102_00)).unwrap();
    assert_eq!(filled(&engine, &resting), 5, "it took the price shown");
    let limit = |engine: &mut Engine| engine.place(order(Side::Buy, 5).limit(98_00)).unwrap();
    let first = limit(&mut engine);
    engine.book(103_00, 103_00, 0);
    assert!(engine.state(&stop).triggered);
    engine
        .modify(Modification {
            id: stop.clone(),
            limit_price: Some(inr(98_00)),
            stop_price: Some(inr(97_00)),
            order_type: None,
            ..Modification::default()
        })
        .unwrap_err();
    let second = limit(&mut engine);
    engine.book(98_00, 98_00, 7);
    assert_eq!((filled(&engine, &stop), filled(&engine, &first), filled(&engine, &second)), (5, 2, 0));
}

#[test]
fn a_change_of_price_or_of_more_quantity_goes_to_the_end() {
    let changes = [
        (Modification { quantity: Some(6), ..Modification::default() }, (1, 5)),
        (Modification { quantity: Some(4), ..Modification::default() }, (4, 2)),
        (Modification { disclosed: Some(2), ..Modification::default() }, (5, 1)),
    ];
    for (change, expected) in changes {
        let mut engine = exchange(rich());
        engine.price(SBIN, 100_00);
        let limit = |engine: &mut Engine| engine.place(order(Side::Buy, 5).limit(98_00)).unwrap();
        let (first, second) = (limit(&mut engine), limit(&mut engine));
        engine.modify(Modification { id: first.clone(), ..change.clone() }).unwrap();
        engine.book(98_00, 98_00, 6);
        assert_eq!((filled(&engine, &first), filled(&engine, &second)), expected, "{change:?}");
    }
}

#[test]
fn a_price_looks_only_at_the_orders_it_reaches() {
    let mut engine = exchange(Config::new(Decimal::from(1_000_000_000)));
    engine.price(SBIN, 800_00);
    for step in 0..2_000 {
        engine.place(order(Side::Buy, 1).limit(790_00 - 5 * (step % 1_000))).unwrap();
    }
    let quote = PriceUpdate::last(SBIN, inr(789_95), at(70));
    assert_eq!(crate::place::sweep(&engine, &quote).looked_at, 4);
}
