//! The tables of the command line, as they are: a column that comes, goes or has another name shows as a difference.

use keeper_domain::{
    keys::LimitKind,
    mode::{Mode, ShownMode},
    routing::{Venue, own::OwnDay},
};
use rust_decimal::Decimal;
use serde_json::json;

use super::{account, key_table, orders};
use crate::{
    account::{AccountPart, Money, PositionRow, Positions},
    keys::KeyRow,
};

fn account_part() -> AccountPart<Positions> {
    let row = |symbol: &str, quantity, average: f64, pnl: f64| PositionRow {
        symbol: symbol.to_owned(),
        product: "INTRADAY".to_owned(),
        quantity: Some(quantity),
        average: Some(average),
        last: Some(812.35),
        realized: Some(0.0),
        unrealized: Some(pnl),
        pnl: Some(pnl),
    };
    let positions =
        vec![row("NSE:SBIN-EQ", 10, 810.0, 23.5), row("NSE:BANKNIFTY26NOV59000CE", -35, 412.05, -14_010.5)];
    let part =
        Positions { positions, pnl: Some(-13_987.0), realized: Some(0.0), unrealized: Some(-13_987.0) };
    AccountPart { mode: ShownMode::Live, venue: Venue::Fyers, open_at_fyers: None, part }
}

fn orders_of_a_day() -> Vec<serde_json::Value> {
    vec![
        json!({"at": "2026-11-26T03:45:01Z", "venue": "mock", "what": "place", "status": 200, "symbol": "NSE:SBIN-EQ",
            "quantity": -10, "code": 1101, "price": "840.05", "message": "placed"}),
        json!({"at": "2026-11-26T03:45:02Z", "venue": "fyers", "what": "place", "status": 400, "code": -99,
            "symbol": "NSE:BANKNIFTY26NOV59000CE", "quantity": 35, "bot": "scalper", "price": "0",
            "message": "RED:Margin Shortfall:INR 1,23,456.00 Available:INR 45,000.00 for C-XX00001 [FYERS_RISK_CUG]"}),
        json!({"at": "2026-11-26T03:45:03Z", "venue": "fyers", "what": "cancel", "status": 200, "code": 1103}),
    ]
}

fn keys() -> Vec<KeyRow> {
    let key = |name: &str, mode, limit: Option<i64>| KeyRow {
        name: name.to_owned(),
        mode,
        read_only: false,
        max_order_value: limit.map(Decimal::from),
        max_orders_per_day: limit.map(|_| 200),
        max_loss: limit.map(Decimal::from),
        halted: limit.is_some(),
        limits_reached: vec![],
        created_at: None,
        rotated_at: None,
        today: None,
        simulated: None,
    };
    let day = OwnDay { orders: 12, result: Decimal::new(-51_250, 2), ..OwnDay::default() };
    let lost = KeyRow {
        halted: false,
        limits_reached: vec![LimitKind::Loss],
        today: Some(day),
        ..key("scalper", Mode::Sandbox, Some(500))
    };
    let long = key("a-bot-with-a-long-name-2", Mode::Sandbox, Some(123_456_789));
    vec![key("default", Mode::Live, None), lost, long]
}

#[test]
fn tables_at_80_and_140_columns() {
    let mut sheets = vec![];
    for room in [80, 140] {
        let (account, funds) =
            (account_part(), Money { total: Some(100_000.0), used: None, available: Some(45_000.0) });
        for (verb, table) in [
            ("orders", orders::table(&orders_of_a_day(), room)),
            ("positions", account::positions_table(&account, room)),
            ("pnl", account::pnl_table(&account, Some(&funds), room)),
            ("key list", key_table::key_table(&keys(), room)),
        ] {
            let widest = table.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(room), "{table}");
            sheets.push(format!("$ fyers-keeper {verb}, {room} columns\n{table}\n"));
        }
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../tests/texts/golden");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("tables", sheets.join("\n")));
}
