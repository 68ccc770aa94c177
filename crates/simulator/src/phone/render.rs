//! Users, chats and messages as the Bot API shows them.

use serde_json::{Value, json};

use super::message::TelegramMessage;
use super::store::Phone;
use crate::options::Telegram;

/// The bot as a user.
pub(crate) fn bot(telegram: &Telegram) -> Value {
    let id: i64 = telegram.bot_token.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(1);
    json!({"id": id, "is_bot": true, "first_name": "Keeper", "username": telegram.username,
        "can_join_groups": true, "can_read_all_group_messages": false, "supports_inline_queries": false,
        "can_connect_to_business": false, "has_main_web_app": false})
}

/// A person as a user.
pub(crate) fn person(id: i64) -> Value {
    json!({"id": id, "is_bot": false, "first_name": "Owner", "language_code": "en"})
}

/// A chat: a positive id is a private one, a negative id a group.
pub(crate) fn chat(id: i64) -> Value {
    if id > 0 {
        json!({"id": id, "type": "private", "first_name": "Owner"})
    } else {
        json!({"id": id, "type": "supergroup", "title": "Keeper alerts"})
    }
}

/// A message of the bot as the Bot API returns it.
pub(crate) fn message(phone: &Phone, message: &TelegramMessage) -> Value {
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
    if let Some(answered) = message.reply_to.and_then(|id| by_id(phone, message.chat, id)) {
        wire["reply_to_message"] = answered;
    }
    if let Some(markup) = &message.reply_markup {
        wire["reply_markup"] = markup.clone();
    }
    wire
}

/// A message of the bot or of a person as the Bot API shows it inside an answer to it.
pub(crate) fn by_id(phone: &Phone, chat: i64, id: i64) -> Option<Value> {
    let sent = phone.messages.iter().find(|message| message.chat == chat && message.id == id);
    let mut found = match sent {
        Some(message) if !message.deleted => self::message(phone, message),
        _ => phone.heard.iter().find(|m| m.chat == chat && m.id == id && !m.deleted)?.wire.clone(),
    };
    if let Some(fields) = found.as_object_mut() {
        fields.remove("reply_to_message");
    }
    Some(found)
}
