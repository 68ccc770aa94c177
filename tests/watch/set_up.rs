//! The first set-up by pages, through the real program, against the simulated FYERS and Telegram.

use simulator::{Fault, FaultRule, Options, Writing, endpoint};

use crate::{
    browserless::{Answer, client, get, post},
    support::{Home, Keeper, block_on},
};

const SECRET: &str = "SIMULATED1";

/// Nothing configured, with a FYERS and a Telegram that answer.
fn home() -> Home {
    let home = Home::bare(Options::default());
    home.sim.set_instant_login(true);
    home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
    let telegram = home.sim.telegram_url();
    home.set("TELEGRAM_API_URL", telegram)
}

/// The code in the link of the log.
fn code(keeper: &Keeper) -> String {
    let lines = keeper.wait_logged("keeper.set_up");
    let line = lines.iter().find(|line| line["event"] == "keeper.set_up").unwrap();
    let message = line["message"].as_str().unwrap();
    message.split("setup?once=").nth(1).unwrap().split(' ').next().unwrap().to_owned()
}

const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");

fn begin(keeper: &Keeper, code: &str) -> Answer {
    post(keeper, "/setup/begin", &[OWN], &[("once", code)])
}

/// A browser in which the link was used.
struct Visit<'a> {
    keeper: &'a Keeper,
    cookie: String,
    token: String,
}

impl<'a> Visit<'a> {
    fn new(keeper: &'a Keeper) -> Self {
        let begun = begin(keeper, &code(keeper));
        assert_eq!((begun.status, begun.header("location")), (303, "/setup"), "{begun:?}");
        let cookie = begun.cookie();
        let token = get(keeper, "/setup", &[("cookie", &cookie)]).token();
        Self { keeper, cookie, token }
    }

    fn page(&self) -> String {
        get(self.keeper, "/setup", &[("cookie", &self.cookie)]).body
    }

    fn press(&self, what: &str, fields: &[(&str, &str)]) -> String {
        let fields: Vec<(&str, &str)> =
            fields.iter().copied().chain([("token", self.token.as_str())]).collect();
        let pressed = post(self.keeper, &format!("/setup/{what}"), &[("cookie", &self.cookie), OWN], &fields);
        if pressed.status == 303 { self.page() } else { pressed.body }
    }
}

#[test]
fn what_fyers_could_not_be_asked_about_has_no_green_tick() {
    let home = home();
    let keeper = home.start_ready();
    let visit = Visit::new(&keeper);
    home.sim.inject(FaultRule::forever(endpoint::GENERATE_AUTHCODE, Fault::Reset));
    let shown = visit.press("app", &[("id", "ABCD1234EF-200"), ("secret", SECRET)]);
    let (before, after) = shown.split_once("! The app is saved:").expect("words about the app");
    let words = after.split("</p>").next().unwrap();
    assert!(words.contains("login page could not be asked") && !words.contains('\u{2713}'), "{words}");
    assert!(before.rsplit('<').next().unwrap().contains("bad\""), "{before}");
}

#[test]
fn a_stranger_walks_from_the_link_to_the_first_login() {
    let home = home();
    let mut keeper = home.start_ready();
    let visit = Visit::new(&keeper);
    let page = visit.page();
    let redirect = format!("http://127.0.0.1:{}/fyers/callback", home.port);
    assert!(page.contains(&redirect) && page.contains("Permissions") && page.contains("Static IP"), "{page}");

    // What is pasted into the wrong place is not shown; an app that FYERS does not know is not kept.
    let swapped = visit.press("app", &[("id", SECRET), ("secret", "ABCD1234EF-200")]);
    assert!(swapped.contains("is not an app id") && !swapped.contains(SECRET), "{swapped}");
    let unknown = visit.press("app", &[("id", "ZZZZ9999ZZ-100"), ("secret", SECRET)]);
    assert!(unknown.contains("FYERS begins no login for ZZZZ9999ZZ-100"), "{unknown}");
    assert!(!home.env().contains("ZZZZ9999ZZ"), "{}", home.env());
    assert!(unknown.contains("value=\"ZZZZ9999ZZ-100\""), "the app id need not be typed again: {unknown}");
    assert!(!swapped.contains("FYERS_"), "in the words of the fields: {swapped}");
    let spaced = visit.press("app", &[("id", "ABCD1234EF-200"), ("secret", "SIMULA TED1")]);
    assert!(
        spaced.contains("entered as the secret id has a space") && !spaced.contains("SIMULA"),
        "{spaced}"
    );
    let pasted = format!(" {SECRET} ");
    let known = visit.press("app", &[("id", " abcd1234ef-200 "), ("secret", &pasted)]);
    assert!(known.contains("FYERS begins a login for ABCD1234EF-200"), "{known}");

    // A wrong answer can be taken back.
    let again = visit.press("back", &[]);
    assert!(again.contains("Your app at FYERS") && again.contains("value=\"ABCD1234EF-200\""), "{again}");
    // What was accepted stays until something else is.
    let is_kept = || home.env().contains("=ABCD1234EF-200\n") && home.env().contains(&format!("={SECRET}\n"));
    assert!(again.contains("The app ABCD1234EF-200 stays saved") && is_kept(), "{again}");
    let refused = visit.press("app", &[("id", "ZZZZ9999ZZ-100"), ("secret", "SIMULATED7")]);
    assert!(refused.contains("FYERS begins no login for ZZZZ9999ZZ-100") && is_kept(), "{}", home.env());
    assert!(visit.press("finish", &[]).contains("Your app at FYERS"), "nothing is begun with the old one");
    assert!(visit.press("keep", &[]).contains("Bot token"), "whoever changes nothing goes on with it");
    visit.press("back", &[]);
    visit.press("app", &[("id", "ABCD1234EF-200"), ("secret", SECRET)]);
    assert!(visit.press("skip", &[]).contains("Without Telegram"));
    assert!(visit.press("back", &[]).contains("Bot token"), "so can the step without Telegram");

    let bot = simulator::Telegram::default().bot_token;
    let wrong = visit.press("telegram", &[("bot", "1:not-a-bot-of-anybody-at-all-here")]);
    assert!(wrong.contains("Telegram does not know this bot"), "{wrong}");
    assert!(wrong.contains("write /mybots to @BotFather"), "and where its token is seen: {wrong}");
    let shown = visit.press("telegram", &[("bot", &bot)]);
    let code: String =
        shown.split("/start ").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
    let write = |text: String| home.sim.write(Writing { from: 42, text, ..Writing::default() });
    write("/start 1".to_owned());
    assert!(visit.page().contains(&code), "a wrong code pairs nothing");
    home.wait_alert("not the code that the set-up of fyers-keeper shows now");
    write(format!("/start {code}"));
    let paired = crate::support::wait_for("the pairing", || {
        Some(visit.page()).filter(|page| page.contains("is paired"))
    });
    assert!(paired.contains("A test message is in the chat"), "{paired}");
    home.wait_alert("is paired with this chat");

    assert!(paired.contains("id=\"real-money\""), "where orders go can be said here too: {paired}");
    let done = visit.press("finish", &[("orders", "real")]);
    assert!(done.contains("Orders go to FYERS, with real money"), "{done}");
    assert!(
        done.contains("fyersModel.Config.API = ") && done.contains("fyersModel.Config.DATA_API = "),
        "{done}"
    );
    assert!(done.contains("fyersModel.FyersModel(") && done.contains("gateway.key"), "{done}");
    let login =
        done.split("id=\"login\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    assert!(done.contains("copy its whole address and send it to the bot"), "for a phone: {done}");
    // Whoever is quick meets the program that is about to be replaced, or nobody for a moment.
    let quick = block_on(async { client().get(keeper.url(&login)).send().await });
    let early = quick.map_or(503, |answer| answer.status().as_u16());
    assert!([503, 302].contains(&early), "no word of an app that is not configured: {early}");
    crate::support::wait_for("the second start", || {
        let started = |line: &&serde_json::Value| line["event"] == "keeper.started";
        (keeper.lines().iter().filter(started).count() == 2).then_some(())
    });
    keeper.wait_ready();
    // It began again, under the same number, with the settings that are there now.
    let status = keeper.wait_status("an app", |status| status["session"]["reason"] != "no_credentials");
    assert_ne!(status["session"]["state"], "valid");
    let to_fyers = get(&keeper, &login, &[]);
    assert_eq!(to_fyers.status, 302, "{to_fyers:?}");
    let state = url::Url::parse(to_fyers.header("location")).unwrap();
    let state = state.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let back = url::Url::parse(&home.sim.callback_url(&state).unwrap()).unwrap();
    let code = back.query_pairs().find(|(name, _)| name == "auth_code").unwrap().1.into_owned();
    let finished = post(&keeper, "/fyers/callback", &[], &[("auth_code", &code), ("state", &state)]);
    assert_eq!(finished.status, 200, "{finished:?}");
    keeper.wait_status("a good token", |status| status["mode"] == "live");

    for line in ["FYERS_CLIENT_ID=ABCD1234EF-200", "TELEGRAM_CHAT_ID=42", "FYERS_SANDBOX=false"] {
        assert!(home.env().contains(line), "no {line} in {}", home.env());
    }
    let over = get(&keeper, "/setup", &[]);
    assert_eq!((over.status, over.header("location")), (303, "/"), "with an app there are no set-up pages");
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let everything =
        [page, swapped, unknown, known, wrong, shown, paired, done, keeper.log(), keeper.err()].join("\n");
    for secret in [SECRET, bot.as_str(), key.trim()] {
        assert!(!everything.contains(secret), "a secret is shown: {everything}");
    }
    assert!(keeper.stop().success());
}

#[test]
fn the_link_opens_once_and_only_in_the_browser_that_pressed_the_button() {
    let home = home();
    let keeper = home.start_ready();
    let code = code(&keeper);
    for _looked in 0..3 {
        let page = get(&keeper, &format!("/setup?once={code}"), &[]);
        assert_eq!((page.status, page.header("set-cookie")), (200, ""));
    }
    assert_eq!(get(&keeper, "/setup", &[]).status, 403);
    let foreign = post(&keeper, "/setup/begin", &[("sec-fetch-site", "cross-site")], &[("once", &code)]);
    assert_eq!(foreign.status, 403, "another page's form");
    assert_eq!(begin(&keeper, "x").status, 403);
    let begun = begin(&keeper, &code);
    assert_eq!(begun.status, 303);
    let again = begin(&keeper, &code);
    assert_eq!((again.status, again.header("set-cookie")), (403, ""), "{again:?}");
    assert!(again.body.contains("This link opens nothing"), "{again:?}");

    let cookie = begun.cookie();
    let token = get(&keeper, "/setup", &[("cookie", &cookie)]).token();
    let fields = |token: &str| {
        [("token", token.to_owned()), ("id", "ABCD1234EF-200".to_owned()), ("secret", SECRET.to_owned())]
    };
    for (headers, token) in [
        (vec![OWN], token.as_str()),
        (vec![("cookie", cookie.as_str()), OWN], "another"),
        (vec![("cookie", cookie.as_str()), ("sec-fetch-site", "cross-site")], token.as_str()),
    ] {
        let fields = fields(token);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(post(&keeper, "/setup/app", &headers, &fields).status, 403, "{headers:?}");
    }
    assert!(!home.path(".env").exists() || !home.env().contains("FYERS_CLIENT_ID"));
}

#[test]
fn no_secret_is_typed_where_others_can_read_it() {
    let home = home();
    let port = home.port;
    let home = home.set("KEEPER_HTTP_ADDR", format!("0.0.0.0:{port}"));
    let keeper = home.start_ready();
    let code = code(&keeper);
    for headers in [
        vec![("host", "10.0.0.7:8080")],
        vec![("host", "keeper.example.com")],
        vec![("x-forwarded-for", "203.0.113.9")],
        vec![("x-forwarded-proto", "https"), ("host", "keeper.example.com")],
    ] {
        let page = get(&keeper, &format!("/setup?once={code}"), &headers);
        assert_eq!(page.status, 403, "{headers:?}");
        assert!(page.body.contains("not encrypted") && !page.body.contains("<form"), "{}", page.body);
        let headers: Vec<_> = headers.into_iter().chain([OWN]).collect();
        assert_eq!(post(&keeper, "/setup/begin", &headers, &[("once", &code)]).status, 403);
    }
    assert_eq!(begin(&keeper, &code).status, 303, "what was refused has spent nothing");
}

/// Where the listener is reached from elsewhere, the address is asked for. One that FYERS does not know can be mended.
#[test]
fn a_mistyped_address_is_asked_for_again() {
    let home = home();
    let port = home.port;
    let home = home.set("KEEPER_HTTP_ADDR", format!("0.0.0.0:{port}"));
    let keeper = home.start_ready();
    let visit = Visit::new(&keeper);
    assert!(visit.page().contains("name=\"public_url\""), "{}", visit.page());
    let typo = [("id", "ABCD1234EF-200"), ("secret", SECRET), ("public_url", "https://keper.example.com")];
    let refused = visit.press("app", &typo);
    assert!(refused.contains("FYERS begins no login"), "{refused}");
    assert!(refused.contains("name=\"public_url\""), "it is asked for again: {refused}");
    assert!(!home.env().contains("keper.example.com"), "nothing of it is kept: {}", home.env());
    home.sim.set_redirect_uri("https://keeper.example.com/fyers/callback");
    let right = [("id", "ABCD1234EF-200"), ("secret", SECRET), ("public_url", "https://keeper.example.com")];
    assert!(visit.press("app", &right).contains("FYERS begins a login for ABCD1234EF-200"));
    let back = visit.press("back", &[]);
    assert!(back.contains("name=\"public_url\""), "it can be changed with the app: {back}");
    assert!(back.contains("value=\"https://keeper.example.com/\""), "and is not typed again: {back}");
    assert!(home.env().contains("KEEPER_PUBLIC_URL=https://keeper.example.com"), "{}", home.env());
    assert!(visit.press("app", &typo).contains("FYERS begins no login"));
    assert!(home.env().contains("KEEPER_PUBLIC_URL=https://keeper.example.com"), "the one that works stays");
}

/// A chat that was paired stays until another one is, or until a person goes on without.
#[test]
fn the_step_back_to_the_bot_loses_no_chat() {
    let home = home();
    let keeper = home.start_ready();
    let visit = Visit::new(&keeper);
    visit.press("app", &[("id", "ABCD1234EF-200"), ("secret", SECRET)]);
    let shown = visit.press("telegram", &[("bot", &simulator::Telegram::default().bot_token)]);
    let code: String =
        shown.split("/start ").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
    home.sim.write(Writing { from: 42, text: format!("/start {code}"), ..Writing::default() });
    crate::support::wait_for("the pairing", || visit.page().contains("is paired").then_some(()));
    let has_chat = || home.env().contains("TELEGRAM_CHAT_ID=42\n");
    let back = visit.press("back", &[]);
    assert!(back.contains("The chat that is paired stays until another one is") && has_chat(), "{back}");
    assert!(visit.press("keep", &[]).contains("Ready for the first login") && has_chat());
    visit.press("back", &[]);
    assert!(visit.press("skip", &[]).contains("Without Telegram"));
    assert!(!has_chat() && !home.env().contains(&simulator::Telegram::default().bot_token), "{}", home.env());
}
