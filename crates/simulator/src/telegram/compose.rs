//! Sending, changing and deleting messages, and answering pressed buttons.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::answers::{MethodResult, bad};
use super::markup::{Mode, visible};
use super::params::{Params, chat_id};
use crate::phone::{CallbackAnswer, Phone, TelegramMessage, buttons, render};

/// Longest text Telegram takes, in UTF-16 units of what a person reads.
const LONGEST: usize = 4096;

/// Older messages cannot be deleted by a bot.
const DELETABLE: TimeDelta = TimeDelta::hours(48);

/// Checks the text as Telegram does and returns what a person reads.
fn readable(params: &Params, too_long: &str) -> MethodResult<String> {
    let text = params.text("text").unwrap_or_default();
    let Some(mode) = Mode::parse(params.text("parse_mode")) else {
        return bad("unsupported parse_mode");
    };
    let seen = match visible(text, mode) {
        Ok(seen) => seen,
        Err(what) => return bad(&format!("can't parse entities: {what}")),
    };
    if seen.trim().is_empty() {
        return bad("message text is empty");
    }
    if seen.encode_utf16().count() > LONGEST {
        return bad(too_long);
    }
    Ok(seen)
}

fn keyboard(params: &Params) -> MethodResult<Option<Value>> {
    buttons::accepted(params.object("reply_markup")).or_else(|what| bad(&what))
}

/// `link_preview_options`, or the older single flag.
fn link_preview(params: &Params) -> Option<Value> {
    let older = || params.flag("disable_web_page_preview").then(|| json!({"is_disabled": true}));
    params.object("link_preview_options").or_else(older)
}

/// The message to be answered, which must be there unless the bot says that it does not mind.
fn reply_to(phone: &Phone, params: &Params, chat: i64) -> MethodResult<Option<i64>> {
    let reply = params.object("reply_parameters").unwrap_or_default();
    let Some(id) = reply["message_id"].as_i64().or_else(|| params.number("reply_to_message_id")) else {
        return Ok(None);
    };
    if render::by_id(phone, chat, id).is_some() {
        return Ok(Some(id));
    }
    let anyway = reply["allow_sending_without_reply"] == true || params.flag("allow_sending_without_reply");
    if anyway { Ok(None) } else { bad("message to be replied not found") }
}

pub(super) fn send(phone: &mut Phone, params: &Params, now: DateTime<Utc>) -> MethodResult {
    let chat = chat_id(phone, params)?;
    let text = readable(params, "message is too long")?;
    let reply_markup = keyboard(params)?;
    let reply_to = reply_to(phone, params, chat)?;
    let message = TelegramMessage {
        id: phone.next_message_id(),
        chat,
        text,
        raw: params.text("text").unwrap_or_default().to_owned(),
        parse_mode: params.text("parse_mode").map(str::to_owned),
        silent: params.flag("disable_notification"),
        protect_content: params.flag("protect_content"),
        link_preview_options: link_preview(params),
        reply_to,
        edited: false,
        deleted: false,
        reply_markup,
        at: now,
        changed_at: now,
    };
    phone.messages.push(message.clone());
    Ok(render::message(phone, &message))
}

/// The message an edit is about; only the bot's own can be edited.
fn editable<'a>(phone: &'a mut Phone, params: &Params, chat: i64) -> MethodResult<&'a mut TelegramMessage> {
    let Some(id) = params.number("message_id") else {
        return bad("message identifier is not specified");
    };
    if phone.find_heard(chat, id).is_some() {
        return bad("message can't be edited");
    }
    phone.find(chat, id).map_or_else(|| bad("message to edit not found"), Ok)
}

pub(super) fn edit(phone: &mut Phone, params: &Params, now: DateTime<Utc>) -> MethodResult {
    let chat = chat_id(phone, params)?;
    let text = readable(params, "MESSAGE_TOO_LONG")?;
    let markup = keyboard(params)?;
    let raw = params.text("text").unwrap_or_default();
    let message = editable(phone, params, chat)?;
    if message.text == text && message.raw == raw && message.reply_markup == markup {
        return not_modified();
    }
    message.text = text;
    raw.clone_into(&mut message.raw);
    message.parse_mode = params.text("parse_mode").map(str::to_owned);
    message.link_preview_options = link_preview(params);
    message.reply_markup = markup;
    let message = edited(message, now);
    Ok(render::message(phone, &message))
}

pub(super) fn edit_markup(phone: &mut Phone, params: &Params, now: DateTime<Utc>) -> MethodResult {
    let chat = chat_id(phone, params)?;
    let markup = keyboard(params)?;
    let message = editable(phone, params, chat)?;
    if message.reply_markup == markup {
        return not_modified();
    }
    message.reply_markup = markup;
    let message = edited(message, now);
    Ok(render::message(phone, &message))
}

fn not_modified() -> MethodResult {
    bad(
        "message is not modified: specified new message content and reply markup are exactly the same as a current \
         content and reply markup of the message",
    )
}

fn edited(message: &mut TelegramMessage, now: DateTime<Utc>) -> TelegramMessage {
    message.edited = true;
    message.changed_at = now;
    message.clone()
}

/// A bot deletes its own messages and, in a private chat or as an administrator, those of others.
pub(super) fn delete(phone: &mut Phone, params: &Params, now: DateTime<Utc>) -> MethodResult {
    let chat = chat_id(phone, params)?;
    let Some(id) = params.number("message_id") else {
        return bad("message identifier is not specified");
    };
    let too_old = |at: DateTime<Utc>| now - at > DELETABLE;
    if let Some(message) = phone.find(chat, id) {
        if too_old(message.at) {
            return bad("message can't be deleted for everyone");
        }
        message.deleted = true;
        message.changed_at = now;
    } else if let Some(message) = phone.find_heard(chat, id) {
        if too_old(message.at) {
            return bad("message can't be deleted for everyone");
        }
        message.deleted = true;
    } else {
        return bad("message to delete not found");
    }
    Ok(Value::Bool(true))
}

/// Answers a pressed button once.
pub(super) fn answer(phone: &mut Phone, params: &Params, now: DateTime<Utc>) -> MethodResult {
    let id = params.text("callback_query_id").unwrap_or_default();
    let Some(place) = phone.open_queries.iter().position(|open| open.id == id) else {
        return bad("query is too old and response timeout expired or query id is invalid");
    };
    let text = params.text("text").filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.encode_utf16().count() > 200) {
        return bad("MESSAGE_TOO_LONG");
    }
    let query = phone.open_queries.remove(place);
    phone.answers.push(CallbackAnswer {
        id: query.id,
        text: text.map(str::to_owned),
        show_alert: params.flag("show_alert"),
        url: params.text("url").map(str::to_owned),
        from: query.from,
        message_id: query.message_id,
        data: query.data,
        at: now,
    });
    Ok(Value::Bool(true))
}
