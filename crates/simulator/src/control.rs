//! The control API: the methods of [`Simulator`](crate::Simulator) over HTTP, for a simulator in another process.
//! No fault and no outage touches it.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::faults::FaultRule;
use crate::fyers::errors::ApiError;
use crate::fyers::tokens::{TokenKind, TokenStatus};
use crate::http::{Reply, Request};
use crate::options::RefreshMode;
use crate::telegram::UserAction;
use crate::world::{Service, World};

#[derive(Deserialize)]
#[serde(untagged)]
enum Rules {
    One(FaultRule),
    Many(Vec<FaultRule>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refresh {
    enabled: bool,
    rotate: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Orders {
    restricted: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outage {
    service: Service,
    on: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Skew {
    seconds: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    symbol: String,
    price: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mint {
    kind: TokenKind,
    issued_at: Option<DateTime<Utc>>,
    client_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kill {
    token: Option<String>,
    kind: Option<TokenKind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    state: String,
    redirect_uri: Option<String>,
    client_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginSettings {
    instant: Option<bool>,
    otp: Option<String>,
    refuse: Option<ApiError>,
    #[serde(default)]
    expire: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Redirect {
    uri: String,
}

/// Answers one request below `/control`.
pub(crate) fn handle(world: &mut World, request: &Request) -> Reply {
    match route(world, request) {
        Ok(body) => Reply::ok(&body),
        Err((status, message)) => Reply::json(status, &json!({"error": message})),
    }
}

type Answer = Result<Value, (u16, String)>;

fn route(world: &mut World, request: &Request) -> Answer {
    let path = request.path.trim_start_matches("/control/");
    match (request.method.as_str(), path) {
        ("GET", "state") => shown(&world.snapshot()),
        ("GET", "calls") => shown(&world.calls.calls()),
        ("GET", "telegram/messages") => shown(&world.phone.messages),
        ("GET", "telegram/heard") => shown(&world.phone.heard),
        ("GET", "telegram/answers") => shown(&world.phone.answers),
        ("DELETE", "faults") => {
            world.faults.clear();
            done()
        }
        ("POST", "faults") => add_faults(world, request),
        ("POST", "refresh") => set_refresh(world, request),
        ("POST", "orders") => body::<Orders>(request).and_then(|orders| {
            world.order_restricted = orders.restricted;
            done()
        }),
        ("POST", "outage") => body::<Outage>(request).and_then(|outage| {
            world.set_outage(outage.service, outage.on);
            done()
        }),
        ("POST", "skew") => body::<Skew>(request).and_then(|skew| {
            world.date_skew_seconds = skew.seconds;
            done()
        }),
        ("POST", "prices") => body::<Price>(request).and_then(|price| {
            world.set_price(&price.symbol, price.price);
            done()
        }),
        ("POST", "tokens/mint") => mint(world, request),
        ("POST", "tokens/kill") => body::<Kill>(request).map(|kill| json!({"killed": killed(world, kill)})),
        ("POST", "login") => log_in(world, request),
        ("POST", "login/settings") => set_login(world, request),
        ("POST", "redirect") => body::<Redirect>(request).and_then(|redirect| {
            world.app.redirect_uri = redirect.uri;
            done()
        }),
        ("POST", "telegram/updates") => act(world, request),
        _ => Err((404, "no such control".into())),
    }
}

fn add_faults(world: &mut World, request: &Request) -> Answer {
    let rules = match body::<Rules>(request)? {
        Rules::One(rule) => vec![rule],
        Rules::Many(rules) => rules,
    };
    rules.into_iter().for_each(|rule| world.faults.add(rule));
    done()
}

fn set_refresh(world: &mut World, request: &Request) -> Answer {
    let wanted = body::<Refresh>(request)?;
    world.refresh = if wanted.enabled { RefreshMode::Enabled } else { RefreshMode::Disabled };
    world.rotate_refresh_token = wanted.rotate.unwrap_or(world.rotate_refresh_token);
    done()
}

fn killed(world: &mut World, kill: Kill) -> usize {
    let one = kill.token.map_or(0, |token| usize::from(world.tokens.end(&token, TokenStatus::Killed)));
    one + kill.kind.map_or(0, |kind| world.tokens.kill_all(kind))
}

/// Logs a person in; a redirect address given here is registered for the app first.
fn log_in(world: &mut World, request: &Request) -> Answer {
    let login = body::<Login>(request)?;
    world.app.redirect_uri = login.redirect_uri.unwrap_or_else(|| world.app.redirect_uri.clone());
    let who = login.client_id.unwrap_or_else(|| world.account.fy_id.clone());
    match crate::fyers::auth::callback_url_for(world, &who, &login.state) {
        Some(url) => Ok(json!({"url": url})),
        None => Err((400, "the redirect address is no URL, or the client id is unknown".into())),
    }
}

/// What the login pages do from now on; what is not named stays as it is.
fn set_login(world: &mut World, request: &Request) -> Answer {
    let wanted = body::<LoginSettings>(request)?;
    world.instant_login = wanted.instant.unwrap_or(world.instant_login);
    world.login_otp = wanted.otp.unwrap_or_else(|| world.login_otp.clone());
    world.next_login_refusal = wanted.refuse.or(world.next_login_refusal);
    if wanted.expire {
        let now = world.now();
        world.logins.expire_all(now);
    }
    done()
}

fn mint(world: &mut World, request: &Request) -> Answer {
    let mint = body::<Mint>(request)?;
    let at = mint.issued_at.unwrap_or_else(|| world.now());
    let who = mint.client_id.unwrap_or_else(|| world.account.fy_id.clone());
    match world.mint_for_at(&who, mint.kind, at) {
        Some(token) => Ok(json!({"token": token})),
        None => Err((400, "the client id is unknown".into())),
    }
}

fn act(world: &mut World, request: &Request) -> Answer {
    let action = body::<UserAction>(request)?;
    let now = world.now();
    match world.phone.act(&action, now) {
        Some(id) => {
            let wrote = matches!(action, UserAction::Text { .. } | UserAction::Write(_));
            let message = world.phone.heard.last().filter(|_| wrote).map(|message| message.id);
            Ok(json!({"update_id": id, "message_id": message}))
        }
        None => Err((404, "no such message or button".into())),
    }
}

fn body<T: DeserializeOwned>(request: &Request) -> Result<T, (u16, String)> {
    serde_json::from_slice(&request.body).map_err(|error| (400, error.to_string()))
}

fn shown<T: serde::Serialize>(value: &T) -> Answer {
    serde_json::to_value(value).map_err(|error| (500, error.to_string()))
}

fn done() -> Answer {
    Ok(json!({"ok": true}))
}
