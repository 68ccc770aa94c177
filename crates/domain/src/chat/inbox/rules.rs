//! Who may say what: from what was heard to what is done about it. Everything that is not allowed is denied.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};

pub use crate::chat::inbox::reaction::{
    CommandOrigin, Cursor, Denial, MessageReaction, Policy, PressReaction, Reaction,
};
use crate::chat::inbox::{
    commands::{ChatCommand, SNOOZE, Written, help, question},
    confirm::{Nonce, Pressed, Question, Questions, Ruling},
    paste::has_code,
};
use crate::chat::talk::{Action, Heard, Update};
use fyers_api::ist;

/// The furthest that a message's date may be from the wall clock, in both directions. An old message was
/// written for another situation; one from the future is forged, or this machine's clock is wrong.
pub const FRESH: TimeDelta = TimeDelta::seconds(120);

/// How often a hint is given.
const HINTS: TimeDelta = TimeDelta::seconds(60);

/// Data of a reminder's button for a fresh login card.
pub const CARD_LOGIN: &str = "card:login";
/// Data of the login card's button for a little peace.
pub const CARD_SNOOZE: &str = "card:snooze";
/// Data of the login card's button for a day without a login.
pub const CARD_MOCK: &str = "card:mock";

const HINT: &str = "I only know commands, and the address a login leads to. See /help";
const NO_CODE: &str = "This address has no login code in it. After the login FYERS sends the browser to an address with \
                       auth_code= in it: copy that one, whole. /login begins a new login.";
const LATE: &str = "That was sent too long ago, so nothing was done. Send it again if you still mean it.";
const LATE_PRESS: &str = "I was away and cannot tell when you pressed. Press again if you still mean it.";
const ANSWERED: &str = "Answered before: the message above says how it ended.";
const ELSEWHERE: &str = "Not asked in this chat: nothing was done.";
const NOT_YOURS: &str = "Not yours: only who sent the command can answer.";
const UNKNOWN_BUTTON: &str = "This button does nothing any more.";

/// What must be remembered between updates.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The last update that was heard. On disk.
    pub cursor: Cursor,
    /// The day (IST) for which Control has heard of a stranger. On disk.
    pub stranger_told: Option<NaiveDate>,
    /// Updates from strangers since the start.
    pub strangers: u64,
    /// The bot's name, when it is known.
    pub bot: Option<String>,
    /// When the keeper last had all that Telegram had for it: what is heard now happened after that.
    pub caught_up: Option<DateTime<Utc>>,
    questions: Questions,
    hinted: Option<DateTime<Utc>>,
}

impl State {
    /// What is to be done about an update, and the memory of it. `nonce` is for the question, if it leads to one.
    pub fn hear(&mut self, update: &Update, policy: &Policy, now: DateTime<Utc>, nonce: Nonce) -> Reaction {
        let reaction = judge(update, policy, now, self);
        if matches!(reaction, Reaction::Silence(Denial::Replay)) {
            return reaction;
        }
        self.cursor = Cursor { id: update.id, at: Some(now) };
        match &reaction {
            Reaction::Silence(Denial::Stranger) => self.strangers += 1,
            Reaction::Stranger(_) => {
                self.strangers += 1;
                self.stranger_told = Some(ist::date(now));
            }
            Reaction::Message(_, MessageReaction::Hint(_)) => self.hinted = Some(now),
            Reaction::Message(origin, MessageReaction::Ask(action)) => self.questions.ask(Question {
                nonce,
                action: action.clone(),
                user: origin.by.id,
                chat: origin.chat,
                asked_at: now,
            }),
            Reaction::Press(_, _, PressReaction::Yes(used, _) | PressReaction::No(used, _)) => {
                self.questions.close(*used);
            }
            Reaction::Silence(_) | Reaction::Message(..) | Reaction::Press(..) => {}
        }
        reaction
    }

    /// Forgets what does not survive a crash; the rest is on disk or only counted.
    pub fn crash(&mut self) {
        let Self { strangers, bot, .. } = std::mem::take(self);
        *self = Self { strangers, bot, ..Self::default() };
    }

    fn may_hint(&self, now: DateTime<Utc>) -> bool {
        // A clock that was set back must not silence the hints until it is there again.
        self.hinted.is_none_or(|hinted| !(TimeDelta::zero()..HINTS).contains(&(now - hinted)))
    }

    /// Whether the keeper had all that Telegram had a short while ago. Telegram does not say when a button was
    /// pressed, but not before that.
    pub fn is_up_to_date(&self, now: DateTime<Utc>) -> bool {
        self.caught_up.is_some_and(|then| (TimeDelta::zero()..=FRESH).contains(&(now - then)))
    }
}

/// Judges an update. Changes nothing: see [`State::hear`].
pub fn judge(update: &Update, policy: &Policy, now: DateTime<Utc>, state: &State) -> Reaction {
    if update.id <= state.cursor.after(now) {
        return Reaction::Silence(Denial::Replay);
    }
    match &update.heard {
        Heard::Other => Reaction::Silence(Denial::Other),
        Heard::Message { from: None, .. } => Reaction::Silence(Denial::Anonymous),
        Heard::Message { from: Some(from), .. } | Heard::Press { from, .. } if !policy.knows(from.id) => {
            stranger(from.id, now, state)
        }
        Heard::Message { from: Some(from), chat, private, id, at, text, forwarded, edited } => {
            let age = now - *at;
            let denied = [
                (!policy.allows(*chat, *private, from.id), Denial::WrongChat),
                (*forwarded, Denial::Forwarded),
                (*edited, Denial::Edited),
                (age < -FRESH, Denial::FromTheFuture),
            ];
            if let Some((_, why)) = denied.into_iter().find(|(denied, _)| *denied) {
                return Reaction::Silence(why);
            }
            let origin = CommandOrigin { chat: *chat, message: *id, by: from.clone() };
            if age > FRESH { late(origin, text, now, state) } else { message(origin, text, now, state) }
        }
        Heard::Press { callback, chat, message, from, data } => {
            // The Bot API has no kind of chat here, but a private one has its person's id.
            if !policy.allows(*chat, true, from.id) {
                return Reaction::Silence(Denial::WrongChat);
            }
            let origin = CommandOrigin { chat: *chat, message: *message, by: from.clone() };
            let touch = press(&origin, data, now, state);
            Reaction::Press(origin, callback.clone(), touch)
        }
    }
}

fn stranger(user: i64, now: DateTime<Utc>, state: &State) -> Reaction {
    if state.stranger_told == Some(ist::date(now)) {
        Reaction::Silence(Denial::Stranger)
    } else {
        Reaction::Stranger(user)
    }
}

/// Somebody who wrote /halt while the keeper was away must not believe that it was done.
fn late(origin: CommandOrigin, text: &SecretString, now: DateTime<Utc>, state: &State) -> Reaction {
    let text = text.expose_secret();
    let meant = has_code(text) || Written::read(text).is_some_and(|written| !is_for_another(&written, state));
    if meant && state.may_hint(now) {
        Reaction::Message(origin, MessageReaction::Hint(LATE))
    } else {
        Reaction::Silence(Denial::TooOld)
    }
}

fn message(origin: CommandOrigin, text: &SecretString, now: DateTime<Utc>, state: &State) -> Reaction {
    let plain = text.expose_secret();
    // Before everything else: a code must not stay in the chat because a slash came before it.
    if has_code(plain) {
        return Reaction::Message(origin, MessageReaction::Redeem(text.clone()));
    }
    let reply = match Written::read(plain) {
        Some(written) if is_for_another(&written, state) => return Reaction::Silence(Denial::OtherBot),
        Some(written) => command(&written, &origin),
        None if is_address(plain) => MessageReaction::Say(NO_CODE.to_owned()),
        None if state.may_hint(now) => MessageReaction::Hint(HINT),
        None => return Reaction::Silence(Denial::Chatter),
    };
    Reaction::Message(origin, reply)
}

/// Whoever pastes one waits for an answer.
fn is_address(text: &str) -> bool {
    let text = text.trim_start().to_ascii_lowercase();
    text.starts_with("http://") || text.starts_with("https://")
}

fn is_for_another(written: &Written<'_>, state: &State) -> bool {
    let names = written.bot.zip(state.bot.as_deref());
    names.is_some_and(|(meant, own)| !meant.eq_ignore_ascii_case(own))
}

fn command(written: &Written<'_>, origin: &CommandOrigin) -> MessageReaction {
    match written.command() {
        Ok(ChatCommand::Tell(topic)) => MessageReaction::Tell(topic),
        Ok(ChatCommand::Act(action)) if question(&action).is_some() => MessageReaction::Ask(action),
        Ok(ChatCommand::Act(action)) => MessageReaction::Act(action),
        Ok(ChatCommand::WhoAmI) => MessageReaction::Say(format!(
            "You are allowed here.\nYour id: {}\nThis chat: {}",
            origin.by.id, origin.chat
        )),
        Ok(ChatCommand::Help) => MessageReaction::Say(help()),
        Err(line) => MessageReaction::Say(line),
    }
}

fn press(origin: &CommandOrigin, data: &str, now: DateTime<Utc>, state: &State) -> PressReaction {
    let card = match data {
        CARD_LOGIN => Some(Action::Login),
        CARD_SNOOZE => Some(Action::Snooze { minutes: SNOOZE }),
        CARD_MOCK => Some(Action::MockToday),
        _ => None,
    };
    match (card, Pressed::read(data)) {
        (Some(action), _) if state.is_up_to_date(now) => PressReaction::Card(action),
        (Some(_), _) => PressReaction::Pass(LATE_PRESS),
        (None, None) => PressReaction::Pass(UNKNOWN_BUTTON),
        (None, Some(pressed)) => match state.questions.rule(pressed, origin.by.id, origin.chat, now) {
            Ruling::Do(action) => PressReaction::Yes(pressed.nonce, action),
            Ruling::Cancel(action) => PressReaction::No(pressed.nonce, action),
            Ruling::NotYours => PressReaction::Pass(NOT_YOURS),
            Ruling::Answered => PressReaction::Pass(ANSWERED),
            Ruling::Elsewhere => PressReaction::Pass(ELSEWHERE),
            Ruling::Late => PressReaction::Late,
        },
    }
}
