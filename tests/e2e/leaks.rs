//! Canary secrets of every kind, every bad answer there is, logs at the finest level: no canary anywhere.

use std::{fs, path::Path};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use chrono::TimeDelta;
use serde_json::json;
use simulator::{Fault, FaultRule, Options, RefreshMode, TokenKind, endpoint};

use crate::support::{Home, Keeper, block_on, get_with_key, post, wait_for};

const APP_SECRET: &str = "CANARY8APP+SECRET/9";
const BOT: &str = "987654321:CANARY-bot-token-of-thirty-five-and-more";
const KEY: &str = "CANARY-gateway-key-that-is-long-enough-for-anyone";
const PIN: &str = "7391";
const WEBHOOK: &str = "CANARY/webhook-path?key=0123456789";
const WEBHOOK_SECRET: &str = "CANARY+webhook/secret=of-the+keeper";
const PING: &str = "CANARY-ping-0123456789abcdef";
const DAILY_PING: &str = "CANARY-daily-fedcba9876543210";

/// Everything that must not be seen, by what it is.
struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    fn of(home: &Home, more: Vec<(&'static str, String)>) -> Self {
        let fixed = [
            ("app secret", APP_SECRET),
            ("bot token", BOT),
            ("gateway key", KEY),
            ("webhook's address", WEBHOOK),
            ("webhook's secret", WEBHOOK_SECRET),
            ("monitor's address", PING),
            ("daily monitor's address", DAILY_PING),
        ];
        let mut all: Vec<_> = fixed.into_iter().map(|(what, value)| (what, value.to_owned())).collect();
        all.extend(home.sim.state().tokens.into_iter().map(|token| ("token", token.token)));
        // What tokens are signed with is made at the first start.
        let signing = fs::read_to_string(home.path("state/signing.key"));
        all.extend(signing.ok().map(|secret| ("signing secret", secret.trim().to_owned())));
        all.extend(more);
        Self(all)
    }

    #[track_caller]
    fn absent(&self, place: &str, text: &str) {
        for (what, value) in &self.0 {
            for form in forms(value) {
                let line = text.lines().find(|line| line.contains(&form));
                assert_eq!(line, None, "the {what} is in {place}, as {form}");
            }
        }
        let pin = regex::Regex::new(r"(^|[^0-9a-zA-Z])7391([^0-9a-zA-Z]|$)").unwrap();
        let line = text.lines().find(|line| pin.is_match(line));
        assert_eq!(line, None, "the PIN is in {place}");
    }
}

/// Plain, escaped for JSON with and without the slash, percent-encoded and hexadecimal in both cases, a list of bytes, and
/// in base64 at each of the three offsets.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let list = format!("{bytes:?}");
    let percent: String = url::form_urlencoded::byte_serialize(bytes).collect();
    let lower = percent.split('%').enumerate().map(|(nth, part)| match part.split_at_checked(2) {
        Some((code, rest)) if nth > 0 => code.to_lowercase() + rest,
        _ => part.to_owned(),
    });
    let json = serde_json::Value::from(secret).to_string();
    let json = json.trim_matches('"');
    let mut forms = vec![
        secret.to_owned(),
        json.to_owned(),
        json.replace('/', "\\/"),
        lower.collect::<Vec<_>>().join("%"),
        percent,
        hex::encode(bytes),
        hex::encode_upper(bytes),
        list.trim_matches(['[', ']']).to_owned(),
    ];
    for skip in 0..3 {
        let inner = &bytes[skip..];
        let whole = &inner[..inner.len() / 3 * 3];
        forms.extend([STANDARD_NO_PAD.encode(whole), URL_SAFE_NO_PAD.encode(whole)]);
    }
    forms
}

/// What nobody would think of, and a program may do all the same: each character in its own way.
fn odd_forms(secret: &str) -> Vec<String> {
    let each = |spell: &dyn Fn(u8) -> String, between: &str| {
        secret.bytes().map(spell).collect::<Vec<_>>().join(between)
    };
    let escapes: [&dyn Fn(u8) -> String; 8] = [
        &|byte| format!("%{byte:02x}"),
        &|byte| format!("%25{byte:02X}"),
        &|byte| format!("&#{byte};"),
        &|byte| format!("&#x{byte:X};"),
        &|byte| format!("\\x{byte:02x}"),
        &|byte| format!("\\u{byte:04x}"),
        &|byte| if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("%{byte:02X}") },
        &|byte| if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("&#{byte};") },
    ];
    let mut forms: Vec<String> = escapes.iter().map(|escape| each(escape, "")).collect();
    for between in [" ", ":", "-", ", "] {
        forms.push(each(&|byte| format!("{byte:02x}"), between));
        forms.push(each(&|byte| format!("0x{byte:02X}"), between));
    }
    for between in [",", ", ", " "] {
        forms.push(each(&|byte| byte.to_string(), between));
        forms.push(format!("[{}]", each(&|byte| byte.to_string(), between)));
    }
    forms
}

fn home() -> Home {
    let mut options = Options { refresh: RefreshMode::Enabled, ..Options::default() };
    APP_SECRET.clone_into(&mut options.app.secret);
    PIN.clone_into(&mut options.app.pin);
    BOT.clone_into(&mut options.telegram.bot_token);
    let home = Home::bare(options);
    let url = home.sim.telegram_url();
    let old = home.sim.mint_at(TokenKind::Access, home.sim.now() - TimeDelta::days(2));
    let refresh = home.sim.mint(TokenKind::Refresh);
    home.write_env(&format!(
        "FYERS_CLIENT_ID=ABCD1234EF-200\nFYERS_SECRET_KEY={APP_SECRET}\nFYERS_PIN={PIN}\n\
         FYERS_ACCESS_TOKEN={old}\nFYERS_REFRESH_TOKEN={refresh}\n"
    ));
    // Nobody listens on that port: what is sent to the webhook and the monitors fails, and that is told.
    home.set("KEEPER_WEBHOOK_URL", format!("http://127.0.0.1:9/{WEBHOOK}"))
        .set("KEEPER_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .set("KEEPER_PING_URL", format!("http://127.0.0.1:9/{PING}"))
        .set("KEEPER_DAILY_PING_URL", format!("http://127.0.0.1:9/{DAILY_PING}"))
        .set("TELEGRAM_BOT_TOKEN", BOT)
        .set("TELEGRAM_CHAT_ID", "42")
        .set("TELEGRAM_API_URL", url)
        .set("KEEPER_GATEWAY_KEY", KEY)
        .set("KEEPER_LOG", "trace")
        .set("RUST_LOG", "trace")
        .set("RUST_BACKTRACE", "full")
}

/// Answers of FYERS that are wrong in every way, most of them with secrets in their words.
fn bad_answers(refresh: &str, access: &str) -> Vec<Fault> {
    let echo = format!("cannot use {refresh} or {access} with {APP_SECRET} and pin {PIN}");
    let json = |status, body| Fault::Json { status, body };
    vec![
        json(400, json!({"s": "error", "code": -16, "message": echo})),
        json(401, json!({"s": "error", "code": -15, "message": echo})),
        json(500, json!({"s": "error", "code": -99, "message": echo})),
        json(200, json!({"s": "ok", "code": 200, "access_token": [access], "message": echo})),
        json(200, json!({"s": echo, "code": echo, "access_token": {"is": access}})),
        json(200, json!([access, refresh])),
        json(200, json!(echo)),
        Fault::Html { status: 503 },
        Fault::Truncated,
        Fault::WrongTypes,
        Fault::Oversized { bytes: 100_000 },
        Fault::Reset,
        Fault::LostAnswer,
        Fault::EmptyBody { status: 200 },
        Fault::RateLimited { retry_after: 1 },
        Fault::Redirect { location: format!("http://elsewhere.invalid/?token={access}&refresh={refresh}") },
    ]
}

/// Every file below a folder, but those that are made to hold secrets.
fn files(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let meant_to =
            name == ".env" || name.starts_with("keeper.db") || name == "gateway.key" || name == "signing.key";
        if path.is_dir() {
            files(&path, found);
        } else if !meant_to {
            let text = fs::read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            found.push((name, text.unwrap_or_default()));
        }
    }
}

fn everything_else(home: &Home, canaries: &Canaries) {
    let mut found = Vec::new();
    files(home.dir.path(), &mut found);
    for (name, text) in found {
        canaries.absent(&name, &text);
    }
    for alert in home.alerts() {
        canaries.absent("an alert", &alert);
    }
}

#[test]
fn no_answer_of_the_broker_makes_the_one_shot_refresh_tell() {
    let home = home();
    let refresh = home.newest(TokenKind::Refresh);
    let access = home.newest(TokenKind::Access);
    for fault in bad_answers(&refresh, &access) {
        for scope in [endpoint::VALIDATE_REFRESH_TOKEN, endpoint::PROFILE] {
            home.sim.clear_faults();
            home.sim.inject(FaultRule::once(scope, fault.clone()));
            for arguments in [["check", "--json"], ["refresh", "--json"]] {
                let ran = home.run(&arguments);
                Canaries::of(&home, vec![]).absent(&format!("{arguments:?} at {fault:?}"), &ran.text());
            }
        }
    }
    everything_else(&home, &Canaries::of(&home, vec![]));
}

#[test]
fn a_keeper_in_every_kind_of_trouble_tells_no_secret() {
    let home = home();
    let (refresh, access) = (home.newest(TokenKind::Refresh), home.newest(TokenKind::Access));
    home.sim.script(endpoint::VALIDATE_REFRESH_TOKEN, bad_answers(&refresh, &access).into_iter().skip(2));
    home.sim.inject(FaultRule::times(endpoint::SEND_MESSAGE, Fault::Html { status: 502 }, 1));
    let keeper = home.start_ready();
    let mut answers = String::new();
    let (cookie, form_token) = session(&keeper);
    let bot =
        home.run(&["key", "add", "trial", "--json"]).exits(0).json()["token"].as_str().unwrap().to_owned();
    let made = vec![
        ("login's state", login_state(&keeper)),
        ("session's cookie", cookie),
        ("form's token", form_token),
        ("bot's token", bot.clone()),
    ];
    wait_for("the end of the troubles", || {
        let url = keeper.url("/api/refresh");
        answers += &post(&url, Some(KEY)).map(|(_, body)| body).unwrap_or_default();
        for path in ["/api/status", "/", "/metrics"] {
            answers += &get_with_key(&keeper.url(path), KEY).map(|(_, body)| body).unwrap_or_default();
        }
        answers += &post(&url, Some("wrong-key")).map(|(_, body)| body).unwrap_or_default();
        answers +=
            &get_with_key(&keeper.url("/api/v3/profile"), &bot).map(|(_, body)| body).unwrap_or_default();
        (keeper.status()["session"]["state"] == "valid").then_some(())
    });
    for victim in ["token", "clock", "exchange", "feeds", "notifier"] {
        let _answer = post(&keeper.url(&format!("/api/fault/{victim}")), Some(KEY));
    }
    wait_for("five restarts", || (keeper.log().matches("actor.restarted").count() == 5).then_some(()));
    let log = keeper.log();
    assert_eq!(keeper.stop().code(), Some(0));

    let canaries = Canaries::of(&home, made);
    assert!(log.contains("\"level\":\"debug\"") || log.contains("\"level\":\"trace\""), "nothing to look at");
    assert!(canaries.0.len() >= 16, "old and new tokens, the fixed ones, and those that were made");
    assert!(log.contains("webhook") && log.contains("ping"), "the failures of webhook and monitors");
    canaries.absent("an answer", &answers);
    everything_else(&home, &canaries);
}

/// A page session: the cookie's value, and what its forms carry.
fn session(keeper: &Keeper) -> (String, String) {
    block_on(async {
        let redirect = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().no_proxy().redirect(redirect).build().unwrap();
        let unlock =
            client.post(keeper.url("/unlock")).header("origin", keeper.url("")).form(&[("key", KEY)]);
        let cookie = unlock.send().await.unwrap().headers()["set-cookie"].to_str().unwrap().to_owned();
        let pair = cookie.split(';').next().unwrap();
        let page =
            client.get(keeper.url("/")).header("cookie", pair).send().await.unwrap().text().await.unwrap();
        let (_, token) = page.split_once("name=\"token\" value=\"").expect("a form");
        (pair.split_once('=').unwrap().1.to_owned(), token.split('"').next().unwrap().to_owned())
    })
}

/// What a login that has begun is known by.
fn login_state(keeper: &Keeper) -> String {
    let url = block_on(async {
        let redirect = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().no_proxy().redirect(redirect).build().unwrap();
        let answer = client.get(keeper.url("/fyers/login")).send().await.unwrap();
        answer.headers()["location"].to_str().unwrap().to_owned()
    });
    let (_, state) = url.split_once("state=").expect("a state");
    state.split('&').next().unwrap().to_owned()
}

#[test]
fn a_bot_is_told_no_credential_that_fyers_quotes() {
    let home = home().set("FYERS_SANDBOX", "false");
    let access = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={access}\n"));
    let refresh = home.newest(TokenKind::Refresh);
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let head = format!("ABCD1234EF-200:{access}");
    let secrets = [access.as_str(), &head, APP_SECRET, &refresh];
    let quotes: Vec<String> = secrets.into_iter().flat_map(forms).collect();
    let odd: Vec<String> = secrets.into_iter().flat_map(odd_forms).collect();
    let canaries = Canaries(vec![
        ("access token", access.clone()),
        ("app secret", APP_SECRET.to_owned()),
        ("refresh token", refresh.clone()),
    ]);
    for quote in quotes {
        for (scope, path) in
            [(endpoint::PROFILE, "/api/v3/profile"), (endpoint::QUOTES, "/data/quotes?symbols=NSE:SBIN-EQ")]
        {
            let body = json!({"s": "error", "code": -300, "message": quote, quote.clone(): [quote]});
            home.sim.inject(FaultRule::once(scope, Fault::Json { status: 400, body }));
            let (status, told) = get_with_key(&keeper.url(path), KEY).unwrap();
            assert_eq!(status, 400, "{told}");
            canaries.absent(&format!("an answer of {path}"), &told);
        }
    }
    for quotes in odd.chunks(12) {
        let body = json!({"s": "error", "code": -300, "message": quotes});
        home.sim.inject(FaultRule::once(endpoint::PROFILE, Fault::Json { status: 400, body }));
        let (status, told) = get_with_key(&keeper.url("/api/v3/profile"), KEY).unwrap();
        assert_eq!(status, 400, "{told}");
        for quote in quotes {
            let escaped = serde_json::Value::from(quote.as_str()).to_string();
            // The middle of it: what is told of the ends would be no use.
            let inner = &escaped[escaped.len() / 4..escaped.len() * 3 / 4];
            assert!(!told.contains(inner), "{inner} of {quote} in {told}");
        }
    }
    let order = json!({"s": "error", "code": -99, "message": head.clone()});
    home.sim.inject(FaultRule::once(endpoint::ORDERS_SYNC, Fault::Json { status: 400, body: order }));
    let bot = crate::bot::Bot::with_key(&keeper, KEY);
    let told = bot.buy("NSE:SBIN-EQ");
    assert_eq!((told.status, told.venue.as_str()), (400, "fyers"), "{}", told.body);
    canaries.absent("the answer to an order", &told.body.to_string());
    canaries.absent("the order's row", &home.run(&["orders", "--json"]).exits(0).out);
    keeper.wait_logged("order.rejected");
    canaries.absent("the log", &keeper.log());
    everything_else(&home, &canaries);
}

#[test]
fn mistakes_in_the_settings_are_told_without_their_values() {
    let wrong_places = [
        format!("KEEPER_TICK_TIME={BOT}"),
        format!("TELEGRAM_CHAT_ID={BOT}"),
        format!("FYERS_PIN={APP_SECRET}"),
        format!("FYERS_API_URL=https://me:{KEY}@example.org"),
        format!("FYERS_SECRET_KEY=\"{APP_SECRET}"),
        format!("FYERS_SECRET_KEY {APP_SECRET}"),
        format!("FYERS_SECRETKEY={APP_SECRET}"),
    ];
    for line in wrong_places {
        let home = Home::bare(Options::default());
        home.write_env(&format!("{line}\n"));
        for arguments in [vec!["config", "check"], vec!["config", "check", "--json"], vec!["check"]] {
            let ran = home.run(&arguments);
            Canaries::of(&home, vec![]).absent(&format!("{arguments:?} with {line}"), &ran.text());
        }
    }
}

#[test]
fn the_search_finds_every_form() {
    let canaries = Canaries(vec![("app secret", APP_SECRET.to_owned())]);
    let of_pin = [format!("pin={PIN}"), format!("\"{PIN}\"")];
    for form in forms(APP_SECRET).into_iter().chain(of_pin) {
        let found =
            std::panic::catch_unwind(|| canaries.absent("this text", &format!("before {form} after")));
        assert!(found.is_err(), "{form} is not found");
    }
    canaries.absent("this text", "order 173911 at 7391x");
}

#[test]
fn an_opaque_token_that_a_login_brought_is_never_printed_even_when_fyers_quotes_it() {
    let home = Home::with_app(RefreshMode::Enabled).with_telegram().set("KEEPER_LOG", "debug");
    let opaque = "CANARYopaqueRefreshTokenOfTheRun0123456789";
    let new = home.sim.mint(TokenKind::Access);
    let login = json!({"s": "ok", "code": 200, "message": "", "access_token": new, "refresh_token": opaque});
    home.sim.inject(FaultRule::once(endpoint::VALIDATE_AUTHCODE, Fault::Json { status: 200, body: login }));
    let quoted = format!("token {opaque} / {} is not good", STANDARD_NO_PAD.encode(opaque));
    let refused = json!({"s": "error", "code": -8, "message": quoted});
    home.sim.inject(FaultRule::forever(
        endpoint::VALIDATE_REFRESH_TOKEN,
        Fault::Json { status: 400, body: refused },
    ));
    let keeper = home.start_ready();
    let key = fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let code = home.sim.mint(TokenKind::AuthCode);
    let body = json!({ "pasted": code });
    let done = crate::support::block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(keeper.url("/api/login/complete")).bearer_auth(key.trim()).json(&body);
        request.send().await.unwrap().status()
    });
    assert!(done.is_success(), "{done}: {}", keeper.log());
    post(&keeper.url("/api/refresh"), Some(key.trim()));
    wait_for("the refused refresh", || keeper.log().contains("token.refresh.failed").then_some(()));
    let all = vec![("refresh token", opaque.to_owned()), ("access token", new), ("code", code)];
    let canaries = Canaries(all);
    canaries.absent("the log", &keeper.log());
    canaries.absent("an alert", &home.alerts().join("\n"));
    canaries.absent("the status", &keeper.status().to_string());
}
