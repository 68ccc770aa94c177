//! FYERS cannot be reached: whoever looks at the status, the page or the chat sees it soon, whether or not a bot asks for
//! anything; and what is not known is never shown as good.

use std::time::{Duration, Instant};

use serde_json::Value;
use simulator::{Fault, FaultRule, RefreshMode, Service, TokenKind};

use crate::{
    bot::Bot,
    chat::ask,
    support::{Home, Keeper},
};

fn home(sandbox: bool) -> Home {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    home.set("FYERS_SANDBOX", if sandbox { "true" } else { "false" })
}

fn start(home: &Home) -> Keeper {
    let keeper = home.start_ready();
    keeper.wait_status("all well", |status| {
        status["status"] == "pass" && status["fyers"]["state"] == "answers"
    });
    keeper
}

fn time(status: &Value, pointer: &str) -> Option<chrono::DateTime<chrono::FixedOffset>> {
    chrono::DateTime::parse_from_rfc3339(status.pointer(pointer)?.as_str()?).ok()
}

/// Looks until the status is not good any more. Whenever it was good, the answer behind it was fresh by the keeper's own
/// clock: that holds on the slowest machine.
fn wait_trouble(keeper: &Keeper) -> Value {
    let began = Instant::now();
    let found = keeper.wait_status("the trouble", |status| {
        if status["fyers"]["state"] == "answers" {
            let age = time(status, "/time").unwrap() - time(status, "/fyers/last_answer").unwrap();
            assert!(age.num_seconds() <= 30, "good on an answer of {age}: {status:#}");
        }
        status["status"] != "pass"
    });
    println!("{} after {:?}", found["fyers"]["state"], began.elapsed());
    found
}

fn page(keeper: &Keeper) -> String {
    keeper.get_with_own_key("/").unwrap().1
}

#[test]
fn an_outage_shows_on_every_screen_without_a_request_of_anybody_and_ends_there_too() {
    for sandbox in [false, true] {
        let home = home(sandbox);
        let keeper = start(&home);
        assert!(page(&keeper).contains("Health: All is well"));
        home.sim.set_outage(Service::Fyers, true);
        let status = wait_trouble(&keeper);
        assert_eq!(
            (&status["status"], &status["fyers"]["state"]),
            (&"warn".into(), &"fails".into()),
            "{status:#}"
        );
        assert!(
            time(&status, "/fyers/last_answer").unwrap() <= time(&status, "/fyers/failing_since").unwrap()
        );
        let shown = page(&keeper);
        assert!(shown.contains("FYERS cannot be reached since 12:"), "{shown}");
        assert!(shown.contains("it last answered at 12:") && !shown.contains("All is well"), "{shown}");
        ask(&home, "/status", "FYERS cannot be reached since 12:");
        ask(&home, "/health", "FYERS: cannot be reached since 12:");
        let table = home.run(&["status"]).exits(0).out;
        assert!(table.contains("cannot be reached since 12:"), "{table}");
        let metrics = keeper.get_with_own_key("/metrics").unwrap().1;
        assert!(metrics.contains("fyers_keeper_broker_contact{state=\"fails\"} 1\n"), "{metrics}");
        assert_eq!(keeper.status()["session"]["usable"], true, "an outage says nothing about the token");

        home.sim.set_outage(Service::Fyers, false);
        keeper.wait_status("all well again", |status| status["status"] == "pass");
        assert!(page(&keeper).contains("Health: All is well"));
    }
}

#[test]
fn a_request_of_a_bot_that_fails_shows_at_once() {
    let home = home(true);
    let keeper = start(&home);
    let bot = Bot::of(&home, &keeper);
    home.sim.set_outage(Service::Fyers, true);
    let told = bot.get("/api/v3/profile");
    assert!(told.status >= 500, "{} {}", told.status, told.body);
    let words = told.body["message"].as_str().unwrap().to_owned();
    assert!(words.contains("FYERS cannot be reached: "), "{words}");
    assert_eq!(keeper.status()["fyers"]["state"], "fails");
    home.sim.set_outage(Service::Fyers, false);
    assert_eq!(bot.get("/api/v3/profile").status, 200);
    assert_eq!(keeper.status()["fyers"]["state"], "answers");

    // Something answers, and FYERS does not work.
    home.sim.inject(FaultRule::once(simulator::endpoint::FUNDS, Fault::Html { status: 503 }));
    bot.ask_raw("/api/v3/funds");
    let status = keeper.status();
    assert_eq!(
        (&status["fyers"]["state"], &status["fyers"]["problem"]),
        (&"fails".into(), &"HTTP 503".into())
    );
}

#[test]
fn a_fyers_that_takes_calls_and_never_answers_is_not_known_to_be_well() {
    let home = home(true);
    let keeper = start(&home);
    home.sim.inject(FaultRule::forever("/api", Fault::Latency { ms: 600_000 }));
    let status = wait_trouble(&keeper);
    assert!(["unknown", "fails"].contains(&status["fyers"]["state"].as_str().unwrap()), "{status:#}");
    home.sim.clear_faults();
    keeper.wait_status("all well again", |status| status["status"] == "pass");
}

#[test]
fn a_token_that_fyers_ends_in_the_quiet_is_noticed_in_sandbox_too() {
    let home = home(true);
    let keeper = start(&home);
    assert!(home.sim.kill(&home.newest(TokenKind::Access)));
    keeper.wait_status("the loss", |status| status["session"]["state"] == "login_required");
    home.wait_alert("login needed");
}

#[test]
fn a_keeper_that_needs_nobody_asks_nobody() {
    let home = Home::bare(simulator::Options::default());
    let keeper = home.start_ready();
    // Longer than the pause between two questions.
    let end = Instant::now() + Duration::from_secs(18);
    while Instant::now() < end {
        assert_eq!(keeper.status()["fyers"]["state"], "not_needed");
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(home.sim.calls().len(), 0);
}
