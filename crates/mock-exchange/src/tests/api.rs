//! What a bot meets through FYERS' API: symbols, sessions and prices; and the floor that these tests stand on.

pub(super) use fyers_api::http::{ApiRequest, Method, Surface};
use fyers_api::operation::Operation;
pub(super) use serde_json::Value;
use serde_json::json;

use super::*;
use crate::exchange::{MockExchange, Prices};

pub(super) const RELIANCE: &str = "NSE:RELIANCE-EQ";

pub(super) fn call(method: Method, path: &str, query: &str, body: Option<Value>) -> ApiRequest {
    let data = ["/quotes", "/depth", "/history", "/options-chain-v3", "/marketStatus"].contains(&path);
    ApiRequest {
        surface: if data { Surface::Data } else { Surface::Api },
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        content_type: None,
        body: body.map(|body| serde_json::to_vec(&body).unwrap()).unwrap_or_default(),
    }
}

pub(super) fn clock(day: u32, hour: u32, minute: u32) -> DateTime<Utc> {
    ist::instant(super::day(day), ist::at(hour, minute))
}

/// An exchange and the time of day.
pub(super) struct Floor {
    pub(super) exchange: MockExchange,
    pub(super) now: DateTime<Utc>,
    pub(super) prices: Prices,
}

impl Floor {
    /// Noon of 25 November 2026, no symbol master, prices as observed.
    pub(super) fn open() -> Self {
        Self::with(Config::new(Decimal::from(1_000_000)))
    }

    /// The same under these rules.
    pub(super) fn with(config: Config) -> Self {
        let config = Config { name: "a test", ..config };
        let exchange = MockExchange::open(config, Instruments::default(), &[], 1);
        Self { exchange, now: clock(25, 12, 0), prices: Prices::Live }
    }

    pub(super) fn see(&mut self, symbol: &str, paise: i64) -> Vec<Record> {
        self.exchange.observe(symbol, inr(paise), self.now)
    }

    pub(super) fn send(&mut self, call: &ApiRequest) -> (u16, Value) {
        let done = self.exchange.execute(Operation::of(call), call, self.prices, self.now);
        let body: Value = serde_json::from_slice(&done.answer.body).unwrap();
        assert!(body["message"].as_str().unwrap().starts_with("SIMULATED by a test"), "{body}");
        (done.answer.status, body)
    }

    pub(super) fn place(&mut self, body: Value) -> (u16, Value) {
        self.send(&call(Method::Post, "/orders/sync", "", Some(body)))
    }

    pub(super) fn get(&mut self, path: &str, query: &str) -> Value {
        self.send(&call(Method::Get, path, query, None)).1
    }

    pub(super) fn only(&mut self, path: &str, list: &str) -> Value {
        let body = self.get(path, "");
        let rows = body[list].as_array().unwrap();
        assert_eq!(rows.len(), 1, "{body}");
        rows[0].clone()
    }
}

pub(super) fn body(symbol: &str, side: i64, quantity: i64) -> Value {
    json!({"symbol": symbol, "qty": quantity, "type": 2, "side": side, "productType": "INTRADAY", "limitPrice": 0,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false, "stopLoss": 0, "takeProfit": 0})
}

pub(super) fn with(mut body: Value, fields: &Value) -> Value {
    fields.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
    body
}

pub(super) fn words(body: &Value) -> &str {
    body["message"].as_str().unwrap()
}

#[test]
fn ticks_without_a_symbol_master() {
    let mut floor = Floor::open();
    floor.prices = Prices::Last;
    let limit = |symbol: &str, price: f64| with(body(symbol, 1, 1), &json!({"type": 1, "limitPrice": price}));
    assert_eq!(floor.place(limit("NSE:IDEA-EQ", 7.96)).1["code"], 1101);
    let (_, refused) = floor.place(limit("NSE:NIFTY26DECFUT", 25_000.05));
    assert!(words(&refused).contains("0.1000"), "{refused}");
    assert_eq!(floor.place(limit("NSE:NIFTY26DECFUT", 25_000.1)).1["code"], 1101);
    for step in 5_000_i32..5_300 {
        let price = f64::from(step) * 0.05;
        let (_, placed) = floor.place(limit("NSE:HDFCBANK-EQ", price + 0.000_000_000_01));
        assert_eq!(placed["code"], 1101, "{price}: {placed}");
    }
}

#[test]
fn ticks_by_price_band() {
    for (price, tick) in [
        (249_99, 1),
        (250_00, 5),
        (999_99, 5),
        (1_000_00, 10),
        (5_000_00, 50),
        (10_000_00, 100),
        (20_000_00, 500),
    ] {
        assert_eq!(share_tick(inr(price)), inr(tick), "{price}");
    }
}

#[test]
fn every_name_of_a_quotes_call_is_answered() {
    let mut floor = Floor::open();
    floor.prices = Prices::Walk;
    let body = floor.get("/quotes", "symbols=NSE:M&M-EQ");
    assert_eq!(
        (&body["d"][0]["n"], &body["d"][0]["s"]),
        (&json!("NSE:M"), &json!("error")),
        "a raw & cuts the name"
    );
    let body = floor.get("/quotes", "symbols=NSE:SBIN-EQ,SBIN,NSE:sbin-eq,NSE:NIFTY50-INDEX");
    let states: Vec<_> = body["d"].as_array().unwrap().iter().map(|row| row["s"].as_str().unwrap()).collect();
    assert_eq!(states, ["ok", "error", "error", "ok"]);
    let v = &body["d"][0]["v"];
    for name in
        ["ch", "lp", "ask", "bid", "open_price", "high_price", "low_price", "prev_close_price", "volume"]
    {
        assert!(v[name].is_number(), "{name}");
    }
    assert!(v["volume"].as_i64() > Some(0) && v["fyToken"].as_str().unwrap().len() > 10);
    let (_, refused) = floor.place(super::api::body("NSE:SBIN", 1, 1));
    assert!(refused["code"] == -50 && words(&refused).ends_with("The input symbol is invalid."), "{refused}");
    let depth = floor.get("/depth", "symbol=NSE:SBIN-EQ&ohlcv_flag=1")["d"][SBIN].clone();
    assert!(
        depth["lower_ckt"].as_f64() > Some(0.0) && depth["upper_ckt"].as_f64() > depth["ltp"].as_f64(),
        "{depth}"
    );
}

#[test]
fn without_made_up_prices_an_unseen_symbol_has_none() {
    let mut floor = Floor::open();
    floor.prices = Prices::Last;
    floor.see(SBIN, 800_00);
    let body = floor.get("/quotes", "symbols=NSE:SBIN-EQ,NSE:INFY-EQ");
    assert_eq!((&body["d"][0]["v"]["lp"], &body["d"][0]["origin"]), (&json!(800.0), &json!("live")));
    assert_eq!(body["d"][1]["s"], "error");
    assert!(words(&floor.place(super::api::body(INFY, 1, 1)).1).contains("No price"));
}

#[test]
fn mcx_is_squared_off_in_the_evening_and_shares_in_the_afternoon() {
    let mut floor = Floor::open();
    let (gold, net) = ("MCX:GOLD26DECFUT", |floor: &Floor, symbol: &str| {
        floor.exchange.engine().net(symbol, Product::Intraday)
    });
    floor.see(gold, 125_000_00);
    floor.see(SBIN, 800_00);
    floor.place(body(gold, 1, 1));
    floor.place(body(SBIN, 1, 10));
    floor.now = clock(25, 15, 16);
    // The price of the moment is known before the square-off acts on it.
    let records = floor.see(SBIN, 840_00);
    assert!(
        records.iter().any(|record| matches!(record, Record::Traded { price, .. } if *price == inr(840_00)))
    );
    assert_eq!((net(&floor, gold), net(&floor, SBIN)), (1, 0));
    floor.now = clock(25, 23, 39);
    floor.exchange.tick(floor.now, Prices::Last);
    assert_eq!(net(&floor, gold), 1);
    floor.now = clock(25, 23, 40);
    floor.exchange.tick(floor.now, Prices::Last);
    assert_eq!(net(&floor, gold), 0);
}

#[test]
fn market_status_is_by_segment() {
    let mut floor = Floor::open();
    let mut of = |at| {
        floor.now = at;
        let body = floor.get("/marketStatus", "");
        let status = |exchange: i64, segment: i64| {
            let rows = body["marketStatus"].as_array().unwrap();
            rows.iter().find(|row| row["exchange"] == exchange && row["segment"] == segment).unwrap()["status"].clone()
        };
        [status(10, 10), status(10, 11), status(11, 20)]
    };
    assert_eq!(of(clock(24, 11, 0)), ["CLOSED", "CLOSED", "CLOSED"]);
    assert_eq!(of(clock(25, 15, 35)), ["CLOSED", "OPEN", "OPEN"]);
    assert_eq!(of(clock(8, 14, 30)), ["OPEN", "OPEN", "CLOSED"]);
}

#[test]
fn nothing_trades_outside_sessions() {
    for at in [clock(25, 3, 0), clock(22, 12, 0), clock(24, 12, 0), clock(25, 15, 30)] {
        let mut floor = Floor::open();
        floor.now = at;
        floor.see(SBIN, 800_00);
        let (status, refused) = floor.place(with(body(SBIN, 1, 1), &json!({"productType": "CNC"})));
        assert!(status == 400 && refused["code"] == -99 && words(&refused).contains("closed"), "{refused}");
    }
    let mut floor = Floor::open();
    floor.now = clock(25, 15, 20);
    floor.see(SBIN, 800_00);
    floor.place(with(body(SBIN, 1, 1), &json!({"type": 1, "limitPrice": 790, "productType": "CNC"})));
    let (_, late) = floor.place(body(SBIN, 1, 1));
    assert!(words(&late).ends_with("MIS Orders are disallowed after system square off"), "{late}");
    floor.now = clock(25, 18, 30);
    floor.see(SBIN, 780_00);
    let row = floor.get("/orders", "")["orderBook"][0].clone();
    assert_eq!((&row["status"], &row["filledQty"]), (&json!(7), &json!(0)), "expired with its session");
}

#[test]
fn contracts_end_with_their_expiry() {
    let mut floor = Floor::open();
    floor.now = clock(23, 11, 0);
    let (future, call_option) = ("NSE:NIFTY26NOVFUT", "NSE:NIFTY26NOV26000CE");
    floor.see(future, 26_000_00);
    floor.see(call_option, 50_00);
    floor.place(with(body(future, 1, 1), &json!({"productType": "MARGIN"})));
    floor.place(with(body(call_option, 1, 1), &json!({"productType": "MARGIN"})));
    floor.see("NSE:NIFTY50-INDEX", 26_100_00);
    floor.now = ist::instant("2026-12-15".parse().unwrap(), ist::at(11, 0));
    let records = floor.exchange.tick(floor.now, Prices::Last);
    let prices: Vec<_> = records
        .iter()
        .filter_map(|record| if let Record::Traded { price, .. } = record { Some(*price) } else { None })
        .collect();
    assert_eq!(
        prices,
        [inr(100_00), inr(26_100_00)],
        "the option at what exercising gives, the future at the index"
    );
    assert!(floor.get("/positions", "")["netPositions"].as_array().unwrap().is_empty());
    floor.see("NSE:NIFTY20JANFUT", 26_000_00);
    let (_, refused) = floor.place(with(body("NSE:NIFTY20JANFUT", 1, 1), &json!({"productType": "MARGIN"})));
    assert!(words(&refused).ends_with("The input symbol is invalid."), "{refused}");
}

#[test]
fn a_strict_list_of_symbols_is_strict() {
    let mut floor = Floor::open();
    let known = Instrument { assumed: false, ..Instrument::assumed(SBIN, None) };
    floor.exchange.set_instruments(std::sync::Arc::new(Instruments::strict([known])));
    floor.see(SBIN, 800_00);
    for symbol in ["NSE:NOSUCHTHING-EQ", "NSE:SBIN-ZZ", "NSE:sbin-eq", "NSE:SBIN-EQ ", "NSE:SBIN🙂-EQ"] {
        floor.see(symbol, 800_00);
        assert_eq!(floor.place(body(symbol, 1, 1)).1["code"], -50, "{symbol}");
    }
    assert_eq!(floor.place(body(SBIN, 1, 1)).1["code"], 1101);
}

#[test]
fn bands_and_written_options() {
    let mut floor = Floor::open();
    floor.see(RELIANCE, 1_432_00);
    for (side, price) in [(1, 90_000.0), (-1, 0.1)] {
        let (_, refused) =
            floor.place(with(body(RELIANCE, side, 1), &json!({"type": 1, "limitPrice": price})));
        assert!(refused["code"] == -99 && words(&refused).contains("circuit limit"), "{refused}");
    }
    let option = "NSE:NIFTY26DEC25000CE";
    floor.see(option, 1_068_00);
    floor.place(with(body(option, -1, 75), &json!({"productType": "MARGIN"})));
    assert_eq!(
        floor.exchange.engine().funds().utilized,
        inr(75 * 25_000_00 / 5),
        "as a short future at the strike"
    );
}

#[test]
fn an_order_needs_a_fresh_price_while_there_is_somebody_to_ask() {
    let mut floor = Floor::open();
    floor.see(SBIN, 800_00);
    floor.now += TimeDelta::seconds(6);
    let (_, refused) = floor.place(body(SBIN, 1, 1));
    assert!(refused["code"] == -99 && words(&refused).contains("fresh price"), "{refused}");
    let order = call(Method::Post, "/orders/sync", "", Some(body(SBIN, 1, 1)));
    assert_eq!(floor.exchange.wanted(Operation::Place, &order, floor.now), [SBIN]);
    floor.see(SBIN, 801_00);
    assert_eq!(floor.place(body(SBIN, 1, 1)).1["code"], 1101);
}

#[test]
fn a_restart_changes_no_price_and_a_made_up_one_fills_nothing_real() {
    let mut floor = Floor::open();
    floor.see(SBIN, 800_00);
    floor.place(with(body(SBIN, -1, 1), &json!({"type": 3, "stopPrice": 799.9})));
    floor.prices = Prices::Walk;
    floor.now += TimeDelta::hours(2);
    let walked = floor.get("/quotes", "symbols=NSE:SBIN-EQ")["d"][0]["v"]["lp"].clone();
    assert_eq!(floor.only("/orders", "orderBook")["status"], 6, "made-up prices do not reach a real stop");
    let mut again = Floor::open();
    (again.prices, again.now) = (Prices::Walk, floor.now);
    floor.exchange.take_unsaved_prices().iter().for_each(|price| again.exchange.remember(price));
    assert_eq!(again.get("/quotes", "symbols=NSE:SBIN-EQ")["d"][0]["v"]["lp"], walked);
}

#[test]
fn candles_are_made_up_only_when_prices_are() {
    let mut floor = Floor::open();
    let query =
        "symbol=NSE:SBIN-EQ&resolution=5&date_format=1&range_from=2026-11-23&range_to=2026-11-25&cont_flag=1";
    let body = floor.get("/history", query);
    assert_eq!(body["s"], "no_data");
    floor.prices = Prices::Walk;
    let body = floor.get("/history", query);
    let candles = body["candles"].as_array().unwrap();
    assert_eq!((&body["s"], candles.len()), (&json!("ok"), 75 + 33 + 1), "a day, no holiday, and until noon");
    let last = floor.get("/quotes", "symbols=NSE:SBIN-EQ")["d"][0]["v"]["lp"].clone();
    assert_eq!(candles.last().unwrap()[4], last, "the open candle ends at the price");
    let (_, refused) = floor.send(&call(Method::Get, "/history", "symbol=NSE:SBIN-EQ&resolution=7", None));
    assert_eq!(refused["code"], -50);
}
