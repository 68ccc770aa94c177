//! Keys of bots through the real program: ceilings, limits, halts, and who comes in with what.

use serde_json::{Value, json};
use simulator::{RefreshMode, TokenKind};

use crate::{
    bot::{Bot, Told},
    chat::{OWNER, ask, press},
    support::{Home, Keeper, block_on, get_with_key, wait_for},
};

pub(crate) const SBIN: &str = "NSE:SBIN-EQ";

/// A trading day with a good token and real orders.
pub(crate) fn home() -> Home {
    let home = Home::at("2026-11-23T11:00:00", RefreshMode::Disabled);
    let home = home.set("FYERS_SANDBOX", "false").with_telegram();
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    home.sim.set_price(SBIN, 800.0);
    home
}

pub(crate) fn live(home: &Home) -> Keeper {
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live" && status["positions_known"] == "known");
    keeper
}

/// Adds a key with the real verb, and gives its token.
pub(crate) fn add(home: &Home, args: &[&str]) -> String {
    let args = [&["key", "add", "--json"], args].concat();
    let answer = home.run(&args).exits(0).json();
    answer["token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
}

pub(crate) fn row(home: &Home, name: &str) -> Value {
    home.run(&["key", "show", name, "--json"]).exits(0).json()
}

/// A refusal by a key: FYERS' shape, code -50, sent nowhere.
#[track_caller]
pub(crate) fn refused(told: &Told, words: &str) {
    let message = told.body["message"].as_str().unwrap_or_default();
    assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
    assert_eq!((&told.body["s"], &told.body["code"]), (&json!("error"), &json!(-50)), "{}", told.body);
    assert!(message.starts_with("fyers-keeper: ") && message.contains(words), "{message}");
}

#[track_caller]
pub(crate) fn taken(told: &Told, venue: &str) {
    assert_eq!((told.venue.as_str(), &told.body["code"]), (venue, &json!(1101)), "{}", told.body);
}

pub(crate) fn orders_at_fyers(home: &Home) -> usize {
    home.sim
        .calls()
        .iter()
        .filter(|call| call.path.ends_with("/orders/sync") && call.method == "POST")
        .count()
}

#[test]
fn a_bot_on_trial_is_simulated_beside_one_that_trades_for_real() {
    let home = home();
    let keeper = live(&home);
    let main = Bot::with_token(&keeper, &add(&home, &["main"]));
    let trial = Bot::with_token(&keeper, &add(&home, &["trial", "--mode", "sandbox"]));
    let mock = Bot::with_token(&keeper, &add(&home, &["dry", "--mode", "mock"]));
    let bought = trial.buy(SBIN);
    taken(&bought, "mock");
    assert_eq!(bought.mode, "sandbox");
    // What the trial holds keeps nobody from trading for real, and is not seen by others as their own.
    let sold = main.order(SBIN, -10);
    taken(&sold, "fyers");
    assert_eq!((sold.mode.as_str(), orders_at_fyers(&home)), ("live", 1));
    assert_eq!(main.get("/api/v3/positions").body["netPositions"][0]["netQty"], -10);
    assert_eq!(trial.get("/api/v3/positions").body["netPositions"][0]["netQty"], 10);
    // In Sandbox the account is one, and it is the MockExchange's; prices are FYERS'.
    assert_eq!(
        (trial.get("/api/v3/funds").venue, mock.get("/api/v3/funds").venue),
        ("mock".into(), "mock".into())
    );
    assert_eq!(trial.get("/data/quotes?symbols=NSE:SBIN-EQ").venue, "fyers");

    let listed = home.run(&["orders", "--json"]).exits(0).json();
    let bots: Vec<(&str, &str)> = listed["orders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|order| (order["bot"].as_str().unwrap(), order["venue"].as_str().unwrap()))
        .collect();
    assert_eq!(bots, [("main", "fyers"), ("trial", "mock")]);
    assert!(home.run(&["orders"]).exits(0).out.contains("bot trial"));
    let held = row(&home, "trial");
    assert_eq!(held["simulated"], json!([{"symbol": SBIN, "product": "INTRADAY", "net": 10}]));
    assert_eq!(held["today"]["orders"], 1);
    let status = keeper.wait_status("a mode", |status| status["mode"] == "live");
    assert_eq!(
        status["simulated_left"],
        json!([]),
        "a bot that only simulates closes its own: nothing is left over"
    );
    let metrics = keeper.get_with_own_key("/metrics").unwrap().1;
    for label in [r#"bot="main""#, r#"bot="trial""#, r#"bot="dry""#] {
        assert!(metrics.contains(label), "no {label}");
    }
    let placed = keeper.wait_logged("order.placed");
    assert!(
        placed.iter().any(|line| line["event"] == "order.placed" && line["bot"] == "trial"),
        "{placed:#?}"
    );
    home.wait_alert("A key for bot trial was added");
}

/// The only way to raise a key: its program goes on, and believes in what was simulated.
#[test]
fn a_bot_that_is_promoted_does_not_close_for_real_what_it_holds_in_simulation() {
    let home = home();
    let keeper = live(&home);
    let trial = Bot::with_token(&keeper, &add(&home, &["trial", "--mode", "sandbox"]));
    taken(&trial.order(SBIN, 7), "mock");
    home.run(&["key", "remove", "trial"]).exits(0);
    let promoted = Bot::with_token(&keeper, &add(&home, &["trial", "--mode", "live"]));
    let exit = promoted.order(SBIN, -7);
    assert_eq!((exit.status, exit.venue.as_str()), (400, "none"), "{}", exit.body);
    assert!(exit.body["message"].as_str().unwrap().contains("was simulated"), "{}", exit.body);
    assert_eq!(orders_at_fyers(&home), 0);
    home.sim.set_price("NSE:TCS-EQ", 3_000.0);
    taken(&promoted.order("NSE:TCS-EQ", 1), "fyers");
}

#[test]
fn in_a_folder_that_is_not_the_keepers_no_key_is_made_up() {
    let home = home();
    let elsewhere = home.path("elsewhere").display().to_string();
    let home = home.set("KEEPER_STATE_DIR", &elsewhere);
    for verb in [&["key", "show", "default"][..], &["key", "list"], &["key", "rotate", "default"]] {
        let answer = home.run(verb).exits(1);
        assert!(answer.err.contains("there is no keeper's state in"), "{verb:?}: {}", answer.err);
        assert!(answer.out.is_empty(), "{}", answer.out);
    }
    assert!(!home.path("elsewhere").exists(), "nothing is made there");
}

#[test]
fn a_new_token_ends_the_old_one_at_once() {
    let home = home();
    let keeper = live(&home);
    let old = add(&home, &["trial", "--mode", "sandbox"]);
    assert_eq!(Bot::with_token(&keeper, &old).get("/api/v3/profile").status, 200);
    assert_eq!(get_with_key(&keeper.url("/api/status"), &old).unwrap().0, 200, "a bot may read");
    for (method, path) in
        [("POST", "/api/refresh"), ("POST", "/api/keys/trial/rotate"), ("DELETE", "/api/keys/trial")]
    {
        let status = send(&keeper, method, path, &old);
        assert_eq!(status, 401, "{path}: a bot changes nothing");
    }
    let ended = listen(&keeper, &old);
    let answer = home.run(&["key", "rotate", "trial", "--json"]).exits(0).json();
    let new = answer["token"].as_str().unwrap();
    assert_eq!(Bot::with_token(&keeper, &old).get("/api/v3/profile").status, 401);
    assert_eq!(Bot::with_token(&keeper, new).get("/api/v3/profile").status, 200);
    ended.join().expect("what was opened with the old token ends");
    home.run(&["key", "remove", "trial"]).exits(0);
    assert_eq!(Bot::with_token(&keeper, new).get("/api/v3/profile").status, 401);
    home.run(&["key", "show", "trial"]).exits(1);
    assert!(!keeper.log().contains(&old) && !keeper.log().contains(new), "a token is in the log");
    let kept = std::fs::read(home.path("state/keeper.db")).unwrap();
    assert!(!kept.windows(old.len()).any(|part| part == old.as_bytes()), "only digests are kept");
}

#[test]
fn both_forms_of_the_first_key_open_every_door_until_it_is_replaced() {
    let home = home();
    let keeper = live(&home);
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let jwt = row(&home, "default")["token"].as_str().unwrap().to_owned();
    assert_eq!(jwt.split('.').count(), 3);
    let opens = |shown: &str| {
        let gateway = Bot::with_token(&keeper, shown).get("/api/v3/profile").status == 200;
        gateway && send(&keeper, "POST", "/api/keys/default/resume", shown) == 200
    };
    assert!(opens(key.trim()) && opens(&jwt));
    let cookie = unlock(&keeper, &jwt).expect("the page opens with it too");
    assert!(acts(&keeper, &cookie), "a browser with a session sees the buttons");
    let new = home.run(&["key", "rotate", "default", "--json"]).exits(0).json();
    assert!(!opens(key.trim()) && !opens(&jwt));
    assert!(!acts(&keeper, &cookie), "page sessions end with the key");
    assert!(opens(new["token"].as_str().unwrap()));
    home.run(&["key", "list"]).exits(0);
    drop(keeper);
    let keeper = live(&home);
    assert_eq!(Bot::of(&home, &keeper).get("/api/v3/profile").status, 200);
    drop(keeper);
    let home = home.set("KEEPER_GATEWAY_KEY", "yFv0w2nBzKq8sX1dLr7uTe3mQQ");
    let refused = home.run(&["key", "rotate", "default"]).exits(1);
    assert!(refused.err.contains("KEEPER_GATEWAY_KEY"), "{refused:?}");
}

#[test]
fn one_bot_is_halted_from_the_chat_and_the_others_go_on() {
    let home = home();
    let keeper = live(&home);
    let main = Bot::with_token(&keeper, &add(&home, &["main"]));
    let trial = Bot::with_token(&keeper, &add(&home, &["trial", "--mode", "sandbox"]));
    taken(&trial.order(SBIN, 5), "mock");
    let question = ask(&home, "/halt trial", "Halt this bot?");
    press(&home, OWNER, &question, "Yes");
    home.wait_alert("Bot trial is halted by");
    let entry = trial.order(SBIN, 5);
    assert_eq!(
        (entry.status, entry.venue.as_str(), entry.mode.as_str()),
        (400, "none", "halted"),
        "{}",
        entry.body
    );
    assert!(entry.body["message"].as_str().unwrap().contains("Halted (bot trial alone): entries"));
    home.wait_alert("Next: /resume trial ends its halt.");
    taken(&trial.order(SBIN, -2), "mock");
    taken(&main.order(SBIN, 1), "fyers");
    assert_eq!(keeper.status()["halted"], false, "nobody else is halted");
    let told = home.run(&["status"]).exits(0).out;
    assert!(told.lines().any(|line| line.starts_with("halted") && line.contains("trial")), "{told}");
    assert!(ask(&home, "/status", "Halted bots: trial").text.contains("/resume with the name"));
    // A restart is no way out of a halt.
    keeper.kill9();
    let keeper = live(&home);
    assert_eq!(row(&home, "trial")["halted"], true);
    home.run(&["key", "resume", "trial"]).exits(0);
    let _still = &keeper;
    taken(&trial.order(SBIN, 5), "mock");
    home.wait_alert("The halt of bot trial is ended by the command line");
    let unknown = ask(&home, "/halt nobody-here", "Nothing was done: there is no key nobody-here").text;
    assert!(unknown.ends_with("/keys shows all; /halt alone halts all bots."), "{unknown}");
    let unknown = ask(&home, "/resume nobody-here", "Nothing was done: there is no key nobody-here").text;
    assert!(unknown.ends_with("/keys shows all."), "{unknown}");
    let again = home.run(&["key", "resume", "trial"]).exits(0);
    assert!(again.out.contains("Bot trial was not halted."), "{again:?}");
    ask(&home, "/resume trial", "Bot trial is not halted");
    ask(&home, "/resume", "Trading is not halted");
    home.run(&["key", "halt", "nobody-here"]).exits(1);
}

#[test]
fn a_restart_keeps_keys_limits_counts_and_positions() {
    let home = home();
    let keeper = live(&home);
    let token = add(&home, &["few", "--mode", "sandbox", "--max-orders-per-day", "3"]);
    let live_token = add(&home, &["main", "--max-orders-per-day", "2"]);
    let bot = Bot::with_token(&keeper, &token);
    taken(&bot.order(SBIN, 4), "mock");
    taken(&bot.order(SBIN, 3), "mock");
    taken(&Bot::with_token(&keeper, &live_token).order(SBIN, 1), "fyers");
    let before = [row(&home, "few"), row(&home, "main")];
    keeper.kill9();
    let keeper = live(&home);
    wait_for("the fills at FYERS to be read again", || {
        (row(&home, "main")["today"] == before[1]["today"]).then_some(())
    });
    assert_eq!(row(&home, "few")["simulated"], before[0]["simulated"]);
    let (bot, main) = (Bot::with_token(&keeper, &token), Bot::with_token(&keeper, &live_token));
    taken(&bot.order(SBIN, 1), "mock");
    refused(&bot.order(SBIN, 1), "max-orders-per-day is 3");
    taken(&main.order(SBIN, 1), "fyers");
    refused(&main.order(SBIN, 1), "max-orders-per-day is 2");
    taken(&bot.order(SBIN, -8), "mock");
}

#[test]
fn keys_are_made_without_a_keeper_and_odd_wishes_are_refused() {
    let home = home();
    let token = add(&home, &["early", "--mode", "sandbox", "--max-order-value", "9000"]);
    for (args, code, words) in [
        (vec!["key", "add", "early"], 1, "there is a key early already"),
        (vec!["key", "add", "Early"], 1, "lower-case letters"),
        (vec!["key", "add", "../x"], 1, "lower-case letters"),
        (vec!["key", "add", "all"], 1, "has a meaning of its own"),
        (vec!["key", "add", "x1", "--max-loss", "0"], 1, "must be above zero"),
        (vec!["key", "add", "x1", "--max-order-value=-5"], 1, "must be above zero"),
        (vec!["key", "add", "x1", "--max-loss", "lots"], 2, "invalid value"),
        (vec!["key", "add", "x1", "--mode", "real"], 2, "possible values"),
        (vec!["key", "remove", "default"], 1, "cannot be removed"),
        (vec!["key", "rotate", "nobody"], 1, "there is no key nobody"),
    ] {
        let ran = home.run(&args).exits(code);
        assert!(ran.text().contains(words), "{args:?}: {ran:?}");
    }
    let listed = home.run(&["key", "list", "--json"]).exits(0).json();
    assert_eq!(listed["keys"][1]["today"], Value::Null, "not known without a keeper");
    let keeper = live(&home);
    taken(&Bot::with_token(&keeper, &token).order(SBIN, 5), "mock");
    let table = home.run(&["key", "list"]).exits(0).out;
    assert!(table.contains("early") && table.contains("sandbox") && table.contains("9,000"), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    for (args, words) in [
        (vec!["key", "add", "early"], "there is a key early already"),
        (vec!["key", "remove", "default"], "cannot be removed"),
    ] {
        let ran = home.run(&args).exits(1);
        assert!(ran.text().contains(words), "through a running keeper too: {ran:?}");
    }
}

/// Whoever only looks on needs not know what others may do.
#[test]
fn a_bots_token_sees_no_keys() {
    let home = home();
    let keeper = live(&home);
    let viewer = add(&home, &["viewer", "--read-only"]);
    add(&home, &["somebody", "--mode", "sandbox", "--max-loss", "4711"]);
    for path in ["/api/status", "/api/orders", "/metrics", "/"] {
        assert_eq!(send(&keeper, "GET", path, &viewer), 200, "{path}");
    }
    for path in ["/api/keys", "/keys"] {
        assert_eq!(send(&keeper, "GET", path, &viewer), 401, "{path}");
        assert_eq!(send(&keeper, "GET", path, &crate::feed_client::key(&home)), 200, "{path}");
    }
    let page = get_with_key(&keeper.url("/"), &viewer).unwrap().1;
    let has_keys = |page: &str| page.contains("id=\"bots\"") || page.contains("href=\"/keys\"");
    assert!(!has_keys(&page), "{page}");
    assert!(has_keys(&keeper.get_with_own_key("/").unwrap().1));
}

#[test]
fn a_backup_has_the_keys_and_a_restore_takes_them_when_it_is_told_to() {
    let home = home();
    let token = add(&home, &["trial", "--mode", "sandbox"]);
    home.run(&["backup", "b.db"]).exits(0);
    home.run(&["key", "remove", "trial"]).exits(0);
    let left = home.run(&["restore", "b.db", "--json"]).exits(0).json();
    assert_eq!((&left["bot_keys"], &left["bot_keys_left"]), (&json!(0), &json!(1)), "{left}");
    home.run(&["key", "show", "trial"]).exits(1);
    let took = home.run(&["restore", "b.db", "--with-gateway-key", "--json"]).exits(0).json();
    assert_eq!((&took["bot_keys"], &took["bot_keys_left"]), (&json!(1), &json!(0)), "{took}");
    let keeper = live(&home);
    taken(&Bot::with_token(&keeper, &token).order(SBIN, 1), "mock");
}

fn send(keeper: &Keeper, method: &str, path: &str, key: &str) -> u16 {
    block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        client.request(method, keeper.url(path)).bearer_auth(key).send().await.unwrap().status().as_u16()
    })
}

/// Follows the events with this key; the thread ends when the keeper ends the stream.
fn listen(keeper: &Keeper, key: &str) -> std::thread::JoinHandle<()> {
    let (url, key) = (keeper.url("/events"), key.to_owned());
    let (say, hear) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let mut answer = client.get(url).bearer_auth(key).send().await.unwrap();
            assert!(answer.status().is_success());
            while let Some(_news) = answer.chunk().await.unwrap() {
                let _heard = say.send(());
            }
        });
    });
    hear.recv().unwrap();
    thread
}

/// Enters a key on the page; the session's cookie when it is one.
fn unlock(keeper: &Keeper, key: &str) -> Option<String> {
    block_on(async {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let request = client.post(keeper.url("/unlock")).header("origin", keeper.url(""));
        let answer = request.form(&[("key", key)]).send().await.unwrap();
        Some(answer.headers().get("set-cookie")?.to_str().unwrap().split(';').next().unwrap().to_owned())
    })
}

/// Whether the page of keys shows its buttons to this browser.
fn acts(keeper: &Keeper, cookie: &str) -> bool {
    block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.get(keeper.url("/keys")).header("cookie", cookie).send().await.unwrap();
        answer.text().await.unwrap().contains("/keys/add")
    })
}
