//! The Bot API methods the simulator knows.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::answers::{MethodResult, bad, error, moved, ok};
use super::compose;
use super::params::{Params, chat_id};
use super::path::{endpoint, token};
use crate::http::{Request, Response};
use crate::phone::{Phone, render};
use crate::state::World;

/// Answers one request to the Telegram port.
pub(crate) fn handle(world: &mut World, request: &Request) -> Response {
    if token(&request.path) != Some(&world.phone.settings.bot_token) {
        return error(401, "Unauthorized");
    }
    let Some(params) = Params::read(request) else {
        return error(400, "Bad Request: can't parse JSON object");
    };
    let now = world.now();
    let phone = &mut world.phone;
    if let Some(to) = params.number("chat_id").and_then(|chat| phone.moved.get(&chat)) {
        return moved(*to);
    }
    let answered = match endpoint(&request.path).trim_start_matches("/telegram/") {
        "getMe" => Ok(render::bot(&phone.settings)),
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

fn full_chat(id: i64) -> Value {
    let mut chat = render::chat(id);
    chat["accent_color_id"] = json!(0);
    chat["max_reaction_count"] = json!(11);
    chat["accepted_gift_types"] = json!({"unlimited_gifts": true, "limited_gifts": true, "unique_gifts": true,
        "premium_subscription": true});
    chat
}

/// Checks the menu as Telegram does: short lower-case names, each with a description.
fn set_commands(phone: &mut Phone, params: &Params) -> MethodResult {
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

fn updates(phone: &mut Phone, params: &Params, now: DateTime<Utc>) -> MethodResult {
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
