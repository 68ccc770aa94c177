//! A position that turns round under the halt of one bot is told, as under the halt of all.

use simulator::{TokenKind, endpoint};

use crate::{
    bot::Bot,
    card::trade,
    keys::{SBIN, add, home, live, taken},
    support::{Home, wait_for},
};

const INFY: &str = "NSE:INFY-EQ";

/// Waits until the positions as they are now have been learnt.
fn learn(home: &Home, bot: &Bot) {
    let readings = || home.sim.call_count(endpoint::ORDERS).total;
    let before = readings();
    bot.get("/api/v3/positions");
    // What differs is read again; the reading after that begins when this one has been learnt.
    wait_for("two readings", || (readings() >= before + 2).then_some(()));
}

#[test]
fn a_position_that_turns_under_the_halt_of_its_bot_is_told_and_what_others_turn_is_not() {
    let home = home();
    home.sim.set_price(INFY, 1_400.0);
    let keeper = live(&home);
    let main = Bot::with_token(&keeper, &add(&home, &["main"]));
    let trial = Bot::with_token(&keeper, &add(&home, &["trial"]));
    taken(&trial.order(SBIN, 10), "fyers");
    taken(&main.order(INFY, 5), "fyers");
    learn(&home, &main);
    home.run(&["key", "halt", "trial"]).exits(0);
    let entry = trial.order(SBIN, 1);
    assert_eq!((entry.status, entry.mode.as_str()), (400, "halted"), "{}", entry.body);
    // Nobody has halted this one: it may turn its own position round.
    taken(&main.order(INFY, -10), "fyers");
    taken(&trial.order(SBIN, -10), "fyers");
    learn(&home, &main);
    // As an exit that FYERS takes late, behind another one.
    trade(&home, &home.newest(TokenKind::Access), SBIN, -10);
    learn(&home, &main);
    home.wait_alert("A position has turned round under the halt: it was 10 NSE:SBIN-EQ, and is -10");
    let alerts = home.alerts();
    assert!(
        !alerts.iter().any(|alert| alert.contains("turned round") && alert.contains(INFY)),
        "{alerts:#?}"
    );
}
