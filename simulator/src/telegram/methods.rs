//! The Bot API methods the keeper may call.

use serde_json::{Value, json};

use super::markup::{Mode, visible};
use super::wire::{Params, error, ok};
use super::{Phone, TelegramMessage, wire};
use crate::http::{Reply, Request};
use crate::world::World;

/// Longest text Telegram takes, in UTF-16 units of what a person reads.
const LONGEST: usize = 4096;

const METHODS: [&str; 11] = [
    "getMe",
    "sendMessage",
    "editMessageText",
    "editMessageReplyMarkup",
    "deleteMessage",
    "getUpdates",
    "answerCallbackQuery",
    "setMyCommands",
    "deleteWebhook",
    "setWebhook",
    "getChat",
];

/// `/telegram/bot<TOKEN>/<Method>` as `/telegram/<method>`, spelt as Telegram documents it, so that neither the
/// token nor a library's capitals appear in scopes, counts and logs.
pub(crate) fn endpoint(path: &str) -> String {
    let method = path.rsplit('/').next().unwrap_or_default();
    let known = METHODS.iter().find(|known| known.eq_ignore_ascii_case(method));
    format!("/telegram/{}", known.copied().unwrap_or(method))
}

/// The token in a path, when it has one.
fn token(path: &str) -> Option<&str> {
    path.strip_prefix("/telegram/bot")?.split('/').next()
}

/// Answers one request to the Telegram port.
pub(crate) fn handle(world: &mut World, request: &Request) -> Reply {
    if token(&request.path) != Some(&world.phone.settings.bot_token) {
        return error(401, "Unauthorized");
    }
    let Some(params) = Params::read(request) else {
        return error(400, "Bad Request: can't parse JSON object");
    };
    let now = world.now();
    let phone = &mut world.phone;
    let answered = match endpoint(&request.path).trim_start_matches("/telegram/") {
        "getMe" => Ok(wire::bot(&phone.settings)),
        "sendMessage" => send(phone, &params, now),
        "editMessageText" => edit(phone, &params, now),
        "editMessageReplyMarkup" => edit_markup(phone, &params, now),
        "deleteMessage" => delete(phone, &params, now),
        "getUpdates" => updates(phone, &params),
        "answerCallbackQuery" => answer(phone, &params),
        "setMyCommands" => {
            phone.commands = params.object("commands").unwrap_or_else(|| json!([]));
            Ok(Value::Bool(true))
        }
        "setWebhook" => {
            phone.webhook = params.text("url").filter(|url| !url.is_empty()).map(str::to_owned);
            Ok(Value::Bool(true))
        }
        "deleteWebhook" => {
            phone.webhook = None;
            Ok(Value::Bool(true))
        }
        "getChat" => chat_id(phone, &params).map(full_chat),
        _ => Err((404, "Not Found".into())),
    };
    match answered {
        Ok(result) => ok(&result),
        Err((status, description)) => error(status, &description),
    }
}

type Answer<T = Value> = Result<T, (u16, String)>;

fn bad<T>(what: &str) -> Answer<T> {
    Err((400, format!("Bad Request: {what}")))
}

fn chat_id(phone: &Phone, params: &Params) -> Answer<i64> {
    match params.number("chat_id") {
        Some(id) if phone.settings.chats.contains(&id) => Ok(id),
        Some(_) => bad("chat not found"),
        None => match params.text("chat_id") {
            None | Some("") => bad("chat_id is empty"),
            Some(_) => bad("chat not found"),
        },
    }
}

fn full_chat(id: i64) -> Value {
    let mut chat = wire::chat(id);
    chat["accent_color_id"] = json!(0);
    chat["max_reaction_count"] = json!(11);
    chat["accepted_gift_types"] = json!({"unlimited_gifts": true, "limited_gifts": true, "unique_gifts": true,
        "premium_subscription": true});
    chat
}

/// Checks the text as Telegram does and returns what a person reads.
fn readable(params: &Params, too_long: &str) -> Answer<String> {
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

fn send(phone: &mut Phone, params: &Params, now: chrono::DateTime<chrono::Utc>) -> Answer {
    let chat = chat_id(phone, params)?;
    let text = readable(params, "message is too long")?;
    let message = TelegramMessage {
        id: phone.next_message_id(),
        chat,
        text,
        raw: params.text("text").unwrap_or_default().to_owned(),
        parse_mode: params.text("parse_mode").map(str::to_owned),
        silent: params.flag("disable_notification"),
        edited: false,
        deleted: false,
        reply_markup: params.object("reply_markup"),
        at: now,
        changed_at: now,
    };
    phone.messages.push(message.clone());
    Ok(wire::message(phone, &message))
}

fn edit(phone: &mut Phone, params: &Params, now: chrono::DateTime<chrono::Utc>) -> Answer {
    let chat = chat_id(phone, params)?;
    let text = readable(params, "MESSAGE_TOO_LONG")?;
    let markup = params.object("reply_markup");
    let Some(message) = phone.find(chat, params.number("message_id").unwrap_or_default()) else {
        return bad("message to edit not found");
    };
    if message.text == text && message.reply_markup == markup {
        return not_modified();
    }
    message.text = text;
    message.raw = params.text("text").unwrap_or_default().to_owned();
    message.parse_mode = params.text("parse_mode").map(str::to_owned);
    message.reply_markup = markup;
    Ok(finish_edit(phone, chat, params, now))
}

fn edit_markup(phone: &mut Phone, params: &Params, now: chrono::DateTime<chrono::Utc>) -> Answer {
    let chat = chat_id(phone, params)?;
    let markup = params.object("reply_markup");
    let Some(message) = phone.find(chat, params.number("message_id").unwrap_or_default()) else {
        return bad("message to edit not found");
    };
    if message.reply_markup == markup {
        return not_modified();
    }
    message.reply_markup = markup;
    Ok(finish_edit(phone, chat, params, now))
}

fn not_modified() -> Answer {
    bad(
        "message is not modified: specified new message content and reply markup are exactly the same as a current \
         content and reply markup of the message",
    )
}

fn finish_edit(phone: &mut Phone, chat: i64, params: &Params, now: chrono::DateTime<chrono::Utc>) -> Value {
    let id = params.number("message_id").unwrap_or_default();
    let Some(message) = phone.find(chat, id) else { return Value::Null };
    message.edited = true;
    message.changed_at = now;
    let message = message.clone();
    wire::message(phone, &message)
}

fn delete(phone: &mut Phone, params: &Params, now: chrono::DateTime<chrono::Utc>) -> Answer {
    let chat = chat_id(phone, params)?;
    let Some(message) = phone.find(chat, params.number("message_id").unwrap_or_default()) else {
        return bad("message to delete not found");
    };
    message.deleted = true;
    message.changed_at = now;
    Ok(Value::Bool(true))
}

fn updates(phone: &mut Phone, params: &Params) -> Answer {
    if phone.webhook.is_some() {
        let what = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the \
                    webhook first";
        return Err((409, what.into()));
    }
    let limit = usize::try_from(params.number("limit").unwrap_or(100)).unwrap_or(100).clamp(1, 100);
    Ok(Value::Array(phone.updates_from(params.number("offset").unwrap_or(0), limit)))
}

fn answer(phone: &mut Phone, params: &Params) -> Answer {
    let id = params.text("callback_query_id").unwrap_or_default();
    if phone.answer(id, params.text("text")) {
        Ok(Value::Bool(true))
    } else {
        bad("query is too old and response timeout expired or query id is invalid")
    }
}

/// How long a `getUpdates` call wants to wait for something to happen, in real milliseconds; at most a second.
pub(crate) fn wants_to_wait(request: &Request) -> u64 {
    let timeout = Params::read(request).and_then(|params| params.number("timeout")).unwrap_or(0);
    u64::try_from(timeout).unwrap_or(0).saturating_mul(1000).min(1000)
}
