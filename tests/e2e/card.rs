//! The login card on the phone: a morning of the real program, at any time of day.

use simulator::{RefreshMode, Service, TelegramMessage, TokenKind, Writing, endpoint};

use crate::support::{DEADLINE, Home, Keeper, block_on, wait_for};

/// A Monday that trades.
const MORNING: &str = "2026-11-23T08:45:05";

pub(crate) fn home(time: &str) -> Home {
    let home = Home::at(time, RefreshMode::Disabled).set("FYERS_SANDBOX", "false").with_telegram();
    home.sim.set_instant_login(true);
    home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
    let page = format!("http://127.0.0.1:{}", home.port);
    home.set("KEEPER_PUBLIC_URL", page)
}

pub(crate) fn with_yesterdays_refresh_token(home: &Home) {
    let refresh = home.sim.mint(TokenKind::Refresh);
    home.append_env(&format!("FYERS_REFRESH_TOKEN={refresh}\n"));
}

/// Cards that a person can log in with; reminders answer one, and have a button of their own.
pub(crate) fn open_cards(home: &Home) -> Vec<TelegramMessage> {
    let messages = home.sim.telegram_messages().into_iter();
    messages
        .filter(|m| {
            !m.deleted && m.reply_to.is_none() && m.buttons().iter().any(|button| button.url.is_some())
        })
        .collect()
}

pub(crate) fn wait_card(home: &Home) -> TelegramMessage {
    wait_for("the login card", || open_cards(home).pop())
}

pub(crate) fn link(card: &TelegramMessage) -> String {
    card.buttons().into_iter().find_map(|button| button.url).unwrap()
}

fn now_reads(home: &Home, card: &TelegramMessage) -> TelegramMessage {
    home.sim.telegram_messages().into_iter().find(|message| message.id == card.id).unwrap()
}

pub(crate) fn wait_receipt(home: &Home, card: &TelegramMessage) -> TelegramMessage {
    wait_for("the receipt", || Some(now_reads(home, card)).filter(|card| card.text.starts_with('✅')))
}

/// Follows a link to where it ends: the address and the page there.
async fn follow(link: &str) -> (String, String) {
    let browser = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
    let answer = browser.get(link).send().await.unwrap();
    (answer.url().to_string(), answer.text().await.unwrap())
}

/// Goes through the login as a browser does, up to the keeper's last page.
pub(crate) fn press_through(link: &str) -> String {
    block_on(async {
        let (back, page) = follow(link).await;
        let field = |name: &str| {
            let (_, rest) =
                page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{page}"));
            rest.split_once('"').unwrap().0.to_owned()
        };
        let form = [("auth_code", field("auth_code")), ("state", field("state"))];
        let browser = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
        let address = url::Url::parse(&back).unwrap().join("/fyers/callback").unwrap();
        browser.post(address).form(&form).send().await.unwrap().text().await.unwrap()
    })
}

#[test]
fn a_tick_brings_the_card_and_a_tap_makes_it_live() {
    let home = home(MORNING);
    with_yesterdays_refresh_token(&home);
    let keeper = home.start_ready();
    let card = wait_card(&home);
    assert!(card.text.starts_with("🔑 FYERS login needed today\n"), "{}", card.text);
    assert!(card.protect_content && !card.silent, "{card:?}");
    assert_eq!(card.link_preview_options.as_ref().unwrap()["is_disabled"], true);
    let labels: Vec<String> = card.buttons().into_iter().map(|button| button.text).collect();
    assert_eq!(labels, ["🔓 Log in to FYERS", "😴 Snooze 15 min", "🟡 Mock today"]);
    assert!(link(&card).starts_with(&keeper.url("/fyers/login?card=")), "{}", link(&card));

    press_through(&link(&card));
    keeper.wait_status("live", |status| status["mode"] == "live");
    let receipt = wait_receipt(&home, &card);
    let first = receipt.text.lines().next().unwrap();
    assert!(first.starts_with("✅ Live until 06:00 tomorrow (Tue 24 Nov), logged in 08:4"), "{first}");
    assert!(first.ends_with("by AXXX B"), "{first}");
    assert!(receipt.buttons().is_empty(), "the link is gone");
    let asked: Vec<String> = home.alerts().into_iter().filter(|text| text.contains("login needed")).collect();
    assert!(asked.is_empty(), "the card is not said twice: {asked:#?}");
    home.wait_env(&home.newest(TokenKind::Access));
    assert!(keeper.stop().success());
}

#[test]
fn an_early_login_makes_the_tick_silent() {
    let home = home("2026-11-23T08:44:50");
    let keeper = home.start_ready();
    press_through(&keeper.url("/fyers/login"));
    keeper.wait_status("live", |status| status["mode"] == "live");
    let receipt = wait_for("the receipt", || {
        home.sim.telegram_messages().into_iter().find(|message| message.text.starts_with("✅ Live until"))
    });
    assert!(receipt.buttons().is_empty());
    keeper.wait_status("the tick", |status| status["last_tick"]["done_at"].is_string());
    wait_for("the morning check", || {
        home.sim.telegram_messages().into_iter().find(|m| m.text.contains("Morning check passed") && m.silent)
    });
    assert!(open_cards(&home).is_empty());
}

#[test]
fn the_buttons_quiet_the_card_and_telegram_outages_only_delay_it() {
    let home = home(MORNING);
    with_yesterdays_refresh_token(&home);
    home.sim.set_outage(Service::Telegram, true);
    let keeper = home.start_ready();
    keeper.wait_status("login required", |status| status["session"]["state"] == "login_required");
    home.sim.set_outage(Service::Telegram, false);
    let card = wait_card(&home);
    // The keeper cannot tell when a button was pressed, so what it finds after an outage does not count.
    home.sim.write(Writing { from: 42, text: "/version".into(), ..Writing::default() });
    wait_for("an answer", || home.alerts().iter().find(|text| text.starts_with("fyers-keeper ")).map(drop));
    home.sim.press_button(42, "card:snooze");
    wait_for("the snooze on the card", || now_reads(&home, &card).text.contains("rest until").then_some(()));
    home.sim.press_button(42, "card:mock");
    wait_for("a day of mock on the card", || {
        now_reads(&home, &card).text.contains("Mock today").then_some(())
    });
    assert_eq!(open_cards(&home).len(), 1, "the link stays");
    wait_for("two answered presses", || (home.sim.callback_answers().len() == 2).then_some(()));
}

#[test]
fn without_a_page_of_its_own_the_keeper_takes_what_is_pasted() {
    let home = Home::at(MORNING, RefreshMode::Disabled).with_telegram();
    let page = home.sim.redirect_page_url();
    home.sim.set_redirect_uri(&page);
    home.sim.set_instant_login(true);
    let home = home.set("FYERS_REDIRECT_URI", page);
    let keeper = home.start_ready();
    let card = wait_card(&home);
    assert!(card.text.contains("will not open: that is expected"), "{}", card.text);
    let (landed, _) = block_on(follow(&link(&card)));
    assert!(landed.contains("auth_code="), "{landed}");
    home.sim.write(Writing { from: 42, text: landed, ..Writing::default() });
    keeper.wait_status("sandbox", |status| status["mode"] == "sandbox");
    let receipt = wait_receipt(&home, &card);
    assert!(receipt.text.starts_with("✅ Sandbox until 06:00 tomorrow"), "{}", receipt.text);
    wait_for("the pasted address to be gone", || {
        home.sim
            .person_messages()
            .iter()
            .any(|message| message.text.contains("auth_code=") && message.deleted)
            .then_some(())
    });
    assert!(!keeper.log().contains("auth_code="), "{}", keeper.log());
}

/// One life of the keeper in the middle of a login, ended at once.
fn die_somewhere(home: &Home, after: std::time::Duration, act: impl FnOnce(&Keeper)) {
    let keeper = home.start_ready();
    act(&keeper);
    std::thread::sleep(after);
    keeper.kill9();
}

#[test]
fn killed_between_any_two_steps_there_is_one_card_or_a_login() {
    let home = home(MORNING);
    with_yesterdays_refresh_token(&home);
    // The pauses only spread the deaths over the steps; nothing is asserted on them.
    for round in 0..12u64 {
        die_somewhere(&home, std::time::Duration::from_millis(round * 25), |_| {});
        assert!(open_cards(&home).len() <= 1, "{:#?}", open_cards(&home));
    }
    let keeper = home.start_ready();
    let card = wait_card(&home);
    assert_eq!(open_cards(&home).len(), 1);
    keeper.kill9();
    for round in 0..6u64 {
        let before = home.sim.call_count(endpoint::VALIDATE_AUTHCODE).total;
        die_somewhere(&home, std::time::Duration::from_millis(round * 15), |keeper| {
            let url = keeper.url("/fyers/login");
            // The keeper dies over it, so nobody asks how it went.
            std::thread::spawn(move || std::panic::catch_unwind(|| press_through(&url)));
            wait_for("the code on its way, or a login", || {
                let calls = home.sim.call_count(endpoint::VALIDATE_AUTHCODE).total;
                (calls > before || keeper.status()["mode"] == "live").then_some(())
            });
        });
    }
    let keeper = home.start_ready();
    let status = keeper.wait_status("a login, or a card", |status| {
        status["mode"] == "live" || status["session"]["state"] == "login_required"
    });
    if status["mode"] == "live" {
        wait_receipt(&home, &card);
        assert!(open_cards(&home).is_empty());
    } else {
        wait_card(&home);
        assert_eq!(open_cards(&home).len(), 1);
        press_through(&keeper.url("/fyers/login"));
        keeper.wait_status("live", |status| status["mode"] == "live");
    }
}

/// Buys at the simulated FYERS, as the person does in the FYERS app.
pub(crate) fn buy(home: &Home, token: &str, symbol: &str, quantity: u32) {
    trade(home, token, symbol, quantity.into());
}

/// A trade of the person in FYERS' own app; a negative quantity sells.
pub(crate) fn trade(home: &Home, token: &str, symbol: &str, quantity: i64) {
    let order = serde_json::json!({
        "symbol": symbol, "qty": quantity.abs(), "type": 2, "side": quantity.signum(), "productType": "INTRADAY", "limitPrice": 0,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false, "stopLoss": 0, "takeProfit": 0,
    });
    order_in_the_app(home, token, &order);
}

/// An order that the keeper does not see, with FYERS' answer to it.
pub(crate) fn order_in_the_app(home: &Home, token: &str, order: &serde_json::Value) -> serde_json::Value {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("{}/orders/sync", home.sim.api_url()));
    let request = request.header("authorization", format!("ABCD1234EF-200:{token}")).json(order);
    let answer: serde_json::Value = block_on(async { request.send().await.unwrap().json().await.unwrap() });
    assert_eq!(answer["s"], "ok", "{answer}");
    answer
}

/// Halts and resumes by the phone's buttons: on the way back to live the keeper looks at the positions.
fn halt_and_resume(home: &Home, keeper: &Keeper) {
    for (command, question) in [("/halt", "Halt trading?"), ("/resume", "Resume trading?")] {
        home.sim.write(Writing { from: 42, text: command.into(), ..Writing::default() });
        let yes = wait_for(question, || {
            let asked = home.sim.telegram_messages().into_iter().filter(|m| m.text.starts_with(question));
            asked.flat_map(|m| m.buttons()).find(|button| button.text.starts_with("Yes"))?.callback_data
        });
        home.sim.press_button(42, &yes).unwrap();
        if command == "/halt" {
            // Not by the mode's reason: some other call may have met the dead token before.
            wait_for("the halt", || keeper.log().contains(r#""event":"exchange.halt""#).then_some(()));
        }
    }
}

#[test]
fn a_death_at_noon_is_mock_and_a_card_with_what_is_open() {
    let home = home("2026-11-23T12:00:00");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    buy(&home, &token, "NSE:SBIN-EQ", 10);
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    // Known to the keeper, not only asked of FYERS: else the token may die before the answer.
    keeper.wait_status("the positions", |status| status["positions_known"] == "known");
    assert!(home.sim.kill(&token));
    halt_and_resume(&home, &keeper);
    keeper.wait_status("a login required", |status| status["session"]["state"] == "login_required");
    keeper.wait_status("mock, once the halt is over", |status| status["mode"] == "mock");
    let card = wait_card(&home);
    assert!(card.text.contains("+10 NSE:SBIN-EQ"), "{}", card.text);
    assert!(
        card.text.contains("The market is open: shares until 15:30, derivatives until 15:40 IST."),
        "{}",
        card.text
    );
    assert!(card.text.contains("token is refused"), "{}", card.text);
    press_through(&link(&card));
    keeper.wait_status("live again", |status| status["mode"] == "live");
    wait_receipt(&home, &card);
}

#[test]
fn a_reminder_answers_the_card_and_has_a_button_of_its_own() {
    // The reminder of 09:00 comes while the keeper runs.
    let home = home("2026-11-23T08:59:40");
    with_yesterdays_refresh_token(&home);
    let keeper = home.start_ready();
    let card = wait_card(&home);
    let reminder = wait_for("the reminder", || {
        home.sim.telegram_messages().into_iter().find(|message| message.reply_to == Some(card.id))
    });
    let own = link(&reminder);
    assert!(own.starts_with(&keeper.url("/fyers/login?card=")), "{own}");
    press_through(&own);
    keeper.wait_status("live", |status| status["mode"] == "live");
    wait_receipt(&home, &card);
}

#[test]
fn every_loss_of_a_day_brings_a_card_with_a_sound_after_restarts_too() {
    let home = home("2026-11-23T11:00:00");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let mut keeper = home.start_ready();
    let mut token = token;
    for loss in 1..=3usize {
        keeper.wait_status("live", |status| status["mode"] == "live");
        assert!(home.sim.kill(&token), "loss {loss}");
        if loss == 2 {
            keeper.kill9();
            keeper = home.start_ready();
        } else {
            // Any call with the dead token tells; the keeper looks at the positions when a halt ends.
            halt_and_resume(&home, &keeper);
        }
        let card = wait_card(&home);
        assert!(!card.silent, "{card:?}");
        assert_eq!(open_cards(&home).len(), 1);
        press_through(&link(&card));
        keeper.wait_status("live again", |status| status["mode"] == "live");
        wait_receipt(&home, &card);
        token = home.newest(TokenKind::Access);
        // Questions about halts that were answered have no buttons any more.
        assert!(open_cards(&home).is_empty());
    }
}

#[test]
fn a_login_that_failed_for_a_wrong_secret_is_told_in_the_same_words_everywhere() {
    let home = home("2026-11-23T07:30:00");
    home.write_env(&home.env().replace("SIMULATED1", "SOMETHING9"));
    let keeper = home.start_ready();
    let why = "FYERS refuses the app id with this secret";
    let page = press_through(&keeper.url("/fyers/login"));
    assert!(page.contains(why), "{page}");
    let because = format!("the last try to log in failed: {why}");
    let status = home.run(&["status"]).out;
    assert!(status.contains(&because), "{status}");
    let page = keeper.get_with_own_key("/").unwrap().1;
    assert!(page.contains(&because), "{page}");
    home.sim.write(Writing { from: 42, text: "/status".into(), ..Writing::default() });
    home.wait_alert(&because);

    keeper.kill9();
    let keeper = home.start_ready();
    let status = home.run(&["status"]).out;
    assert!(status.contains(&because), "a restart forgets nothing: {status}");
    let page = keeper.get_with_own_key("/").unwrap().1;
    assert!(page.contains(&because), "{page}");
    assert!(keeper.stop().success());
    home.write_env(&home.env().replace("SOMETHING9", "SIMULATED1"));
    let keeper = home.start_ready();
    let status = home.run(&["status"]).out;
    assert!(!status.contains("failed"), "with the right secret it explains nothing: {status}");
    drop(keeper);
}
