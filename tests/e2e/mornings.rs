//! Days on which the card is needed although not all is as usual: no PIN, a Sunday with a session.

use simulator::{RefreshMode, TelegramMessage, TokenKind};

use crate::{
    bot::Bot,
    card::{buy, home, link, open_cards, press_through, wait_card, wait_receipt},
    chat::ask,
    support::{APP, Home, wait_for},
};

/// Nothing that a person reads has this word in it.
fn nobody_reads(home: &Home, page: &str, word: &str) {
    for text in home.alerts().iter().chain([&page.to_owned()]) {
        let words = text.split(|c: char| !c.is_alphanumeric());
        assert!(words.clone().all(|one| one != word) && !text.contains(&format!("_{word}")), "{text}");
    }
}

#[test]
fn without_a_pin_the_next_morning_is_the_daily_login_and_no_word_of_a_pin() {
    for refresh in [RefreshMode::Disabled, RefreshMode::Enabled] {
        println!("{refresh:?}");
        let home = home("2026-11-20T12:00:00");
        home.sim.set_refresh(refresh);
        home.write_env(APP);
        let keeper = home.start_ready();
        press_through(&link(&wait_card(&home)));
        keeper.wait_status("live", |status| status["mode"] == "live");
        home.wait_env("FYERS_REFRESH_TOKEN=");
        assert!(keeper.stop().success());

        home.jump("2026-11-23T08:45:05");
        let keeper = home.start_ready();
        let card = wait_card(&home);
        assert!(!card.silent && card.text.contains("login"), "{card:?}");
        ask(&home, "/status", "Mock");
        ask(&home, "/token", "login");
        let page = keeper.get_with_own_key("/").unwrap().1;
        nobody_reads(&home, &page, "PIN");
        assert_eq!(home.refresh_calls(), 0, "without a PIN the call cannot succeed");
        let ran = home.run(&["status"]);
        assert!(!ran.text().contains("PIN"), "{ran:?}");
        press_through(&link(&card));
        keeper.wait_status("live", |status| status["mode"] == "live");
        wait_receipt(&home, &card);
        nobody_reads(&home, &page, "PIN");
    }
}

#[test]
fn a_token_that_dies_inside_a_special_session_is_asked_for() {
    // Muhurat trading on a Sunday, 14:20 to 15:30.
    let home = home("2026-11-08T14:40:00");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live" && status["token_needed"] == true);
    buy(&home, &token, "NSE:SBIN-EQ", 10);
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.get("/api/v3/positions").body["netPositions"][0]["netQty"], 10);
    keeper.wait_logged("keeper.started");
    assert!(open_cards(&home).is_empty());
    assert!(home.sim.kill(&token));
    assert_eq!(bot.get("/api/v3/funds").mode, "mock");
    let card = wait_card(&home);
    assert!(!card.silent && card.text.contains("open until 15:"), "{card:?}");
    let simulated = bot.order("NSE:INFY-EQ", 1);
    assert_eq!(simulated.venue, "mock", "the session is open: {}", simulated.body);
    press_through(&link(&card));
    keeper.wait_status("live again", |status| status["mode"] == "live");
    wait_receipt(&home, &card);
    drop(keeper);

    // The same on a Sunday without a session is no reason to wake anybody.
    home.jump("2026-11-15T14:40:00");
    let token = home.sim.mint(TokenKind::Access);
    home.write_env(&format!("{APP}FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live" && status["token_needed"] == false);
    assert!(home.sim.kill(&token));
    assert_eq!(Bot::of(&home, &keeper).get("/api/v3/funds").mode, "mock");
    keeper.wait_status("lost", |status| status["session"]["state"] == "login_required");
    wait_for("all to be delivered", || (keeper.status()["outbox"]["waiting"] == 0).then_some(()));
    assert!(open_cards(&home).is_empty(), "{:#?}", open_cards(&home));
}

/// There is no refresh on any day: after the morning's login that is no news, and what FYERS did to the token is.
#[test]
fn each_loss_of_a_day_is_asked_for_with_its_own_reason() {
    let refused = "🔑 FYERS login needed: the token is refused\nFYERS ended the token before its time";
    let home = home("2026-11-23T12:00:00");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    for loss in 1..=3 {
        keeper.wait_status("live", |status| status["mode"] == "live");
        assert!(home.sim.kill(&home.newest(TokenKind::Access)));
        assert_eq!(Bot::of(&home, &keeper).get("/api/v3/funds").mode, "mock");
        let card = wait_card(&home);
        assert!(card.text.starts_with(refused), "loss {loss}: {}", card.text);
        assert_eq!(keeper.status()["session"]["reason"], "token_rejected", "loss {loss}");
        if loss < 3 {
            press_through(&link(&card));
            wait_receipt(&home, &card);
        }
    }
    assert!(keeper.stop().success());
    let card = wait_card(&home);
    let keeper = home.start_ready();
    keeper.wait_status("lost", |status| status["session"]["state"] == "login_required");
    assert_eq!(open_cards(&home).len(), 1, "it is the same loss after a restart");
    assert_eq!(open_cards(&home)[0].text.lines().next(), card.text.lines().next());
    assert!(keeper.stop().success());

    home.jump("2026-11-25T08:45:05");
    let _keeper = home.start_ready();
    let usual = |card: &TelegramMessage| card.text.starts_with("🔑 FYERS login needed today\nBy SEBI rules");
    wait_for("the usual card", || open_cards(&home).into_iter().find(usual));
}
