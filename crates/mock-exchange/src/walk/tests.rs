//! The made-up market is one market.

use rust_decimal::prelude::FromPrimitive;

use super::{
    pricing::{RATE, years_to},
    *,
};

const TICK: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

fn at(text: &str) -> DateTime<Utc> {
    let local = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap();
    ist::instant(local.date(), local.time())
}

fn price(walk: &Walk, symbol: &str, at: DateTime<Utc>) -> Decimal {
    walk.price(&Calendar::embedded(), symbol, TICK, at)
}

#[test]
fn a_walk_is_the_same_every_time_and_its_own_for_every_seed_and_symbol() {
    let noon = at("2026-11-25 12:00:00");
    let of = |seed, symbol| {
        let walk = Walk::new(seed);
        (0..50).map(|step| price(&walk, symbol, noon + TimeDelta::seconds(step * 5))).collect::<Vec<_>>()
    };
    assert_eq!(of(1, "NSE:SBIN-EQ"), of(1, "NSE:SBIN-EQ"));
    assert_ne!(of(1, "NSE:SBIN-EQ"), of(2, "NSE:SBIN-EQ"));
    assert!(of(1, "NSE:SBIN-EQ").windows(2).any(|pair| pair[0] != pair[1]), "it does move");
}

#[test]
fn steps_are_small_within_a_day_and_over_the_years_it_stays_near_its_reference() {
    let walk = Walk::new(7);
    let open = at("2026-11-25 09:15:00");
    let prices: Vec<_> =
        (0..4_500).map(|step| price(&walk, "NSE:SBIN-EQ", open + TimeDelta::seconds(step * 5))).collect();
    let jump = |pair: &[Decimal]| (pair[1] - pair[0]).abs() / pair[0];
    assert!(
        prices.windows(2).all(|pair| jump(pair) < Decimal::new(2, 3)),
        "no jump where one block meets the next"
    );
    for month in 1..=12 {
        let day = price(&walk, "NSE:SBIN-EQ", at(&format!("2026-{month:02}-12 11:00:00")));
        assert!((Decimal::from(700)..Decimal::from(1_250)).contains(&day), "{day}");
    }
}

#[test]
fn prices_stand_still_outside_sessions() {
    let walk = Walk::new(1);
    let of = |text: &str| price(&walk, "NSE:SBIN-EQ", at(text));
    assert_eq!(of("2026-11-23 15:29:55"), of("2026-11-23 22:00:00"));
    assert_eq!(of("2026-11-23 22:00:00"), of("2026-11-24 11:00:00"), "a holiday");
    assert_eq!(of("2026-11-24 11:00:00"), of("2026-11-25 09:14:59"));
}

#[test]
fn a_real_price_is_where_it_goes_on() {
    let mut walk = Walk::new(1);
    let noon = at("2026-11-25 12:00:00");
    walk.anchor("NSE:SBIN-EQ", Decimal::from(1_234), noon);
    assert_eq!(price(&walk, "NSE:SBIN-EQ", noon), Decimal::from(1_234));
    let later = price(&walk, "NSE:SBIN-EQ", noon + TimeDelta::seconds(60));
    assert!((later - Decimal::from(1_234)).abs() < Decimal::from(5), "{later}");
}

#[test]
fn futures_and_options_follow_their_underlying() {
    let walk = Walk::new(3);
    let noon = at("2026-11-25 12:00:00");
    let of = |symbol: &str| price(&walk, symbol, noon);
    let (index, future) = (of("NSE:NIFTY50-INDEX"), of("NSE:NIFTY26DECFUT"));
    let carry = (future - index) / index;
    assert!(carry > Decimal::ZERO && carry < Decimal::new(1, 2), "{index} {future}");
    let tolerance = Decimal::new(15, 2);
    for strike in [24_000, 26_000, 28_000] {
        let (call, put) =
            (of(&format!("NSE:NIFTY26DEC{strike}CE")), of(&format!("NSE:NIFTY26DEC{strike}PE")));
        let years = years_to("2026-12-29".parse().unwrap(), noon);
        let discount = Decimal::from_f64((-RATE * years).exp()).unwrap();
        let parity = call - put - discount * (future - Decimal::from(strike));
        // The cheapest price is a tick.
        assert!(parity.abs() <= tolerance, "{strike}: {call} {put} {parity}");
    }
    let bank = of("NSE:NIFTYBANK-INDEX");
    assert!((Decimal::from(40_000)..Decimal::from(80_000)).contains(&bank), "{bank}");
}

#[test]
fn candles_agree_with_the_prices_and_with_each_other() {
    let (walk, calendar) = (Walk::new(5), Calendar::embedded());
    let (from, to) = (at("2026-11-25 09:15:00"), at("2026-11-25 15:29:59"));
    let of = |seconds| walk.candles(&calendar, ("NSE:SBIN-EQ", TICK), (from, to), seconds);
    let (minutes, quarters, day) = (of(60), of(900), of(86_400));
    assert_eq!((minutes.len(), quarters.len(), day.len()), (375, 25, 1));
    assert_eq!(minutes[0].open, price(&walk, "NSE:SBIN-EQ", from));
    assert_eq!(minutes[10].close, price(&walk, "NSE:SBIN-EQ", minutes[11].at - TimeDelta::seconds(5)));
    let merged = |all: &[Candle]| {
        let high = all.iter().map(|candle| candle.high).max().unwrap();
        let low = all.iter().map(|candle| candle.low).min().unwrap();
        (
            all[0].open,
            high,
            low,
            all[all.len() - 1].close,
            all.iter().map(|candle| candle.volume).sum::<i64>(),
        )
    };
    assert_eq!(merged(&minutes), merged(&quarters));
    assert_eq!(merged(&minutes), merged(&day));
    assert!(day[0].volume > 0 && day[0].high > day[0].low);
    assert!(
        walk.candles(
            &calendar,
            ("NSE:SBIN-EQ", TICK),
            (at("2026-11-24 00:00:00"), at("2026-11-24 23:00:00")),
            60
        )
        .is_empty()
    );
}

#[test]
fn the_day_knows_its_extremes_and_the_close_before() {
    let (walk, calendar) = (Walk::new(5), Calendar::embedded());
    let (today, previous) = walk.day(&calendar, "NSE:SBIN-EQ", TICK, at("2026-11-25 12:00:00"));
    assert_eq!(previous, price(&walk, "NSE:SBIN-EQ", at("2026-11-23 18:00:00")));
    assert_eq!(today.close, price(&walk, "NSE:SBIN-EQ", at("2026-11-25 12:00:00")));
    assert!(today.low <= today.open && today.open <= today.high && today.low <= today.close);
}
