//! What the gateway says itself, in the shape of FYERS' own errors (docs/fyers-api.md, "Basics" and "Auth errors").

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{ALLOW, CONTENT_TYPE, RETRY_AFTER},
    },
};
use fyers_api::http::Surface;
use keeper_domain::places::PlaceKind;

/// Why a request is not carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No key, or a wrong one: the very words FYERS has for a bad token, and behind them what to do.
    Key,
    /// A wrong key from a client that has tried too many.
    TooManyKeys,
    /// A login or a logout.
    Session,
    /// A bot's login without the gateway key in the place of the app's secret.
    LoginCode,
    /// A path that can be read in two ways.
    OddPath,
    /// A method FYERS does not know.
    Method,
    /// A body that is longer than any real one.
    TooLong,
    /// A body that did not come whole, or is none.
    BrokenBody,
    /// A body that did not come in time.
    LateBody,
    /// All memory for bodies is in use.
    NoRoom,
    /// So many requests of this key wait for their answers already.
    NoPlace(PlaceKind),
    /// A compressed body: its label would not be passed on.
    Packed,
    /// An order in which a secret stands: books, logs and alerts show its tag, its symbol and its ids.
    SecretText,
    /// The keeper's actors have not answered in time.
    NoAnswer,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::Key => StatusCode::UNAUTHORIZED,
            Self::TooManyKeys | Self::NoPlace(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Session | Self::LoginCode => StatusCode::FORBIDDEN,
            Self::OddPath | Self::BrokenBody | Self::SecretText => StatusCode::BAD_REQUEST,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::LateBody => StatusCode::REQUEST_TIMEOUT,
            Self::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
            Self::Packed => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NoAnswer => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// FYERS' code and words. A bad token is -15 for market data other than history, and -16 for the rest.
    fn words(self, surface: Surface, path: &str) -> (i32, &'static str) {
        let history = path == "/history" || path.starts_with("/history/");
        match self {
            Self::Key if surface == Surface::Data && !history => (
                -15,
                "Please provide valid token: fyers-keeper takes its gateway key as the access token (`fyers-keeper key show`)",
            ),
            Self::Key => (
                -16,
                "Could not authenticate the user: fyers-keeper takes its gateway key as the access token \
                 (`fyers-keeper key show`)",
            ),
            Self::TooManyKeys => (
                -429,
                "Too many wrong gateway keys from this address: wait a minute, then send the right one \
                 (`fyers-keeper key show`)",
            ),
            Self::Session => (
                -373,
                "The keeper logs in and out by itself and a bot cannot. Use the gateway key as the access token; \
                 a person logs in with `fyers-keeper login` or the link on the login card.",
            ),
            Self::LoginCode => (
                -373,
                "The keeper logs in and out by itself and a bot cannot. Use the gateway key as the access token; or, \
                 if your program must log in, give it the gateway key as the app's secret and any code (the code must \
                 be the app id if that is not the keeper's): then this call answers with the gateway key as the \
                 access token.",
            ),
            Self::OddPath => {
                (-50, "Invalid input: write the path as FYERS documents it, without `..`, `//` or escapes")
            }
            Self::Method => (-50, "Invalid input: use GET, POST, PUT, PATCH or DELETE"),
            Self::TooLong => (
                -50,
                "Invalid input: the body is longer than 1 MiB, and no call of FYERS is: send less at once",
            ),
            Self::BrokenBody => (-50, "Invalid input: the body did not come whole"),
            Self::LateBody => (-50, "Invalid input: the body did not come in time"),
            Self::NoRoom => {
                (-503, "Too many large requests at once: nothing was done, send it again in a moment")
            }
            Self::NoPlace(PlaceKind::Read) => (
                -429,
                "Too many reads wait for their answers, of this key or of all: nothing was done. Wait for some of the \
                 answers before you send the next one; orders still come in",
            ),
            Self::NoPlace(PlaceKind::Change) => (
                -429,
                "Too many orders wait for their answers, of this key or of all: nothing was done. Wait for some of the \
                 answers before you send the next one",
            ),
            Self::Packed => (-50, "Invalid input: send the body without Content-Encoding"),
            Self::SecretText => (
                -50,
                "Invalid input: a key or token of this keeper stands in the order, and books, logs and alerts show what stands there: \
                 nothing was done. Look at its tag, symbol and ids",
            ),
            Self::NoAnswer => (
                -503,
                "The keeper has not answered in time. Whether FYERS has acted on the request is not known: look \
                 in the order book before you send an order again.",
            ),
        }
    }

    pub(super) fn answer(self, surface: Surface, path: &str) -> HttpResponse {
        let (code, message) = self.words(surface, path);
        let message = serde_json::Value::from(message);
        // The order of FYERS' keys differs between the two, and so it does here.
        let body = match surface {
            Surface::Api => format!(r#"{{"code":{code},"message":{message},"s":"error"}}"#),
            Surface::Data => format!(r#"{{"message":{message},"code":{code},"s":"error"}}"#),
        };
        let mut response = HttpResponse::build(self.status());
        match self {
            Self::Method => response.insert_header((ALLOW, "GET, POST, PUT, PATCH, DELETE")),
            Self::NoAnswer => response.insert_header((RETRY_AFTER, "5")),
            Self::TooManyKeys => response.insert_header((RETRY_AFTER, "60")),
            Self::NoPlace(_) | Self::NoRoom => response.insert_header((RETRY_AFTER, "1")),
            _ => &mut response,
        };
        response.insert_header((CONTENT_TYPE, "application/json")).body(body)
    }
}
