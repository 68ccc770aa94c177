//! A chat with buttons, for the login card and for commands.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use keeper_domain::{
    alert::SendError,
    chat::talk::{Bubble, Chat, Heard, MessageId, PollError, Update},
    text::{shown_lines, unmarked},
};
use serde::{Serialize, de::DeserializeOwned};
use teloxide::{
    ApiError, Bot, RequestError,
    payloads::{AnswerCallbackQuerySetters, EditMessageTextSetters, GetUpdatesSetters, SendMessageSetters},
    prelude::Requester,
    requests::{HasPayload, Payload},
    types::{self, AllowedUpdate, BotCommand, CallbackQueryId, ChatId, ParseMode, ReplyParameters},
};

use crate::telegram::{
    GroupMoves, LIMIT, TelegramSettings, TelegramSetupError, bot, hear,
    keys::{NoAddress, cut, keyboard},
    markup, no_preview,
    outcome::{Outcome, judge},
    shown, transport,
};

/// How long Telegram holds a poll open when there is nothing new.
const HELD: Duration = Duration::from_secs(25);

/// What the keeper cares about.
const KINDS: [AllowedUpdate; 3] =
    [AllowedUpdate::Message, AllowedUpdate::EditedMessage, AllowedUpdate::CallbackQuery];

/// Talks as the bot. The settings' chat does not matter here: every call names its own.
pub struct TelegramChat {
    bot: Bot,
    /// The same bot, with more patience.
    poller: Bot,
    limit: Duration,
    held: Duration,
    moves: Option<std::sync::Arc<GroupMoves>>,
}

impl TelegramChat {
    /// Checks the settings; does not call Telegram.
    pub fn new(settings: &TelegramSettings) -> Result<Self, TelegramSetupError> {
        Self::with_limits(settings, LIMIT, HELD)
    }

    fn with_limits(
        settings: &TelegramSettings,
        limit: Duration,
        held: Duration,
    ) -> Result<Self, TelegramSetupError> {
        Ok(Self {
            bot: bot(settings, limit)?,
            poller: bot(settings, held + limit)?,
            limit,
            held,
            moves: None,
        })
    }

    /// With what is known of the group's moves, which it shares with the messenger.
    #[must_use]
    pub fn with_moves(self, moves: std::sync::Arc<GroupMoves>) -> Self {
        Self { moves: Some(moves), ..self }
    }

    /// Where the chat is now.
    fn present(&self, chat: i64) -> ChatId {
        ChatId(self.moves.as_ref().map_or(chat, |moves| moves.outgoing(chat)))
    }

    /// Notes that a chat has moved when Telegram says so. Its old messages stay behind, so what was to be changed
    /// there is found out anew.
    fn learn<T>(&self, chat: ChatId, answer: Result<T, Trouble>) -> Result<T, Trouble> {
        if let (Err(Trouble::Told(RequestError::MigrateToChatId(to))), Some(moves)) = (&answer, &self.moves) {
            moves.learn(chat.0, to.0);
            return Err(Trouble::Late);
        }
        answer
    }

    fn hear(&self, update: types::Update) -> Update {
        let Some(moves) = &self.moves else { return hear::update(update) };
        if let types::UpdateKind::Message(message) = &update.kind {
            if let Some(to) = message.migrate_to_chat_id() {
                moves.learn(message.chat.id.0, to.0);
            }
            if let Some(from) = message.migrate_from_chat_id() {
                moves.learn(from.0, message.chat.id.0);
            }
        }
        let mut update = hear::update(update);
        if let Heard::Message { chat, .. } | Heard::Press { chat, .. } = &mut update.heard {
            *chat = moves.incoming(*chat);
        }
        update
    }

    async fn poll(&self, after: i64, held: Duration) -> Result<Vec<Update>, PollError> {
        // Numbers are 32 bits wide (Bot API, Update); zero begins with the oldest that waits.
        let offset = if after > 0 { i32::try_from(after.saturating_add(1)).unwrap_or(i32::MAX) } else { 0 };
        let seconds = u32::try_from(held.as_secs()).unwrap_or(u32::MAX);
        let request = self.poller.get_updates().offset(offset).limit(transport::MOST);
        let request = request.timeout(seconds).allowed_updates(KINDS);
        match tokio::time::timeout(held + self.limit, transport::call(&self.poller, request)).await {
            Ok(Ok(updates)) => Ok(updates.into_iter().map(|update| self.hear(update)).collect()),
            Ok(Err(error)) => Err(self.poll_error(&error)),
            Err(_elapsed) => Err(PollError::Failed("no answer in time, or a server error".to_owned())),
        }
    }

    fn poll_error(&self, error: &RequestError) -> PollError {
        // A webhook of another program is a conflict as well.
        if let RequestError::Api(error) = error
            && error.to_string().to_lowercase().contains("conflict: ")
        {
            return PollError::Conflict;
        }
        match judge(error) {
            Outcome::Wait(asked) => PollError::Wait(asked),
            Outcome::Unauthorized(_) => PollError::Refused,
            Outcome::Sent => PollError::Failed("the answer cannot be read".to_owned()),
            Outcome::Moved(_) => PollError::Failed("the answer is about a chat".to_owned()),
            Outcome::Unreachable(why) | Outcome::BadMessage(why) => PollError::Failed(shown(&self.bot, &why)),
        }
    }

    /// One request within the limit.
    async fn call<R>(&self, request: R) -> Result<<R::Payload as Payload>::Output, Trouble>
    where
        R: HasPayload,
        R::Payload: Serialize,
        <R::Payload as Payload>::Output: DeserializeOwned,
    {
        match tokio::time::timeout(self.limit, transport::call(&self.bot, request)).await {
            Ok(answer) => answer.map_err(Trouble::Told),
            Err(_elapsed) => Err(Trouble::Late),
        }
    }

    async fn post(&self, chat: ChatId, bubble: &Bubble) -> Result<MessageId, Trouble> {
        let request = self
            .bot
            .send_message(chat, markup::bubble(bubble))
            .parse_mode(ParseMode::Html)
            .link_preview_options(no_preview())
            .disable_notification(!bubble.loud)
            .protect_content(bubble.protected);
        let request = match keyboard(bubble).map_err(|NoAddress| Trouble::Button)? {
            Some(keyboard) => request.reply_markup(keyboard),
            None => request,
        };
        let request = match bubble.reply_to {
            Some(MessageId(id)) => request
                .reply_parameters(ReplyParameters::new(types::MessageId(id)).allow_sending_without_reply()),
            None => request,
        };
        match self.call(request).await {
            Ok(message) => Ok(MessageId(message.id.0)),
            Err(Trouble::Told(RequestError::InvalidJson { raw, source })) => {
                // Delivered, though the library cannot read its description.
                message_id(&raw).ok_or(Trouble::Told(RequestError::InvalidJson { raw, source }))
            }
            Err(trouble) => Err(trouble),
        }
    }

    fn send_error(&self, trouble: Trouble) -> SendError {
        let outcome = match trouble {
            Trouble::Late => Outcome::Unreachable("no answer in time, or a server error".to_owned()),
            Trouble::Button => Outcome::BadMessage("a button's address is none".to_owned()),
            Trouble::Told(error) => judge(&error),
        };
        match outcome {
            Outcome::Sent => SendError::Unreachable("the answer cannot be read".to_owned()),
            Outcome::Wait(asked) => SendError::Wait(asked),
            Outcome::Moved(_) => SendError::Unauthorized("the chat has moved".to_owned()),
            Outcome::Unauthorized(why) => SendError::Unauthorized(shown(&self.bot, &why)),
            Outcome::Unreachable(why) => SendError::Unreachable(shown(&self.bot, &why)),
            Outcome::BadMessage(why) => SendError::BadMessage(shown(&self.bot, &why)),
        }
    }

    /// What a request without a result came to. `fine` are refusals that mean it is already so.
    fn settled<T>(&self, result: Result<T, Trouble>, fine: &[ApiError]) -> Result<(), SendError> {
        match result {
            Ok(_) => Ok(()),
            Err(Trouble::Told(RequestError::Api(error))) if fine.contains(&error) => Ok(()),
            Err(Trouble::Told(error)) if judge(&error) == Outcome::Sent => Ok(()),
            Err(trouble) => Err(self.send_error(trouble)),
        }
    }
}

/// Why a request failed. Never shown: the library's error knows the address, and the token is in that.
enum Trouble {
    Late,
    Button,
    Told(RequestError),
}

impl fmt::Debug for TelegramChat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelegramChat").field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[async_trait]
impl Chat for TelegramChat {
    fn present(&self, chat: i64) -> i64 {
        Self::present(self, chat).0
    }

    async fn updates(&self, after: i64) -> Result<Vec<Update>, PollError> {
        self.poll(after, self.held).await
    }

    async fn pending(&self, after: i64) -> Result<Vec<Update>, PollError> {
        self.poll(after, Duration::ZERO).await
    }

    async fn say(&self, chat: i64, bubble: &Bubble) -> Result<MessageId, SendError> {
        let present = self.present(chat);
        let posted = match self.post(present, bubble).await {
            Err(Trouble::Told(RequestError::MigrateToChatId(to))) => {
                if let Some(moves) = &self.moves {
                    moves.learn(present.0, to.0);
                }
                self.post(to, bubble).await
            }
            posted => posted,
        };
        posted.map_err(|trouble| self.send_error(trouble))
    }

    async fn edit(&self, chat: i64, id: MessageId, bubble: &Bubble) -> Result<(), SendError> {
        let keyboard = keyboard(bubble).map_err(|NoAddress| self.send_error(Trouble::Button))?;
        let present = self.present(chat);
        let request = self
            .bot
            .edit_message_text(present, types::MessageId(id.0), markup::bubble(bubble))
            .parse_mode(ParseMode::Html)
            .link_preview_options(no_preview());
        // Without a keyboard the old one goes away.
        let request = match keyboard {
            Some(keyboard) => request.reply_markup(keyboard),
            None => request,
        };
        let answer = self.learn(present, self.call(request).await);
        self.settled(answer, &[ApiError::MessageNotModified])
    }

    async fn delete(&self, chat: i64, id: MessageId) -> Result<(), SendError> {
        let present = self.present(chat);
        let request = self.bot.delete_message(present, types::MessageId(id.0));
        let answer = self.learn(present, self.call(request).await);
        self.settled(answer, &[ApiError::MessageToDeleteNotFound])
    }

    async fn answer(&self, callback: &str, text: &str, alert: bool) -> Result<(), SendError> {
        let request = self.bot.answer_callback_query(CallbackQueryId(callback.to_owned())).show_alert(alert);
        let request =
            if text.is_empty() { request } else { request.text(cut(&unmarked(&shown_lines(text)))) };
        self.settled(self.call(request).await, &[])
    }

    async fn register(&self, commands: &[(&'static str, &'static str)]) -> Result<(), SendError> {
        let commands = commands.iter().map(|(name, what)| BotCommand::new(*name, *what));
        self.settled(self.call(self.bot.set_my_commands(commands)).await, &[])
    }

    async fn name(&self) -> Option<String> {
        self.call(self.bot.get_me()).await.ok().and_then(|me| me.user.username)
    }
}

fn message_id(raw: &str) -> Option<MessageId> {
    let answer: serde_json::Value = serde_json::from_str(raw).ok()?;
    let id = answer["result"]["message_id"].as_i64().filter(|_| answer["ok"] == true)?;
    i32::try_from(id).ok().map(MessageId)
}

#[cfg(test)]
mod tests;
