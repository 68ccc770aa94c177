//! The account where the mode points: `positions`, `pnl`, the API behind them, and the summary of the day.

use simulator::{Fault, FaultRule, RefreshMode, TokenKind, endpoint};

use crate::{
    bot::Bot,
    support::{Home, Keeper, wait_for},
};

fn home(time: &str, sandbox: bool) -> Home {
    let home = Home::at(time, RefreshMode::Disabled).with_telegram();
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    home.set("FYERS_SANDBOX", sandbox.to_string())
}

fn ready(home: &Home, mode: &str) -> Keeper {
    let keeper = home.start_ready();
    keeper.wait_status(mode, |status| status["mode"] == mode);
    keeper
}

#[test]
fn positions_and_result_say_whose_they_are() {
    let home = home("2026-11-23T11:00:00", false);
    for verb in ["positions", "pnl"] {
        let nobody = home.run(&[verb, "--json"]).exits(69).json();
        let what = nobody["error"]["problems"][0]["what"].as_str().unwrap();
        assert!(what.contains("no keeper answers on"), "{nobody}");
    }
    let keeper = ready(&home, "live");
    Bot::of(&home, &keeper).buy("NSE:SBIN-EQ");
    let told = home.run(&["positions", "--json"]).exits(0).json();
    assert_eq!((&told["venue"], &told["mode"]), (&"fyers".into(), &"live".into()), "{told}");
    assert_eq!(told["positions"][0]["symbol"], "NSE:SBIN-EQ");
    assert_eq!(told["positions"][0]["quantity"], 10);
    let pnl = home.run(&["pnl", "--json"]).exits(0).json();
    assert!(pnl["pnl"].is_number() && pnl["funds"]["available"].is_number(), "{pnl}");
    for (verb, words) in [("positions", "NSE:SBIN-EQ"), ("pnl", "free for new orders")] {
        let text = home.run(&[verb]).exits(0).out;
        assert!(text.contains("at FYERS (real money), mode live") && text.contains(words), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    // An account that cannot be read is not an empty one.
    home.sim.inject(FaultRule::forever(endpoint::POSITIONS, Fault::Html { status: 503 }));
    let failed = home.run(&["positions", "--json"]).exits(69).json();
    let remedy = failed["error"]["problems"][0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("does not mean"), "{failed}");
}

#[test]
fn in_the_sandbox_the_account_is_the_simulated_one() {
    let home = home("2026-11-23T11:00:00", true);
    let keeper = ready(&home, "sandbox");
    Bot::of(&home, &keeper).buy("NSE:SBIN-EQ");
    let text = home.run(&["positions"]).exits(0).out;
    assert!(text.contains("at the MockExchange (simulated), mode sandbox"), "{text}");
    assert!(text.contains("NSE:SBIN-EQ"), "{text}");
}

#[test]
fn the_day_ends_with_one_summary() {
    let home = home("2026-11-23T15:44:20", false);
    assert!(ready(&home, "live").stop().success());
    assert!(home.alerts().iter().all(|alert| !alert.contains("Summary")), "it was not there today");
    let tick =
        "INSERT INTO ticks (date, begun_at, done_at) VALUES ('2026-11-23', 1795403700000, 1795403701000)";
    rusqlite::Connection::open(home.path("state/keeper.db")).unwrap().execute(tick, []).unwrap();
    let keeper = ready(&home, "live");
    let text = home.wait_alert("Summary of Mon 23 Nov");
    assert!(
        text.contains(
            "FYERS took 0 orders, rejected 0; the MockExchange took 0, rejected 0; the keeper refused 0."
        ) && text.contains("Result: ₹0.00 at FYERS"),
        "{text}"
    );
    // Until it is marked as delivered, a kill makes it come twice.
    keeper.wait_status("an empty outbox", |status| status["outbox"]["waiting"] == 0);
    keeper.kill9();

    // A restart does not tell it again, and whoever does not want it is not told.
    let keeper = ready(&home, "live");
    let time = || chrono::DateTime::parse_from_rfc3339(keeper.status()["time"].as_str().unwrap()).unwrap();
    let began = time();
    wait_for("a look at the day", || (time() - began > chrono::TimeDelta::seconds(40)).then_some(()));
    keeper.wait_status("an empty outbox", |status| status["outbox"]["waiting"] == 0);
    let told = home.alerts().into_iter().filter(|alert| alert.contains("Summary of")).count();
    assert_eq!(told, 1);
}
