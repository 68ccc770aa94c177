//! Questions that wait for a yes. Each belongs to one person in one chat, for a minute, and is used once.
//!
//! They are not on disk. After a restart, or with another keeper that has taken over, every button is a late one, which is the
//! safe side: what was not done can be asked for again, what was done by mistake cannot be taken back. Whoever pressed it is
//! told so in the chat.

use chrono::{DateTime, TimeDelta, Utc};

use crate::chat::talk::{Action, Button};

/// How long a question waits.
pub const PATIENCE: TimeDelta = TimeDelta::seconds(60);

/// The most that wait at a time; the oldest give way.
const MOST: usize = 16;

const YES: &str = "yes:";
const NO: &str = "no:";

/// What ties a button to its question: random, from a source that cannot be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce(pub u64);

/// The button that was pressed, as its data says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pressed {
    /// Yes, or cancel.
    pub yes: bool,
    /// Of which question.
    pub nonce: Nonce,
}

impl Pressed {
    /// Reads a button's data; `None` when it is no button of a question.
    pub fn read(data: &str) -> Option<Self> {
        let (yes, nonce) = match (data.strip_prefix(YES), data.strip_prefix(NO)) {
            (Some(nonce), _) => (true, nonce),
            (None, Some(nonce)) => (false, nonce),
            (None, None) => return None,
        };
        Some(Self { yes, nonce: Nonce(u64::from_str_radix(nonce, 16).ok()?) })
    }
}

/// The row of buttons below a question.
pub fn buttons(yes: &str, Nonce(nonce): Nonce) -> Vec<Button> {
    let press = |label: &str, word: &str| Button::Press {
        label: label.to_owned(),
        data: format!("{word}{nonce:016x}"),
    };
    vec![press(yes, YES), press("Cancel", NO)]
}

/// A question that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its button's secret.
    pub nonce: Nonce,
    /// What is done on yes.
    pub action: Action,
    /// Who asked for it, and alone may say yes.
    pub user: i64,
    /// Where.
    pub chat: i64,
    /// When.
    pub asked_at: DateTime<Utc>,
}

impl Question {
    /// A clock that was set back makes it old too, or it could wait for hours.
    fn is_open(&self, now: DateTime<Utc>) -> bool {
        (TimeDelta::zero()..=PATIENCE).contains(&(now - self.asked_at))
    }
}

/// What a press means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// Do it.
    Do(Action),
    /// Do not.
    Cancel(Action),
    /// It is somebody else's question.
    NotYours,
    /// It has been answered before.
    Answered,
    /// It was asked elsewhere.
    Elsewhere,
    /// It waited for too long, or another run of the keeper has asked it.
    Late,
}

/// All questions that wait.
#[derive(Debug, Clone, Default)]
pub struct Questions {
    waiting: Vec<Question>,
    /// The last ones that were answered.
    answered: Vec<Nonce>,
}

impl Questions {
    /// Rules on a press by this person in this chat; changes nothing.
    pub fn rule(&self, pressed: Pressed, user: i64, chat: i64, now: DateTime<Utc>) -> Ruling {
        let found = self.waiting.iter().find(|question| question.nonce == pressed.nonce);
        match found {
            None if self.answered.contains(&pressed.nonce) => Ruling::Answered,
            None => Ruling::Late,
            Some(question) if question.chat != chat => Ruling::Elsewhere,
            Some(question) if !question.is_open(now) => Ruling::Late,
            Some(question) if question.user != user => Ruling::NotYours,
            Some(question) if pressed.yes => Ruling::Do(question.action.clone()),
            Some(question) => Ruling::Cancel(question.action.clone()),
        }
    }

    /// Takes a question in, and forgets the old ones.
    pub fn ask(&mut self, question: Question) {
        self.waiting.retain(|known| known.is_open(question.asked_at));
        if self.waiting.len() >= MOST {
            self.waiting.remove(0);
        }
        self.waiting.push(question);
    }

    /// Forgets a question: it was answered.
    pub fn close(&mut self, nonce: Nonce) {
        self.waiting.retain(|question| question.nonce != nonce);
        if self.answered.len() >= MOST {
            self.answered.remove(0);
        }
        self.answered.push(nonce);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
    }

    fn question(nonce: u64, asked: i64) -> Question {
        Question {
            nonce: Nonce(nonce),
            action: Action::Halt { bot: None },
            user: 42,
            chat: -100,
            asked_at: at(asked),
        }
    }

    fn one() -> Questions {
        Questions { waiting: vec![question(7, 0)], answered: vec![] }
    }

    fn yes(nonce: u64) -> Pressed {
        Pressed { yes: true, nonce: Nonce(nonce) }
    }

    #[test]
    fn only_the_one_who_asked_there_within_a_minute() {
        for (pressed, user, chat, second, ruling) in [
            (yes(7), 42, -100, 0, Ruling::Do(Action::Halt { bot: None })),
            (yes(7), 42, -100, 60, Ruling::Do(Action::Halt { bot: None })),
            (Pressed { yes: false, ..yes(7) }, 42, -100, 60, Ruling::Cancel(Action::Halt { bot: None })),
            (yes(7), 43, -100, 1, Ruling::NotYours),
            (yes(7), 42, -100, 61, Ruling::Late),
            (yes(7), 43, -100, 61, Ruling::Late),
            (yes(7), 42, -100, -1, Ruling::Late),
            (yes(7), 42, 42, 1, Ruling::Elsewhere),
            (yes(8), 42, -100, 1, Ruling::Late),
        ] {
            assert_eq!(
                one().rule(pressed, user, chat, at(second)),
                ruling,
                "{pressed:?} {user} {chat} {second}"
            );
        }
    }

    #[test]
    fn an_answered_question_is_gone() {
        let mut questions = one();
        questions.close(Nonce(7));
        assert_eq!(questions.rule(yes(7), 42, -100, at(1)), Ruling::Answered);
        (100..200).for_each(|nonce| questions.close(Nonce(nonce)));
        assert_eq!(questions.answered.len(), MOST);
    }

    #[test]
    fn a_flood_of_questions_leaves_the_newest() {
        let mut questions = Questions::default();
        (0..100).for_each(|nonce| questions.ask(question(nonce, 0)));
        assert_eq!(questions.waiting.len(), MOST);
        assert_eq!(questions.rule(yes(99), 42, -100, at(1)), Ruling::Do(Action::Halt { bot: None }));
        questions.ask(question(100, 61));
        assert_eq!(questions.waiting.len(), 1, "the old ones are forgotten");
    }

    #[test]
    fn buttons_say_what_they_will_be_read_as() {
        for nonce in [0, 7, u64::MAX] {
            let buttons = buttons("Yes, halt trading", Nonce(nonce));
            let data: Vec<_> = buttons
                .iter()
                .map(|button| match button {
                    Button::Press { data, .. } => data.as_str(),
                    Button::Link { .. } => panic!("{button:?}"),
                })
                .collect();
            assert!(data.iter().all(|data| data.len() <= 64));
            assert_eq!(Pressed::read(data[0]), Some(yes(nonce)));
            assert_eq!(Pressed::read(data[1]), Some(Pressed { yes: false, nonce: Nonce(nonce) }));
        }
        for data in ["", "yes", "yes:", "yes:x", "card:snooze", "maybe:7", "yes:10000000000000000"] {
            assert_eq!(Pressed::read(data), None, "{data}");
        }
    }
}
