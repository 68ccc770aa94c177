//! Where alerts go: is the bot known, may it write to the chat, does the webhook's receiver answer.

use crate::doctor::{
    finding::{Finding, LIMIT},
    net::{self, Probe},
};
use keeper_domain::chat::talk::SHOW_BOT_TOKEN;

use crate::{
    config::Settings,
    telegram::{self, CheckupError},
};

pub(super) async fn telegram(settings: &Settings) -> Vec<Finding> {
    let Some(telegram) = &settings.telegram else {
        let what = "not set: alerts go to the log, and nobody is asked to log in";
        return vec![Finding::warn(
            "Telegram",
            what,
            "Set TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID: `fyers-keeper init` asks for them.",
        )];
    };
    let checkup = telegram::checkup(telegram, LIMIT).await;
    let bot = match checkup.bot {
        Ok(name) => Finding::pass("Telegram bot", format!("{name} answers")),
        Err(error) => return vec![of_bot(&error)],
    };
    let nobody = telegram.allowed_users.is_empty();
    let chat = match checkup.chat {
        Ok(()) if nobody => Finding::warn(
            "Telegram chat",
            "a group the bot is in, but nobody may command the keeper there",
            "List user ids in TELEGRAM_ALLOWED_USERS.",
        ),
        Ok(()) => Finding::pass("Telegram chat", "the bot is in it and may write there"),
        Err(error) => of_chat(&error),
    };
    vec![bot, chat]
}

/// Whether somebody answers at the second channel; nothing is sent. `None` when there is no such channel.
pub(super) async fn webhook(settings: &Settings) -> Option<Finding> {
    let url = settings.webhook_url.as_ref()?;
    Some(match net::head(url).await {
        Probe::Answered { status, .. } if status < 500 => Finding::pass(
            "webhook",
            "somebody answers there; /test in the chat, or POST /api/alerts/test, sends a test",
        ),
        Probe::Answered { status, .. } => {
            let what = format!("its receiver answers with HTTP {status}: it has trouble");
            Finding::warn("webhook", what, "See to the receiver; alerts wait and are delivered later.")
        }
        Probe::Silent(why) => {
            let advice = "Check KEEPER_WEBHOOK_URL and the network; alerts wait and are delivered later.";
            Finding::fail("webhook", format!("its receiver cannot be reached: {why}"), advice)
        }
    })
}

fn of_bot(error: &CheckupError) -> Finding {
    match error {
        CheckupError::Refused(why) => {
            let what = format!("Telegram does not know the bot: {why}");
            Finding::fail("Telegram bot", what, format!("Set TELEGRAM_BOT_TOKEN again: {SHOW_BOT_TOKEN}."))
        }
        CheckupError::Silent(why) => {
            let what = format!("Telegram cannot be reached: {why}");
            Finding::fail("Telegram bot", what, "Check the network; alerts wait and are delivered later.")
        }
        CheckupError::Setup(why) => {
            Finding::fail("Telegram bot", why.clone(), "Compare with `fyers-keeper config example`.")
        }
        CheckupError::Moved(to) => moved(*to),
    }
}

fn of_chat(error: &CheckupError) -> Finding {
    match error {
        CheckupError::Refused(why) | CheckupError::Setup(why) => {
            let advice = match why.to_uppercase() {
                why if why.contains("TOPIC_CLOSED") => {
                    "Open the group's General topic again, or use another chat."
                }
                why if why.contains("RIGHTS") || why.contains("FORBIDDEN") => {
                    "Give the bot the right to send messages there: in the group's permissions, or as an administrator."
                }
                _ => {
                    "Open the chat with the bot and press Start (in a group: add the bot), and check TELEGRAM_CHAT_ID."
                }
            };
            Finding::fail("Telegram chat", format!("the bot cannot write there: {why}"), advice)
        }
        CheckupError::Moved(to) => moved(*to),
        CheckupError::Silent(why) => {
            Finding::warn("Telegram chat", format!("could not be looked at: {why}"), "Ask again in a minute.")
        }
    }
}

fn moved(to: i64) -> Finding {
    let what = format!("the group has a new id, {to}; a running keeper follows it");
    Finding::warn("Telegram chat", what, format!("Set TELEGRAM_CHAT_ID={to}."))
}
