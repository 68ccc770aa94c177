//! What the chat should show, and the next step there.
//!
//! A card is opened in three steps: the intent is written down, a message without a link goes out, its number is
//! written down; only then the link is edited in. Whatever dies in between, there is never a second message with
//! a link: one whose number was lost has none.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::chat::card::{
    reminders::{self, Tone},
    words,
};
use crate::{
    chat::talk::{Bubble, MessageId},
    mode::Mode,
    reason::Reason,
    secret::Fingerprint,
    session::Source,
};
use fyers_api::{ist, model::Position};

/// The longest life of a card that was asked for outside of market hours.
const ASKED_LIFE: TimeDelta = TimeDelta::hours(12);

/// Where the card stands. On disk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Card {
    /// The trading day (IST) that has had its card.
    pub day: Option<NaiveDate>,
    /// A card is wanted; it may or may not be in the chat already.
    pub opening: bool,
    /// The card in the chat: it has, or will have, a link.
    pub message: Option<MessageId>,
    /// A card that must lose its link before anything else happens.
    pub old: Option<MessageId>,
    /// Reminders in the chat, the newest last; all others are taken away.
    pub reminders: Vec<MessageId>,
    /// Reminders up to here are given.
    pub reminded: Option<DateTime<Utc>>,
    /// No reminders before this.
    pub quiet_until: Option<DateTime<Utc>>,
    /// No reminders at all: the person said so, or logged out.
    pub quiet: bool,
    /// When the card loses its link, whatever happens.
    pub until: Option<DateTime<Utc>>,
    /// The token whose arrival was last told.
    pub told: Option<Fingerprint>,
}

/// A token that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    /// Which one.
    pub fingerprint: Fingerprint,
    /// Its end.
    pub expires_at: Option<DateTime<Utc>>,
    /// How it came.
    pub source: Option<Source>,
    /// Whose it is.
    pub holder: String,
    /// When the broker confirmed it.
    pub since: Option<DateTime<Utc>>,
    /// What it is good for.
    pub mode: Mode,
}

/// The session, as far as the card cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Session {
    /// There is a token.
    Good(InUse),
    /// Only a person can bring one.
    Needed(Reason),
    /// It is being found out.
    Unsettled,
}

/// How a person brings the login back to the keeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The browser does.
    Browser,
    /// By pasting the address into the chat.
    Paste,
}

/// Everything the card depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The wall clock.
    pub now: DateTime<Utc>,
    /// The market's hours today, when it opens at all.
    pub hours: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Whether today's tick has had its outcome.
    pub tick_done: bool,
    /// The next trading day after today.
    pub next_day: NaiveDate,
    /// The session.
    pub session: Session,
    /// Positions at the broker that nobody looks after while there is no token.
    pub positions: Vec<Position>,
    /// Where the login begins.
    pub link: String,
    /// How it comes back.
    pub way: Way,
    /// Whether orders are refused instead of simulated while there is no token.
    pub rejects: bool,
    /// `FYERS_SANDBOX`.
    pub sandbox: bool,
    /// Whether the person wants no sound now.
    pub muted: bool,
}

/// What to do in the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send the card, still without its link.
    Open(Bubble),
    /// Bring the card up to date.
    Refresh(MessageId, Bubble),
    /// The card ends: it loses its link and tells how it ended.
    Close(MessageId, Bubble),
    /// A login without a card is told too.
    Tell(Bubble),
    /// Remind, with the time that it is for.
    Remind(Bubble, DateTime<Utc>, Tone),
    /// Take an outdated reminder away.
    Tidy(MessageId),
}

/// What a person asks of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Show it.
    Open,
    /// No reminders for so many minutes.
    Snooze(u32),
    /// No reminders for the rest of the day.
    MockToday,
}

impl Card {
    /// The card as it must be written down before the step, and the step. `shown` is what the card in the chat is
    /// known to look like.
    pub fn plan(&self, seen: &Seen, shown: Option<&Bubble>) -> (Self, Option<Step>) {
        let mut card = self.clone();
        if let Some(old) = card.old {
            return (card, Some(Step::Close(old, words::moved())));
        }
        let step = match &seen.session {
            Session::Good(token) => card.with_token(token, seen),
            Session::Needed(reason) => card.without_token(*reason, seen, shown),
            Session::Unsettled => card.end_of_day(seen),
        };
        (card, step)
    }

    fn with_token(&mut self, token: &InUse, seen: &Seen) -> Option<Step> {
        self.opening = false;
        let told = self.told.as_ref() == Some(&token.fingerprint);
        match (self.message, self.reminders.first()) {
            (Some(card), _) => Some(Step::Close(card, words::done(token, seen.now))),
            (None, Some(reminder)) => Some(Step::Tidy(*reminder)),
            (None, None) if !told && token.source == Some(Source::Login) => Some(Step::Tell(Bubble {
                loud: !seen.muted && seen.hours.is_some(),
                ..words::done(token, seen.now)
            })),
            (None, None) => None,
        }
    }

    fn without_token(&mut self, reason: Reason, seen: &Seen, shown: Option<&Bubble>) -> Option<Step> {
        if let Some(step) = self.end_of_day(seen) {
            return Some(step);
        }
        if self.is_due(seen) {
            self.begin(reason, seen);
            if let Some(old) = self.old {
                return Some(Step::Close(old, words::moved()));
            }
        }
        let quiet = self.quiet || self.is_quiet(seen.now);
        match self.message {
            None if self.opening => {
                let loud = !seen.muted && !self.quiet;
                Some(Step::Open(Bubble { loud, buttons: vec![], ..words::needed(reason, seen, None) }))
            }
            None => self.reminders.first().copied().map(Step::Tidy),
            Some(_) if self.reminders.len() > 1 => self.reminders.first().copied().map(Step::Tidy),
            Some(id) => {
                let bubble = words::needed(reason, seen, quiet.then_some(self.quiet_until).flatten());
                let bubble = if self.quiet { words::mock_today(bubble) } else { bubble };
                if shown == Some(&bubble) { self.remind(seen) } else { Some(Step::Refresh(id, bubble)) }
            }
        }
    }

    /// Whether the day's own card is due: once, after the tick found that a person is needed.
    fn is_due(&self, seen: &Seen) -> bool {
        let before_close = seen.hours.is_some_and(|(_, close)| seen.now < close);
        before_close && seen.tick_done && self.day != Some(ist::date(seen.now))
    }

    /// A fresh card; one that is still open makes room first.
    fn begin(&mut self, reason: Reason, seen: &Seen) {
        let close = seen.hours.map(|(_, close)| close).filter(|close| seen.now < *close);
        *self = Self {
            day: Some(ist::date(seen.now)).filter(|_| close.is_some()).or(self.day),
            opening: true,
            message: None,
            old: self.message.or(self.old),
            reminders: std::mem::take(&mut self.reminders),
            reminded: Some(seen.now),
            quiet_until: None,
            quiet: reason == Reason::LoggedOut,
            until: Some(close.unwrap_or(seen.now + ASKED_LIFE)),
            told: self.told.clone(),
        };
    }

    fn end_of_day(&mut self, seen: &Seen) -> Option<Step> {
        let over = self.until.is_some_and(|until| seen.now >= until);
        if !over {
            return None;
        }
        self.opening = false;
        self.message.map(|card| Step::Close(card, words::day_over(seen)))
    }

    fn is_quiet(&self, now: DateTime<Utc>) -> bool {
        self.quiet_until.is_some_and(|until| now < until)
    }

    fn remind(&self, seen: &Seen) -> Option<Step> {
        let (hours, given) = (seen.hours?, self.reminded?);
        if self.quiet || self.day != Some(ist::date(seen.now)) {
            return None;
        }
        let (at, tone) = reminders::due(hours, given, self.quiet_until, seen.now)?;
        let loud = tone == Tone::Critical || (tone == Tone::Loud && !seen.muted);
        let bubble = Bubble { loud, reply_to: self.message, ..words::reminder(tone, hours, seen) };
        Some(Step::Remind(bubble, at, tone))
    }

    /// The card after a step was carried out; `said` is the number of the message that was sent.
    pub fn after(&self, step: &Step, said: Option<MessageId>, seen: &Seen) -> Self {
        let mut card = self.clone();
        match step {
            Step::Open(_) => (card.opening, card.message) = (false, said),
            Step::Refresh(..) => {}
            Step::Close(id, _) if card.old == Some(*id) => card.old = None,
            Step::Close(..) => card.message = None,
            Step::Tell(_) => {}
            Step::Remind(_, at, _) => {
                card.reminders.extend(said);
                card.reminded = Some(*at);
            }
            Step::Tidy(id) => card.reminders.retain(|reminder| reminder != id),
        }
        if let (Step::Close(..) | Step::Tell(_), Session::Good(token)) = (step, &seen.session) {
            card.told = Some(token.fingerprint.clone());
        }
        card
    }

    /// The card after Telegram said that the message is gone or can no longer be changed.
    pub fn lost(&self, step: &Step) -> Self {
        let mut card = self.clone();
        match step {
            // A person deleted the card: the next one comes when they ask, or tomorrow.
            Step::Refresh(..) => card.message = None,
            Step::Close(id, _) if card.old == Some(*id) => card.old = None,
            Step::Close(..) => card.message = None,
            Step::Tidy(id) => card.reminders.retain(|reminder| reminder != id),
            Step::Open(_) => card.opening = false,
            Step::Tell(_) => {}
            Step::Remind(_, at, _) => card.reminded = Some(*at),
        }
        card
    }

    /// What a person asked for, and the answer to it.
    pub fn ask(&self, ask: Ask, seen: &Seen) -> (Self, String) {
        let mut card = self.clone();
        let answer = match (ask, &seen.session) {
            (Ask::Open, Session::Good(token)) => words::logged_in_already(token),
            (Ask::Open, Session::Unsettled) => words::UNSETTLED.to_owned(),
            (Ask::Open, Session::Needed(reason)) => {
                card.begin(*reason, seen);
                words::HERE_IT_IS.to_owned()
            }
            (_, Session::Good(_)) => words::NOTHING_TO_QUIET.to_owned(),
            (Ask::Snooze(minutes), _) => {
                let until = seen.now + TimeDelta::minutes(minutes.into());
                (card.quiet_until, card.quiet) = (Some(until), false);
                words::snoozed(until)
            }
            (Ask::MockToday, _) => {
                card.quiet = true;
                words::MOCK_TODAY.to_owned()
            }
        };
        (card, answer)
    }
}
