//! A bot that knows nothing of the keeper: it has a base address and a key, and never sees a dead token.

use serde_json::{Value, json};
use simulator::{RefreshMode, TokenKind};

use crate::{
    card::{press_through, wait_card},
    support::{DEADLINE, Home, Keeper, block_on},
};

pub(crate) struct Bot {
    base: String,
    key: String,
}

pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) mode: String,
    pub(crate) venue: String,
    pub(crate) body: Value,
}

impl Bot {
    pub(crate) fn of(home: &Home, keeper: &Keeper) -> Self {
        let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
        Self { base: keeper.url(""), key: key.trim().to_owned() }
    }

    /// A bot that holds this token.
    pub(crate) fn with_token(keeper: &Keeper, token: &str) -> Self {
        Self { base: keeper.url(""), key: token.to_owned() }
    }

    pub(crate) fn ask(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Told {
        block_on(async {
            let client = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
            let request = client.request(method, format!("{}{path}", self.base));
            let request = request.header("authorization", format!("ANY-100:{}", self.key));
            let request = match body {
                Some(body) => request.json(&body),
                None => request,
            };
            let answer = request.send().await.unwrap();
            let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
            let (mode, venue) = (header("x-keeper-mode"), header("x-keeper-order-venue"));
            Told { status: answer.status().as_u16(), mode, venue, body: answer.json().await.unwrap() }
        })
    }

    pub(crate) fn with_key(keeper: &Keeper, key: &str) -> Self {
        Self { base: keeper.url(""), key: key.to_owned() }
    }

    /// The body of what is told.
    pub(crate) fn body(&self, path: &str) -> Value {
        self.get(path).body
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Value {
        self.ask(reqwest::Method::POST, path, Some(body)).body
    }

    pub(crate) fn get(&self, path: &str) -> Told {
        self.ask(reqwest::Method::GET, path, None)
    }

    /// Status and text of an answer that need not be JSON.
    pub(crate) fn ask_raw(&self, path: &str) -> (u16, String) {
        block_on(async {
            let client = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
            let request = client.get(format!("{}{path}", self.base));
            let answer =
                request.header("authorization", format!("ANY-100:{}", self.key)).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        })
    }

    pub(crate) fn buy(&self, symbol: &str) -> Told {
        self.order(symbol, 10)
    }

    /// An order at market; a negative quantity sells.
    pub(crate) fn order(&self, symbol: &str, quantity: i64) -> Told {
        self.tagged(symbol, quantity, "")
    }

    /// The same with the bot's own mark.
    pub(crate) fn tagged(&self, symbol: &str, quantity: i64, tag: &str) -> Told {
        let mut order = json!({"symbol": symbol, "qty": quantity.abs(), "type": 2, "side": quantity.signum(),
            "productType": "INTRADAY", "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0,
            "offlineOrder": false, "stopLoss": 0, "takeProfit": 0});
        if !tag.is_empty() {
            order["orderTag"] = json!(tag);
        }
        self.place(order)
    }

    pub(crate) fn place(&self, order: Value) -> Told {
        self.ask(reqwest::Method::POST, "/api/v3/orders/sync", Some(order))
    }
}

#[test]
fn a_bot_lives_through_a_token_death_and_a_login() {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
    home.sim.set_instant_login(true);
    home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
    let page = format!("http://127.0.0.1:{}", home.port);
    let home = home.set("FYERS_SANDBOX", "false").set("KEEPER_PUBLIC_URL", page);
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let bot = Bot::of(&home, &keeper);

    let profile = bot.get("/api/v3/profile");
    assert_eq!(
        (profile.status, profile.mode.as_str(), &profile.body["data"]["fy_id"]),
        (200, "live", &json!("XX00001"))
    );
    let bought = bot.buy("NSE:SBIN-EQ");
    assert_eq!((bought.venue.as_str(), &bought.body["code"]), ("fyers", &json!(1101)), "{}", bought.body);
    assert_eq!(bot.get("/api/v3/positions").body["netPositions"][0]["netQty"], 10);
    home.sim.set_price("NSE:INFY-EQ", 1_500.0);
    assert_eq!(bot.get("/data/quotes?symbols=NSE:INFY-EQ").mode, "live");

    assert!(home.sim.kill(&token));
    let funds = bot.get("/api/v3/funds");
    assert_eq!((funds.status, funds.mode.as_str()), (200, "mock"), "the bot never sees the dead token");
    assert_eq!(funds.body["fund_limit"].as_array().unwrap().len(), 10);
    let simulated = bot.buy("NSE:INFY-EQ");
    assert_eq!((simulated.status, simulated.venue.as_str()), (200, "mock"));
    assert!(simulated.body["id"].as_str().unwrap().starts_with("MOCK"), "{}", simulated.body);
    let exit = bot.ask(reqwest::Method::DELETE, "/api/v3/positions", Some(json!({"exit_all": 1})));
    assert_eq!(
        (exit.status, &exit.body["s"]),
        (400, &json!("error")),
        "a real position is not closed by pretending"
    );

    let card = wait_card(&home);
    assert!(card.text.contains("+10 NSE:SBIN-EQ"), "{}", card.text);
    press_through(&card.buttons().into_iter().find_map(|button| button.url).unwrap());
    keeper.wait_status("live again", |status| status["mode"] == "live");
    assert_eq!(bot.get("/api/v3/funds").mode, "live");
    home.wait_alert("1 order was simulated while no token could be used");

    let ran = home.run(&["orders", "--json"]).exits(0);
    let text = ran.out;
    assert!(text.contains("NSE:INFY-EQ") && text.contains("NSE:SBIN-EQ") && !text.contains(&token), "{text}");
    assert!(!keeper.log().contains(&bot.key), "the key is in the log");
}

#[test]
fn simulated_orders_survive_a_kill() {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).set("KEEPER_MOCK_PRICES", "walk");
    let keeper = home.start_ready();
    let bot = Bot::of(&home, &keeper);
    let id = bot.buy("NSE:SBIN-EQ").body["id"].as_str().unwrap().to_owned();
    keeper.kill9();
    let keeper = home.start_ready();
    let bot = Bot::of(&home, &keeper);
    let book = bot.get("/api/v3/orders").body;
    let rows = book["orderBook"].as_array().unwrap();
    assert_eq!((rows.len(), rows[0]["id"].as_str()), (1, Some(id.as_str())), "neither lost nor doubled");
    assert_eq!(bot.get("/api/v3/positions").body["netPositions"][0]["netQty"], 10);
    assert_ne!(bot.buy("NSE:SBIN-EQ").body["id"], id.as_str(), "numbers go on");
}

#[test]
fn outside_sessions_nothing_is_simulated_and_no_wish_is_dropped() {
    let holiday = Home::at("2026-11-24T11:00:00", RefreshMode::Disabled);
    let keeper = holiday.start_ready();
    let bot = Bot::of(&holiday, &keeper);
    let refused = bot.buy("NSE:SBIN-EQ").body;
    assert_eq!(refused["code"], -99, "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("Market is closed"), "{refused}");
    let rows = bot.get("/data/marketStatus").body["marketStatus"].clone();
    assert!(rows.as_array().unwrap().iter().all(|row| row["status"] == "CLOSED"), "{rows}");
    drop(keeper);
    let home = Home::at("2026-11-25T12:00:00", RefreshMode::Disabled).set("KEEPER_MOCK_PRICES", "walk");
    let keeper = home.start_ready();
    let bot = Bot::of(&home, &keeper);
    let order = |more: (&str, Value)| {
        let mut body = json!({"symbol": "NSE:SBIN-EQ", "qty": 1, "type": 2, "side": 1, "productType": "INTRADAY",
            "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
        body[more.0] = more.1;
        bot.ask(reqwest::Method::POST, "/api/v3/orders/sync", Some(body)).body
    };
    let refused = order(("offlineOrder", json!(true)));
    assert!(
        refused["code"] == -50 && refused["message"].as_str().unwrap().contains("offlineOrder"),
        "{refused}"
    );
    assert_eq!(order(("stopLoss", json!(5)))["code"], 1101);
    let book = bot.get("/api/v3/orders").body["orderBook"].clone();
    assert_eq!(
        (book.as_array().unwrap().len(), &book[1]["parentId"]),
        (2, &book[0]["id"]),
        "the stop is there"
    );
}

#[test]
fn a_wrong_key_is_answered_as_fyers_answers_a_wrong_token() {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled);
    let keeper = home.start_ready();
    for (path, code) in [("/api/v3/profile", -16), ("/data/quotes?symbols=NSE:SBIN-EQ", -15)] {
        let (status, body) = crate::support::get_with_key(&keeper.url(path), "not-the-key").unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["code"], &body["s"]), (401, &json!(code), &json!("error")), "{path}");
    }
}

#[test]
fn ticks_and_lots_come_from_the_symbol_master() {
    let row = |symbol: &str, lot: u32, tick: f64, segment: u32| {
        format!(
            "1,NAME,0,{lot},{tick},ISIN,0915-1530,2026-11-23,,{symbol},10,{segment},1,U,1,-1.0,XX,1,None,0,0.0"
        )
    };
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled);
    let master = format!("{}\n{}\n", row("NSE:SBIN-EQ", 1, 0.1, 10), row("NSE:NIFTY26NOVFUT", 75, 0.1, 11));
    std::fs::write(home.path("master.csv"), master).unwrap();
    let home = home.set("KEEPER_SYMBOL_MASTER", "master.csv");
    let keeper = home.start_ready();
    let bot = Bot::of(&home, &keeper);
    let order = |symbol: &str, quantity: u32, limit: f64, product: &str| {
        let body = json!({"symbol": symbol, "qty": quantity, "type": 1, "side": 1, "productType": product,
            "limitPrice": limit, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
        bot.ask(reqwest::Method::POST, "/api/v3/orders/sync", Some(body)).body["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let simulated = |words: &str| format!("SIMULATED by fyers-keeper: {words}");
    let off_tick = simulated("LimitPrice not a multiple of tick size 0.1000");
    assert_eq!(order("NSE:SBIN-EQ", 1, 1.05, "CNC"), off_tick);
    assert!(order("NSE:SBIN-EQ", 1, 1.1, "CNC").starts_with(&simulated("Order submitted successfully")));
    let off_lot = simulated("Quantity should be multiples of the lot size.");
    assert_eq!(order("NSE:NIFTY26NOVFUT", 10, 1.1, "MARGIN"), off_lot);
    // A symbol master is the whole list.
    assert_eq!(order("NSE:INFY-EQ", 1, 1.1, "CNC"), simulated("The input symbol is invalid."));
    drop(keeper);
    let ran = home.set("KEEPER_SYMBOL_MASTER", "nothing.csv").run(&["run"]).exits(78);
    assert!(ran.err.contains("KEEPER_SYMBOL_MASTER") && ran.err.contains("NSE_CM.csv"), "{ran:?}");
}
