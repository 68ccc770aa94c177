//! Telegram: where alerts go, and where a person taps and commands.
//!
//! The bot token is a full key to the bot and sits in every request's path. It must not get into an error, a
//! log line or a `Debug`, so nothing of an inner error is kept: `outcome` picks values out of it.

mod chat;
mod checkup;
mod hear;
mod keys;
mod log;
mod markup;
pub mod moves;
mod outcome;
mod transport;

#[cfg(test)]
mod tests;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use keeper_domain::{
    address::is_loopback,
    alert::{Outgoing, SendError, Severity},
    alerts::render::plain,
    ports::Messenger,
    text::unmarked,
};
use secrecy::ExposeSecret;
use teloxide::{
    Bot,
    payloads::SendMessageSetters,
    prelude::Requester,
    types::{ChatId, LinkPreviewOptions, ParseMode},
};
use url::Url;

use crate::config::TelegramSettings;

pub use chat::TelegramChat;
pub use checkup::{Checkup, CheckupError, checkup};
pub use hear::update;
pub use log::LogMessenger;
pub use moves::GroupMoves;
use outcome::{Outcome, judge};

/// The longest that one request may take, connecting and reading included.
pub const LIMIT: Duration = Duration::from_secs(10);

/// The settings do not make a messenger. Says which one is wrong, never its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TelegramSetupError {
    /// Not a base for requests.
    #[error("TELEGRAM_API_URL is not an http or https address")]
    ApiUrl,
    /// The bot token has characters that no bot token has.
    #[error("TELEGRAM_BOT_TOKEN is not of the form 123456:letters")]
    BotToken,
    /// TLS could not be set up.
    #[error("the HTTP client for Telegram cannot be built")]
    Client,
}

/// Sends alerts to one Telegram chat.
pub struct TelegramMessenger {
    bot: Bot,
    chat: ChatId,
    limit: Duration,
    moves: Option<std::sync::Arc<GroupMoves>>,
}

impl TelegramMessenger {
    /// Checks the settings; does not call Telegram.
    pub fn new(settings: &TelegramSettings) -> Result<Self, TelegramSetupError> {
        Self::with_limit(settings, LIMIT)
    }

    fn with_limit(settings: &TelegramSettings, limit: Duration) -> Result<Self, TelegramSetupError> {
        let bot = bot(settings, limit)?;
        Ok(Self { bot, chat: ChatId(settings.chat_id), limit, moves: None })
    }

    /// With what is known of the group's moves, which it shares with the chat.
    #[must_use]
    pub fn with_moves(self, moves: std::sync::Arc<GroupMoves>) -> Self {
        Self { moves: Some(moves), ..self }
    }

    /// Where the chat is now.
    fn present(&self) -> ChatId {
        self.moves.as_ref().map_or(self.chat, |moves| ChatId(moves.outgoing(self.chat.0)))
    }

    /// Formatted first; plain at once if Telegram does not like the format; and once more to the new chat if
    /// the group has moved.
    async fn deliver(&self, message: &Outgoing) -> Result<(), SendError> {
        let mut chat = self.present();
        let began = chat;
        let mut text = Text::Formatted;
        loop {
            match self.post(message, text, chat).await {
                Outcome::Sent => return Ok(()),
                Outcome::BadMessage(_) if text == Text::Formatted => text = Text::Plain,
                Outcome::Moved(to) if chat == began => {
                    if let Some(moves) = &self.moves {
                        moves.learn(chat.0, to.0);
                    }
                    chat = to;
                }
                Outcome::Moved(_) => return Err(SendError::Unauthorized("the chat has moved".to_owned())),
                Outcome::BadMessage(why) => return Err(SendError::BadMessage(shown(&self.bot, &why))),
                Outcome::Wait(asked) => return Err(SendError::Wait(asked)),
                Outcome::Unauthorized(why) => return Err(SendError::Unauthorized(shown(&self.bot, &why))),
                Outcome::Unreachable(why) => return Err(SendError::Unreachable(shown(&self.bot, &why))),
            }
        }
    }

    /// One request.
    async fn post(&self, message: &Outgoing, text: Text, chat: ChatId) -> Outcome {
        let body = match text {
            Text::Formatted => markup::html(message),
            Text::Plain => unmarked(&plain(message)),
        };
        let request = self
            .bot
            .send_message(chat, body)
            .link_preview_options(no_preview())
            .disable_notification(message.severity == Severity::Info);
        let request = match text {
            Text::Formatted => request.parse_mode(ParseMode::Html),
            Text::Plain => request,
        };
        match tokio::time::timeout(self.limit, transport::call(&self.bot, request)).await {
            Ok(Ok(_message)) => Outcome::Sent,
            Ok(Err(error)) => judge(&error),
            Err(_elapsed) => Outcome::Unreachable("no answer in time, or a server error".to_owned()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Formatted,
    Plain,
}

impl fmt::Debug for TelegramMessenger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelegramMessenger").field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[async_trait]
impl Messenger for TelegramMessenger {
    async fn send(&self, message: &Outgoing) -> Result<(), SendError> {
        self.deliver(message).await
    }
}

/// A bot whose requests take no longer than the limit.
fn bot(settings: &TelegramSettings, limit: Duration) -> Result<Bot, TelegramSetupError> {
    let token = settings.bot_token.expose_secret();
    if !is_token(token) {
        return Err(TelegramSetupError::BotToken);
    }
    let api_url = api_url(&settings.api_url)?;
    Ok(Bot::with_client(token, client(&api_url, limit)?).set_api_url(api_url))
}

/// Telegram's words for a log or a status page: short, on one line, and without the bot token even if
/// something in between has put it there.
fn shown(bot: &Bot, why: &str) -> String {
    keeper_domain::alerts::words::excerpt(&why.replace(bot.token(), "[bot token]"), 200)
}

/// Digits, a colon, and characters that are safe in a path.
fn is_token(token: &str) -> bool {
    token.split_once(':').is_some_and(|(id, secret)| {
        !id.is_empty()
            && id.bytes().all(|c| c.is_ascii_digit())
            && !secret.is_empty()
            && secret.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    })
}

/// The address to which `/bot<token>/<method>` is added. teloxide panics on one that cannot be a base.
fn api_url(url: &Url) -> Result<Url, TelegramSetupError> {
    let mut url = url.clone();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(TelegramSetupError::ApiUrl);
    }
    url.path_segments_mut().map_err(|()| TelegramSetupError::ApiUrl)?.pop_if_empty();
    Ok(url)
}

/// No redirects, which could carry the token elsewhere; no proxy for an address on this machine.
fn client(api_url: &Url, limit: Duration) -> Result<reqwest::Client, TelegramSetupError> {
    let builder = reqwest::Client::builder().timeout(limit).redirect(reqwest::redirect::Policy::none());
    let builder = if is_loopback(api_url) { builder.no_proxy() } else { builder };
    builder.build().map_err(|_| TelegramSetupError::Client)
}

fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}
