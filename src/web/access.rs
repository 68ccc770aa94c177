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
