//! Who may read the status and who may act: holders of the gateway key, compared in constant time, and browsers
//! in which a person has entered it.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    http::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN},
    web,
};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use url::Url;

use crate::http::access::{
    origin::Head,
    page_session::{LENGTH, Visit},
};

/// The cookie of a visit.
const COOKIE: &str = "keeper_visit";
/// What a proxy adds when it passes a request on for somebody else.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// The door of one listener; as a request's extractor, the door with its visitor.
#[derive(Clone)]
pub(in crate::http) struct Gate {
    key: SecretString,
    loopback: bool,
    /// The keeper's address on the internet, as an origin, and whether browsers reach it by https.
    public: Option<String>,
    secure: bool,
    visitor: Visitor,
}

/// What a request shows of whoever sends it.
#[derive(Clone, Default)]
struct Visitor {
    has_key: bool,
    is_local: bool,
    is_own: bool,
    visit: Option<Visit>,
}

impl Gate {
    pub(in crate::http) fn new(key: SecretString, loopback: bool, public: Option<&Url>) -> Self {
        Self {
            key,
            loopback,
            public: public.map(|url| url.origin().ascii_serialization()),
            secure: public.is_some_and(|url| url.scheme() == "https"),
            visitor: Visitor::default(),
        }
    }

    /// Reading is open to this machine on a loopback listener and needs the key, or a visit, elsewhere.
    pub(in crate::http) fn may_read(&self) -> bool {
        let open = self.loopback && self.visitor.is_local;
        open || self.visitor.has_key || self.visitor.visit.is_some()
    }

    /// See [`Gate::may_read`].
    pub(in crate::http) fn refuse_reader(&self) -> Option<HttpResponse> {
        (!self.may_read()).then(refusal)
    }

    /// Acting needs the key everywhere: any web page in a browser on this machine can post to loopback.
    pub(in crate::http) fn refuse_writer(&self) -> Option<HttpResponse> {
        (!self.visitor.has_key).then(refusal)
    }

    /// Whether a form may act: sent by a page of this keeper, within a visit, with that visit's token.
    pub(in crate::http) fn may_act(&self, token: &str) -> bool {
        let key = self.key.expose_secret().as_bytes();
        let wrote = self.visitor.visit.as_ref().is_some_and(|visit| visit.wrote(key, token));
        wrote && self.visitor.is_own
    }

    /// What the forms of this visit carry; `None` outside of a visit.
    pub(in crate::http) fn token(&self) -> Option<String> {
        self.visitor.visit.as_ref()?.token(self.key.expose_secret().as_bytes())
    }

    /// Whether the request comes from a page of this keeper.
    pub(in crate::http) fn is_own(&self) -> bool {
        self.visitor.is_own
    }

    /// Begins a visit for whoever knows the key.
    pub(in crate::http) fn begin_visit(&self, shown: &SecretString) -> Option<Cookie<'static>> {
        if !self.is_key(shown.expose_secret().trim()) {
            return None;
        }
        let key = self.key.expose_secret().as_bytes();
        let value = Visit::begin(key, chrono::Utc::now().timestamp(), rand::rng().random())?;
        Some(self.cookie(value, LENGTH))
    }

    /// Ends the visit in the browser.
    pub(in crate::http) fn end_visit(&self) -> Cookie<'static> {
        self.cookie(String::new(), 0)
    }

    fn cookie(&self, value: String, seconds: i64) -> Cookie<'static> {
        Cookie::build(COOKIE, value)
            .path("/")
            .max_age(Duration::seconds(seconds))
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(self.secure)
            .finish()
    }

    /// Whether a bot shows the key in the place of a FYERS token: `anything:KEY` as FYERS' own programs write it,
    /// `Bearer KEY`, or `KEY` alone. All three are compared, whatever the others say.
    pub(in crate::http) fn opens_for(&self, authorization: &[u8]) -> bool {
        let shown = std::str::from_utf8(authorization).unwrap_or_default().trim();
        let bearer = shown.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let shown = bearer.map_or(shown, |(_, rest)| rest.trim());
        let after_app = shown.split_once(':').map_or("", |(_, rest)| rest.trim());
        let (whole, part) = (self.is_key(shown), self.is_key(after_app));
        whole | part
    }

    /// An empty key opens nothing.
    fn is_key(&self, shown: &str) -> bool {
        let key = self.key.expose_secret().as_bytes();
        bool::from(shown.as_bytes().ct_eq(key)) && !key.is_empty()
    }

    fn look_at(&self, request: &HttpRequest) -> Visitor {
        let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let head = Head {
            host: header(HOST).unwrap_or_default(),
            origin: header(ORIGIN),
            site: header(HeaderName::from_static("sec-fetch-site")),
            forwarded: FORWARDED.iter().any(|name| request.headers().contains_key(*name)),
        };
        let bearer = header(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        let key = self.key.expose_secret().as_bytes();
        let now = chrono::Utc::now().timestamp();
        Visitor {
            has_key: self.is_key(bearer.unwrap_or_default().trim()),
            is_local: head.is_local(),
            is_own: head.is_own(self.public.as_deref()),
            visit: request.cookie(COOKIE).and_then(|cookie| Visit::read(key, now, cookie.value())),
        }
    }
}

impl FromRequest for Gate {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(gate) = request.app_data::<web::Data<Gate>>() else {
            return ready(Err(actix_web::error::ErrorInternalServerError("no gate")));
        };
        ready(Ok(Gate { visitor: gate.look_at(request), ..gate.get_ref().clone() }))
    }
}

fn refusal() -> HttpResponse {
    HttpResponse::Unauthorized().insert_header(("WWW-Authenticate", "Bearer")).body(
        "this needs the gateway key: Authorization: Bearer KEY (the file gateway.key in the state folder)\n",
    )
}
