//! `doctor`: in an empty folder, without a network, with typos, beside a running keeper.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, time::Instant};

use serde_json::Value;
use simulator::{Fault, FaultRule, Options, RefreshMode, Service, TokenKind};

use crate::support::{APP, Home, Ran};

/// The checks of one name.
fn of<'a>(answer: &'a Value, check: &str) -> Vec<&'a Value> {
    let checks = answer["checks"].as_array().unwrap();
    checks.iter().filter(|finding| finding["check"] == check).collect()
}

#[track_caller]
fn is(answer: &Value, check: &str, mark: &str, words: &str) {
    let found = of(answer, check);
    let fits =
        |finding: &&&Value| finding["mark"] == mark && finding["what"].as_str().unwrap().contains(words);
    assert!(found.iter().any(|finding| fits(&finding)), "no {mark} {words:?} of {check}: {answer:#}");
}

/// Every line that is not good says what to do.
fn advises(ran: &Ran) {
    for finding in ran.json()["checks"].as_array().unwrap() {
        assert_eq!(finding["mark"] == "pass", finding["advice"] == "", "{finding:#}");
    }
}

#[test]
fn an_empty_folder_is_fine_and_stays_empty() {
    let home = Home::bare(Options::default());
    let ran = home.run(&["doctor"]).exits(0);
    for check in ["clock", "time zone", "calendar", ".env file", "state folder", "FYERS", "egress IP"] {
        assert!(ran.out.lines().any(|line| line.starts_with(&format!("✓ {check} "))), "no {check}: {ran:?}");
    }
    for missing in ["FYERS app", "Telegram"] {
        assert!(ran.out.lines().any(|line| line.starts_with(&format!("! {missing} "))), "{ran:?}");
    }
    assert_eq!(fs::read_dir(home.dir.path()).unwrap().count(), 0, "looking makes nothing");
    assert_eq!(ran.err, "");
}

#[test]
fn a_whole_setup_beside_its_running_keeper_is_all_good() {
    let home = Home::bare(Options { refresh: RefreshMode::Disabled, ..Options::default() }).with_telegram();
    let public = format!("http://127.0.0.1:{}", home.port);
    let home = home.set("KEEPER_PUBLIC_URL", &public);
    let token = home.sim.mint(TokenKind::Access);
    home.write_env(&format!("{APP}FYERS_ACCESS_TOKEN={token}\n"));
    home.sim.set_redirect_uri(&format!("{public}/fyers/callback"));
    fs::set_permissions(home.path(".env"), fs::Permissions::from_mode(0o600)).unwrap();
    let before = home.run(&["doctor", "--json"]).exits(0);
    is(&before.json(), "public URL", "warn", "was not tried");
    is(&before.json(), "keeper", "pass", "none runs here");

    let keeper = home.start_ready();
    home.wait_alert("has started");
    let ran = home.run(&["doctor", "--json"]).exits(0);
    let answer = ran.json();
    let bad: Vec<_> =
        answer["checks"].as_array().unwrap().iter().filter(|finding| finding["mark"] != "pass").collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert_eq!(answer["good"], true);
    is(&answer, "keeper", "pass", &format!("process {}", keeper.pid()));
    is(&answer, "token", "pass", "of account XX00001, good until");
    let secret = of(&answer, "app secret")[0]["what"].to_string();
    assert!(!secret.contains("first login"), "the proof is there already: {secret}");
    is(&answer, "Telegram bot", "pass", "@");
    is(&answer, "redirect URI", "pass", &public);
    assert!(home.run(&["doctor"]).exits(0).out.ends_with("All is well.\n"));
    assert!(keeper.stop().success(), "the keeper did not notice");
}

/// As a program that is no HTTP server: `run` would find the address taken.
#[test]
fn an_address_that_another_program_has_is_told_before_the_first_start() {
    let home = Home::bare(Options::default());
    let listener = TcpListener::bind(("127.0.0.1", home.port)).unwrap();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let ran = home.run(&["doctor", "--json"]).exits(0);
    is(&ran.json(), "keeper", "warn", "something listens on");
    advises(&ran);
}

#[test]
fn typos_are_told_and_the_rest_is_looked_at_all_the_same() {
    let home = Home::bare(Options::default()).with_telegram();
    let home = home.set("TELEGRAM_CHAT_ID", "4242").set("FYERS_SECRET_KEY", "CANARY secret");
    home.write_env(
        "FYERS_CLIENT_ID=ABCD1234EF-100\nFYERS_SANDBOX=perhaps\nFYERS_PIM=7391\nKEEPER_TICK_TIME=25:00\n",
    );
    let ran = home.run(&["doctor", "--json"]).exits(1);
    let answer = ran.json();
    for name in ["FYERS_SANDBOX", "KEEPER_TICK_TIME", "FYERS_SECRET_KEY"] {
        is(&answer, "settings", "fail", name);
    }
    is(&answer, "settings", "warn", "FYERS_PIM");
    is(&answer, ".env file", "warn", "other users");
    is(&answer, "FYERS", "pass", "answers");
    is(&answer, "Telegram bot", "pass", "@");
    is(&answer, "Telegram chat", "fail", "chat not found");
    assert!(!ran.text().contains("CANARY") && !ran.text().contains("7391"), "{ran:?}");
    advises(&ran);
}

#[test]
fn no_network_is_told_in_bounded_time() {
    let nobody = "http://127.0.0.1:1";
    let home = Home::with_app(RefreshMode::Disabled).with_telegram();
    let home = home
        .set("FYERS_API_URL", format!("{nobody}/api/v3"))
        .set("TELEGRAM_API_URL", nobody)
        .set("KEEPER_IP_CHECK_URL", nobody);
    let ran = home.run(&["doctor", "--json"]).exits(1);
    is(&ran.json(), "FYERS", "fail", "no connection");
    is(&ran.json(), "Telegram bot", "fail", "cannot be reached");
    is(&ran.json(), "clock", "warn", "cannot be compared");
    is(&ran.json(), "egress IP", "warn", "does not answer");
    advises(&ran);

    // Somebody who takes the call and never says anything.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let deaf = format!("http://{}", deaf.local_addr().unwrap());
    let home = home
        .set("FYERS_API_URL", format!("{deaf}/api/v3"))
        .set("TELEGRAM_API_URL", &deaf)
        .set("KEEPER_IP_CHECK_URL", &deaf);
    let began = Instant::now();
    let ran = home.run(&["doctor", "--json"]).exits(1);
    println!("asked everybody in {:?}", began.elapsed());
    assert!(began.elapsed().as_secs() < 60);
    is(&ran.json(), "FYERS", "fail", "no answer within");
    advises(&ran);
}

#[test]
fn a_wrong_clock_a_wrong_bot_and_a_broken_state_are_faults() {
    // The simulator's clock shows another time than this machine's.
    let home = Home::at("2026-11-20T11:00:00", RefreshMode::Disabled).with_telegram();
    let home = home.set("TELEGRAM_BOT_TOKEN", "987654321:CANARY-of-a-bot-token-that-nobody-knows-here");
    fs::create_dir(home.path("state")).unwrap();
    fs::write(home.path("state/keeper.db"), "something else ".repeat(30)).unwrap();
    let ran = home.run(&["doctor", "--json"]).exits(1);
    is(&ran.json(), "clock", "fail", "FYERS' clock");
    is(&ran.json(), "Telegram bot", "fail", "does not know the bot");
    is(&ran.json(), "state", "fail", "is no state of fyers-keeper");
    is(&ran.json(), "state folder", "warn", "0755");
    assert!(!ran.text().contains("CANARY"), "{ran:?}");
    advises(&ran);
}

#[test]
fn an_outage_of_fyers_is_named() {
    let home = Home::bare(Options::default());
    home.sim.set_outage(Service::Fyers, true);
    let ran = home.run(&["doctor", "--json"]);
    let answer = ran.json();
    let found = of(&answer, "FYERS");
    assert_ne!(found[0]["mark"], "pass", "{answer:#}");
    advises(&ran);
}

#[test]
fn what_only_asking_tells_is_asked() {
    // The app was deleted: FYERS leads the browser to a page of its own.
    let home = Home::with_app(RefreshMode::Disabled).with_telegram();
    let page = "https://login.fyers.in/error?error_msg=Invalid+app";
    let deleted = Fault::Redirect { location: page.to_owned() };
    home.sim.inject(FaultRule::forever(simulator::endpoint::GENERATE_AUTHCODE, deleted));
    let closed = Fault::TelegramError { status: 400, description: "Bad Request: TOPIC_CLOSED".to_owned() };
    home.sim.inject(FaultRule::forever("/telegram/sendChatAction", closed));
    let answer = home.run(&["doctor", "--json"]).exits(1).json();
    is(&answer, "login page", "fail", "Invalid app");
    is(&answer, "Telegram chat", "fail", "TOPIC_CLOSED");

    let unknown = Home::bare(Options::default());
    unknown.write_env("FYERS_CLIENT_ID=GONE9999-100\nFYERS_SECRET_KEY=SIMULATED1\n");
    is(&unknown.run(&["doctor", "--json"]).exits(1).json(), "login page", "fail", "GONE9999-100");
}

#[test]
fn a_listener_that_a_platform_cannot_reach_is_named() {
    let home = Home::bare(Options::default()).set("PORT", "10000");
    let answer = home.run(&["doctor", "--json"]).exits(0).json();
    is(&answer, "settings", "warn", "0.0.0.0:10000");
}

#[test]
fn the_token_is_looked_at_and_fyers_is_asked_about_it() {
    let home = Home::with_app(RefreshMode::Disabled);
    let asked = || home.run(&["doctor", "--json"]).json();
    is(&asked(), "token", "warn", "there is none: until a login no order reaches FYERS");
    let before = home.env();
    let held = |token: &str| home.write_env(&format!("{before}FYERS_ACCESS_TOKEN={token}\n"));
    held(&home.sim.mint_at(TokenKind::Access, home.sim.now() - chrono::TimeDelta::days(3)));
    is(&asked(), "token", "warn", " ended ");
    let token = home.sim.mint(TokenKind::Access);
    held(&token);
    is(&asked(), "token", "pass", "of account XX00001, good until");
    assert!(home.sim.kill(&token));
    let refused = asked();
    is(&refused, "token", "fail", "FYERS does not take token");
    assert!(!refused.to_string().contains(&token), "{refused}");
    let nobody = home.set("FYERS_API_URL", "http://127.0.0.1:1/api/v3");
    is(&nobody.run(&["doctor", "--json"]).json(), "token", "warn", "FYERS could not be asked");
}
