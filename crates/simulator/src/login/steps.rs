//! One page after the other.

use super::pages::{self, Page};
use super::redirect::{callback_with, refusal_with, start_query};
use crate::broker::{ApiError, LoginSession, LoginStep, TokenKind};
use crate::http::{Request, Response};
use crate::state::World;

/// A session ends with an error redirect after this many wrong entries on one page.
const MOST_WRONG: u32 = 3;

/// What a valid `generate-authcode` starts.
pub(crate) fn begin(world: &mut World, state: &str) -> Response {
    let now = world.now();
    let id = world.logins.open(&world.app.redirect_uri, state, now);
    Response::redirect(address(&id))
}

/// Answers one request to `/login` or below it.
pub(crate) fn handle(world: &mut World, request: &Request) -> Response {
    let id = field(request, "session").unwrap_or_default();
    let now = world.now();
    let Some(session) = world.logins.open_session(&id, now).cloned() else {
        return over(world, &id);
    };
    let step = match (request.method.as_str(), request.path.trim_start_matches("/login")) {
        ("GET", "" | "/") => return Page::of(&session).show(),
        ("POST", "/client-id") => LoginStep::ClientId,
        ("POST", "/otp") => LoginStep::Otp,
        ("POST", "/pin") => LoginStep::Pin,
        ("POST", "/consent") => LoginStep::Consent,
        _ => return Page::of(&session).with_status(404).show(),
    };
    if step != session.step {
        // Posted again after a reload, or out of order: redirect to the current page.
        return see_other(address(&id));
    }
    match submit(world, &session, request) {
        Ok(()) => see_other(address(&id)),
        Err(Stop::Retry(what)) => retry(world, &session, what),
        Err(Stop::Leave(reply)) => *reply,
    }
}

/// Why a post did not lead to the next page.
enum Stop {
    /// The same page again, with an error message.
    Retry(&'static str),
    /// Out of the pages altogether.
    Leave(Box<Response>),
}

/// Checks what the current page posted and advances the session.
fn submit(world: &mut World, session: &LoginSession, request: &Request) -> Result<(), Stop> {
    let entered = |name| field(request, name).unwrap_or_default().trim().to_owned();
    match session.step {
        LoginStep::ClientId => {
            let user = entered("client_id").to_uppercase();
            if world.pin_of(&user).is_none() {
                return Err(Stop::Retry("There is no account with this client ID."));
            }
            world.logins.identified(&session.id, &user);
        }
        LoginStep::Otp if entered("otp") != world.login_otp => {
            return Err(Stop::Retry("Wrong OTP. Check the six digits and try again."));
        }
        LoginStep::Otp => world.logins.advance(&session.id, LoginStep::Pin),
        LoginStep::Pin if world.pin_of(session.who()) != Some(entered("pin").as_str()) => {
            return Err(Stop::Retry("Wrong PIN. Check the four digits and try again."));
        }
        LoginStep::Pin => world.logins.advance(&session.id, LoginStep::Consent),
        LoginStep::Consent => {
            let answer = match entered("decision").as_str() {
                "allow" => Some(None),
                "deny" => Some(Some(ApiError::LoginRefused)),
                _ => None,
            };
            let refusal = answer.ok_or(Stop::Retry("Choose one of the two."))?;
            return Err(Stop::Leave(Box::new(finish(world, session, refusal))));
        }
    }
    Ok(())
}

/// The same page with an error, or an error redirect after too many wrong entries.
fn retry(world: &mut World, session: &LoginSession, what: &str) -> Response {
    if world.logins.count_wrong(&session.id) >= MOST_WRONG {
        return finish(world, session, Some(ApiError::InvalidRequest));
    }
    Page::of(session).with_error(what).with_status(422).show()
}

/// Ends the session and sends the browser to the app with a code, or with an error of section 1.1.
fn finish(world: &mut World, session: &LoginSession, refusal: Option<ApiError>) -> Response {
    world.logins.close(&session.id);
    let refusal = world.next_login_refusal.take().or(refusal);
    let target = match refusal {
        Some(error) => refusal_with(&session.redirect_uri, error, &session.state),
        None => world
            .mint_for(session.who(), TokenKind::AuthCode)
            .and_then(|code| callback_with(&session.redirect_uri, &code, &session.state)),
    };
    target.map_or_else(|| ApiError::InvalidInput.response(), see_other)
}

/// A session that is used up, expired, or was never there; where it is known, the page offers a fresh start.
fn over(world: &World, id: &str) -> Response {
    let again = world.logins.known(id).map(|session| {
        let query = start_query(&world.app.client_id, &session.redirect_uri, &session.state);
        format!("{}?{query}", crate::endpoint::GENERATE_AUTHCODE)
    });
    pages::over(again.as_deref())
}

/// `GET /redirect`: a page like FYERS' own, for apps without a public address of theirs. It shows what the redirect
/// brought and stores nothing.
pub(crate) fn redirect_page(request: &Request) -> Response {
    pages::landing(request)
}

fn address(id: &str) -> String {
    format!("{}?session={id}", crate::endpoint::LOGIN)
}

/// 303 after a post: the browser continues with GET, so that a reload posts nothing twice.
fn see_other(location: String) -> Response {
    Response::text(303, "text/html; charset=utf-8", "").header("Location", location)
}

/// A posted field, or a query parameter on GET.
fn field(request: &Request, name: &str) -> Option<String> {
    if request.method != "POST" {
        return request.query(name).map(str::to_owned);
    }
    let mut fields = url::form_urlencoded::parse(&request.body);
    fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
