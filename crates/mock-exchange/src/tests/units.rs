//! Contracts of which one is many units, as on MCX.

use serde_json::json;

use super::{
    api::{Floor, Value, body, with},
    *,
};

/// A contract of 100 barrels: prices are per barrel, quantities are contracts, money counts all barrels.
#[test]
fn a_contract_of_many_units_gains_and_blocks_for_all_of_them() {
    let oil = "MCX:CRUDEOIL26DECFUT";
    let contract = Instrument { multiplier: 100, assumed: false, ..Instrument::assumed(oil, None) };
    let mut floor = Floor::open();
    floor.exchange.set_instruments(std::sync::Arc::new(Instruments::strict([contract])));
    floor.see(oil, 5_600_00);
    let (_, placed) = floor.place(with(body(oil, 1, 2), &json!({"productType": "MARGIN", "stopLoss": 10})));
    assert_eq!(placed["code"], 1101, "{placed}");
    assert_eq!(floor.exchange.engine().funds().utilized, inr(2 * 100 * 5_600_00 / 5));
    // A newer symbol master changes nothing about what is open, and neither does a restart.
    floor.exchange.set_instruments(std::sync::Arc::default());
    floor.see(oil, 5_610_00);
    let row = floor.only("/positions", "netPositions");
    let number = |row: &Value, name: &str| row[name].as_f64().unwrap();
    let all =
        ["netAvg", "buyAvg", "buyVal", "qtyMulti_com", "unrealized_profit"].map(|name| number(&row, name));
    assert_eq!(all, [5_600.0, 5_600.0, 1_120_000.0, 100.0, 2_000.0], "{row}");
    floor.see(oil, 5_590_00);
    let row = floor.only("/positions", "netPositions");
    assert_eq!((number(&row, "netQty"), number(&row, "realized_profit")), (0.0, -2_000.0), "{row}");
    assert_eq!(number(&floor.get("/tradebook", "")["tradeBook"][1], "tradeValue"), 1_118_000.0);
    assert_eq!(floor.exchange.engine().ledger().cash, Decimal::from(1_000_000 - 2_000));
}

#[test]
fn a_carried_contract_of_many_units_survives_the_snapshot() {
    let oil = "MCX:CRUDEOIL26DECFUT";
    let contract = Instrument { multiplier: 100, ..Instrument::assumed(oil, None) };
    let mut engine = Engine::new(Config::new(Decimal::from(10_000_000)), Instruments::lenient([contract]));
    engine.execute(&Command::NewDay { date: day(23) }).unwrap();
    engine.price(oil, 5_600_00);
    engine.place(order(Side::Buy, 2).of(oil).product(Product::Margin)).unwrap();
    engine.say(Command::NewDay { date: day(25) }).unwrap();
    let text = serde_json::to_string(engine.opening().unwrap()).unwrap();
    let again = Engine::resume(engine.config, Instruments::default(), serde_json::from_str(&text).unwrap());
    let view = &again.positions()[0];
    assert_eq!((view.account.multiplier, view.account.average()), (100, inr(5_600_00)), "{text}");
    assert_eq!(again.ledger().blocked, engine.ledger().blocked);
}

/// What an order is worth at the broker is not known where nobody says how many units one is for.
#[test]
fn units_are_known_of_shares_and_where_a_symbol_master_tells_them() {
    let oil = "MCX:CRUDEOIL26DECFUT";
    let rows = [Instrument { multiplier: 100, tells_multiplier: true, ..Instrument::assumed(oil, None) }];
    let engine = Engine::new(Config::new(Decimal::from(1_000)), Instruments::lenient(rows));
    let units = |symbol: &str| engine.units(symbol);
    assert_eq!((units(oil), units(" mcx:crudeoil26decfut")), (Some(100), Some(100)));
    assert_eq!((units(SBIN), units("NSE:NIFTY26NOV25000CE")), (Some(1), Some(1)));
    for unknown in ["MCX:GOLD26DECFUT", "MCX:GOLD", "NSE:USDINR26NOVFUT", "NSE:EURUSD26NOVFUT"] {
        assert_eq!(units(unknown), None, "{unknown}");
    }
}
