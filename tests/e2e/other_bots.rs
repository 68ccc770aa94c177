//! What a bot's token tells of other bots: nothing.

use crate::{
    bot::{Bot, Told},
    keys::{SBIN, add, home, live, refused, taken},
    support::get_with_key,
};

/// Names, orders and alerts of other bots are the owner's to know.
#[test]
fn a_bot_is_told_nothing_of_another_bot() {
    let home = home();
    let keeper = live(&home);
    let own_key = crate::feed_client::key(&home);
    let viewer = add(&home, &["viewer", "--mode", "sandbox"]);
    let somebody = add(&home, &["somebody", "--mode", "sandbox", "--max-orders-per-day", "1"]);
    // One more than is allowed, so that an alert goes out too.
    let other = Bot::with_token(&keeper, &somebody);
    let mark = |told: &Told| told.body["id"].as_str().unwrap_or_default().to_owned();
    let others = other.order(SBIN, 7);
    taken(&others, "mock");
    refused(&other.order(SBIN, 7), "orders");
    taken(&Bot::with_key(&keeper, &own_key).order(SBIN, 6), "fyers");
    home.run(&["key", "halt", "somebody"]).exits(0);
    let own = Bot::with_token(&keeper, &viewer).order(SBIN, 3);
    taken(&own, "mock");
    home.wait_alert("somebody");
    let (mut seen, mut of_owner) = (String::new(), String::new());
    for path in ["/", "/?part", "/api/status", "/api/orders?limit=1000", "/metrics"] {
        seen += &get_with_key(&keeper.url(path), &viewer).unwrap().1;
        of_owner += &get_with_key(&keeper.url(path), &own_key).unwrap().1;
    }
    for words in ["somebody", "bot=\"somebody\"", "Bot somebody halted", &mark(&others)] {
        assert!(of_owner.contains(words), "the owner is told of {words}");
        assert!(!seen.contains(words), "the bot is told of {words}: {seen}");
    }
    assert!(
        !seen.contains("bot=\"default\"") && !seen.contains("buy 6"),
        "nor of the owner's orders: {seen}"
    );
    assert!(
        seen.contains(&mark(&own)) && seen.contains("buy 3") && seen.contains("bot=\"viewer\""),
        "{seen}"
    );
    // A script that reads the account by these is shown the one that the gateway shows it.
    let book = get_with_key(&keeper.url("/api/orderbook"), &viewer).unwrap().1;
    let real = get_with_key(&keeper.url("/api/orderbook"), &own_key).unwrap().1;
    assert!(book.contains("\"venue\":\"mock\"") && real.contains("\"venue\":\"fyers\""), "{book} {real}");
}
