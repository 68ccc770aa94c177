//! Logins of another account beside the work and the login of the owner: neither is ended, held up or taken for the other.

use std::sync::mpsc;

use serde_json::json;
use simulator::{Fault, FaultRule, RefreshMode, TokenKind, endpoint};

use crate::{
    bot::Bot,
    card::{home, link, press_through, wait_card, with_yesterdays_refresh_token},
    login::{begin, field, send},
    support::{DEADLINE, Home, Keeper, wait_for},
};

/// Code and state of somebody who has begun a login at the keeper's page and logged in at FYERS with an account of his own.
fn of_stranger(home: &Home, keeper: &Keeper) -> (String, String) {
    let (_, state) = begin(keeper);
    let back = home.sim.callback_url_for("XX00002", &state).unwrap();
    (field(&back, "auth_code").unwrap(), state)
}

fn redeemed(home: &Home) -> u64 {
    home.sim.call_count(endpoint::VALIDATE_AUTHCODE).total
}

#[test]
fn another_accounts_login_neither_ends_nor_delays_the_mornings_refresh() {
    let home = home("2026-11-23T08:44:55");
    home.sim.set_refresh(RefreshMode::Enabled);
    with_yesterdays_refresh_token(&home);
    let down = Fault::Html { status: 503 };
    home.sim.inject(FaultRule::forever(endpoint::VALIDATE_REFRESH_TOKEN, down));
    let keeper = home.start_ready();
    wait_for("the first attempt", || (home.refresh_calls() >= 1).then_some(()));

    let (code, state) = of_stranger(&home, &keeper);
    let page = send(&keeper, &code, &state);
    assert!(page.status == 400 && page.body.contains("Wrong account"), "{}", page.body);
    let strangers = home.newest(TokenKind::Access);
    let status = keeper.status();
    assert_eq!(status["mode"], "mock", "a token of his is in nobody's use");
    assert!(status["last_tick"]["done_at"].is_null(), "the work of the tick still waits for its outcome");
    assert_eq!(Bot::of(&home, &keeper).get("/api/v3/funds").venue, "mock");

    // Of the next one FYERS does not say anything, as long as the keeper waits for it.
    let (code, state) = of_stranger(&home, &keeper);
    home.sim.inject(FaultRule::once(endpoint::VALIDATE_AUTHCODE, Fault::Hang));
    std::thread::scope(|scope| {
        let stranger = scope.spawn(|| send(&keeper, &code, &state));
        wait_for("his code at FYERS", || (redeemed(&home) == 2).then_some(()));
        home.sim.clear_faults();
        let status = keeper.wait_status("the tick", |status| status["last_tick"]["done_at"].is_string());
        assert!(!stranger.is_finished(), "the refresh has not waited for his login");
        assert_eq!((&status["session"]["source"], &status["mode"]), (&json!("refresh"), &json!("live")));
        let page = stranger.join().unwrap();
        assert!(!page.body.contains("Logged in"), "{}", page.body);
    });
    home.wait_env(&home.newest(TokenKind::Access));
    assert!(!home.env().contains(&strangers) && !keeper.log().contains(&strangers));
    assert_eq!(keeper.status()["mode"], "live");
}

/// FYERS is asked for one login at a time, four wait at most, and the owner takes the place of a stranger.
#[test]
fn a_login_that_finds_no_room_or_loses_it_to_the_owner_is_told_at_once() {
    let home = home("2026-11-23T08:45:05");
    with_yesterdays_refresh_token(&home);
    let keeper = home.start_ready();
    let card = link(&wait_card(&home));
    home.sim.inject(FaultRule::once(endpoint::VALIDATE_AUTHCODE, Fault::Hang));
    let (tell, told) = mpsc::channel();
    let next = || told.recv_timeout(DEADLINE).unwrap();
    std::thread::scope(|scope| {
        let keeper = &keeper;
        let stranger = || {
            let ((code, state), tell) = (of_stranger(&home, keeper), tell.clone());
            scope.spawn(move || tell.send(send(keeper, &code, &state).body).unwrap());
        };
        stranger();
        wait_for("the first one at FYERS", || (redeemed(&home) == 1).then_some(()));
        (0..4).for_each(|_| stranger());
        let full: String = next();
        assert!(full.contains("Too many logins at once"), "the fifth: {full}");
        let owner = scope.spawn(|| press_through(&card));
        let displaced = next();
        assert!(
            displaced.contains("Too many logins at once") && displaced.contains("was not used"),
            "{displaced}"
        );
        assert_eq!(redeemed(&home), 1, "both are told while FYERS still hangs over the first one");
        let page = owner.join().unwrap();
        assert!(page.contains("Logged in"), "{page}");
    });
    let others: Vec<String> = (0..3).map(|_| next()).collect();
    assert!(others.iter().all(|page| !page.contains("Logged in")), "{others:#?}");
    keeper.wait_status("live", |status| status["mode"] == "live");
    assert_eq!(redeemed(&home), 4, "the hanging one, the owner's, and two of strangers after it");
}
