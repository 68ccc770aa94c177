//! Carrying out what people do: messages written and edited, buttons pressed.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::message::OpenQuery;
use super::person::{PersonMessage, UserAction, Writing};
use super::render;
use super::store::Phone;

impl Phone {
    /// Queues what a person did for `getUpdates`; returns the update's id, or `None` when the message or the button
    /// is not there.
    pub(crate) fn act(&mut self, action: &UserAction, now: DateTime<Utc>) -> Option<i64> {
        let (kind, content) = match action {
            UserAction::Text { from, chat, text } => {
                let plain = Writing { from: *from, chat: *chat, text: text.clone(), ..Writing::default() };
                ("message", self.written(&plain, now))
            }
            UserAction::Write(writing) => ("message", self.written(writing, now)),
            UserAction::Edit { message_id, text } => {
                ("edited_message", self.rewritten(*message_id, text, now)?)
            }
            UserAction::Press { from, message_id, data } => {
                ("callback_query", self.pressed(*from, *message_id, data)?)
            }
            UserAction::PressButton { from, data } => {
                let message_id = self.newest_with(*from, data)?;
                ("callback_query", self.pressed(*from, message_id, data)?)
            }
        };
        Some(self.updates.push(kind, &content, now))
    }

    /// A group becomes a supergroup with another id: the old one is refused from now on, and its messages stay
    /// behind.
    pub(crate) fn move_group(&mut self, from: i64, to: i64) {
        self.moved.insert(from, to);
        self.settings.chats.push(to);
    }

    /// Queues the two service messages by which Telegram tells of a move, one in each chat.
    pub(crate) fn announce_move(&mut self, from: i64, to: i64, now: DateTime<Utc>) {
        for (chat, field, other) in [(from, "migrate_to_chat_id", to), (to, "migrate_from_chat_id", from)] {
            let mut message = json!({"message_id": self.next_message_id(), "chat": render::chat(chat),
                "from": render::person(1), "date": now.timestamp()});
            message[field] = json!(other);
            self.updates.push("message", &message, now);
        }
    }

    fn written(&mut self, writing: &Writing, now: DateTime<Utc>) -> Value {
        let (id, from) = (self.next_message_id(), writing.from);
        let chat = writing.chat.unwrap_or(from);
        let at = writing.sent_at.unwrap_or(now);
        let mut message = json!({"message_id": id, "from": render::person(from), "chat": render::chat(chat),
            "date": at.timestamp()});
        set_text(&mut message, &writing.text);
        if let Some(first) = writing.forwarded_from {
            message["forward_origin"] =
                json!({"type": "user", "date": at.timestamp(), "sender_user": render::person(first)});
        }
        if let Some(answered) = writing.reply_to.and_then(|id| render::by_id(self, chat, id)) {
            message["reply_to_message"] = answered;
        }
        if !self.settings.chats.contains(&chat) {
            // Who wrote to the bot can be written to.
            self.settings.chats.push(chat);
        }
        let (text, wire) = (writing.text.clone(), message.clone());
        self.heard.push(PersonMessage { id, chat, from, text, at, edited: false, deleted: false, wire });
        message
    }

    fn rewritten(&mut self, id: i64, text: &str, now: DateTime<Utc>) -> Option<Value> {
        let message = self.heard.iter_mut().find(|message| message.id == id && !message.deleted)?;
        message.edited = true;
        text.clone_into(&mut message.text);
        set_text(&mut message.wire, text);
        message.wire["edit_date"] = json!(now.timestamp());
        Some(message.wire.clone())
    }

    fn newest_with(&self, from: i64, data: &str) -> Option<i64> {
        let mut seen = self.messages.iter().rev().filter(|message| !message.deleted);
        let found = seen.find(|message| {
            let theirs = message.chat == from || message.chat < 0;
            theirs && message.buttons().iter().any(|button| button.callback_data.as_deref() == Some(data))
        });
        found.map(|message| message.id)
    }

    fn pressed(&mut self, from: i64, message_id: i64, data: &str) -> Option<Value> {
        let found = self.messages.iter().find(|message| message.id == message_id && !message.deleted)?;
        let message = render::message(self, found);
        let id = rand::random::<u64>().to_string();
        self.open_queries.push(OpenQuery { id: id.clone(), from, message_id, data: data.to_owned() });
        Some(
            json!({"id": id, "from": render::person(from), "message": message, "chat_instance": "1", "data": data}),
        )
    }
}

/// Puts a text into a message, with the command it begins with marked as one.
fn set_text(message: &mut Value, text: &str) {
    message["text"] = json!(text);
    if let Some(fields) = message.as_object_mut() {
        fields.remove("entities");
    }
    if text.starts_with('/') {
        let length = text.split_whitespace().next().unwrap_or_default().encode_utf16().count();
        message["entities"] = json!([{"type": "bot_command", "offset": 0, "length": length}]);
    }
}
