//! What is said and heard in a chat, and the ports for it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{alert::SendError, keys::BotName};

/// A message's number within its chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub i32);

/// A person at Telegram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The user id: the only thing that is checked.
    pub id: i64,
    /// The name as shown; anyone can call themselves anything.
    pub name: String,
}

/// A button below a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Button {
    /// Opens an address.
    Link {
        /// What is on it.
        label: String,
        /// Where it leads.
        url: String,
    },
    /// Tells the keeper.
    Press {
        /// What is on it.
        label: String,
        /// What the keeper hears, at most 64 bytes (Bot API, InlineKeyboardButton).
        data: String,
    },
}

/// One message from the keeper. Its text is plain: the adapter escapes it. Link previews are always off.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bubble {
    /// The first line is shown in bold.
    pub text: String,
    /// Rows of buttons.
    pub buttons: Vec<Vec<Button>>,
    /// Whether the phone makes a sound.
    pub loud: bool,
    /// Whether Telegram must not let it be forwarded or saved.
    pub protected: bool,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
}

/// Something that happened in a chat.
#[derive(Debug, Clone)]
pub struct Update {
    /// Grows by one or more with each (Bot API, Update).
    pub id: i64,
    /// What it is.
    pub heard: Heard,
}

/// What was heard.
#[derive(Debug, Clone)]
pub enum Heard {
    /// Somebody wrote.
    Message {
        /// The chat.
        chat: i64,
        /// Whether the chat is between the bot and one person.
        private: bool,
        /// Who; `None` for channels and anonymous admins.
        from: Option<Person>,
        /// The message.
        id: MessageId,
        /// When it was written, by Telegram's clock.
        at: DateTime<Utc>,
        /// What it says. It may be a redirect address with a login code in it, so it is kept wrapped.
        text: SecretString,
        /// Whether it was written elsewhere first.
        forwarded: bool,
        /// Whether it is a change of an earlier one.
        edited: bool,
    },
    /// Somebody pressed a button.
    Press {
        /// What Telegram wants to be answered by.
        callback: String,
        /// The chat of the message with the button.
        chat: i64,
        /// The message with the button.
        message: MessageId,
        /// Who.
        from: Person,
        /// The button's data.
        data: String,
    },
    /// Nothing the keeper cares about.
    Other,
}

/// Where the token of a bot is seen again: for whoever has a wrong one.
pub const SHOW_BOT_TOKEN: &str =
    "in Telegram write /mybots to @BotFather, choose the bot and press \"API Token\"";

/// Why updates could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollError {
    /// Another program polls with the same bot token (Bot API, HTTP 409).
    Conflict,
    /// Telegram asks to wait.
    Wait(std::time::Duration),
    /// The bot token is refused.
    Refused,
    /// Anything else; it may pass.
    Failed(String),
}

/// How many updates an answer has at most. One with fewer is all there was (Bot API, getUpdates).
pub const FULL_BATCH: usize = 100;

/// A chat with buttons, as the Bot API has it.
#[async_trait]
pub trait Chat: Send + Sync {
    /// The id that the chat has now: a group that moved has another one than before, and its old messages cannot be
    /// changed any more.
    fn present(&self, chat: i64) -> i64 {
        chat
    }
    /// Waits for updates after this one, up to half a minute; an empty answer is a quiet half minute.
    async fn updates(&self, after: i64) -> Result<Vec<Update>, PollError>;
    /// What there is after this one, without waiting: to be up to date again.
    async fn pending(&self, after: i64) -> Result<Vec<Update>, PollError> {
        self.updates(after).await
    }
    /// Sends a message.
    async fn say(&self, chat: i64, bubble: &Bubble) -> Result<MessageId, SendError>;
    /// Changes a message's text and buttons. One that already looks so is no error.
    async fn edit(&self, chat: i64, id: MessageId, bubble: &Bubble) -> Result<(), SendError>;
    /// Takes a message out of the chat. One that is gone is no error.
    async fn delete(&self, chat: i64, id: MessageId) -> Result<(), SendError>;
    /// Answers a press: a short text in passing, or over the chat when `alert`.
    async fn answer(&self, callback: &str, text: &str, alert: bool) -> Result<(), SendError>;
    /// Tells Telegram the commands and what they do, for the menu.
    async fn register(&self, commands: &[(&'static str, &'static str)]) -> Result<(), SendError>;
    /// The bot's own name, without the `@`; `None` when it cannot be had now.
    async fn name(&self) -> Option<String> {
        None
    }
}

/// What a command wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TalkTopic {
    /// Mode, session, next tick, in a few lines.
    Status,
    /// The mode and why.
    Mode,
    /// The token's end and source; never its value.
    Token,
    /// The account whose first login waits for the owner's word.
    Confirm,
    /// The next trading days and holidays.
    Calendar,
    /// The keeper's parts and its outbox.
    Health,
    /// The newest events.
    Logs,
    /// Version and commit.
    Version,
    /// Open positions and the day's result.
    Positions,
    /// The order book of today.
    Orders,
    /// Money in the account.
    Funds,
    /// Profit and loss of the day, by symbol.
    Pnl,
    /// The sockets to FYERS, and the bots that follow them.
    Feeds,
    /// The bots' keys and what they did today; never a key itself.
    Keys,
}

/// What a command wants to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Show the login card now.
    Login,
    /// End the session at the broker.
    Logout,
    /// One refresh call.
    Refresh,
    /// Entries are refused from now on.
    Halt {
        /// Of this bot only; `None`: of all.
        bot: Option<BotName>,
    },
    /// Trade again.
    Resume {
        /// This bot only; `None`: what was halted for all.
        bot: Option<BotName>,
    },
    /// Close all simulated positions at their last price.
    Flat,
    /// Alerts without a sound for so many minutes; critical ones still have one.
    Mute {
        /// For how long.
        minutes: u32,
    },
    /// Sound again.
    Unmute,
    /// No login reminders for so many minutes.
    Snooze {
        /// For how long.
        minutes: u32,
    },
    /// No login reminders for the rest of the day.
    MockToday,
    /// Send one alert of each severity.
    Test,
    /// This FYERS account is the owner's: its first login may count.
    Confirm {
        /// The account (`fy_id`).
        account: String,
    },
}

/// What the chat's commands reach.
#[async_trait]
pub trait Control: Send + Sync {
    /// An answer of at most ten lines.
    async fn tell(&self, topic: TalkTopic) -> String;
    /// Does it, and says in a line or two how it went; empty when it shows by itself. `by` is who asked, for
    /// the journal.
    async fn act(&self, action: Action, by: &Person) -> String;
    /// Why there is no need to ask whether it is meant: it cannot be done, or is so already. `None`: ask.
    async fn needless(&self, _action: &Action) -> Option<String> {
        None
    }
    /// What else a person should know before the answer to the question, as it is just now.
    async fn beforehand(&self, _action: &Action) -> Option<String> {
        None
    }
    /// Takes the code of a login, bare or within the redirect address, and says in a line or two how it went;
    /// nothing at all when the login card says it.
    async fn redeem(&self, pasted: SecretString, by: &Person) -> String;
    /// Notes that somebody unknown wrote to the bot.
    async fn stranger(&self, user: i64);
    /// Notes that another program polls with the same bot token.
    async fn second_poller(&self);
}
