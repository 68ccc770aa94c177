//! Commodities join by themselves once they are traded: their evening sessions need a token too.

use simulator::{Fault, FaultRule, TokenKind, endpoint};

use crate::{
    bot::Bot,
    card::{buy, home, open_cards, wait_card},
    support::wait_for,
};

#[test]
fn after_a_first_commodity_order_a_token_lost_in_the_evening_is_asked_for() {
    let home = home("2026-11-23T18:30:00");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    let status = keeper.wait_status("live", |status| status["mode"] == "live");
    assert_eq!(status["token_needed"], false, "the session of shares is over");
    home.sim.set_price("MCX:GOLDM26DECFUT", 72_000.0);
    buy(&home, &token, "MCX:GOLDM26DECFUT", 1);
    let alert = home.wait_alert("You trade commodities: MCX:GOLDM26DECFUT");
    assert!(alert.contains("KEEPER_SEGMENTS=cash,fno,mcx"), "{alert}");
    keeper.wait_status("the evening counts", |status| status["token_needed"] == true);
    keeper.wait_logged("clock.segment_joined");
    keeper.kill9();

    let keeper = home.start_ready();
    keeper.wait_status("it counts still", |status| {
        status["mode"] == "live" && status["token_needed"] == true && status["positions_known"] == "known"
    });
    assert!(home.sim.kill(&token));
    keeper.wait_status("a login required", |status| status["session"]["state"] == "login_required");
    let card = wait_card(&home);
    assert!(!card.silent && card.text.contains("MCX:GOLDM26DECFUT"), "{card:?}");
    let told = || home.alerts().iter().filter(|alert| alert.contains("You trade commodities")).count();
    wait_for("all to be delivered", || (keeper.status()["outbox"]["waiting"] == 0).then_some(()));
    assert_eq!(told(), 1, "once");
}

/// The token dies before a book has shown the order, so that nobody can read one any more.
#[test]
fn a_first_commodity_order_at_fyers_counts_from_its_answer_on() {
    let home = home("2026-11-23T18:30:00");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live, and flat", |status| {
        status["mode"] == "live" && status["positions_known"] == "known" && status["token_needed"] == false
    });
    home.sim.inject(FaultRule::forever(endpoint::POSITIONS, Fault::Html { status: 503 }));
    home.sim.set_price("MCX:GOLDM26DECFUT", 72_000.0);
    let told = Bot::of(&home, &keeper).order("MCX:GOLDM26DECFUT", 1);
    assert_eq!(told.venue, "fyers", "{}", told.body);
    home.wait_alert("You trade commodities: MCX:GOLDM26DECFUT");
    keeper.wait_status("the evening counts", |status| status["token_needed"] == true);
    assert!(home.sim.kill(&token));
    keeper.wait_status("a login required", |status| status["session"]["state"] == "login_required");
    assert!(!wait_card(&home).silent);
}

#[test]
fn a_simulated_commodity_order_counts_too_and_brings_the_evenings_card() {
    let home = home("2026-11-23T18:30:00").set("KEEPER_MOCK_PRICES", "walk");
    let keeper = home.start_ready();
    keeper.wait_status("nothing to ask for", |status| {
        status["session"]["state"] == "login_required" && status["token_needed"] == false
    });
    assert!(open_cards(&home).is_empty());
    let told = Bot::of(&home, &keeper).order("MCX:GOLDM26DECFUT", 1);
    assert_eq!(
        (told.venue.as_str(), &told.body["code"]),
        ("mock", &serde_json::json!(1101)),
        "{}",
        told.body
    );
    home.wait_alert("You trade commodities: MCX:GOLDM26DECFUT");
    keeper.wait_status("the evening counts", |status| status["token_needed"] == true);
    assert!(!wait_card(&home).silent);
}
