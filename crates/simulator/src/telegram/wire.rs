//! Bot API requests and answers: parameters from JSON, a form or multipart, and what a message looks like.

use serde_json::{Map, Value, json};

use crate::http::{Reply, Request};
use crate::options::Telegram;
use crate::telegram::{Phone, TelegramMessage};

/// `{"ok":true,"result":...}`
pub(super) fn ok(result: &Value) -> Reply {
    Reply::ok(&json!({"ok": true, "result": result}))
}

/// `{"ok":false,...}`
pub(crate) fn error(status: u16, description: &str) -> Reply {
    Reply::json(status, &json!({"ok": false, "error_code": status, "description": description}))
}

/// HTTP 429 as Telegram words it.
pub(crate) fn too_many_requests(retry_after: u64) -> Reply {
    let description = format!("Too Many Requests: retry after {retry_after}");
    let parameters = json!({"retry_after": retry_after});
    let body = json!({"ok": false, "error_code": 429, "description": description, "parameters": parameters});
    Reply::json(429, &body)
}

/// The parameters of a call. Form fields are text; those that hold JSON are read as JSON by the accessors.
pub(super) struct Params(Map<String, Value>);

impl Params {
    /// Reads the query and the body, whichever of the three forms it has; `None` when the body is unreadable.
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

/// The bot as a user.
pub(super) fn bot(telegram: &Telegram) -> Value {
    let id: i64 = telegram.bot_token.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(1);
    json!({"id": id, "is_bot": true, "first_name": "Keeper", "username": telegram.username,
        "can_join_groups": true, "can_read_all_group_messages": false, "supports_inline_queries": false,
        "can_connect_to_business": false, "has_main_web_app": false})
}

/// A person as a user.
pub(super) fn person(id: i64) -> Value {
    json!({"id": id, "is_bot": false, "first_name": "Owner", "language_code": "en"})
}

/// A chat: a positive id is a private one, a negative id a group.
pub(super) fn chat(id: i64) -> Value {
    if id > 0 {
        json!({"id": id, "type": "private", "first_name": "Owner"})
    } else {
        json!({"id": id, "type": "supergroup", "title": "Keeper alerts"})
    }
}

/// A message of the bot as the Bot API returns it.
pub(super) fn message(phone: &Phone, message: &TelegramMessage) -> Value {
    let mut sender = bot(&phone.settings);
    if let Some(fields) = sender.as_object_mut() {
        fields.retain(|name, _| matches!(name.as_str(), "id" | "is_bot" | "first_name" | "username"));
    }
    let mut wire = json!({"message_id": message.id, "from": sender, "chat": chat(message.chat),
        "date": message.at.timestamp(), "text": message.text});
    if message.edited {
        wire["edit_date"] = json!(message.changed_at.timestamp());
    }
    if message.protect_content {
        wire["has_protected_content"] = json!(true);
    }
    if let Some(options) = &message.link_preview_options {
        wire["link_preview_options"] = options.clone();
    }
    if let Some(answered) = message.reply_to.and_then(|id| phone.wire_of(message.chat, id)) {
        wire["reply_to_message"] = answered;
    }
    if let Some(markup) = &message.reply_markup {
        wire["reply_markup"] = markup.clone();
    }
    wire
}
