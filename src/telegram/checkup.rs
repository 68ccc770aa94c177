//! Is the bot known, and may it write to the chat? Asked once, by a person who wants to know.

use std::time::Duration;

use teloxide::{
    RequestError,
    prelude::Requester,
    types::{ChatAction, ChatId},
};

use crate::{
    config::TelegramSettings,
    telegram::{
        bot,
        outcome::{Outcome, judge},
        shown, transport,
    },
};

/// Why a question about Telegram has no good answer. Without the bot token, whoever worded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckupError {
    /// Telegram says no.
    Refused(String),
    /// Telegram says nothing, or asks to wait.
    Silent(String),
    /// The group became a supergroup with this id.
    Moved(i64),
    /// The settings make no question.
    Setup(String),
}

/// What Telegram says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkup {
    /// The bot's name, as `@keeper_bot`.
    pub bot: Result<String, CheckupError>,
    /// Whether the bot may write to the chat.
    pub chat: Result<(), CheckupError>,
}

/// Asks Telegram about bot and chat. Each question takes `limit` at most.
pub async fn checkup(settings: &TelegramSettings, limit: Duration) -> Checkup {
    let chat = ChatId(settings.chat_id);
    let bot = match bot(settings, limit) {
        Ok(bot) => bot,
        Err(error) => {
            let setup = CheckupError::Setup(error.to_string());
            return Checkup { bot: Err(setup.clone()), chat: Err(setup) };
        }
    };
    let known = async {
        let me =
            within(limit, transport::call(&bot, bot.get_me())).await.map_err(|outcome| told(&bot, outcome));
        match me {
            Ok(Some(me)) => Ok(format!("@{}", me.username())),
            Ok(None) => Ok("the bot".to_owned()),
            Err(error) => Err(error),
        }
    };
    let reached = async {
        let info = within(limit, transport::call(&bot, bot.get_chat(chat))).await;
        info.map_err(|outcome| told(&bot, outcome))?;
        // Whoever may show that he is typing may write: a closed topic and a muted bot are told apart by nothing less.
        let typing =
            within(limit, transport::call(&bot, bot.send_chat_action(chat, ChatAction::Typing))).await;
        typing.map(|_done| ()).map_err(|outcome| told(&bot, outcome))
    };
    let (known, reached) = tokio::join!(known, reached);
    Checkup { bot: known, chat: reached }
}

/// `Ok(None)`: the answer is good, but has grown in a way that the library cannot read.
async fn within<T>(
    limit: Duration,
    request: impl Future<Output = Result<T, RequestError>>,
) -> Result<Option<T>, Outcome> {
    match tokio::time::timeout(limit, request).await {
        Ok(Ok(value)) => Ok(Some(value)),
        Ok(Err(error)) => match judge(&error) {
            Outcome::Sent => Ok(None),
            outcome => Err(outcome),
        },
        Err(_late) => Err(Outcome::Unreachable("no answer in time, or a server error".to_owned())),
    }
}

fn told(bot: &teloxide::Bot, outcome: Outcome) -> CheckupError {
    match outcome {
        Outcome::Unauthorized(why) | Outcome::BadMessage(why) => CheckupError::Refused(shown(bot, &why)),
        Outcome::Moved(to) => CheckupError::Moved(to.0),
        Outcome::Unreachable(why) => CheckupError::Silent(shown(bot, &why)),
        Outcome::Wait(_) => CheckupError::Silent("Telegram asks to wait".to_owned()),
        Outcome::Sent => CheckupError::Silent("the answer cannot be read".to_owned()),
    }
}
