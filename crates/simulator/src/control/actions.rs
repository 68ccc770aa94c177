//! What control calls do.

use serde_json::json;

use super::bodies::{Kill, Login, LoginSettings, Mint, Refresh, Rules};
use super::result::{ControlResult, body, done};
use crate::broker::TokenStatus;
use crate::http::Request;
use crate::login::callback_url_for;
use crate::options::RefreshMode;
use crate::phone::UserAction;
use crate::state::World;

pub(super) fn add_faults(world: &mut World, request: &Request) -> ControlResult {
    let rules = match body::<Rules>(request)? {
        Rules::One(rule) => vec![rule],
        Rules::Many(rules) => rules,
    };
    rules.into_iter().for_each(|rule| world.faults.add(rule));
    done()
}

pub(super) fn set_refresh(world: &mut World, request: &Request) -> ControlResult {
    let wanted = body::<Refresh>(request)?;
    world.refresh = if wanted.enabled { RefreshMode::Enabled } else { RefreshMode::Disabled };
    world.rotate_refresh_token = wanted.rotate.unwrap_or(world.rotate_refresh_token);
    done()
}

pub(super) fn killed(world: &mut World, kill: Kill) -> usize {
    let one = kill.token.map_or(0, |token| usize::from(world.tokens.end(&token, TokenStatus::Killed)));
    one + kill.kind.map_or(0, |kind| world.tokens.kill_all(kind))
}

/// Logs a person in; a redirect address given here is registered for the app first.
pub(super) fn log_in(world: &mut World, request: &Request) -> ControlResult {
    let login = body::<Login>(request)?;
    world.app.redirect_uri = login.redirect_uri.unwrap_or_else(|| world.app.redirect_uri.clone());
    let who = login.client_id.unwrap_or_else(|| world.account.fy_id.clone());
    match callback_url_for(world, &who, &login.state) {
        Some(url) => Ok(json!({"url": url})),
        None => Err((400, "the redirect address is no URL, or the client id is unknown".into())),
    }
}

/// What the login pages do from now on; what is not named stays as it is.
pub(super) fn set_login(world: &mut World, request: &Request) -> ControlResult {
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

pub(super) fn mint(world: &mut World, request: &Request) -> ControlResult {
    let mint = body::<Mint>(request)?;
    let at = mint.issued_at.unwrap_or_else(|| world.now());
    let who = mint.client_id.unwrap_or_else(|| world.account.fy_id.clone());
    match world.mint_for_at(&who, mint.kind, at) {
        Some(token) => Ok(json!({"token": token})),
        None => Err((400, "the client id is unknown".into())),
    }
}

pub(super) fn act(world: &mut World, request: &Request) -> ControlResult {
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
