//! The addresses a login begins and ends with (section 1.1).

use crate::broker::{ApiError, TokenKind};
use crate::state::World;

/// The query a login starts with (section 1.1).
pub(crate) fn start_query(client_id: &str, redirect_uri: &str, state: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("response_type", "code")
        .append_pair("state", state)
        .finish()
}

/// Where the browser of a person who just logged in is sent; `None` when the registered address is no URL.
pub(crate) fn callback_url(world: &mut World, state: &str) -> Option<String> {
    let code = world.mint(TokenKind::AuthCode);
    callback_with(&world.app.redirect_uri, &code, state)
}

/// The same for any known account; `None` when there is no such client id.
pub(crate) fn callback_url_for(world: &mut World, fy_id: &str, state: &str) -> Option<String> {
    let code = world.mint_for(fy_id, TokenKind::AuthCode)?;
    callback_with(&world.app.redirect_uri, &code, state)
}

/// A redirect address with a fresh auth code.
pub(crate) fn callback_with(redirect_uri: &str, code: &str, state: &str) -> Option<String> {
    redirect_target(redirect_uri, &[("s", "ok"), ("code", "200"), ("auth_code", code), ("state", state)])
}

/// A redirect address with the reason why there is no code.
pub(crate) fn refusal_with(redirect_uri: &str, error: ApiError, state: &str) -> Option<String> {
    let (_, code, message) = error.parts();
    let code = code.to_string();
    redirect_target(redirect_uri, &[("s", "error"), ("code", &code), ("message", message), ("state", state)])
}

/// A redirect address with what a login has to tell.
fn redirect_target(redirect_uri: &str, pairs: &[(&str, &str)]) -> Option<String> {
    let mut target = url::Url::parse(redirect_uri).ok()?;
    target.query_pairs_mut().extend_pairs(pairs);
    Some(target.into())
}
