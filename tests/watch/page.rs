//! The page says everything without scripts.

use simulator::{Options, TokenKind};

use crate::{
    browserless::{day, get, key, log_in, post, unlock},
    support::{Home, get_with_key},
};

/// The text between the tags.
fn text(html: &str) -> String {
    let style = regex::Regex::new("(?s)<style.*?</style>|<script.*?</script>").unwrap();
    let tags = regex::Regex::new("<[^>]*>").unwrap();
    tags.replace_all(&style.replace_all(html, " "), " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn everything_is_said_without_scripts() {
    let home = day();
    let keeper = home.start_ready();
    log_in(&home, &keeper);
    // Started, login needed, live: each was told.
    let told =
        |status: &serde_json::Value| status["outbox"]["waiting"] == 0 && status["outbox"]["delivered"] == 3;
    let status = keeper.wait_status("live and told", |status| status["mode"] == "live" && told(status));
    let page = get(&keeper, "/", &[]);
    assert_eq!(page.status, 200);
    let text = text(&page.body);
    let fingerprint = status["session"]["fingerprint"].as_str().unwrap();
    for words in [
        "Live",
        "Orders go to FYERS, with real money.",
        "Because you logged in.",
        "Health: All is well",
        "As of Mon 23 Nov 2026, 11:02:",
        "Monday, 23 November",
        "08:45 daily check",
        "09:15–15:40 market open: shares until 15:30, derivatives until 15:40",
        "06:00 the session ends",
        "Good until Tue 24 Nov, 06:00",
        fingerprint,
        "XX00001",
        "Next daily check Wed 25 Nov, 08:45",
        "Last daily check Mon 23 Nov, 11:02",
        "Next holiday Tue 24 Nov, Prakash Gurpurb Sri Guru Nanak Dev",
        "Orders simulated today 0 Orders",
        "Alerts waiting none",
        "Mode mock → live: you logged in",
        "Started, version",
        "On the one trading day so far the token came after the open, at 11:02",
        "logged in from the login page",
        "No simulated trade yet. The curve begins with the first one.",
        "Market data not connected: no bot listens",
        "Bots that listen none",
        "default up to live 0 orders today",
        "exchange running 0",
        "token running 0",
        "holidays on file until 31 Dec 2026",
        &format!("Version {}", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(text.contains(words), "no {words:?} in: {text}");
    }
    let reload = "<noscript><meta http-equiv=\"refresh\" content=\"60\"></noscript>";
    assert!(page.body.contains(reload), "without scripts it is renewed all the same");
    assert!(page.body.matches("<li data-name").count() <= 10);
    assert!(!page.body.contains(&key(&home)));
}

#[test]
fn the_page_asks_for_nothing_unsafe() {
    let home = Home::bare(Options::default());
    let keeper = home.start_ready();
    let inline = regex::Regex::new(r#"\s(style|on[a-z]+)=""#).unwrap();
    let pages = [get(&keeper, "/", &[]), get(&keeper, "/", &[("host", "evil.example")])];
    for page in pages {
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        for tag in ["<style", "<script"] {
            let all = page.body.matches(tag).count();
            assert!(all > 0 && page.body.matches(&format!("{tag} nonce=\"{nonce}\"")).count() == all);
        }
        assert!(!inline.is_match(&page.body));
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "same-origin", "or the forms' origin would be null");
    }
    let twice = [get(&keeper, "/", &[]), get(&keeper, "/", &[])];
    assert_ne!(twice[0].header("content-security-policy"), twice[1].header("content-security-policy"));
}

#[test]
fn a_press_without_scripts_is_answered_by_the_page() {
    let home = day();
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let cookie = unlock(&keeper, &key(&home)).cookie();
    let page = get(&keeper, "/", &[("cookie", &cookie)]);
    let own = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let press = |what: &str| post(&keeper, &format!("/act/{what}"), &own, &[("token", &page.token())]);
    let pressed = press("halt");
    assert_eq!((pressed.status, pressed.header("location")), (303, "/"));
    assert!(text(&get(&keeper, "/?part", &own).body).contains("Trading is halted"));
    let after = text(&get(&keeper, "/", &own).body);
    assert!(
        after.contains("Answer Halted:") && after.contains("Trading halted by the status page"),
        "{after}"
    );
    assert!(!text(&get(&keeper, "/", &own).body).contains("Answer Halted:"), "a note is shown once");
    let status: serde_json::Value =
        serde_json::from_str(&get_with_key(&keeper.url("/api/status"), &key(&home)).unwrap().1).unwrap();
    assert_eq!(status["halted"], true);
    assert_eq!(press("resume").status, 303);
    keeper.wait_status("live again", |status| status["mode"] == "live" && status["halted"] == false);
    get(&keeper, "/", &own);
    assert_eq!(press("refresh").status, 303);
    let refreshed = text(&get(&keeper, "/", &own).body);
    assert!(
        refreshed.contains("Answer No new token:")
            && refreshed.contains("The token in use stays, good until"),
        "{refreshed}"
    );
    assert!(!refreshed.contains("expired"), "a token in use has not: {refreshed}");
    for (button, answer) in [
        ("mute", "No sound until"),
        ("unmute", "Alerts make a sound again."),
        ("test", "Three test alerts are on their way."),
    ] {
        assert_eq!(press(button).status, 303);
        let page = text(&get(&keeper, "/", &own).body);
        assert!(page.contains(answer), "{button}: {page}");
    }
    assert_eq!(press("explode").status, 404);
}

/// Without Telegram too: what was only simulated is cleared with the page.
#[test]
fn simulated_positions_that_are_left_are_closed_with_a_button() {
    let home = day().set("KEEPER_MOCK_PRICES", "walk");
    let keeper = home.start_ready();
    let buy = |quantity: i64| {
        let order = serde_json::json!({"symbol": "NSE:SBIN-EQ", "qty": quantity, "type": 2, "side": 1,
            "productType": "INTRADAY", "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0,
            "offlineOrder": false});
        crate::browserless::send(|client| {
            let request = client.post(keeper.url("/api/v3/orders/sync"));
            request.header("authorization", format!("X:{}", key(&home))).json(&order)
        })
    };
    assert_eq!(buy(10).status, 200);
    let rejected = buy(9_000_000);
    assert!(rejected.body.contains("-99") || rejected.status == 400, "{rejected:?}");
    let page = text(&get(&keeper, "/", &[]).body);
    assert!(page.contains("Orders simulated today 1 taken, 1 rejected Orders"), "{page}");
    assert!(!page.contains("Close simulated positions"), "in Mock the bot closes its own: {page}");
    log_in(&home, &keeper);
    let status = keeper.wait_status("live", |status| status["mode"] == "live");
    assert_eq!(status["orders_simulated_today"], 1, "what was rejected was not simulated");
    let cookie = unlock(&keeper, &key(&home)).cookie();
    let own = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let live = get(&keeper, "/", &own);
    let words = text(&live.body);
    assert!(words.contains("/flat in Telegram, or the button on the page"), "{words}");
    assert!(words.contains("Close simulated positions… Those of all bots"), "{words}");
    assert_eq!(post(&keeper, "/act/flat", &own, &[("token", &live.token())]).status, 303);
    keeper.wait_status("nothing left", |status| status["simulated_left"] == serde_json::json!([]));
    let after = text(&get(&keeper, "/", &own).body);
    assert!(after.contains("Answer 1 simulated position closed."), "{after}");
    assert!(!after.contains("Close simulated positions"), "{after}");
}

#[test]
fn what_comes_from_outside_is_text_on_the_page() {
    let home = Home::bare(Options::default());
    let keeper = home.start_ready();
    let call = |key: &str| {
        let body = r#"{"symbol":"NSE:<script>alert(1)</script>-EQ","qty":1,"type":2,"side":1,"productType":"INTRADAY","validity":"DAY"}"#;
        crate::browserless::send(|client| {
            client
                .post(keeper.url("/api/v3/orders/sync"))
                .header("authorization", format!("X:{key}"))
                .body(body)
        })
    };
    call(&key(&home));
    let page = get(&keeper, "/", &[]);
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
}
