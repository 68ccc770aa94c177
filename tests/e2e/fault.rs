//! What a supervisor cannot heal ends the program with exit 70, and the phone hears of it.

use simulator::{RefreshMode, Service};

use crate::support::{Home, Keeper, post, wait_for};

fn fault(home: &Home, keeper: &Keeper, victim: &str) {
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    // The answer may get lost: the program may be over before it is sent.
    let _answer = post(&keeper.url(&format!("/api/fault/{victim}")), Some(key.trim()));
}

/// Lets the actor crash until the program ends, and counts its restarts.
fn crash_until_the_end(home: &Home, keeper: &mut Keeper, victim: &str) -> i32 {
    for _ in 0..6 {
        fault(home, keeper, victim);
    }
    keeper.wait().code().unwrap()
}

#[test]
fn one_crash_of_each_actor_is_healed_and_shown() {
    let home = Home::with_app(RefreshMode::Disabled).with_telegram();
    let keeper = home.start_ready();
    for victim in ["token", "clock", "exchange", "feeds", "notifier"] {
        fault(&home, &keeper, victim);
        keeper.wait_status(&format!("a restart of {victim}"), |status| {
            status["actors"][victim]["restarts"] == 1 && status["actors"][victim]["alive"] == true
        });
    }
    let log = wait_for("five crashes in the log", || {
        let lines = keeper.lines();
        let count = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
        (count("actor.crashed") == 5 && count("actor.restarted") == 5).then_some(lines)
    });
    let crashed = log.iter().find(|line| line["event"] == "actor.crashed").unwrap();
    assert_eq!(crashed["actor"], "token");
    assert_eq!(keeper.stop().code(), Some(0));
}

#[test]
fn six_crashes_in_a_minute_are_given_up_with_a_last_alert() {
    let home = Home::with_app(RefreshMode::Disabled).with_telegram();
    let mut keeper = home.start_ready();
    assert_eq!(crash_until_the_end(&home, &mut keeper, "exchange"), 70);
    let alert = home.wait_alert("The keeper gives up and ends");
    assert!(alert.contains("orders"), "{alert}");
    assert!(keeper.lines().iter().any(|line| line["event"] == "actor.gave_up"), "{}", keeper.log());
}

#[test]
fn the_last_alert_waits_when_nobody_can_be_told() {
    let home = Home::with_app(RefreshMode::Disabled).with_telegram();
    let mut keeper = home.start_ready();
    home.sim.set_outage(Service::Telegram, true);
    assert_eq!(crash_until_the_end(&home, &mut keeper, "token"), 70);
    assert!(!home.alerts().iter().any(|alert| alert.contains("The keeper gives up and ends")));
    home.sim.set_outage(Service::Telegram, false);
    let _next_life = home.start_ready();
    home.wait_alert("The keeper gives up and ends");
}

#[test]
fn even_the_notifier_may_be_the_one_that_cannot_go_on() {
    let home = Home::with_app(RefreshMode::Disabled).with_telegram();
    let mut keeper = home.start_ready();
    assert_eq!(crash_until_the_end(&home, &mut keeper, "notifier"), 70);
    home.wait_alert("The keeper gives up and ends");
}

#[test]
fn a_blocked_thread_ends_the_program() {
    let home = Home::with_app(RefreshMode::Disabled);
    let mut keeper = home.start_ready();
    fault(&home, &keeper, "thread");
    assert_eq!(keeper.wait().code(), Some(70));
    assert!(keeper.log().contains("actor.hung") || keeper.err().contains("actor.hung"), "{}", keeper.log());
}
