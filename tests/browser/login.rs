//! The daily login, seen and tapped.

use simulator::{RefreshMode, TokenKind, Writing};

use crate::{
    phone::Phone,
    support::{Home, Keeper, block_on, wait_for},
};

fn home() -> Home {
    let home = Home::with_app(RefreshMode::Disabled);
    home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
    home
}

/// Through FYERS' pages: client id, one-time password, PIN, consent.
async fn through_fyers(phone: &Phone, who: &str, pin: &str, shots: bool) {
    phone.fill("#client_id", who).await;
    if shots {
        phone.shoot("1-fyers-client-id").await;
    }
    phone.tap("#continue").await;
    phone.fill("#otp", "123456").await;
    phone.tap("#continue").await;
    phone.fill("#pin", pin).await;
    phone.tap("#continue").await;
    phone.tap("#allow").await;
}

#[test]
fn a_tap_goes_through_fyers_and_ends_logged_in() {
    let home = home().set("FYERS_SANDBOX", "false");
    let keeper = home.start_ready();
    block_on(async {
        let phone = Phone::start("login", false).await;
        phone.go(&keeper.url("/fyers/login")).await;
        through_fyers(&phone, "XX00001", "1234", true).await;
        let page = phone.sees("Logged in").await;
        assert!(page.contains("AXXX B") && page.contains("real money"), "{page}");
        phone.shoot("2-logged-in").await;
        // Back and forth in the browser spends nothing and tells the truth.
        phone.client.refresh().await.unwrap();
        phone.end().await;
    });
    assert_eq!(keeper.status()["mode"], "live");
    home.wait_env(&home.newest(TokenKind::Access));
}

/// The link on the phone's login card, once it is there.
fn card_link(home: &Home) -> String {
    wait_for("the login card", || {
        let messages = home.sim.telegram_messages();
        messages.iter().find_map(|message| message.buttons().into_iter().find_map(|button| button.url))
    })
}

fn receipt(home: &Home) -> String {
    wait_for("the receipt", || {
        home.sim
            .telegram_messages()
            .into_iter()
            .map(|message| message.text)
            .find(|text| text.starts_with('✅'))
    })
}

/// A trading morning, just after the tick's time.
fn morning() -> Home {
    let home = Home::at("2026-11-23T08:46:50", RefreshMode::Disabled).with_telegram();
    home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
    home
}

fn tick_to_live(sandbox: bool) {
    let (home, mode) = (morning(), if sandbox { "sandbox" } else { "live" });
    let page = format!("http://127.0.0.1:{}", home.port);
    let home = home.set("FYERS_SANDBOX", sandbox.to_string()).set("KEEPER_PUBLIC_URL", page);
    let keeper = home.start_ready();
    let link = card_link(&home);
    block_on(async {
        let phone = Phone::start(&format!("card-{mode}"), false).await;
        phone.go(&link).await;
        through_fyers(&phone, "XX00001", "1234", false).await;
        phone.sees("Logged in").await;
        phone.shoot("1-logged-in").await;
        phone.end().await;
    });
    keeper.wait_status(mode, |status| status["mode"] == mode);
    let receipt = receipt(&home).to_lowercase();
    assert!(receipt.contains(&format!("{mode} until 06:00 tomorrow")), "{receipt}");
}

#[test]
fn from_the_tick_to_live_by_one_tap() {
    tick_to_live(false);
}

#[test]
fn from_the_tick_to_sandbox_by_one_tap() {
    tick_to_live(true);
}

#[test]
fn without_a_public_address_the_address_is_pasted() {
    let home = morning();
    let page = home.sim.redirect_page_url();
    home.sim.set_redirect_uri(&page);
    let home = home.set("FYERS_REDIRECT_URI", page);
    let keeper = home.start_ready();
    let link = card_link(&home);
    let landed = block_on(async {
        let phone = Phone::start("paste", false).await;
        phone.go(&link).await;
        through_fyers(&phone, "XX00001", "1234", false).await;
        phone.text("#auth_code").await;
        phone.shoot("1-code").await;
        let landed = phone.client.current_url().await.unwrap();
        phone.end().await;
        landed
    });
    home.sim.write(Writing { from: 42, text: landed.into(), ..Writing::default() });
    keeper.wait_status("sandbox", |status| status["mode"] == "sandbox");
    assert!(receipt(&home).contains("logged in 08:4"), "{}", receipt(&home));
    assert!(home.sim.person_messages().iter().all(|message| message.deleted), "the code is out of the chat");
}

#[test]
fn looking_at_the_callback_spends_nothing_and_the_browser_presses_the_button() {
    let home = home();
    let keeper = home.start_ready();
    let state = block_on(begin(&keeper));
    let callback = home.sim.callback_url(&state).unwrap();
    // A link previewer looks and runs no scripts.
    let preview = block_on(async { reqwest::get(&callback).await.unwrap().text().await.unwrap() });
    assert!(preview.contains("id=\"confirm\""), "one button where scripts do not run: {preview}");
    assert_ne!(keeper.status()["session"]["state"], "valid", "nothing is spent by looking");
    block_on(async {
        let phone = Phone::start("previewed", true).await;
        phone.go(&callback).await;
        phone.sees("Logged in").await;
        phone.shoot("1-dark").await;
        phone.end().await;
    });
    assert_eq!(keeper.status()["mode"], "sandbox");
}

/// Begins a login and gives its state.
async fn begin(keeper: &Keeper) -> String {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let answer = client.build().unwrap().get(keeper.url("/fyers/login")).send().await.unwrap();
    let url = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
}

#[test]
fn what_goes_wrong_is_said_on_a_page_with_a_way_on() {
    let home = home();
    let keeper = home.start_ready();
    block_on(async {
        let phone = Phone::start("trouble", false).await;
        phone.go(&keeper.url("/fyers/login")).await;
        through_fyers(&phone, "XX00001", "1234", false).await;
        phone.sees("Logged in").await;

        phone.go(&keeper.url("/fyers/login")).await;
        through_fyers(&phone, "XX00002", "4321", false).await;
        phone.sees("Wrong account").await;
        phone.shoot("1-wrong-account").await;

        phone.tap("#again").await;
        phone.fill("#client_id", "XX00001").await;
        phone.tap("#continue").await;
        phone.fill("#otp", "123456").await;
        phone.tap("#continue").await;
        phone.fill("#pin", "1234").await;
        phone.tap("#continue").await;
        phone.tap("#deny").await;
        phone.sees("FYERS refused the login").await;
        phone.shoot("2-denied").await;

        phone.go(&keeper.url("/fyers/callback?s=ok&code=200&auth_code=eyJh.eyJh.c2ln&state=forged")).await;
        phone.sees("This link is not from this keeper").await;
        phone.shoot("3-forged").await;
        phone.end().await;
    });
    assert_eq!(keeper.status()["session"]["account"], "XX00001");
    assert_eq!(keeper.status()["session"]["state"], "valid");
}
