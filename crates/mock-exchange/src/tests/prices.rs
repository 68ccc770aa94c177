//! Which prices count, for how long, and what a restart leaves of them.

use serde_json::json;

use super::*;
use crate::{
    exchange::Prices,
    tests::api::{Floor, body, clock, with, words},
};

/// Another run of the program, with the prices that the one before has kept.
fn restarted(before: &mut Floor) -> Floor {
    let mut floor = Floor { prices: before.prices, now: before.now, ..Floor::open() };
    before.exchange.take_unsaved_prices().iter().for_each(|price| floor.exchange.remember(price));
    floor
}

/// Prices of all fills in these records.
fn fills(records: &[Record]) -> Vec<Decimal> {
    let price = |record: &Record| if let Record::Traded { price, .. } = record { Some(*price) } else { None };
    records.iter().filter_map(price).collect()
}

#[test]
fn real_prices_are_told_once_and_come_back_with_their_day() {
    let mut floor = Floor::open();
    floor.now = clock(23, 15, 0);
    floor.see(SBIN, 790_00);
    floor.now = clock(25, 12, 0);
    floor.see(SBIN, 800_00);
    floor.see(SBIN, 810_00);
    floor.see(SBIN, 805_00);
    let again = restarted(&mut floor);
    assert!(floor.exchange.take_unsaved_prices().is_empty(), "told once");
    let market = again.exchange.engine().market();
    let (top, day) = (market.top(SBIN).unwrap(), market.day(SBIN).unwrap());
    assert_eq!((top.ltp, top.at, top.origin), (inr(805_00), clock(25, 12, 0), PriceOrigin::Last));
    assert_eq!((day.open, day.high, day.previous), (inr(800_00), inr(810_00), inr(790_00)));
    assert_eq!(market.reference(SBIN), Some(inr(790_00)), "the band goes by the close before");
}

#[test]
fn prices_that_could_not_be_kept_are_told_again_unless_there_are_newer_ones() {
    let mut floor = Floor::open();
    floor.see(SBIN, 800_00);
    floor.see(INFY, 1_500_00);
    let failed = floor.exchange.take_unsaved_prices();
    floor.see(SBIN, 801_00);
    floor.exchange.keep_unsaved_prices(failed);
    let told: Vec<_> =
        floor.exchange.take_unsaved_prices().into_iter().map(|price| (price.symbol, price.last)).collect();
    assert_eq!(told, [(INFY.to_owned(), inr(1_500_00)), (SBIN.to_owned(), inr(801_00))]);
}

#[test]
fn with_last_prices_only_real_ones_count() {
    let mut floor = Floor { prices: Prices::Walk, ..Floor::open() };
    floor.get("/quotes", "symbols=NSE:SBIN-EQ");
    floor.prices = Prices::Last;
    let (_, refused) = floor.place(body(SBIN, 1, 1));
    assert!(refused["code"] == -99 && words(&refused).contains("No price of NSE:SBIN-EQ"), "{refused}");
    floor.exchange.forget_made_up_prices();
    assert!(floor.exchange.engine().market().top(SBIN).is_none());
    floor.see(SBIN, 800_00);
    let mut again = restarted(&mut floor);
    again.now += TimeDelta::hours(2);
    assert_eq!(again.place(body(SBIN, 1, 1)).1["code"], 1101, "at the last price, however old");
    let quote = again.get("/quotes", "symbols=NSE:SBIN-EQ")["d"][0].clone();
    assert_eq!((&quote["origin"], &quote["v"]["lp"]), (&json!("last"), &json!(800.0)));
}

#[test]
fn a_square_off_waits_for_a_fresh_price_until_the_session_ends() {
    for (seen_at, price) in [(Some(clock(25, 15, 20)), 840_00), (None, 800_00)] {
        let mut floor = Floor::open();
        floor.see(SBIN, 800_00);
        floor.place(body(SBIN, 1, 10));
        floor.now = clock(25, 15, 16);
        assert_eq!(floor.exchange.waited_for(floor.now), [SBIN]);
        assert_eq!(
            fills(&floor.exchange.tick(floor.now, Prices::Live)),
            [],
            "FYERS has not told a price yet"
        );
        let mut records = vec![];
        if let Some(at) = seen_at {
            floor.now = at;
            records.extend(floor.see(SBIN, 840_00));
        }
        floor.now = clock(25, 15, 30);
        records.extend(floor.exchange.tick(floor.now, Prices::Live));
        assert_eq!(fills(&records), [inr(price)]);
    }
}

#[test]
fn a_contract_is_settled_by_its_underlying_on_its_last_day() {
    let index = "NSE:NIFTY50-INDEX";
    for (symbol, settles_at) in [
        ("NSE:NIFTY26NOV26000CE", 100_00),
        ("NSE:NIFTY26NOV26200CE", 0),
        ("NSE:NIFTY26NOV26000PE", 0),
        ("NSE:NIFTY26NOV26200PE", 100_00),
        ("NSE:NIFTY26NOVFUT", 26_100_00),
    ] {
        let mut floor = Floor::open();
        floor.now = clock(20, 11, 0);
        floor.see(symbol, if symbol.ends_with("FUT") { 26_000_00 } else { 50_00 });
        floor.place(with(body(symbol, 1, 1), &json!({"productType": "MARGIN"})));
        assert_eq!(floor.exchange.waited_for(floor.now), Vec::<String>::new(), "days before");
        floor.now = clock(23, 15, 29);
        assert_eq!(floor.exchange.waited_for(floor.now), [index], "the 24th is a holiday");
        floor.see(index, 26_100_00);
        floor.now = clock(23, 15, 40);
        assert_eq!(fills(&floor.exchange.tick(floor.now, Prices::Live)), [inr(settles_at)], "{symbol}");
    }
}

#[test]
fn a_made_up_underlying_settles_nothing_real() {
    let future = "NSE:NIFTY26NOVFUT";
    let mut floor = Floor::open();
    floor.now = clock(23, 11, 0);
    floor.see(future, 26_000_00);
    floor.place(with(body(future, 1, 1), &json!({"productType": "MARGIN"})));
    floor.exchange.wander(&["NSE:NIFTY50-INDEX".to_owned()], floor.now);
    floor.now = clock(23, 15, 40);
    assert_eq!(fills(&floor.exchange.tick(floor.now, Prices::Last)), [inr(26_000_00)]);
}

#[test]
fn a_market_order_trades_a_tick_beyond_the_last_price_where_nothing_else_is_known() {
    let slips = Config { slippage: true, ..Config::new(Decimal::from(1_000_000)) };
    for (side, price) in [(1, 800.05), (-1, 799.95)] {
        let mut floor = Floor::with(slips);
        floor.see(SBIN, 800_00);
        let said = floor.place(body(SBIN, side, 10)).1;
        assert!(words(&said).contains("one tick beyond the last price, of 25 Nov 12:00:00 IST"), "{said}");
        assert_eq!(floor.only("/orders", "orderBook")["tradedPrice"], json!(price));
    }
    let mut floor = Floor::with(slips);
    floor.prices = Prices::Walk;
    floor.exchange.wander(&[SBIN.to_owned()], floor.now);
    let said = floor.place(body(SBIN, 1, 10)).1;
    assert!(
        words(&said).contains("one tick beyond a made-up price (walk), of 25 Nov 12:00:00 IST"),
        "{said}"
    );
    let mut floor = Floor::with(slips);
    let quote = PriceUpdate {
        bid: Some(inr(799_95)),
        ask: Some(inr(800_10)),
        ..PriceUpdate::last(SBIN, inr(800_00), floor.now)
    };
    floor.exchange.observe_quotes(vec![quote]);
    let said = floor.place(body(SBIN, 1, 10)).1;
    assert!(!words(&said).contains("beyond"), "{said}");
    assert_eq!(floor.only("/orders", "orderBook")["tradedPrice"], json!(800.1));
    let limit = with(body(INFY, 1, 1), &json!({"type": 1, "limitPrice": 1_500}));
    floor.see(INFY, 1_500_00);
    floor.place(limit);
    assert_eq!(floor.get("/orders", "")["orderBook"][1]["tradedPrice"], json!(1_500.0), "a limit is a limit");
}

#[test]
fn a_stop_in_a_gap_trades_at_the_gaps_price() {
    for (stop, opens, price) in [
        (json!({"type": 3, "side": -1, "stopPrice": 790}), 760_00, json!(760.0)),
        (json!({"type": 3, "side": 1, "stopPrice": 810}), 845_00, json!(845.0)),
        (json!({"type": 4, "side": 1, "stopPrice": 810, "limitPrice": 850}), 845_00, json!(845.0)),
        (json!({"type": 4, "side": 1, "stopPrice": 810, "limitPrice": 820}), 845_00, json!(0.0)),
    ] {
        let mut floor = Floor::open();
        floor.see(SBIN, 800_00);
        floor.place(with(body(SBIN, 1, 10), &stop));
        floor.see(SBIN, opens);
        let row = floor.only("/orders", "orderBook");
        assert_eq!(row["tradedPrice"], price, "{stop}");
    }
}

/// A price that stands beside a position is known, and is no quote: it fills nothing, and a quote of now stays.
#[test]
fn a_price_beside_a_position_is_known_and_fills_nothing() {
    let symbol = "NSE:SBIN-EQ";
    let mut floor = Floor::open();
    floor.see(symbol, 800_00);
    floor.exchange.note_last([(symbol.to_owned(), inr(700_00))], floor.now);
    assert_eq!(
        floor.exchange.price(symbol, Prices::Last, floor.now),
        Some(inr(800_00)),
        "it was quoted just now"
    );
    floor.place(with(body(symbol, 1, 1), &json!({"type": 1, "limitPrice": 790.0})));
    floor.now += TimeDelta::seconds(30);
    let records = floor.exchange.note_last([(symbol.to_owned(), inr(780_00))], floor.now);
    assert!(fills(&records).is_empty());
    assert_eq!(
        floor.exchange.price(symbol, Prices::Last, floor.now),
        Some(inr(780_00)),
        "newer than the quote"
    );
    assert_eq!(floor.exchange.fresh_price(symbol, floor.now), None, "nobody says how old it is");
    floor.exchange.note_last([("NSE:INFY-EQ".to_owned(), inr(0))], floor.now);
    assert_eq!(floor.exchange.price("NSE:INFY-EQ", Prices::Last, floor.now), None);
    let kept = floor.exchange.take_unsaved_prices();
    assert_eq!(kept.iter().map(|price| price.last).collect::<Vec<_>>(), [inr(780_00)], "for the next start");
}
