//! The pages a person logs in through: client id, one-time password, pin, consent, and back to the app.
//!
//! FYERS does not document its own pages; what is kept here is their order, what they ask, and the redirect at the
//! end (FYERS API contract, sections 1.1 and 1.2). They need no script and no cookie: the session's name travels in
//! the address and in a hidden field, and everything else stays on the server.

mod api;
mod pages;
mod sessions;

use pages::Page;
pub(crate) use sessions::Logins;
pub use sessions::{LoginSession, LoginStep};

use crate::fyers::auth::{callback_with, refusal_with};
use crate::fyers::errors::ApiError;
use crate::fyers::tokens::TokenKind;
use crate::http::{Reply, Request};
use crate::world::World;

/// A session ends with an error redirect after this many wrong entries on one page.
const MOST_WRONG: u32 = 3;

/// What a valid `generate-authcode` starts.
pub(crate) fn begin(world: &mut World, state: &str) -> Reply {
    let now = world.now();
    let id = world.logins.open(&world.app.redirect_uri, state, now);
    Reply::redirect(address(&id))
}

/// Answers one request to `/login` or below it.
pub(crate) fn handle(world: &mut World, request: &Request) -> Reply {
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
        // A form from before a reload or out of turn: it changes nothing and shows where the person is.
        return see_other(address(&id));
    }
    match submit(world, &session, request) {
        Ok(()) => see_other(address(&id)),
        Err(Stop::Retry(what)) => retry(world, &session, what),
        Err(Stop::Leave(reply)) => *reply,
    }
}

/// Why a form did not lead to the next page.
enum Stop {
    /// The same page again, with a word on what was wrong.
    Retry(&'static str),
    /// Out of the pages altogether.
    Leave(Box<Reply>),
}

/// Judges the form of the present page and moves the session on.
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

/// The same page with an error, or the way out after too many wrong entries.
fn retry(world: &mut World, session: &LoginSession, what: &str) -> Reply {
    if world.logins.count_wrong(&session.id) >= MOST_WRONG {
        return finish(world, session, Some(ApiError::InvalidRequest));
    }
    Page::of(session).with_error(what).with_status(422).show()
}

/// Ends the session and sends the browser to the app with a code, or with an error of section 1.1.
fn finish(world: &mut World, session: &LoginSession, refusal: Option<ApiError>) -> Reply {
    world.logins.close(&session.id);
    let refusal = world.next_login_refusal.take().or(refusal);
    let target = match refusal {
        Some(error) => refusal_with(&session.redirect_uri, error, &session.state),
        None => world
            .mint_for(session.who(), TokenKind::AuthCode)
            .and_then(|code| callback_with(&session.redirect_uri, &code, &session.state)),
    };
    target.map_or_else(|| ApiError::InvalidInput.reply(), see_other)
}

/// A session that is used up, expired, or was never there; where it is known, the page offers a fresh start.
fn over(world: &World, id: &str) -> Reply {
    let again = world.logins.known(id).map(|session| {
        let query = start_query(&world.app.client_id, &session.redirect_uri, &session.state);
        format!("{}?{query}", crate::endpoint::GENERATE_AUTHCODE)
    });
    pages::over(again.as_deref())
}

/// The query a login starts with (section 1.1).
pub(crate) fn start_query(client_id: &str, redirect_uri: &str, state: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("response_type", "code")
        .append_pair("state", state)
        .finish()
}

/// `GET /redirect`: a page like FYERS' own, for apps without a public address of theirs. It shows what the redirect
/// brought and stores nothing.
pub(crate) fn redirect_page(request: &Request) -> Reply {
    pages::landing(request)
}

fn address(id: &str) -> String {
    format!("{}?session={id}", crate::endpoint::LOGIN)
}

/// The answer to a form: the browser goes on with GET, so that a reload sends nothing twice.
fn see_other(location: String) -> Reply {
    Reply::text(303, "text/html; charset=utf-8", "").header("Location", location)
}

/// A field of a form, or of the query on GET.
fn field(request: &Request, name: &str) -> Option<String> {
    if request.method != "POST" {
        return request.query(name).map(str::to_owned);
    }
    let mut fields = url::form_urlencoded::parse(&request.body);
    fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
