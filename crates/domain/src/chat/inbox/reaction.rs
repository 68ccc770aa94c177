//! What the rules are given, and what they say.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::chat::inbox::confirm::Nonce;
use crate::chat::talk::{Action, MessageId, Person, TalkTopic};

/// After so long without an update its number says nothing any more: after a quiet week Telegram begins
/// anew at a random one (Bot API, Update). It is longer than the day for which Telegram keeps updates, so
/// nothing that was heard can come again.
const CURSOR_LIFE: TimeDelta = TimeDelta::days(2);

/// Who may command, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The configured chat; a group has a negative id.
    pub chat_id: i64,
    /// User ids. Nobody else is heard, whatever they are called and wherever they write.
    pub allowed_users: Vec<i64>,
}

impl Policy {
    pub(super) fn knows(&self, user: i64) -> bool {
        self.allowed_users.contains(&user)
    }

    /// The configured chat, or the person's own with the bot, which has the person's id.
    pub(super) fn allows(&self, chat: i64, private: bool, user: i64) -> bool {
        chat == self.chat_id || (private && chat == user)
    }
}

/// Why something was not heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// Nothing the keeper cares about.
    Other,
    /// Heard before.
    Replay,
    /// From a channel or an anonymous admin.
    Anonymous,
    /// From a person who is not on the list.
    Stranger,
    /// From a known person in another chat.
    WrongChat,
    /// Written elsewhere first: the words may be somebody else's.
    Forwarded,
    /// A change of an earlier message.
    Edited,
    /// Too old, and a hint was just given.
    TooOld,
    /// Dated in the future.
    FromTheFuture,
    /// A command for another bot of the group.
    OtherBot,
    /// No command, and a hint was just given.
    Chatter,
}

impl Denial {
    /// For the log.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Replay => "replay",
            Self::Anonymous => "anonymous",
            Self::Stranger => "stranger",
            Self::WrongChat => "wrong_chat",
            Self::Forwarded => "forwarded",
            Self::Edited => "edited",
            Self::TooOld => "too_old",
            Self::FromTheFuture => "from_the_future",
            Self::OtherBot => "other_bot",
            Self::Chatter => "chatter",
        }
    }
}

/// Where an allowed person said something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandOrigin {
    /// The chat.
    pub chat: i64,
    /// The message, or the one with the button.
    pub message: MessageId,
    /// Who, known and allowed.
    pub by: Person,
}

/// What is done about a message.
#[derive(Debug, Clone)]
pub enum MessageReaction {
    /// Say this.
    Say(String),
    /// Say this, unless another hint was given within the minute.
    Hint(&'static str),
    /// Ask Control and say what it tells.
    Tell(TalkTopic),
    /// Do it and say how it went.
    Act(Action),
    /// Ask for a yes first.
    Ask(Action),
    /// Take the message out of the chat and redeem the code in it.
    Redeem(SecretString),
}

/// What is done about a press.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PressReaction {
    /// Answer this in passing, and do nothing.
    Pass(&'static str),
    /// A button of the login card: do it and answer in passing.
    Card(Action),
    /// A question was answered with yes: do it.
    Yes(Nonce, Action),
    /// A question was answered with no.
    No(Nonce, Action),
    /// The button of a question that is not waited for any more: do nothing, and say so in the chat.
    Late,
}

/// What is done about an update.
#[derive(Debug, Clone)]
pub enum Reaction {
    /// Nothing, and nobody is told.
    Silence(Denial),
    /// Nothing, and Control hears of a stranger: the first one of the day.
    Stranger(i64),
    /// About a message.
    Message(CommandOrigin, MessageReaction),
    /// About a press.
    Press(CommandOrigin, String, PressReaction),
}

impl Reaction {
    /// Who hears about it; nobody when nothing is said.
    pub fn origin(&self) -> Option<&CommandOrigin> {
        match self {
            Self::Silence(_) | Self::Stranger(_) => None,
            Self::Message(origin, _) | Self::Press(origin, ..) => Some(origin),
        }
    }

    /// Whether it may be carried out although its update cannot be written down: done once more after a crash it does no
    /// harm. Answers and questions are such, and so is a halt, which must not wait for a disk.
    pub fn is_harmless_twice(&self) -> bool {
        match self {
            Self::Silence(_)
            | Self::Press(_, _, PressReaction::Pass(_) | PressReaction::No(..) | PressReaction::Late) => true,
            Self::Message(_, MessageReaction::Act(action))
            | Self::Press(_, _, PressReaction::Card(action) | PressReaction::Yes(_, action)) => {
                matches!(action, Action::Halt { .. })
            }
            Self::Message(_, MessageReaction::Redeem(_)) | Self::Stranger(_) => false,
            Self::Message(..) => true,
        }
    }
}

/// The last update that was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cursor {
    /// Its number.
    pub id: i64,
    /// When it was heard.
    pub at: Option<DateTime<Utc>>,
}

impl Cursor {
    /// Updates after this number are new.
    pub fn after(&self, now: DateTime<Utc>) -> i64 {
        if self.at.is_some_and(|at| now - at > CURSOR_LIFE) { 0 } else { self.id }
    }
}
