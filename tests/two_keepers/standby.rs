//! What a standby does for bots and says to people.

use serde_json::Value;
use tokio_tungstenite::tungstenite::Error;

use crate::{
    bots::{order_of, post_order, started, two},
    feed_client::Socket,
    hosts::{KEY, World},
    support::{get, get_with_key, wait_for},
};

fn key() -> String {
    format!("Bearer {KEY}")
}

/// What `doctor` found of this.
fn found(examined: &Value, check: &str) -> Value {
    let mut checks = examined["checks"].as_array().unwrap().iter();
    let found = checks.find(|finding| finding["check"] == check).cloned();
    found.unwrap_or_else(|| panic!("no {check}: {examined:#}"))
}

/// Through the standby as at the holder: both ways, more than one piece of it, and a wrong key is refused by the holder.
#[test]
fn a_socket_goes_through_the_standby_and_ends_with_the_holder() {
    let Some(mut world) = two() else { return };
    let feed = world.url(1, "/feed");
    let mut socket = Socket::try_at(&feed, Some(&key())).unwrap();
    let hello = socket.until("the hello", |message| message["type"] == "hello");
    assert_eq!(hello["mode"], "live");
    let symbols: Vec<_> = (0..3_000).map(|n| format!("NSE:SYMBOL{n}-EQ")).collect();
    socket.send(
        &serde_json::json!({"type": "subscribe", "symbols": symbols, "kinds": ["ltp"], "id": 1}).to_string(),
    );
    socket.until("the answer", |message| message["id"] == 1);
    socket.send(r#"{"type":"ping","id":2}"#);
    socket.until("the pong", |message| message["id"] == 2);
    let Err(Error::Http(refusal)) = Socket::try_at(&feed, Some("Bearer a-wrong-key-0123456789")) else {
        panic!("a wrong key was let in")
    };
    assert_eq!(refusal.status(), 403);

    world.term(0);
    socket.wait_closed();
    world.wait_acts(1);
    let mut again = Socket::try_at(&feed, Some(&key())).unwrap();
    again.until("the hello of the new holder", |message| message["type"] == "hello");
}

#[test]
fn without_an_address_a_standby_says_so_and_when_to_ask_again() {
    let Some(world) = World::new() else { return };
    let mut world = world.without_addresses();
    world.start(0);
    world.wait_acts(0);
    world.start(1);
    world.wait_stands_by(1);
    let Err(Error::Http(refusal)) = Socket::try_at(&world.url(1, "/feed"), Some(&key())) else {
        panic!("there is no way to the holder")
    };
    assert_eq!((refusal.status().as_u16(), &refusal.headers()["retry-after"]), (503, &"2".parse().unwrap()));
    let words = String::from_utf8(refusal.body().clone().unwrap_or_default()).unwrap();
    assert!(words.contains("stands by") && words.contains("nothing was done"), "{words}");
    assert_eq!(world.order(1, "to a standby without a way"), None);
    let advice = found(&world.says(1, &["doctor", "--json"]), "lease");
    assert_eq!(advice["mark"], "warn");
    assert!(advice["what"].as_str().unwrap().contains("KEEPER_ADVERTISE_URL"), "{advice}");
}

/// Who acts, since when, and whether somebody would take over: in the status, on the page, in the numbers, by `doctor`.
#[test]
fn who_holds_the_lease_is_told_everywhere() {
    let Some(mut world) = two() else { return };
    let lease = wait_for("the standby is seen", || {
        let lease = world.status(0)?["lease"].clone();
        (lease["standby"] == true).then_some(lease)
    });
    let here = world.url(0, "");
    assert_eq!((&lease["address"], lease["epoch"].as_i64()), (&here.clone().into(), Some(1)));
    world.wait_warm(0);
    assert!(get(&world.url(1, "/readyz")).unwrap().1.contains("FYERS answers here"));
    let numbers = |host: usize| get_with_key(&world.url(host, "/metrics"), KEY).unwrap().1;
    for line in ["lease_held 1", "lease_epoch 1", "lease_standby 1", "lease_standby_reaches_fyers 1"] {
        assert!(numbers(0).lines().any(|said| said == format!("fyers_keeper_{line}")), "{line}");
    }
    assert!(numbers(1).contains("fyers_keeper_lease_held 0\n"), "its own numbers, not the holder's");
    let page = get_with_key(&world.url(1, "/"), KEY).unwrap().1;
    assert!(page.contains("another one stands by") && page.contains(&here), "the holder's page: {page}");
    let examined = world.says(1, &["doctor", "--json"]);
    for check in ["PostgreSQL", "PostgreSQL TLS", "PostgreSQL rights", "PostgreSQL clock", "lease"] {
        assert_eq!(found(&examined, check)["mark"], "pass", "{examined:#}");
    }
    let told = found(&examined, "lease")["what"].as_str().unwrap().to_owned();
    assert!(told.contains(&here) && told.contains("another one stands by and reaches FYERS"), "{told}");

    world.kill9(1);
    wait_for("the standby is missed", || (world.status(0)?["lease"]["standby"] == false).then_some(()));
    world.server.crash();
    let examined = world.says(1, &["doctor", "--json"]);
    assert_eq!(found(&examined, "PostgreSQL")["mark"], "fail", "{examined:#}");
    world.server.run();
    let examined = world.says(1, &["doctor", "--json"]);
    assert_eq!(found(&examined, "PostgreSQL")["mark"], "pass", "{examined:#}");
    assert!(get(&world.url(0, "/livez")).is_some());
}

/// It would act and could send no order: that is told, and nobody hands over to it by mistake.
#[test]
fn a_standby_that_cannot_reach_fyers_is_handed_over_to_by_force_alone() {
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    world.cut_fyers(1, true);
    world.start(1);
    world.wait_stands_by(1);
    wait_for("the holder knows it", || {
        (world.status(0)?["lease"]["standby_reaches_fyers"] == false).then_some(())
    });
    let said = get(&world.url(1, "/readyz")).unwrap().1;
    assert!(said.contains("FYERS cannot be reached from here"), "{said}");
    for host in [0, 1] {
        let numbers = get_with_key(&world.url(host, "/metrics"), KEY).unwrap().1;
        assert!(numbers.contains("fyers_keeper_lease_standby_reaches_fyers 0\n"), "{numbers}");
    }
    let finding = found(&world.says(0, &["doctor", "--json"]), "lease");
    assert_eq!(finding["mark"], "warn", "{finding}");
    assert_eq!(world.exits(0, &["handover"]), Some(75));
    assert_eq!(world.order(0, "it goes on").unwrap(), "fyers");
    assert_eq!(world.exits(0, &["handover", "--force"]), Some(0));
    wait_for("the other one serves", || (world.ready(1) == Some(200)).then_some(()));
    // It looks again once a minute; here it begins anew.
    world.wait_stands_by(0);
    assert_eq!(world.exits(1, &["handover"]), Some(0), "this one does reach FYERS");
    world.wait_acts(0);
    world.judge();
}

/// Its own link to the database is cut: the other one goes on, and this one says that it could not.
#[test]
fn a_standby_says_when_its_database_is_away_and_when_it_is_back() {
    const AWAY: &str = "the database does not answer here";
    let Some(mut world) = two() else { return };
    world.cut_database(1, true);
    let ready = |world: &World| get(&world.url(1, "/readyz")).unwrap();
    wait_for("it is not ready, and why", || ready(&world).1.contains(AWAY).then_some(()));
    let (status, said) = ready(&world);
    assert_eq!(status, 503);
    assert!(said.contains("PostgreSQL cannot be used"), "{said}");
    let (code, words) = world.complains(1, &["status"]);
    assert_eq!(code, Some(69), "{words}");
    assert!(words.contains(AWAY), "{words}");
    let numbers = get(&world.url(1, "/metrics")).unwrap().1;
    assert!(numbers.contains("fyers_keeper_lease_database_answers 0"), "{numbers}");
    assert_eq!(world.order(1, "through it").as_deref(), Some("fyers"), "the other one is where it was");
    world.cut_database(1, false);
    wait_for("it is back", || world.log(1).contains("lease.reachable").then_some(()));
    wait_for("it says so", || (!ready(&world).1.contains(AWAY)).then_some(()));
    let log = world.log(1);
    // On a slow machine an answer may be late, and then it is away once more.
    let is_told = |line: &&str| line.contains("lease.unreachable") || line.contains("lease.reachable");
    let told: Vec<&str> = log.lines().filter(is_told).collect();
    let is_away = |line: &str| line.contains("lease.unreachable");
    let is_once = told.chunks(2).all(|pair| is_away(pair[0]) && !pair[1..].iter().any(|line| is_away(line)));
    assert!(is_once && !told.is_empty(), "it goes once before it comes back: {log}");
    assert!(!log.contains("lease.unreadable"), "one reason is told once: {log}");
    world.wait_warm(0);
    world.term(0);
    world.wait_acts(1);
}

/// A rolling deploy stops the standby too. What it has passed on has left.
#[test]
fn a_standby_that_stops_waits_for_the_orders_it_has_passed_on() {
    let Some(mut world) = two() else { return };
    let slow = simulator::Fault::Latency { ms: 2_500 };
    world.home.sim.inject(simulator::FaultRule::forever(simulator::endpoint::ORDERS_SYNC, slow));
    let at_fyers = || world.home.sim.call_count(simulator::endpoint::ORDERS_SYNC).total;
    let before = at_fyers();
    let (url, order) = (world.url(1, "/api/v3/orders/sync"), order_of("onitsway"));
    let bot = std::thread::spawn(move || post_order(&url, &order));
    wait_for("the order at FYERS", || (at_fyers() > before).then_some(()));
    world.tell_to_stop(1);
    let answer = bot.join().unwrap().expect("an answer");
    assert_eq!(answer["code"], 1101, "{answer}");
    assert_eq!(world.reap(1), Some(0));
}

/// A key that was replaced because others knew it stays replaced.
#[test]
fn a_new_gateway_key_is_the_next_holders_too() {
    let Some(world) = World::new() else { return };
    let mut world = started(world.without_a_key());
    let file = world.hosts[0].dir.path().join("state/gateway.key");
    let old = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    let new = "another-key-of-a-person-0123456789abcdef";
    std::fs::write(&file, new).unwrap();
    let is_let_in = |world: &World, host: usize, key: &str| {
        get_with_key(&world.url(host, "/api/v3/funds"), key).is_some_and(|(status, _)| status == 200)
    };
    wait_for("the new key at the holder", || is_let_in(&world, 0, new).then_some(()));
    wait_for("the new key in the database", || {
        world.sql("SELECT value FROM facts WHERE name = 'gateway_key'").contains(new).then_some(())
    });
    world.term(0);
    wait_for("keeper 1 serves", || (world.ready(1) == Some(200)).then_some(()));
    wait_for("the new key at the next holder", || is_let_in(&world, 1, new).then_some(()));
    assert!(!is_let_in(&world, 1, &old), "the old one has ended");
}
