//! Instruments, wire numbers, the walk, and money as text.

use crate::walk::{Walk, made_up_start};
use fyers_api::{codes, model::Validity};

use super::*;

const ROW: &str = "10100000003045,STATE BANK OF INDIA,0,1,0.1,INE062A01020,0915-1530|1815-1915:,2026-11-23,,\
                   NSE:SBIN-EQ,10,10,3045,SBIN,3045,-1.0,XX,10100000003045,None,0,0.0";

#[test]
fn a_symbol_master_row_has_tick_and_lot() {
    let future =
        ROW.replace("NSE:SBIN-EQ,10,10", "NSE:SBIN26NOVFUT,10,11").replace(",0,1,0.1,", ",13,750,0.05,");
    let (known, bad) = parse_master(&format!("{ROW}\n\n{future}\nnonsense\n{}\n", ROW.replace("0.1,", "x,")));
    assert_eq!((known.len(), bad), (2, 2));
    assert_eq!((known[0].symbol.as_str(), known[0].tick, known[0].lot), (SBIN, inr(10), 1));
    assert_eq!((known[1].kind, known[1].segment, known[1].lot), (Kind::Future, 11, 750));
    let instruments = Instruments::strict(known);
    assert_eq!(instruments.tradable("NSE:SBIN26NOVFUT").unwrap().segment_name(), "NFO");
    assert!(instruments.tradable(INFY).is_err());
}

#[test]
fn the_master_decides_on_the_tick() {
    let mut engine = Engine::new(rich(), Instruments::lenient(parse_master(ROW).0));
    engine.execute(&Command::NewDay { date: day(23) }).unwrap();
    let text = "LimitPrice not a multiple of tick size 0.1000";
    assert_eq!(engine.place(order(Side::Buy, 1).limit(800_05)).unwrap_err().message, text);
    assert!(engine.place(order(Side::Buy, 1).limit(800_10)).is_ok());
    assert!(engine.place(order(Side::Buy, 1).of(INFY).limit(800_05)).is_ok());
}

#[test]
fn kinds_are_told_from_the_symbol() {
    for (symbol, kind) in [
        (SBIN, Kind::Equity),
        ("NSE:RELIANCE-EQ", Kind::Equity),
        ("BSE:ACC-A", Kind::Equity),
        ("NSE:M&M-EQ", Kind::Equity),
        ("NSE:NIFTY50-INDEX", Kind::Index),
        (FUTURE, Kind::Future),
        (CALL, Kind::Option),
        ("NSE:NIFTY26N2425000PE", Kind::Option),
        ("MCX:GOLD26DECFUT", Kind::Future),
    ] {
        assert_eq!(Kind::of(symbol), kind, "{symbol}");
    }
}

#[test]
fn numbers_of_the_wire() {
    for number in 1..=4 {
        assert_eq!(codes::order_type_number(codes::order_type(number).unwrap()), number);
    }
    for word in ["CNC", "INTRADAY", "MARGIN", "MTF"] {
        assert_eq!(codes::product_word(codes::product(word).unwrap()), word);
    }
    assert_eq!(codes::product("BO"), Err(ApiError::invalid_input()));
    assert_eq!(codes::product("CO"), Err(ApiError::invalid_input()));
    assert_eq!(codes::order_type(5), Err(ApiError::invalid_input()));
    assert_eq!((codes::side(1), codes::side(-1)), (Ok(Side::Buy), Ok(Side::Sell)));
    assert_eq!(codes::side(0), Err(ApiError::invalid_input()));
    assert_eq!((codes::validity("DAY"), codes::validity("IOC")), (Ok(Validity::Day), Ok(Validity::Ioc)));
    assert_eq!(codes::validity("GTC"), Err(ApiError::invalid_input()));
}

#[test]
fn statuses_of_the_wire() {
    let statuses = [
        (OrderStatus::Cancelled, 1),
        (OrderStatus::Traded, 2),
        (OrderStatus::Transit, 4),
        (OrderStatus::Rejected, 5),
        (OrderStatus::Pending, 6),
        (OrderStatus::Expired, 7),
    ];
    for (status, number) in statuses {
        assert_eq!(codes::status_number(status), number);
    }
}

#[test]
fn position_ids_split_where_the_product_begins() {
    assert_eq!(codes::symbol_of_position("NSE:SBIN-EQ-INTRADAY"), SBIN);
    assert_eq!(codes::symbol_of_position(SBIN), SBIN);
    assert_eq!(codes::position_id(SBIN, Product::Cnc), "NSE:SBIN-EQ-CNC");
}

#[test]
fn a_walk_is_the_same_every_time_and_its_own_for_every_seed() {
    let walk = |seed, symbol| {
        let walk = Walk::new(seed, symbol, inr(800_00), inr(5));
        (0..600).map(|step| walk.price(step)).collect::<Vec<_>>()
    };
    assert_eq!(walk(1, SBIN), walk(1, SBIN));
    assert_ne!(walk(1, SBIN), walk(2, SBIN));
    assert_ne!(walk(1, SBIN), walk(1, INFY));
    assert_eq!(walk(1, SBIN)[0], inr(800_00), "it begins at the last known price");
}

#[test]
fn a_walk_moves_in_small_steps_on_ticks_and_within_its_band() {
    let (start, tick) = (inr(800_00), inr(5));
    let walk = Walk::new(7, SBIN, start, tick);
    let prices: Vec<_> = (0..20_000).map(|step| walk.price(step)).collect();
    assert!(prices.iter().all(|price| (*price % tick).is_zero()));
    let (low, high) = (start * inr(80), start * inr(1_20));
    assert!(prices.iter().all(|price| (low..=high).contains(price)));
    let most = start * Decimal::new(12, 4) + tick;
    let jumps = prices.windows(2).filter(|pair| (pair[1] - pair[0]).abs() > most).count();
    assert_eq!(jumps, 0, "no jump where one block meets the next");
    let distinct: std::collections::BTreeSet<_> = prices.iter().collect();
    assert!(distinct.len() > 100, "it does move");
}

#[test]
fn a_start_is_made_up_once() {
    assert_eq!(made_up_start(SBIN), made_up_start(SBIN));
    assert!((inr(100_00)..=inr(2_100_00)).contains(&made_up_start(INFY)));
}

#[test]
fn a_cheap_share_never_costs_nothing() {
    let walk = Walk::new(3, SBIN, inr(5), inr(5));
    assert!((0..5_000).all(|step| walk.price(step) >= inr(5)));
}
