//! With a token: where requests go, and what the phone shows.

use chrono::TimeDelta;
use serde_json::Value;
use sha2::{Digest, Sha256};
use simulator::{RefreshMode, Service, TokenKind, endpoint};

use crate::support::{APP, Home, Keeper};

fn live(refresh: RefreshMode) -> Home {
    Home::at("2026-11-23T11:00:00", refresh).set("FYERS_SANDBOX", "false").with_telegram()
}

/// What may be shown of a token.
fn fingerprint(token: &str) -> String {
    Sha256::digest(token).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

fn wait_mode(keeper: &Keeper, mode: &str) -> Value {
    keeper.wait_status(&format!("mode {mode}"), |status| status["mode"] == mode)
}

fn wait_login_required(keeper: &Keeper) -> Value {
    keeper.wait_status("login required", |status| status["session"]["state"] == "login_required")
}

/// Waits until all that was queued has been delivered.
fn wait_delivered(keeper: &Keeper) -> Value {
    keeper.wait_status("an empty outbox", |status| {
        let outbox = &status["outbox"];
        outbox["waiting"] == 0 && outbox["queued"] != 0 && outbox["queued"] == outbox["delivered"]
    })
}

#[test]
fn a_good_token_means_live_and_the_phone_says_so() {
    let home = live(RefreshMode::Disabled);
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    let status = wait_mode(&keeper, "live");
    assert_eq!(status["session"]["state"], "valid");
    assert_eq!(status["session"]["source"], "settings");
    assert_eq!(status["session"]["account"], "XX00001");
    assert_eq!(status["session"]["fingerprint"], fingerprint(&token).as_str());
    assert!(home.wait_alert("has started").contains("real money"));
    assert!(home.wait_alert("Live: FYERS accepts the token").contains("#K-"));
    assert!(!keeper.log().contains(&token), "a token is in the log");
    assert!(!home.alerts().concat().contains(&token), "a token is on the phone");
    let orders = |call: &simulator::Call| call.path.contains("orders") && call.method != "GET";
    assert!(!home.sim.calls().iter().any(orders), "nobody placed an order");
}

#[test]
fn sandbox_is_the_default() {
    let home = Home::with_app(RefreshMode::Disabled).with_telegram();
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    wait_mode(&keeper, "sandbox");
    home.wait_alert("Sandbox: that is how FYERS_SANDBOX is set");
}

#[test]
fn a_token_that_died_overnight_ends_live_and_asks_for_a_login_once() {
    let home = live(RefreshMode::Disabled);
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    wait_mode(&keeper, "live");
    home.wait_alert("Live:");
    assert!(keeper.stop().success());

    assert!(home.sim.kill(&token));
    let keeper = home.start_ready();
    let status = wait_login_required(&keeper);
    assert_eq!(status["session"]["reason"], "token_rejected");
    assert_eq!(status["mode"], "mock");
    assert_eq!(status["session"]["usable"], false);
    wait_delivered(&keeper);
    home.wait_alert("login needed");
    let asked = home.alerts().iter().filter(|alert| alert.contains("login needed")).count();
    assert_eq!(asked, 1, "{:#?}", home.alerts());
    assert_eq!(home.env().matches(&token).count(), 1, "the keeper takes nothing out of .env");
}

#[test]
fn a_newer_token_pasted_into_the_env_file_wins_and_an_older_one_does_not() {
    let home = live(RefreshMode::Disabled);
    let old = home.sim.mint_at(TokenKind::Access, home.sim.now() - TimeDelta::seconds(90));
    let new = home.sim.mint_at(TokenKind::Access, home.sim.now() - TimeDelta::seconds(30));
    let paste = |token: &str| home.write_env(&format!("{APP}FYERS_ACCESS_TOKEN={token}\n"));
    for (pasted, used) in [(&old, &old), (&new, &new), (&old, &new)] {
        paste(pasted);
        let keeper = home.start_ready();
        let status = wait_mode(&keeper, "live");
        assert_eq!(status["session"]["fingerprint"], fingerprint(used).as_str());
        assert!(keeper.stop().success());
    }
}

#[test]
fn an_expired_token_is_refreshed_at_start() {
    let home = live(RefreshMode::Enabled);
    let old = home.sim.mint_at(TokenKind::Access, home.sim.now() - TimeDelta::days(2));
    let refresh = home.sim.mint(TokenKind::Refresh);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={old}\nFYERS_REFRESH_TOKEN={refresh}\n"));
    let keeper = home.start_ready();
    let status = wait_mode(&keeper, "live");
    let new = home.newest(TokenKind::Access);
    assert_eq!(status["session"]["fingerprint"], fingerprint(&new).as_str());
    assert_eq!(status["session"]["source"], "refresh");
    home.wait_alert("✅ TOKEN REFRESH SUCCESSFUL");
    crate::support::wait_for("the new token in .env", || home.env().contains(&new).then_some(()));
    assert!(!home.env().contains(&old));
    assert_eq!(home.sim.call_count(endpoint::VALIDATE_REFRESH_TOKEN).max_in_flight, 1);
}

#[test]
fn refresh_switched_off_is_tried_once_a_day_over_restarts() {
    let home = live(RefreshMode::Disabled);
    let refresh = home.sim.mint(TokenKind::Refresh);
    home.append_env(&format!("FYERS_REFRESH_TOKEN={refresh}\n"));
    let before = home.env();
    let mut calls = Vec::new();
    for _ in 0..3 {
        let keeper = home.start_ready();
        let status = wait_login_required(&keeper);
        assert_eq!(status["session"]["reason"], "refresh_disabled");
        assert_eq!(status["mode"], "mock");
        calls.push(home.refresh_calls());
        keeper.kill9();
    }
    assert_eq!(calls, [1, 1, 1]);
    assert_eq!(home.env(), before);
}

#[test]
fn a_wrong_pin_is_never_tried_again_by_itself() {
    let home = live(RefreshMode::Enabled);
    let refresh = home.sim.mint(TokenKind::Refresh);
    home.write_env(&format!("{APP}FYERS_PIN=4321\nFYERS_REFRESH_TOKEN={refresh}\n"));
    for _ in 0..3 {
        let keeper = home.start_ready();
        let status = wait_login_required(&keeper);
        assert_eq!(status["session"]["reason"], "pin_rejected");
        keeper.kill9();
        assert_eq!(home.refresh_calls(), 1, "FYERS blocks after a few wrong ones");
    }
    home.write_env(&home.env().replace("4321", "1234"));
    let keeper = home.start_ready();
    wait_mode(&keeper, "live");
    assert_eq!(home.refresh_calls(), 2, "a new PIN is a new chance");
}

#[test]
fn an_outage_at_start_is_mock_until_it_ends() {
    let home = live(RefreshMode::Disabled);
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    home.sim.set_outage(Service::Fyers, true);
    let keeper = home.start_ready();
    crate::support::wait_for("two tries", || {
        (home.sim.call_count(endpoint::PROFILE).total >= 2).then_some(())
    });
    let status = keeper.status();
    assert_eq!(status["mode"], "mock", "a token that is not proven is not used");
    assert_eq!(status["session"]["state"], "checking");
    home.sim.set_outage(Service::Fyers, false);
    wait_mode(&keeper, "live");
}
