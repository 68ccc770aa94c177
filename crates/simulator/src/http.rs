//! A request and an answer as plain values, so that every endpoint is an ordinary function.

use serde_json::{Value, json};

/// One request, read whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Reads a query string; a stray leading `?` or `&` is tolerated, because known clients send it.
    pub(crate) fn parse_query(raw: &str) -> Vec<(String, String)> {
        let raw = raw.trim_start_matches(['?', '&']);
        url::form_urlencoded::parse(raw.as_bytes()).into_owned().collect()
    }

    /// The first query value of this name.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        Self { status, content_type: "application/json", headers: Vec::new(), body }
    }

    pub(crate) fn ok(body: &Value) -> Self {
        Self::json(200, body)
    }

    /// A failure as FYERS sends it.
    pub(crate) fn error(status: u16, code: i64, message: &str) -> Self {
        Self::json(status, &json!({"s": "error", "code": code, "message": message}))
    }

    pub(crate) fn text(status: u16, content_type: &'static str, body: &str) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    pub(crate) fn redirect(location: String) -> Self {
        Self::text(302, "text/html; charset=utf-8", "").header("Location", location)
    }

    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}
