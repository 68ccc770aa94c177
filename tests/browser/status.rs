//! The status page, seen: on a phone and on a desktop, by day and by night, and while things happen.

use serde_json::Value;
use simulator::{RefreshMode, TokenKind};

use crate::{
    phone::{DESKTOP, PHONE, Phone, VIEWS},
    support::{Home, Keeper, block_on},
};

/// A trading day with a way to log in and no token yet.
pub(crate) fn home() -> Home {
    let home = Home::at("2026-11-23T11:02:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
    home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
    home
}

pub(crate) fn key(home: &Home) -> String {
    std::fs::read_to_string(home.path("state/gateway.key")).unwrap().trim().to_owned()
}

/// Does something that waits in its own way, off the browser's runtime.
pub(crate) fn outside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}

/// A person logs in elsewhere.
pub(crate) async fn log_in(home: &Home, keeper: &Keeper) {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let client = client.build().unwrap();
    let answer = client.get(keeper.url("/fyers/login")).send().await.unwrap();
    let url = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let callback = url::Url::parse(&home.sim.callback_url(&state).unwrap()).unwrap();
    let code = callback.query_pairs().find(|(name, _)| name == "auth_code").unwrap().1.into_owned();
    let form = [("auth_code", code), ("state", state)];
    assert!(
        client.post(keeper.url("/fyers/callback")).form(&form).send().await.unwrap().status().is_success()
    );
}

/// What every view of the page must fulfil: it fits, it is complete for a screen reader, and nothing of it was
/// blocked by its own policy.
pub(crate) async fn is_sound(phone: &Phone) {
    is_sound_but_alone(phone).await;
    let complaints = phone.complaints().await;
    assert!(complaints.is_empty(), "the browser complains: {complaints:#?}");
}

/// The same without what the browser says of a keeper that does not answer.
async fn is_sound_but_alone(phone: &Phone) {
    let facts = fits(phone).await;
    assert_eq!(facts["landmarks"], serde_json::json!([1, 1, 1]), "{facts}");
    assert!(facts["texts"].as_u64().unwrap() > 20, "{facts}");
}

/// What every page must fulfil, however small. Gives what was found.
async fn fits(phone: &Phone) -> Value {
    let facts = phone
        .run(
            r#"
            const all = (css) => [...document.querySelectorAll(css)];
            const named = (e) => (e.getAttribute("aria-labelledby") || "").split(" ").every((id) => document.getElementById(id)?.textContent.trim());
            const rgb = (css) => (css.match(/[\d.]+/g) || []).map(Number);
            const light = (c) => c.slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
            const ground = (e) => { const c = rgb(getComputedStyle(e).backgroundColor); return c.length === 4 && c[3] === 0 ? (e.parentElement ? ground(e.parentElement) : [255, 255, 255]) : c; };
            const contrast = (e) => { const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); };
            const texts = all("body *").filter((e) => !e.closest("svg, script, style") && e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()));
            return {
                texts: texts.length,
                faint: texts.filter((e) => contrast(e) < 4.5).map((e) => e.textContent + contrast(e)),
                overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
                headlines: all("h1").length,
                landmarks: ["header", "main", "footer"].map((name) => all(name).length),
                unnamed: all("section").filter((e) => !named(e)).length,
                unlabelled: all("input:not([type=hidden], [hidden])").filter((e) => !e.labels.length).length,
                small: all("button, a.button, summary, footer a").filter((e) => e.checkVisibility() && Math.min(e.getBoundingClientRect().height, e.getBoundingClientRect().width) < 44).map((e) => e.textContent),
                doubled: all("[id]").length - new Set(all("[id]").map((e) => e.id)).size,
                lang: document.documentElement.lang,
            };"#,
        )
        .await;
    assert_eq!(facts["overflow"], 0, "the page scrolls sideways: {facts}");
    assert_eq!(facts["headlines"], 1, "{facts}");
    assert_eq!(facts["faint"], serde_json::json!([]), "text that is hard to read");
    assert_eq!(facts["small"], serde_json::json!([]), "smaller than a thumb");
    for nothing in ["unnamed", "unlabelled", "doubled"] {
        assert_eq!(facts[nothing], 0, "{nothing}: {facts}");
    }
    assert_eq!(facts["lang"], "en");
    facts
}

/// Pages that a person meets by accident.
#[test]
fn small_pages_fit_a_phone_and_a_desktop_by_day_and_night() {
    let home = home();
    let port = home.port;
    let home = home.set("KEEPER_HTTP_ADDR", format!("0.0.0.0:{port}"));
    let keeper = home.start_ready();
    block_on(async {
        for (name, size, dark) in VIEWS {
            let phone = Phone::start_sized(&format!("small-{name}"), dark, size).await;
            for (path, headline, picture) in [
                ("/", "This page needs the gateway key", "1-locked"),
                ("/nothing", "Nothing here", "2-404"),
                ("/unlock", "Not a page", "3-405"),
                (
                    "/fyers/callback?s=ok&auth_code=eyJ.a.b&state=x",
                    "This link is not from this keeper",
                    "4-stranger",
                ),
                ("/fyers/callback", "There is no login code in this address", "5-no-code"),
            ] {
                phone.go(&keeper.url(path)).await;
                phone.sees(headline).await;
                fits(&phone).await;
                phone.shoot(picture).await;
            }
            phone.end().await;
        }
    });
}

#[test]
fn the_page_changes_live_on_phone_and_desktop_by_day_and_night() {
    for (name, size, dark) in VIEWS {
        let home = home();
        let keeper = home.start_ready();
        block_on(async {
            let phone = Phone::start_sized(&format!("status-{name}"), dark, size).await;
            phone.go(&keeper.url("/")).await;
            phone.sees("Mock").await;
            phone.waits_for("document.getElementById('link').textContent.includes('up to date')").await;
            assert_eq!(phone.run("return matchMedia('(prefers-color-scheme: dark)').matches").await, dark);
            is_sound(&phone).await;
            phone.shoot_whole("1-mock").await;
            // A mark that a reload would wipe out.
            phone.run("window.mark = 'still the same page'; return 0").await;
            log_in(&home, &keeper).await;
            let text = phone.sees("Live").await;
            assert!(text.contains("real money"), "{text}");
            phone
                .waits_for("document.getElementById('events').textContent.includes('Mode mock → live')")
                .await;
            phone.waits_for("document.title.startsWith('Live')").await;
            assert_eq!(phone.run("return window.mark").await, "still the same page");
            is_sound(&phone).await;
            phone.shoot_whole("2-live").await;
            phone.end().await;
        });
    }
}

#[test]
fn the_buttons_act_behind_the_key() {
    let home = home();
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    block_on(async {
        let phone = Phone::start_sized("status-acts", false, PHONE).await;
        phone.go(&keeper.url("/")).await;
        phone.sees("Live").await;
        assert_eq!(phone.run("return document.querySelectorAll('#acts').length").await, 0, "no buttons yet");
        phone.fill("#key", "not the key").await;
        phone.tap("#unlock").await;
        assert_eq!(phone.text("#problem").await, "This is not the gateway key.");
        phone.shoot("1-wrong-key").await;
        phone.fill("#key", &key(&home)).await;
        phone.tap("#unlock").await;
        phone.tap("#halt").await;
        let wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(phone.run(wide).await, 0, "the question fits");
        phone.shoot_whole("2-halt").await;
        phone.tap("#halt-yes").await;
        phone.sees("HALTED").await;
        assert!(phone.text("#note").await.contains("Halted"));
        assert!(phone.text("#halted").await.contains("Trading is halted"));
        is_sound(&phone).await;
        phone.shoot_whole("3-halted").await;
        assert_eq!(outside(|| keeper.status())["halted"], true);

        phone.tap("#resume").await;
        phone.tap("#resume-yes").await;
        phone.sees("Live").await;
        assert!(phone.text("#events").await.contains("Trading resumed by the status page"));
        // Reloading repeats nothing.
        phone.client.refresh().await.unwrap();
        phone.sees("Live").await;
        assert_eq!(phone.run("return document.querySelectorAll('#note').length").await, 0);

        let calls = home.refresh_calls();
        phone.tap("#refresh").await;
        phone.text("#note").await;
        assert!(home.refresh_calls() >= calls);
        phone.shoot_whole("4-refreshed").await;

        phone.tap("#lock").await;
        phone.text("#unlock").await;
        assert_eq!(phone.run("return document.querySelectorAll('#acts').length").await, 0);
        phone.end().await;
    });
    assert_eq!(keeper.status()["halted"], false);
}

/// The question of the button that comes first is the longest text beside it.
#[test]
fn the_question_about_a_halt_fits_a_desktop() {
    let home = home();
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    block_on(async {
        let desktop = Phone::start_sized("halt-desktop", false, DESKTOP).await;
        desktop.go(&keeper.url("/")).await;
        desktop.fill("#key", &key(&home)).await;
        desktop.tap("#unlock").await;
        desktop.tap("#halt").await;
        desktop.text("#halt-yes").await;
        is_sound(&desktop).await;
        desktop.shoot_whole("1-question").await;
        desktop.end().await;
    });
}

#[test]
fn a_stranger_sees_the_form_and_a_link_from_elsewhere_finds_an_earlier_session() {
    let home = home();
    let port = home.port;
    let home = home.set("KEEPER_HTTP_ADDR", format!("0.0.0.0:{port}"));
    let keeper = home.start_ready();
    block_on(async {
        let phone = Phone::start_sized("status-door", false, PHONE).await;
        phone.go(&keeper.url("/")).await;
        let text = phone.sees("This page needs the gateway key").await;
        assert!(!text.contains("Session") && !text.contains("Mock"), "{text}");
        phone.shoot("1-door").await;
        phone.fill("#key", &key(&home)).await;
        phone.tap("#unlock").await;
        phone.sees("Mock").await;
        phone.waits_for("document.getElementById('link').textContent.includes('up to date')").await;
        let cookie = phone.client.get_named_cookie(&format!("keeper_session_{port}")).await.unwrap();
        assert_eq!(cookie.http_only(), Some(true));
        assert!(cookie.same_site().unwrap().is_strict());
        assert_eq!(phone.run("return document.cookie").await, "");

        // From another site, as from a chat: such a link comes without the cookie.
        let link = format!("data:text/html,<a id=link href='{}'>keeper</a>", keeper.url("/"));
        phone.go(&link).await;
        phone.tap("#link").await;
        phone.sees("Mock").await;
        phone.end().await;
    });
}

#[test]
fn a_browser_that_was_cut_off_finds_back() {
    let home = home();
    let keeper = home.start_ready();
    block_on(async {
        let phone = Phone::start_sized("status-cut", true, DESKTOP).await;
        phone.go(&keeper.url("/")).await;
        phone.sees("Mock").await;
        phone.waits_for("document.getElementById('link').textContent.includes('up to date')").await;
        phone.run("window.mark = 1; return 0").await;
        assert!(outside(|| keeper.stop()).success(), "somebody who listens does not hold the keeper up");
        phone.waits_for("document.getElementById('link').textContent.includes('not connected')").await;
        phone.shoot("1-cut-off").await;
        let token = home.sim.mint(TokenKind::Access);
        home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
        let _keeper = outside(|| home.start_ready());
        phone.sees("Live").await;
        assert_eq!(phone.run("return window.mark").await, Value::from(1));
        phone.end().await;
    });
}

/// A page that is left open shows nothing as true that it does not know, and comes back with the keeper.
#[test]
fn a_page_whose_keeper_is_gone_says_so_and_comes_back_by_itself() {
    let since = r"No connection to the keeper since \d\d:\d\d:\d\d IST; what you see is as of then\.";
    let since = regex::Regex::new(since).unwrap();
    for (name, size, dark) in
        [("phone", PHONE, false), ("phone-dark", PHONE, true), ("desktop", DESKTOP, false)]
    {
        let home = home();
        let token = home.sim.mint(TokenKind::Access);
        home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
        let keeper = home.start_ready();
        keeper.wait_status("live", |status| status["mode"] == "live");
        block_on(async {
            let phone = Phone::start_sized(&format!("gone-{name}"), dark, size).await;
            phone.go(&keeper.url("/")).await;
            phone.sees("Live").await;
            phone.waits_for("document.getElementById('link').textContent.includes('up to date')").await;
            let green = "return getComputedStyle(document.getElementById('mode-name')).color";
            let before = phone.run(green).await;
            assert_eq!(phone.run("return document.getElementById('gone').checkVisibility()").await, false);
            phone.run("window.mark = 'still the same page'; return 0").await;
            outside(|| keeper.kill9());
            phone.waits_for("document.getElementById('gone').checkVisibility()").await;
            let words = phone.text("#gone").await;
            assert!(since.is_match(&words), "{words}");
            assert!(words.contains("bots get no answers"), "{words}");
            assert_ne!(phone.run(green).await, before, "what is not known is not green");
            phone.waits_for("document.title.startsWith('No connection')").await;
            is_sound_but_alone(&phone).await;
            phone.shoot_whole("1-gone").await;
            let keeper = outside(|| home.start_ready());
            phone.waits_for("!document.getElementById('gone').checkVisibility()").await;
            phone.waits_for("document.title.startsWith('Live')").await;
            assert_eq!(phone.run(green).await, before);
            assert_eq!(phone.run("return window.mark").await, "still the same page");
            phone.end().await;
            outside(|| assert!(keeper.stop().success()));
        });
    }
}

/// A bot has traded: nothing runs over, no word is broken, and the curve is drawn.
#[test]
fn a_busy_page_fits_a_phone_and_a_desktop() {
    // At an hour at which the market takes orders, without an app.
    let home = Home::at("2026-11-23T11:02:00", RefreshMode::Disabled);
    home.write_env("");
    let keeper = home.start_ready();
    let order = |symbol: &str, side: i64, kind: i64, limit: f64| {
        serde_json::json!({"symbol": symbol, "qty": 10, "type": kind, "side": side, "productType": "INTRADAY",
            "limitPrice": limit, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false})
    };
    let orders = [
        order("NSE:SBIN-EQ", 1, 2, 0.0),
        order("NSE:RELIANCE-EQ", -1, 2, 0.0),
        order("NSE:NIFTY26DEC25000CE", 1, 2, 0.0),
        order("NSE:SBIN-EQ", 1, 1, 100.05),
        order("NSE:NOSUCHTHING-EQ", 1, 1, 1_234_567.05),
    ];
    block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for order in &orders {
            let request = client.post(keeper.url("/api/v3/orders/sync")).json(order);
            request.header("authorization", format!("BOT:{}", key(&home))).send().await.unwrap();
        }
        for (name, size, dark) in VIEWS {
            let phone = Phone::start_sized(&format!("busy-{name}"), dark, size).await;
            phone.go(&keeper.url("/")).await;
            phone.fill("#key", &key(&home)).await;
            phone.tap("#unlock").await;
            phone
                .waits_for("document.querySelector('#mute') && document.querySelector('#equity polyline')")
                .await;
            let useless = "return document.querySelectorAll('#login, #refresh').length";
            assert_eq!(phone.run(useless).await, 0, "there is no app to log in with");
            is_sound(&phone).await;
            let broken = "return [...document.querySelectorAll('.figures th, .figures td, .venue, .price, .badge, .mornings b, #figures dd')] \
                .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height > 60).map((e) => e.textContent)";
            assert_eq!(phone.run(broken).await, serde_json::json!([]), "words in more than one line");
            let narrow = "return [...document.querySelectorAll('#orders .outcome.bad')] \
                .filter((e) => e.getBoundingClientRect().width < e.parentElement.getBoundingClientRect().width * .6).length";
            assert_eq!(phone.run(narrow).await, 0, "why an order was refused is squeezed into a column");
            let rows = "return document.querySelectorAll('#orders li').length";
            assert_eq!(phone.run(rows).await, orders.len());
            let ends = "return [...document.querySelectorAll('#orders li:not(:has(.bad))')] \
                .filter((e) => e.querySelector('.price').textContent.length < 14 && e.lastElementChild.offsetTop !== e.querySelector('.price').offsetTop).length";
            assert_eq!(phone.run(ends).await, 0, "what came of an order has fallen below its row");
            let ragged = "const at = [...document.querySelectorAll('#acts > form, #acts > .button')].map((e) => e.offsetTop); \
                return innerWidth < 768 ? new Set(at).size * 2 - at.length : 0";
            assert!(phone.run(ragged).await.as_i64().unwrap() <= 1, "two buttons stand side by side");
            phone.shoot_whole("1-busy").await;
            phone.end().await;
        }
    });
}
