//! A chat with buttons: the login card and the commands, by the Bot API.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use keeper_actors::{
    chat::talk::{Bubble, Button, Chat, FULL_BATCH, Heard, MessageId, Person, PollError, Update},
    notifier::{outbox::SendError, words::excerpt},
};
use secrecy::{ExposeSecret, SecretString};
use teloxide::{
    ApiError, Bot, RequestError,
    payloads::{AnswerCallbackQuerySetters, EditMessageTextSetters, GetUpdatesSetters, SendMessageSetters},
    prelude::Requester,
    types::{
        self, AllowedUpdate, BotCommand, CallbackQueryId, ChatId, InlineKeyboardButton, InlineKeyboardMarkup,
        ParseMode, ReplyParameters, UpdateKind,
    },
    utils::html::{bold, escape},
};
use url::Url;

use super::{
    LIMIT, TelegramSettings, TelegramSetupError, api_url, client, is_token, no_preview,
    outcome::{Outcome, judge},
};

/// How long Telegram holds a question for updates open.
const POLL: Duration = Duration::from_secs(25);
/// The longest such a question may take, connecting and reading included.
const POLL_LIMIT: Duration = Duration::from_secs(40);
/// Characters of an answer to a press (Bot API, answerCallbackQuery).
const ANSWER: usize = 200;

/// The bot's side of the chat.
pub struct TelegramChat {
    bot: Bot,
    /// Waits longer, on connections of its own.
    poller: Bot,
}

impl TelegramChat {
    /// Checks the settings; does not call Telegram.
    pub fn new(settings: &TelegramSettings) -> Result<Self, TelegramSetupError> {
        let token = settings.bot_token.expose_secret();
        if !is_token(token) {
            return Err(TelegramSetupError::BotToken);
        }
        let url = api_url(settings.api_url.as_ref())?;
        let bot = |limit: Duration| -> Result<Bot, TelegramSetupError> {
            Ok(Bot::with_client(token, client(&url, limit)?).set_api_url(url.clone()))
        };
        Ok(Self { bot: bot(LIMIT)?, poller: bot(POLL_LIMIT)? })
    }

    /// One request, bounded here too: teloxide sleeps 10 s over every 5xx before it reads the answer.
    async fn ask<T>(&self, request: impl Future<Output = Result<T, RequestError>>) -> Result<T, SendError> {
        match tokio::time::timeout(LIMIT, request).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.refusal(&error)),
            Err(_elapsed) => Err(SendError::Unreachable("no answer in time, or a server error".to_owned())),
        }
    }

    fn refusal(&self, error: &RequestError) -> SendError {
        match judge(error) {
            Outcome::Wait(asked) => SendError::Wait(asked),
            Outcome::Unauthorized(why) => SendError::Unauthorized(self.shown(&why)),
            Outcome::BadMessage(why) => SendError::BadMessage(self.shown(&why)),
            Outcome::Unreachable(why) => SendError::Unreachable(self.shown(&why)),
            Outcome::Moved(_) => SendError::Unauthorized("the group has a new id".to_owned()),
            // It was done, but the answer cannot be read, so the message's number is not known.
            Outcome::Sent => SendError::Unreachable("the answer is not as expected".to_owned()),
        }
    }

    fn shown(&self, why: &str) -> String {
        excerpt(&why.replace(self.bot.token(), "[bot token]"), 200)
    }

    fn poll_error(&self, error: &RequestError) -> PollError {
        if matches!(error, RequestError::Api(ApiError::TerminatedByOtherGetUpdates)) {
            return PollError::Conflict;
        }
        match self.refusal(error) {
            SendError::Wait(asked) => PollError::Wait(asked),
            SendError::Unauthorized(_) => PollError::Refused,
            SendError::BadMessage(why) if why.to_lowercase().contains("conflict") => PollError::Conflict,
            SendError::BadMessage(why) | SendError::Unreachable(why) => PollError::Failed(why),
        }
    }
}

impl fmt::Debug for TelegramChat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelegramChat").finish_non_exhaustive()
    }
}

#[async_trait]
impl Chat for TelegramChat {
    async fn updates(&self, after: i64) -> Result<Vec<Update>, PollError> {
        let kinds = [AllowedUpdate::Message, AllowedUpdate::EditedMessage, AllowedUpdate::CallbackQuery];
        let request = self
            .poller
            .get_updates()
            .offset(i32::try_from(after.saturating_add(1)).unwrap_or_default())
            .timeout(u32::try_from(POLL.as_secs()).unwrap_or_default())
            .limit(u8::try_from(FULL_BATCH).unwrap_or(u8::MAX))
            .allowed_updates(kinds);
        match tokio::time::timeout(POLL_LIMIT, async move { request.await }).await {
            Ok(Ok(updates)) => Ok(updates.into_iter().map(update).collect()),
            Ok(Err(error)) => Err(self.poll_error(&error)),
            Err(_elapsed) => Err(PollError::Failed("no answer in time, or a server error".to_owned())),
        }
    }

    async fn say(&self, chat: i64, bubble: &Bubble) -> Result<MessageId, SendError> {
        let mut request = self
            .bot
            .send_message(ChatId(chat), html(&bubble.text))
            .parse_mode(ParseMode::Html)
            .link_preview_options(no_preview())
            .disable_notification(!bubble.loud)
            .protect_content(bubble.protected);
        if let Some(MessageId(id)) = bubble.reply_to {
            let reply = ReplyParameters::new(types::MessageId(id)).allow_sending_without_reply();
            request = request.reply_parameters(reply);
        }
        if !bubble.buttons.is_empty() {
            request = request.reply_markup(keyboard(bubble)?);
        }
        let message = self.ask(async move { request.await }).await?;
        Ok(MessageId(message.id.0))
    }

    async fn edit(&self, chat: i64, MessageId(id): MessageId, bubble: &Bubble) -> Result<(), SendError> {
        let request = self
            .bot
            .edit_message_text(ChatId(chat), types::MessageId(id), html(&bubble.text))
            .parse_mode(ParseMode::Html)
            .link_preview_options(no_preview())
            .reply_markup(keyboard(bubble)?);
        let edited = tokio::time::timeout(LIMIT, async move { request.await });
        match edited.await {
            Ok(Ok(_)) | Ok(Err(RequestError::Api(ApiError::MessageNotModified))) => Ok(()),
            Ok(Err(RequestError::Api(error))) if is_gone(&error) => {
                Err(SendError::BadMessage(self.shown(&error.to_string())))
            }
            Ok(Err(error)) => match judge(&error) {
                Outcome::Sent => Ok(()),
                _ => Err(self.refusal(&error)),
            },
            Err(_elapsed) => Err(SendError::Unreachable("no answer in time, or a server error".to_owned())),
        }
    }

    async fn delete(&self, chat: i64, MessageId(id): MessageId) -> Result<(), SendError> {
        let request = self.bot.delete_message(ChatId(chat), types::MessageId(id));
        match tokio::time::timeout(LIMIT, async move { request.await }).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(RequestError::Api(error))) if is_gone(&error) => Ok(()),
            Ok(Err(error)) => Err(self.refusal(&error)),
            Err(_elapsed) => Err(SendError::Unreachable("no answer in time, or a server error".to_owned())),
        }
    }

    async fn answer(&self, callback: &str, text: &str, alert: bool) -> Result<(), SendError> {
        let id = CallbackQueryId(callback.to_owned());
        let request = self.bot.answer_callback_query(id).text(excerpt(text, ANSWER)).show_alert(alert);
        self.ask(async move { request.await }).await.map(|_| ())
    }

    async fn register(&self, commands: &[(&'static str, &'static str)]) -> Result<(), SendError> {
        let request =
            self.bot.set_my_commands(commands.iter().map(|(name, what)| BotCommand::new(*name, *what)));
        self.ask(async move { request.await }).await.map(|_| ())
    }

    async fn name(&self) -> Option<String> {
        let request = self.bot.get_me();
        self.ask(async move { request.await }).await.ok().map(|me| me.username().to_owned())
    }
}

/// Refusals that mean that there is no such message to change or take away any more.
fn is_gone(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::MessageToEditNotFound
            | ApiError::MessageToDeleteNotFound
            | ApiError::MessageCantBeEdited
            | ApiError::MessageCantBeDeleted
            | ApiError::MessageIdInvalid
    )
}

/// The first line is bold.
fn html(text: &str) -> String {
    match text.split_once('\n') {
        Some((title, rest)) => format!("{}\n{}", bold(&escape(title)), escape(rest)),
        None => bold(&escape(text)),
    }
}

fn keyboard(bubble: &Bubble) -> Result<InlineKeyboardMarkup, SendError> {
    let button = |button: &Button| match button {
        Button::Link { label, url } => {
            let url = Url::parse(url)
                .map_err(|_| SendError::BadMessage("a button's link is no address".to_owned()))?;
            Ok(InlineKeyboardButton::url(label.clone(), url))
        }
        Button::Press { label, data } => Ok(InlineKeyboardButton::callback(label.clone(), data.clone())),
    };
    let rows: Result<Vec<Vec<_>>, _> =
        bubble.buttons.iter().map(|row| row.iter().map(button).collect::<Result<Vec<_>, _>>()).collect();
    Ok(InlineKeyboardMarkup::new(rows?))
}

fn update(update: types::Update) -> Update {
    let heard = match update.kind {
        UpdateKind::Message(message) => written(&message, false),
        UpdateKind::EditedMessage(message) => written(&message, true),
        UpdateKind::CallbackQuery(query) => pressed(query),
        _ => Heard::Other,
    };
    Update { id: i64::from(update.id.0), heard }
}

fn written(message: &types::Message, edited: bool) -> Heard {
    let Some(text) = message.text() else { return Heard::Other };
    Heard::Message {
        chat: message.chat.id.0,
        private: message.chat.is_private(),
        // Whoever writes in the name of a chat is nobody in particular.
        from: message.from.as_ref().filter(|_| message.sender_chat.is_none()).map(person),
        id: MessageId(message.id.0),
        at: message.date,
        text: SecretString::from(text),
        forwarded: message.forward_origin().is_some(),
        edited,
    }
}

fn pressed(query: types::CallbackQuery) -> Heard {
    let (Some(message), Some(data)) = (query.message.as_ref(), query.data) else { return Heard::Other };
    Heard::Press {
        callback: query.id.0,
        chat: message.chat().id.0,
        message: MessageId(message.id().0),
        from: person(&query.from),
        data,
    }
}

fn person(user: &types::User) -> Person {
    Person { id: i64::try_from(user.id.0).unwrap_or(i64::MAX), name: excerpt(&user.full_name(), 60) }
}
