//! Getting in and out: the start of a login, the two token calls, logout, and the check on every other call.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::requests::{AuthCodeBody, RefreshBody};
use crate::broker::{ApiError, order_restricted};
use crate::broker::{Rejection, TokenKind, TokenStatus};
use crate::http::{Request, Response};
use crate::login::{self, callback_url, refusal_with};
use crate::options::{App, RefreshMode};
use crate::state::World;

/// `GET /generate-authcode`: the start of the login pages, or the redirect at once for a person who is still logged
/// in (section 1.1).
pub(super) fn generate_authcode(world: &mut World, request: &Request) -> Response {
    if request.query("client_id") != Some(&world.app.client_id) {
        return ApiError::InvalidAppId.response();
    }
    if request.query("redirect_uri") != Some(&world.app.redirect_uri) {
        return ApiError::InvalidInput.response();
    }
    let state = request.query("state").unwrap_or("None");
    let target = if request.query("response_type") != Some("code") {
        refusal_with(&world.app.redirect_uri, ApiError::InvalidRequest, state)
    } else if world.instant_login {
        match world.next_login_refusal.take() {
            Some(error) => refusal_with(&world.app.redirect_uri, error, state),
            None => callback_url(world, state),
        }
    } else {
        return login::begin(world, state);
    };
    target.map_or_else(|| ApiError::InvalidInput.response(), Response::redirect)
}

/// `POST /validate-authcode`: one code buys one pair of tokens, once (section 1.3).
pub(super) fn validate_authcode(world: &mut World, request: &Request) -> Response {
    match buy_with_code(world, request) {
        Ok(tokens) => Response::ok(&tokens),
        Err(error) => error.response(),
    }
}

fn buy_with_code(world: &mut World, request: &Request) -> Result<Value, ApiError> {
    let body: AuthCodeBody =
        serde_json::from_slice(&request.body).map_err(|_error| ApiError::InvalidInput)?;
    require_grant(body.grant_type.as_deref(), "authorization_code")?;
    require_app(body.app_id_hash.as_deref(), &world.app)?;
    let code = body.code.filter(|code| !code.is_empty()).ok_or(ApiError::AuthCodeMissing)?;
    let now = world.now();
    let checked = world.tokens.check(TokenKind::AuthCode, &code, now);
    checked.map_err(|_rejection| ApiError::InvalidAuthCode)?;
    world.tokens.end(&code, TokenStatus::Used);
    let owner = account_of(world, &code)?;
    let access = world.mint_for(&owner, TokenKind::Access).ok_or(ApiError::InvalidAuthCode)?;
    let mut answer = json!({"s": "ok", "code": 200, "message": "", "access_token": access});
    if world.login_gives_refresh_token {
        let refresh = world.mint_for(&owner, TokenKind::Refresh).ok_or(ApiError::InvalidAuthCode)?;
        answer["refresh_token"] = Value::String(refresh);
    }
    Ok(answer)
}

/// `POST /validate-refresh-token`: refused by regulation, or as it was before (sections 1.4 and 2.2).
pub(super) fn validate_refresh_token(world: &mut World, request: &Request) -> Response {
    if world.refresh == RefreshMode::Disabled {
        return ApiError::RefreshDisabled.response();
    }
    match buy_with_refresh_token(world, request) {
        Ok(tokens) => Response::ok(&tokens),
        Err(error) => error.response(),
    }
}

fn buy_with_refresh_token(world: &mut World, request: &Request) -> Result<Value, ApiError> {
    let body: RefreshBody = serde_json::from_slice(&request.body).map_err(|_error| ApiError::InvalidInput)?;
    require_grant(body.grant_type.as_deref(), "refresh_token")?;
    require_app(body.app_id_hash.as_deref(), &world.app)?;
    let token = body.refresh_token.ok_or(ApiError::InvalidInput)?;
    let now = world.now();
    let checked = world.tokens.check(TokenKind::Refresh, &token, now);
    checked.map_err(|_rejection| ApiError::InvalidRefreshToken)?;
    let pin = body.pin.ok_or(ApiError::InvalidInput)?;
    let owner = account_of(world, &token)?;
    if world.pin_of(&owner) != Some(&pin) {
        return Err(ApiError::InvalidPin);
    }
    let access = world.mint_for(&owner, TokenKind::Access).ok_or(ApiError::InvalidRefreshToken)?;
    let mut answer = json!({"s": "ok", "code": 200, "message": "", "access_token": access});
    if world.rotate_refresh_token {
        let refresh = world.mint_for(&owner, TokenKind::Refresh).ok_or(ApiError::InvalidRefreshToken)?;
        answer["refresh_token"] = Value::String(refresh);
    }
    Ok(answer)
}

/// The account behind a token that was just checked.
fn account_of(world: &World, token: &str) -> Result<String, ApiError> {
    world.tokens.account_of(token).map(str::to_owned).ok_or(ApiError::Unexpected)
}

fn require_grant(given: Option<&str>, wanted: &str) -> Result<(), ApiError> {
    if given == Some(wanted) { Ok(()) } else { Err(ApiError::InvalidGrantType) }
}

fn require_app(hash: Option<&str>, app: &App) -> Result<(), ApiError> {
    let hash = hash.ok_or(ApiError::InvalidInput)?;
    let wanted = hex::encode(Sha256::digest(format!("{}:{}", app.client_id, app.secret)));
    if hash == wanted { Ok(()) } else { Err(ApiError::AppIdHashMismatch) }
}

/// `POST /logout`: ends the token it was called with (section 1.5). Any body will do.
pub(super) fn logout(world: &mut World, request: &Request) -> Response {
    if let Err(reply) = authorize(world, request, ApiError::LogoutTokenInvalid) {
        return reply;
    }
    let (_, token) = credentials(request).unwrap_or_default();
    let token = token.to_owned();
    world.tokens.end(&token, TokenStatus::LoggedOut);
    Response::ok(&json!({"s": "ok", "code": 200, "message": "you are successfully logged out"}))
}

/// Lets a call through when its `Authorization` header holds this app's id and a token that works, and says whose
/// account it opens.
pub(super) fn authorize(world: &World, request: &Request, refusal: ApiError) -> Result<String, Response> {
    let Some((app_id, token)) = credentials(request) else {
        return Err(refusal.response());
    };
    if app_id != world.app.client_id {
        let order = request.method != "GET" && request.path.contains("/orders/");
        return Err(if order { order_restricted(app_id) } else { refusal.response() });
    }
    match world.tokens.check(TokenKind::Access, token, world.now()) {
        Ok(()) => account_of(world, token).map_err(ApiError::response),
        Err(Rejection::Expired) => Err(ApiError::TokenExpired.response()),
        Err(Rejection::Dead) => Err(refusal.response()),
    }
}

/// The header cut at its first colon, spaces trimmed (section 8.4).
fn credentials(request: &Request) -> Option<(&str, &str)> {
    let (app_id, token) = request.authorization.as_deref()?.split_once(':')?;
    Some((app_id.trim(), token.trim()))
}

/// The same for `/data/symbol-token`, where SDKs send the token with or without the app id.
pub(super) fn authorize_bare(world: &World, request: &Request) -> Result<(), Response> {
    let header = request.authorization.as_deref().unwrap_or_default().trim();
    let token = header.split_once(':').map_or(header, |(_, token)| token.trim());
    let checked = world.tokens.check(TokenKind::Access, token, world.now());
    checked.map_err(|_rejection| ApiError::DataTokenInvalid.response())
}

/// The account that an `APPID:JWT` opens, for the order socket.
pub(crate) fn account_of_authorization(world: &World, authorization: &str) -> Option<String> {
    let (app_id, token) = authorization.split_once(':')?;
    let ours = app_id.trim() == world.app.client_id;
    ours.then(|| live_account(world, token.trim())).flatten()
}

/// The account behind an `hsm_key` claim, for the data socket; old SDKs send `APPID:JWT` instead.
pub(crate) fn account_of_hsm_key(world: &World, key: &str) -> Option<String> {
    match world.tokens.with_hsm_key(key) {
        Some(token) => live_account(world, token),
        None => account_of_authorization(world, key),
    }
}

fn live_account(world: &World, token: &str) -> Option<String> {
    world.tokens.check(TokenKind::Access, token, world.now()).ok()?;
    world.tokens.account_of(token).map(str::to_owned)
}
