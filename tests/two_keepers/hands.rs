//! What is under way when the keeper changes hands, and what the next one begins with: answers in words, and no worse token.

use std::thread::{self, JoinHandle};

use chrono::TimeDelta;
use serde_json::{Value, json};
use simulator::{Fault, FaultRule, TokenKind, endpoint};

use crate::{
    bots::{order_of, started, two},
    hosts::{KEY, World},
    support::{DEADLINE, block_on, wait_for},
};

/// An answer, as a bot or a browser sees it.
pub(crate) struct Answer {
    pub(crate) status: u16,
    venue: String,
    retry_after: String,
    pub(crate) body: String,
}

pub(crate) fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    client.timeout(DEADLINE).build().unwrap()
}

pub(crate) fn send(request: reqwest::RequestBuilder) -> Answer {
    block_on(async {
        let answer = request.send().await.expect("an answer in words");
        let header =
            |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let (status, venue) = (answer.status().as_u16(), header("x-keeper-order-venue"));
        let retry_after = header("retry-after");
        Answer { status, venue, retry_after, body: answer.text().await.expect("all of it") }
    })
}

fn order(world: &World, host: usize, order: &Value) -> Answer {
    let url = world.url(host, "/api/v3/orders/sync");
    send(client().post(url).header("Authorization", format!("bot:{KEY}")).json(order))
}

/// A login that a person finishes at this host; it is under way when this returns.
fn finishes_login(world: &World, host: usize) -> JoinHandle<Answer> {
    world.home.sim.set_redirect_uri("http://127.0.0.1:9/fyers/callback");
    world.home.sim.set_instant_login(true);
    let begun = block_on(async { client().get(world.url(host, "/fyers/login")).send().await.unwrap() });
    let state = field(begun.headers()["location"].to_str().unwrap(), "state");
    let back = world.home.sim.callback_url(&state).unwrap();
    let form = [("auth_code", field(&back, "auth_code")), ("state", state)];
    let request = client().post(world.url(host, "/fyers/callback")).header("accept", "text/html").form(&form);
    let calls = || world.home.sim.call_count(endpoint::VALIDATE_AUTHCODE).total;
    let before = calls();
    let person = thread::spawn(move || send(request));
    wait_for("the login at FYERS", || (calls() > before).then_some(()));
    person
}

/// A part of an address's query.
pub(crate) fn field(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap()
}

fn slow(world: &World, path: &str, ms: u64) {
    world.home.sim.inject(FaultRule::forever(path, Fault::Latency { ms }));
}

/// A code works once: the keeper that stops waits for it, as long as FYERS takes usually.
#[test]
fn a_login_that_is_finished_while_the_holder_stops_is_waited_for() {
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    slow(&world, endpoint::VALIDATE_AUTHCODE, 1_000);
    let person = finishes_login(&world, 1);
    world.tell_to_stop(0);
    let told = person.join().unwrap();
    assert!(told.status == 200 && told.body.contains("Logged in"), "{} {}", told.status, told.body);
    world.wait_acts(1);
    assert_eq!(world.reap(0), Some(0));
    let token = world.sql("SELECT access FROM session");
    assert!(!token.contains(&world.token), "the next keeper goes on with the new token");
}

/// FYERS hangs, or the holder is gone: the person is told what to look at, and never gets an empty page.
#[test]
fn a_login_whose_outcome_nobody_knows_is_answered_in_words() {
    const WORDS: &str = "if it still asks for a login, log in again";
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    slow(&world, endpoint::VALIDATE_AUTHCODE, 60_000);
    let (here, through) = (finishes_login(&world, 0), finishes_login_beside(&world, 1));
    world.tell_to_stop(0);
    for person in [here, through] {
        let told = person.join().unwrap();
        assert_eq!((told.status, told.retry_after.as_str()), (503, "5"), "{}", told.body);
        assert!(told.body.contains(WORDS), "{}", told.body);
    }
    world.wait_acts(1);
    assert_eq!(world.reap(0), Some(0));
    world.start(0);
    world.wait_stands_by(0);
    let through = finishes_login(&world, 0);
    world.kill9(1);
    let told = through.join().unwrap();
    assert_eq!((told.status, told.retry_after.as_str()), (503, "5"), "{}", told.body);
    assert!(told.body.contains(WORDS), "{}", told.body);
    world.wait_acts(0);
}

/// A second login waits behind the first one: FYERS hears one at a time.
fn finishes_login_beside(world: &World, host: usize) -> JoinHandle<Answer> {
    let url = world.url(host, "/fyers/login");
    let begun = block_on(async { client().get(url).send().await.unwrap() });
    let location = url::Url::parse(begun.headers()["location"].to_str().unwrap()).unwrap();
    let state = location.query_pairs().find(|(key, _)| key == "state").unwrap().1.into_owned();
    let back = url::Url::parse(&world.home.sim.callback_url(&state).unwrap()).unwrap();
    let code = back.query_pairs().find(|(key, _)| key == "auth_code").unwrap().1.into_owned();
    let request =
        client().post(world.url(host, "/fyers/callback")).form(&[("auth_code", code), ("state", state)]);
    let sent = std::sync::mpsc::channel();
    let person = thread::spawn(move || {
        sent.0.send(()).unwrap();
        send(request)
    });
    sent.1.recv().unwrap();
    person
}

/// At the holder and through the standby: the answer comes before the connection is closed.
#[test]
fn an_order_at_sigterm_while_fyers_hangs_is_told_that_it_may_be_there() {
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    slow(&world, endpoint::ORDERS_SYNC, 60_000);
    let bots = [(0, "athere"), (1, "through")].map(|(host, tag)| {
        let request = client().post(world.url(host, "/api/v3/orders/sync"));
        let request = request.header("Authorization", format!("bot:{KEY}")).json(&order_of(tag));
        thread::spawn(move || send(request))
    });
    let at_fyers = || world.home.sim.call_count(endpoint::ORDERS_SYNC).in_flight;
    wait_for("both at FYERS", || (at_fyers() == 2).then_some(()));
    world.tell_to_stop(0);
    for bot in bots {
        let told = bot.join().unwrap();
        let body: Value = serde_json::from_str(&told.body).unwrap();
        assert_eq!((told.status, &body["code"]), (200, &json!(201)), "{body}");
        assert!(body["message"].as_str().unwrap().contains("outcome is not known"), "{body}");
    }
    world.home.sim.clear_faults();
    world.wait_acts(1);
    assert_eq!(world.reap(0), Some(0));
    world.judge();
}

/// A copy of a token in the settings of the standby, newer than the stored one and dead.
#[test]
fn a_dead_token_in_the_settings_of_the_next_keeper_costs_no_session() {
    let Some(world) = World::new() else { return };
    let newer = world.home.sim.mint_at(TokenKind::Access, world.home.sim.now() + TimeDelta::seconds(30));
    assert!(world.home.sim.kill(&newer));
    let mut world = started(world.with_own(1, "FYERS_ACCESS_TOKEN", newer.leak()));
    world.wait_warm(0);
    assert_eq!(world.order(0, "before").unwrap(), "fyers");
    world.term(0);
    world.wait_acts(1);
    assert_eq!(world.order(1, "of the next keeper").unwrap(), "fyers");
    world.wait_logged(1, "token.newer_refused");
    assert_eq!(world.open_cards(), 0, "nobody has to log in");
    world.judge();
}

/// It has not heard that the token is bad, and nobody has said that it is good: entries are simulated, and told so. What
/// may be the exit of a real position is refused.
#[test]
fn a_next_keeper_that_cannot_reach_fyers_simulates_entries_and_refuses_exits() {
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    assert_eq!(world.order(0, "a position").unwrap(), "fyers");
    wait_for("it is in the database", || {
        let read = world.sql("SELECT value FROM facts WHERE name = 'positions_at_fyers'");
        read.contains("NSE:SBIN-EQ").then_some(())
    });
    world.cut_fyers(1, true);
    world.kill9(0);
    wait_for("keeper 1 serves", || (world.ready(1) == Some(200)).then_some(()));
    let mut entry = order_of("entry");
    entry["symbol"] = json!("NSE:INFY-EQ");
    let simulated = wait_for("FYERS has failed here", || {
        let told = order(&world, 1, &entry);
        assert!(["mock", "none"].contains(&told.venue.as_str()), "{}", told.body);
        assert!(told.venue == "mock" || told.status == 503, "{} {}", told.status, told.body);
        (told.venue == "mock").then_some(told)
    });
    assert!(simulated.body.contains("FYERS has not confirmed it yet"), "{}", simulated.body);
    let mut exit = order_of("exit");
    exit["side"] = json!(-1);
    let told = order(&world, 1, &exit);
    assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
    world.cut_fyers(1, false);
    world.wait_acts(1);
    assert_eq!(world.order(1, "FYERS answers again").unwrap(), "fyers");
}

/// A newer version has brought the tables forward beside an older one that stands by.
#[test]
fn an_older_program_leaves_a_newer_database_alone_and_says_so() {
    const WORDS: &str = "was written by a newer fyers-keeper";
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    world.sql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of a later version', true, '\\x00', 0)",
    );
    assert_eq!(world.reap(1), Some(1), "it could not know what it would change");
    assert!(world.log(1).contains("lease.refused") && world.log(1).contains(WORDS), "{}", world.log(1));
    assert_eq!(world.order(0, "of the holder, which goes on").unwrap(), "fyers");
    for args in [&["run"][..], &["refresh"], &["check"]] {
        let (code, said) = world.complains(1, args);
        assert_eq!(code, Some(1), "{args:?}: {said}");
        assert!(said.contains(WORDS) && said.contains("Use the newer version"), "{args:?}: {said}");
    }
    world.term(0);
    let (code, said) = world.complains(0, &["key", "list"]);
    assert!(code == Some(1) && said.contains(WORDS), "{code:?} {said}");
    world.sql("DELETE FROM _sqlx_migrations WHERE version = 9999");
    world.start(1);
    world.wait_acts(1);
    world.judge();
}
