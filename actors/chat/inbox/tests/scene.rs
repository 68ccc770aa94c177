//! What the rules' tests are made of: people, chats, and an hour on 23 November 2026.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

use keeper_domain::chat::{
    inbox::{
        confirm::Nonce,
        reaction::{Denial, Policy, Reaction},
        rules::State,
    },
    talk::{Heard, MessageId, Person, Update},
};

/// The owner, who is also the chat.
pub(super) const OWNER: i64 = 42;
/// Another allowed person.
pub(super) const FRIEND: i64 = 43;
/// Nobody knows them.
pub(super) const STRANGER: i64 = 666;
/// A group.
pub(super) const GROUP: i64 = -1001;
/// Looks like a login code, and is none.
pub(super) const CODE: &str = "eyJ0eXAiOiJKV1Qi.eyJhdWQiOlsiZCJd.q7Nw_-x1Zy9A";

pub(super) fn private() -> Policy {
    Policy { chat_id: OWNER, allowed_users: vec![OWNER] }
}

pub(super) fn group() -> Policy {
    Policy { chat_id: GROUP, allowed_users: vec![OWNER, FRIEND] }
}

/// Seconds after 09:00 IST.
pub(super) fn at(second: i64) -> DateTime<Utc> {
    "2026-11-23T03:30:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(second)
}

pub(super) fn person(id: i64) -> Person {
    Person { id, name: "Owner".into() }
}

/// A message and everything that can be odd about it.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) update: i64,
    pub(super) from: Option<i64>,
    pub(super) chat: i64,
    pub(super) at: DateTime<Utc>,
    pub(super) forwarded: bool,
    pub(super) edited: bool,
}

/// The owner writes to the bot, at 09:00.
pub(super) fn note() -> Note {
    Note { update: 100, from: Some(OWNER), chat: OWNER, at: at(0), forwarded: false, edited: false }
}

impl Note {
    pub(super) fn says(&self, text: &str) -> Update {
        Update {
            id: self.update,
            heard: Heard::Message {
                chat: self.chat,
                private: self.chat > 0,
                from: self.from.map(person),
                id: MessageId(self.update as i32),
                at: self.at,
                text: SecretString::from(text),
                forwarded: self.forwarded,
                edited: self.edited,
            },
        }
    }
}

pub(super) fn press(update: i64, user: i64, chat: i64, data: &str) -> Update {
    let heard = Heard::Press {
        callback: format!("c{update}"),
        chat,
        message: MessageId(7),
        from: person(user),
        data: data.to_owned(),
    };
    Update { id: update, heard }
}

/// What a fresh inbox makes of it at 09:00.
pub(super) fn first(update: &Update, policy: &Policy) -> Reaction {
    State::default().hear(update, policy, at(0), Nonce(7))
}

/// Why nothing was done.
pub(super) fn why(reaction: &Reaction) -> Option<Denial> {
    match reaction {
        Reaction::Silence(why) => Some(*why),
        _ => None,
    }
}
