//! Instruments, wire numbers, the walk, and money as text.

use fyers_api::{
    codes,
    model::{Segment, Validity},
};

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
    assert_eq!((known[1].kind, known[1].segment, known[1].lot), (Kind::Future, Segment::Fno, 750));
    let instruments = Instruments::strict(known);
    assert_eq!(instruments.tradable("NSE:SBIN26NOVFUT", None).unwrap().segment_name(), "NFO");
    assert!(instruments.tradable(INFY, None).is_err());
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
