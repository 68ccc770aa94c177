//! What an answer of the Bot API means for the alert.

use std::time::Duration;

use teloxide::{ApiError, RequestError, types::ChatId};

/// What became of one request. Holds no inner error: those know the URL, and the URL has the token in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Delivered.
    Sent,
    /// HTTP 429 with `retry_after`.
    Wait(Duration),
    /// Network, timeout, server error, or an answer that is none. It may have been delivered.
    Unreachable(String),
    /// The bot or the chat is wrong.
    Unauthorized(String),
    /// Telegram does not take this text.
    BadMessage(String),
    /// The group has become a supergroup with this id.
    Moved(ChatId),
}

/// Parts of "Bad Request" answers that blame the chat and not the message.
const CHAT_TROUBLE: [&str; 9] = [
    "chat not found",
    "chat_id",
    "chat_write_forbidden",
    "chat_restricted",
    "deactivated",
    "kicked",
    "peer_id_invalid",
    "rights",
    "topic_closed",
];

/// Sorts a failed request.
pub(super) fn judge(error: &RequestError) -> Outcome {
    match error {
        RequestError::RetryAfter(seconds) => Outcome::Wait(seconds.duration()),
        RequestError::MigrateToChatId(to) => Outcome::Moved(*to),
        RequestError::Api(error) => refusal(error),
        RequestError::Network(error) if error.is_timeout() => unreachable("no answer in time"),
        RequestError::Network(error) if error.is_connect() => unreachable("no connection"),
        RequestError::Network(_) => unreachable("the connection broke"),
        RequestError::InvalidJson { raw, .. } if says_ok(raw) => Outcome::Sent,
        RequestError::InvalidJson { .. } => unreachable("the answer is not Telegram's"),
        RequestError::Io(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
            unreachable("the answer is too long")
        }
        RequestError::Io(_) => unreachable("the request could not be made"),
    }
}

fn unreachable(why: &str) -> Outcome {
    Outcome::Unreachable(why.to_owned())
}

/// Telegram grows fields; a message that was delivered counts as such even if its description cannot be read.
fn says_ok(raw: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(raw).is_ok_and(|answer| answer["ok"] == true)
}

/// teloxide drops the numeric code, so the words decide; they begin with the name of the HTTP status.
fn refusal(error: &ApiError) -> Outcome {
    let words = match error {
        ApiError::Unknown(words) => words.clone(),
        known => known.to_string(),
    };
    let plain = words.to_lowercase();
    let begins = |start: &str| plain.starts_with(start);
    let blames_bot = *error == ApiError::InvalidToken
        || ["forbidden", "unauthorized", "not found"].iter().any(|start| begins(start));
    let blames_chat = begins("bad request") && CHAT_TROUBLE.iter().any(|part| plain.contains(part));
    if blames_bot || blames_chat {
        Outcome::Unauthorized(words)
    } else if begins("bad request") || is_about_the_text(error) {
        Outcome::BadMessage(words)
    } else {
        Outcome::Unreachable(words)
    }
}

/// Refusals of a text that teloxide knows by other words.
fn is_about_the_text(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::CantParseEntities(_) | ApiError::MessageIsTooLong | ApiError::MessageTextIsEmpty
    )
}
