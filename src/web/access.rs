//! Who may read the status and who may act: holders of the gateway key, compared in constant time.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header::AUTHORIZATION, web};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// The door of one listener; as a request's extractor, the door with its visitor.
#[derive(Clone)]
pub(super) struct Gate {
    key: SecretString,
    loopback: bool,
    visitor_has_key: bool,
}

impl Gate {
    pub(super) fn new(key: SecretString, loopback: bool) -> Self {
        Self { key, loopback, visitor_has_key: false }
    }

    /// Reading is open on a loopback listener and needs the key elsewhere.
    pub(super) fn refuse_reader(&self) -> Option<HttpResponse> {
        (!self.loopback && !self.visitor_has_key).then(refusal)
    }

    /// Acting needs the key everywhere: any web page in a browser on this machine can post to loopback.
    pub(super) fn refuse_writer(&self) -> Option<HttpResponse> {
        (!self.visitor_has_key).then(refusal)
    }

    /// Whether a bot shows the key in the place of a FYERS token: `anything:KEY` as FYERS' own programs write it,
    /// `Bearer KEY`, or `KEY` alone. All three are compared, whatever the others say.
    pub(super) fn opens_for(&self, authorization: &[u8]) -> bool {
        let shown = std::str::from_utf8(authorization).unwrap_or_default().trim();
        let bearer = shown.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let shown = bearer.map_or(shown, |(_, rest)| rest.trim());
        let after_app = shown.split_once(':').map_or("", |(_, rest)| rest.trim());
        let (whole, part) = (self.is_key(shown), self.is_key(after_app));
        (whole | part) && !self.key.expose_secret().is_empty()
    }

    fn is_key(&self, shown: &str) -> bool {
        shown.as_bytes().ct_eq(self.key.expose_secret().as_bytes()).into()
    }
}

impl FromRequest for Gate {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(gate) = request.app_data::<web::Data<Gate>>() else {
            return ready(Err(actix_web::error::ErrorInternalServerError("no gate")));
        };
        let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let visitor_has_key = gate.is_key(shown.trim());
        ready(Ok(Gate { visitor_has_key, ..gate.get_ref().clone() }))
    }
}

fn refusal() -> HttpResponse {
    HttpResponse::Unauthorized().insert_header(("WWW-Authenticate", "Bearer")).body(
        "this needs the gateway key: Authorization: Bearer KEY (the file gateway.key in the state folder)\n",
    )
}
