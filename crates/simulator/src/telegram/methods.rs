//! The Bot API methods the keeper may call.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::wire::{Params, error, ok};
use super::{Phone, compose, wire};
use crate::http::{Reply, Request};
use crate::world::World;

const METHODS: [&str; 15] = [
    "getMe",
    "sendMessage",
    "editMessageText",
    "editMessageReplyMarkup",
    "deleteMessage",
    "getUpdates",
    "answerCallbackQuery",
    "setMyCommands",
    "getMyCommands",
    "deleteMyCommands",
    "deleteWebhook",
    "setWebhook",
    "getWebhookInfo",
    "sendChatAction",
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
        "sendMessage" => compose::send(phone, &params, now),
        "editMessageText" => compose::edit(phone, &params, now),
        "editMessageReplyMarkup" => compose::edit_markup(phone, &params, now),
        "deleteMessage" => compose::delete(phone, &params, now),
        "answerCallbackQuery" => compose::answer(phone, &params, now),
        "sendChatAction" => chat_id(phone, &params).map(|_| Value::Bool(true)),
        "getUpdates" => updates(phone, &params, now),
        "setMyCommands" => set_commands(phone, &params),
        "getMyCommands" => Ok(phone.commands.clone()),
        "deleteMyCommands" => {
            phone.commands = json!([]);
            Ok(Value::Bool(true))
        }
        "getWebhookInfo" => Ok(json!({"url": phone.webhook.clone().unwrap_or_default(),
            "has_custom_certificate": false, "pending_update_count": 0})),
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

/// A method's result, or HTTP status and description.
pub(super) type Answer<T = Value> = Result<T, (u16, String)>;

/// HTTP 400 in Telegram's words.
pub(super) fn bad<T>(what: &str) -> Answer<T> {
    Err((400, format!("Bad Request: {what}")))
}

/// The chat a call is about, which must know the bot.
pub(super) fn chat_id(phone: &Phone, params: &Params) -> Answer<i64> {
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

/// Checks the menu as Telegram does: short lower-case names, each with a description.
fn set_commands(phone: &mut Phone, params: &Params) -> Answer {
    let Some(Value::Array(commands)) = params.object("commands") else {
        return bad("parameter \"commands\" is required");
    };
    for command in &commands {
        let name = command["command"].as_str().unwrap_or_default();
        let known = |sign: u8| matches!(sign, b'a'..=b'z' | b'0'..=b'9' | b'_');
        if !(1..=32).contains(&name.len()) || !name.bytes().all(known) {
            return bad("BOT_COMMAND_INVALID");
        }
        if !(1..=256).contains(&command["description"].as_str().unwrap_or_default().chars().count()) {
            return bad("BOT_COMMAND_DESCRIPTION_INVALID");
        }
    }
    phone.commands = Value::Array(commands);
    Ok(Value::Bool(true))
}

fn updates(phone: &mut Phone, params: &Params, now: DateTime<Utc>) -> Answer {
    if phone.webhook.is_some() {
        let what = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the \
                    webhook first";
        return Err((409, what.into()));
    }
    if let Some(kinds) = params.object("allowed_updates") {
        phone.updates.allow(serde_json::from_value(kinds).unwrap_or_default());
    }
    let limit = usize::try_from(params.number("limit").unwrap_or(100)).unwrap_or(100).clamp(1, 100);
    Ok(Value::Array(phone.updates.fetch(params.number("offset").unwrap_or(0), limit, now)))
}

/// Lets a `getUpdates` call take over from the one before it; `None` for any other call and for a wrong token.
pub(crate) fn begin_poll(world: &mut World, request: &Request) -> Option<u64> {
    let polls = endpoint(&request.path) == crate::endpoint::GET_UPDATES;
    let ours = token(&request.path) == Some(&world.phone.settings.bot_token);
    (polls && ours).then(|| world.phone.updates.arrive())
}

/// The end of a `getUpdates` call whose place a later one took.
pub(crate) fn conflict(world: &mut World, ticket: u64) -> Option<Reply> {
    let taken = world.phone.updates.taken_over(ticket);
    taken.then(|| error(409, POLL_CONFLICT))
}

/// What the poller that loses is told.
pub(crate) const POLL_CONFLICT: &str =
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";

/// How long a `getUpdates` call wants to wait for something to happen, in real time.
pub(crate) fn longest_wait(world: &World, request: &Request) -> Duration {
    let timeout = Params::read(request).and_then(|params| params.number("timeout")).unwrap_or(0);
    Duration::from_secs(u64::try_from(timeout).unwrap_or(0)).min(world.longest_poll)
}
