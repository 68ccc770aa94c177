//! Instruments, wire numbers, the walk, and money as text.

use fyers_api::{codes, model::Validity};

use std::sync::Arc;

use super::*;

const ROW: &str = "10100000003045,STATE BANK OF INDIA,0,1,0.1,INE062A01020,0915-1530|1815-1915:,2026-11-23,,\
                   NSE:SBIN-EQ,10,10,3045,SBIN,3045,-1.0,XX,10100000003045,None,0,0.0";

fn master(csv: &str) -> Instruments {
    let mut master = SymbolMaster::default();
    fyers_api::symbol_master::read_csv(csv.as_bytes(), |row| master.add(&row)).unwrap();
    Instruments::listed(Arc::new(master.sorted()))
}

#[test]
fn in_the_markets_a_symbol_master_lists_there_is_nothing_else() {
    let future = ROW
        .replace("NSE:SBIN-EQ,10,10", "NSE:SBIN26NOVFUT,10,11")
        .replace(",0,1,0.1,", ",13,750,0.05,")
        .replace(",2026-11-23,,", ",2026-11-23,1795428600,");
    let again = ROW.replace("0.1,", "0.5,");
    let instruments = master(&format!("{future}\n{ROW}\n{again}\n"));
    assert_eq!(instruments.count(), 2, "the first of two rows counts");
    let share = instruments.tradable(SBIN, None).unwrap();
    assert_eq!((share.tick, share.lot, share.assumed), (inr(10), 1, false));
    let future = instruments.tradable("NSE:SBIN26NOVFUT", None).unwrap();
    assert_eq!((future.kind, future.lot, future.segment_name()), (Kind::Future, 750, "NFO"));
    assert_eq!(future.expiry, Some(day(23)));
    // T12: each of these was filled with a symbol master loaded.
    for unknown in
        [INFY, "NSE:NOSUCHTHING-EQ", "SBIN-ZZ", "sbin-eq", "NSE:SBIN-EQ ", "NSE:SBIN\u{1f600}-EQ", FUTURE]
    {
        let refused = instruments.tradable(unknown, None).unwrap_err();
        assert_eq!(
            (refused.code, refused.message.as_str()),
            (-50, "The input symbol is invalid."),
            "{unknown}"
        );
    }
    let elsewhere = instruments.tradable("BSE:ACC-A", None).unwrap();
    assert!(elsewhere.assumed, "a market without a list is not known, which is not the same as empty");
    assert!(instruments.tradable("BSE:ACC-QQ", None).is_err());
}

#[test]
fn the_master_decides_on_the_tick() {
    let mut engine = Engine::new(rich(), master(ROW));
    engine.execute(&Command::NewDay { date: day(23) }).unwrap();
    engine.price(SBIN, 800_00);
    let text = "LimitPrice not a multiple of tick size 0.1000";
    assert_eq!(engine.place(order(Side::Buy, 1).limit(800_05)).unwrap_err().message, text);
    assert!(engine.place(order(Side::Buy, 1).limit(800_10)).is_ok());
}

#[test]
fn bands_and_freeze_quantities_are_the_master_s() {
    let mut all = SymbolMaster::default();
    let rows = format!(
        "{{\"{SBIN}\":{{\"segment\":10,\"tickSize\":0.1,\"minLotSize\":1,\"upperPrice\":820.5,\
        \"lowerPrice\":780,\"qtyFreeze\":\"500\",\"isCasEligible\":1}}}}"
    );
    fyers_api::symbol_master::read_json(rows.as_bytes(), |row| all.add(&row)).unwrap();
    let instruments = Instruments::listed(Arc::new(all.sorted()));
    let share = instruments.tradable(SBIN, None).unwrap();
    assert_eq!(
        (share.circuit, share.freeze, share.closing_auction),
        (Some((inr(780_00), inr(820_50))), Some(500), true)
    );
    let mut engine = Engine::new(rich(), instruments);
    engine.execute(&Command::NewDay { date: day(23) }).unwrap();
    engine.price(SBIN, 800_00);
    let why = |order| engine.clone().place(order).unwrap_err().message;
    assert!(
        why(order(Side::Buy, 1).limit(820_60)).contains("UpperCircuit"),
        "{}",
        why(order(Side::Buy, 1).limit(820_60))
    );
    assert!(why(order(Side::Buy, 501).limit(800_00)).contains("Freeze:500"));
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

fn is_invalid<T>(read: Result<T, ApiError>) -> bool {
    read.is_err_and(|error| error.code == -50 && error.message.starts_with("Invalid input: "))
}

#[test]
fn numbers_of_the_wire() {
    for number in 1..=4 {
        assert_eq!(codes::order_type_number(codes::order_type(number).unwrap()), number);
    }
    for word in ["CNC", "INTRADAY", "MARGIN", "MTF"] {
        assert_eq!(codes::product_word(codes::product(word).unwrap()), word);
    }
    assert!(is_invalid(codes::product("BO")));
    assert!(is_invalid(codes::product("CO")));
    assert!(is_invalid(codes::order_type(5)));
    assert_eq!((codes::side(1), codes::side(-1)), (Ok(Side::Buy), Ok(Side::Sell)));
    assert!(is_invalid(codes::side(0)));
    assert_eq!((codes::validity("DAY"), codes::validity("IOC")), (Ok(Validity::Day), Ok(Validity::Ioc)));
    assert!(is_invalid(codes::validity("GTC")));
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
