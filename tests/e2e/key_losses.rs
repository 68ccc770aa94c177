//! A loss between two orders, at prices that no bot asks for: the keeper looks by itself, and what it has seen holds.

use serde_json::{Value, json};
use simulator::endpoint;

use crate::{
    bot::Bot,
    key_limits_held::{order, wait_read},
    keys::{SBIN, add, home, live, refused, taken},
    support::Home,
};

const IS_TOLD: &str = "Bot loser: its loss limit of the day is reached";

/// The price falls and comes back while the bot sends nothing.
fn fall_and_come_back(home: &Home, loser: &Bot) {
    home.sim.set_price(SBIN, 780.0);
    home.wait_alert(IS_TOLD);
    home.sim.set_price(SBIN, 900.0);
    refused(&loser.order(SBIN, 1), "max-loss");
    refused(&loser.order("NSE:IDEA-EQ", 1), "max-loss");
    assert_eq!(home.alerts().iter().filter(|alert| alert.contains(IS_TOLD)).count(), 1, "told once a day");
}

#[test]
fn a_live_loss_between_two_orders_is_seen_in_fyers_positions_and_holds() {
    let home = home();
    let keeper = live(&home);
    let loser = Bot::with_token(&keeper, &add(&home, &["loser", "--max-loss", "100"]));
    taken(&loser.order(SBIN, 10), "fyers");
    wait_read(&home);
    let quotes = home.sim.call_count(endpoint::QUOTES).total;
    home.sim.set_price(SBIN, 780.0);
    home.wait_alert(IS_TOLD);
    assert_eq!(home.sim.call_count(endpoint::QUOTES).total, quotes, "the positions told the price");
    fall_and_come_back(&home, &loser);
    taken(&loser.order(SBIN, -10), "fyers");
}

fn bought_to_keep(quantity: i64) -> Value {
    order(quantity, 0, "CNC")
}

#[test]
fn a_simulated_loss_of_a_bot_beside_real_ones_is_asked_for_and_holds() {
    let home = home();
    let keeper = live(&home);
    let loser = Bot::with_token(&keeper, &add(&home, &["loser", "--mode", "sandbox", "--max-loss", "100"]));
    taken(&loser.place(bought_to_keep(10)), "mock");
    fall_and_come_back(&home, &loser);
}

#[test]
fn a_loss_in_the_sandbox_is_asked_for_and_holds() {
    let home = home().set("FYERS_SANDBOX", "true");
    let keeper = home.start_ready();
    keeper.wait_status("a token", |status| status["mode"] == json!("sandbox"));
    let loser = Bot::with_token(&keeper, &add(&home, &["loser", "--max-loss", "100"]));
    taken(&loser.place(bought_to_keep(10)), "mock");
    fall_and_come_back(&home, &loser);
}
