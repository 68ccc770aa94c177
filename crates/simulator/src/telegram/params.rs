//! Parameters of a Bot API call, from JSON, a URL-encoded body or multipart.

use serde_json::{Map, Value};

use super::answers::{MethodResult, bad};
use crate::http::Request;
use crate::phone::Phone;

/// The parameters of a call. URL-encoded fields are text; the accessors parse those that hold JSON.
pub(super) struct Params(Map<String, Value>);

impl Params {
    /// Reads the query and the body, in any of the three encodings; `None` when the body cannot be parsed.
    pub(super) fn read(request: &Request) -> Option<Self> {
        let mut map: Map<String, Value> =
            request.query.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
        let kind = request.content_type.to_ascii_lowercase();
        if kind.starts_with("multipart/form-data") {
            map.extend(multipart(request)?);
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            let fields = url::form_urlencoded::parse(&request.body).into_owned();
            map.extend(fields.map(|(name, value)| (name, Value::String(value))));
        } else if !request.body.is_empty() {
            map.extend(serde_json::from_slice::<Map<String, Value>>(&request.body).ok()?);
        }
        Some(Self(map))
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            Value::String(text) => text.parse().ok(),
            value => value.as_i64(),
        }
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true" || text == "1",
            _ => false,
        }
    }

    pub(super) fn object(&self, name: &str) -> Option<Value> {
        match self.0.get(name)? {
            Value::String(text) => serde_json::from_str(text).ok(),
            Value::Null => None,
            value => Some(value.clone()),
        }
    }
}

/// The chat a call is about, which must know the bot.
pub(super) fn chat_id(phone: &Phone, params: &Params) -> MethodResult<i64> {
    match params.number("chat_id") {
        Some(id) if phone.settings.chats.contains(&id) => Ok(id),
        Some(_) => bad("chat not found"),
        None => match params.text("chat_id") {
            None | Some("") => bad("chat_id is empty"),
            Some(_) => bad("chat not found"),
        },
    }
}

/// Text fields of a multipart body (RFC 7578); files are not needed here and read as text.
fn multipart(request: &Request) -> Option<Map<String, Value>> {
    let (_, boundary) = request.content_type.split_once("boundary=")?;
    let boundary = format!("--{}", boundary.split(';').next()?.trim().trim_matches('"'));
    let body = String::from_utf8_lossy(&request.body);
    let mut fields = Map::new();
    for part in body.split(boundary.as_str()).skip(1) {
        let Some((head, value)) = part.split_once("\r\n\r\n") else { continue };
        let Some((_, rest)) = head.split_once("name=\"") else { continue };
        let name = rest.split('"').next().unwrap_or_default();
        let value = value.strip_suffix("\r\n").unwrap_or(value);
        fields.insert(name.to_owned(), Value::String(value.to_owned()));
    }
    Some(fields)
}
