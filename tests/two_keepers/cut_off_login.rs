//! A login that the death of the holder has cut off: nobody is left without a word, and nothing of it happens twice.

use std::thread;

use simulator::{Fault, FaultRule, TokenKind, endpoint};

use crate::{
    bots::two,
    hands::{Answer, client, field, send},
    hosts::World,
    support::{block_on, wait_for},
};

const NOT_KNOWN: &str = "What came of this login is not known";

/// Code and state, as FYERS sends them back with the browser.
type Form = [(&'static str, String); 2];

/// The link of the only card, followed at this host and through FYERS' login.
fn follows_the_card(world: &World, host: usize) -> Form {
    let card = wait_for("one card", || {
        let [card] = world.cards().try_into().ok()?;
        Some(card)
    });
    let link = card.buttons().into_iter().find_map(|button| button.url).unwrap();
    let (_, path) = link.split_once("/fyers/").unwrap();
    let url = world.url(host, &format!("/fyers/{path}"));
    let begun = block_on(async { client().get(url).send().await.unwrap() });
    assert_eq!(begun.status(), 302, "the link of the card is good here");
    let state = field(begun.headers()["location"].to_str().unwrap(), "state");
    let back = world.home.sim.callback_url(&state).unwrap();
    [("auth_code", field(&back, "auth_code")), ("state", state)]
}

fn callback(world: &World, host: usize, form: &Form) -> reqwest::RequestBuilder {
    client().post(world.url(host, "/fyers/callback")).header("accept", "text/html").form(form)
}

fn finishes(world: &World, host: usize, form: &Form) -> Answer {
    send(callback(world, host, form))
}

fn redeemed(world: &World) -> u64 {
    world.home.sim.call_count(endpoint::VALIDATE_AUTHCODE).total
}

/// FYERS hears of the login and answers nobody, and the holder dies.
fn dies_in_a_login(fault: Fault, at_fyers: impl Fn(&World) -> bool) {
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    world.home.sim.set_redirect_uri("http://127.0.0.1:9/fyers/callback");
    world.home.sim.set_instant_login(true);
    world.home.sim.kill_all(TokenKind::Access);
    let _refused = world.order(0, "with a dead token");
    let form = follows_the_card(&world, 0);
    world.home.sim.inject(FaultRule::once(endpoint::VALIDATE_AUTHCODE, fault));
    let request = callback(&world, 0, &form);
    let person = thread::spawn(move || block_on(async { request.send().await.is_err() }));
    wait_for("the login at FYERS", || (redeemed(&world) == 1 && at_fyers(&world)).then_some(()));
    world.kill9(0);
    assert!(person.join().unwrap(), "nobody has told this browser anything");
    wait_for("the other one has taken over", || (world.ready(1) == Some(200)).then_some(()));
    // Sent again, as a browser does that is loaded anew: at the new holder, and through the one that died.
    world.start(0);
    world.wait_stands_by(0);
    for host in [1, 0] {
        let told = finishes(&world, host, &form);
        assert!(told.body.contains(NOT_KNOWN), "{host}: {} {}", told.status, told.body);
    }
    assert_eq!(redeemed(&world), 1, "FYERS is not asked for a second token");
    wait_for("a login is asked for", || {
        (world.status(1)?["session"]["state"] == "login_required").then_some(())
    });
    // What the page says a person is to do.
    let again = follows_the_card(&world, 1);
    let told = finishes(&world, 1, &again);
    assert!(told.status == 200 && told.body.contains("Logged in"), "{} {}", told.status, told.body);
    world.wait_acts(1);
    assert_eq!(world.order(1, "with the new token").unwrap(), "fyers");
    assert_eq!(redeemed(&world), 2);
    wait_for("the card is done", || (world.open_cards() == 0).then_some(()));
    assert!(finishes(&world, 1, &form).body.contains("Logged in"), "told how things are");
    world.judge();
}

/// FYERS has not looked at the code.
#[test]
fn a_login_that_dies_with_the_holder_is_not_known_and_begun_again() {
    dies_in_a_login(Fault::Hang, |_| true);
}

/// FYERS has made a token, which nobody has.
#[test]
fn a_login_that_fyers_has_finished_for_a_holder_that_died_is_not_finished_twice() {
    let before = std::cell::OnceCell::new();
    dies_in_a_login(Fault::HeldAnswer, |world| {
        let newest = world.home.newest(TokenKind::Access);
        *before.get_or_init(|| world.token.clone()) != newest
    });
}
