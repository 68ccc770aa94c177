//! What the chat should show, and the next step there.
//!
//! A card is opened in three steps: the intent is written down, a message without a link goes out, its number is
//! written down; only then the link is edited in. Whatever dies in between, there is never a second message with
//! a link: one whose number was lost has none.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

pub use crate::chat::card::model::{Card, CardAction, CardRequest, CardSession, InUse, Seen, Way};
use crate::chat::card::{
    reminders::{self, Tone},
    words,
};
use crate::{
    chat::talk::{Bubble, MessageId},
    reason::Reason,
    session_state::Source,
};
use fyers_api::ist;

/// The longest life of a card that was asked for outside of market hours.
const ASKED_LIFE: TimeDelta = TimeDelta::hours(12);

impl Card {
    /// The card as it must be written down before the step, and the step. `shown` is what the card in the chat is
    /// known to look like.
    pub fn plan(&self, seen: &Seen, shown: Option<&Bubble>) -> (Self, Option<CardAction>) {
        let mut card = self.clone();
        card.follow(seen.chat);
        card.lengthen(seen);
        if let Some(old) = card.old {
            return (card, Some(CardAction::Close(old, words::moved())));
        }
        let step = match &seen.session {
            CardSession::Good(token) => card.with_token(token, seen),
            CardSession::Needed(reason) => card.without_token(*reason, seen, shown),
            CardSession::Unsettled => card.end_of_day(seen),
        };
        (card, step)
    }

    /// Messages in a chat that has moved can be neither changed nor deleted; an open card is opened anew.
    fn follow(&mut self, chat: i64) {
        if self.chat.replace(chat).is_some_and(|before| before != chat) {
            self.opening |= self.message.is_some();
            (self.message, self.old) = (None, None);
            self.reminders.clear();
        }
    }

    /// Commodities that are traded for the first time make the day of an open card longer.
    fn lengthen(&mut self, seen: &Seen) {
        if self.message.is_some() && self.day == Some(ist::date(seen.now)) {
            self.until = self.until.max(seen.hours.map(|(_, close)| close));
        }
    }

    fn with_token(&mut self, token: &InUse, seen: &Seen) -> Option<CardAction> {
        self.opening = false;
        // The card of this loss has done its work: another loss gets another card, on the same day too.
        self.answered = self.day.is_some();
        let told = self.told.as_ref() == Some(&token.fingerprint);
        match (self.message, self.reminders.first()) {
            (Some(card), _) => Some(CardAction::Close(card, words::done(token, seen))),
            (None, Some(reminder)) => Some(CardAction::Tidy(*reminder)),
            (None, None) if !told && token.source == Some(Source::Login) => Some(CardAction::Tell(Bubble {
                loud: !seen.muted && seen.hours.is_some(),
                ..words::done(token, seen)
            })),
            (None, None) => None,
        }
    }

    fn without_token(&mut self, reason: Reason, seen: &Seen, shown: Option<&Bubble>) -> Option<CardAction> {
        if let Some(step) = self.end_of_day(seen) {
            return Some(step);
        }
        if self.is_due(seen) {
            // "Mock today" is said of the evening, too.
            let is_quiet = self.quiet && self.day == Some(ist::date(seen.now)) && !self.answered;
            self.begin(reason, seen);
            self.quiet |= is_quiet;
            if let Some(old) = self.old {
                return Some(CardAction::Close(old, words::moved()));
            }
        }
        let quiet = self.quiet || self.is_quiet(seen.now);
        match self.message {
            None if self.opening => {
                let loud = !seen.muted && !self.quiet;
                Some(CardAction::Open(Bubble { loud, buttons: vec![], ..words::needed(reason, seen, None) }))
            }
            None => self.reminders.first().copied().map(CardAction::Tidy),
            Some(_) if self.reminders.len() > 1 => self.reminders.first().copied().map(CardAction::Tidy),
            Some(id) => {
                let bubble = words::needed(reason, seen, quiet.then_some(self.quiet_until).flatten());
                let bubble = if self.quiet { words::mock_today(bubble) } else { bubble };
                if shown == Some(&bubble) { self.remind(seen) } else { Some(CardAction::Refresh(id, bubble)) }
            }
        }
    }

    /// Whether a card is due: once for each loss of a token, after the tick found that a person is needed; and once more where
    /// the day goes on after the card's end, because commodities have joined.
    fn is_due(&self, seen: &Seen) -> bool {
        let before_close = seen.hours.is_some_and(|(_, close)| seen.now < close);
        let is_over = self.until.is_some_and(|until| until <= seen.now);
        let is_had = self.day == Some(ist::date(seen.now)) && !self.answered && !is_over;
        before_close && seen.tick_done && !is_had
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
            answered: false,
            chat: self.chat,
        };
    }

    fn end_of_day(&mut self, seen: &Seen) -> Option<CardAction> {
        let over = self.until.is_some_and(|until| seen.now >= until);
        if !over {
            return None;
        }
        self.opening = false;
        self.message.map(|card| CardAction::Close(card, words::day_over(self.next_card(seen))))
    }

    /// The day of the next card. After a sleep of the machine the day that has ended may be another than this one, whose own
    /// card is still to come.
    fn next_card(&self, seen: &Seen) -> NaiveDate {
        let today = ist::date(seen.now);
        let is_to_come = seen.hours.is_some_and(|(_, close)| seen.now < close && ist::date(close) == today);
        if is_to_come && self.day != Some(today) { today } else { seen.next_day }
    }

    fn is_quiet(&self, now: DateTime<Utc>) -> bool {
        self.quiet_until.is_some_and(|until| now < until)
    }

    fn remind(&self, seen: &Seen) -> Option<CardAction> {
        let (hours, given) = (seen.hours?, self.reminded?);
        if self.quiet || self.day != Some(ist::date(seen.now)) {
            return None;
        }
        let (at, tone) = reminders::due(hours, given, self.quiet_until, seen.now)?;
        let loud = tone == Tone::Critical || (tone == Tone::Loud && !seen.muted);
        let bubble = Bubble { loud, reply_to: self.message, ..words::reminder(tone, hours, seen) };
        Some(CardAction::Remind(bubble, at, tone))
    }

    /// The card after a step was carried out; `said` is the number of the message that was sent.
    pub fn after(&self, step: &CardAction, said: Option<MessageId>, seen: &Seen) -> Self {
        let mut card = self.clone();
        match step {
            CardAction::Open(_) => (card.opening, card.message) = (false, said),
            CardAction::Refresh(..) => {}
            CardAction::Close(id, _) if card.old == Some(*id) => card.old = None,
            CardAction::Close(..) => card.message = None,
            CardAction::Tell(_) => {}
            CardAction::Remind(_, at, _) => {
                card.reminders.extend(said);
                card.reminded = Some(*at);
            }
            CardAction::Tidy(id) => card.reminders.retain(|reminder| reminder != id),
        }
        if let (CardAction::Close(..) | CardAction::Tell(_), CardSession::Good(token)) = (step, &seen.session)
        {
            card.told = Some(token.fingerprint.clone());
        }
        card
    }

    /// The card after Telegram said that the message is gone or can no longer be changed.
    pub fn lost(&self, step: &CardAction) -> Self {
        let mut card = self.clone();
        match step {
            // A person deleted the card: the next one comes when they ask, or tomorrow.
            CardAction::Refresh(..) => card.message = None,
            CardAction::Close(id, _) if card.old == Some(*id) => card.old = None,
            CardAction::Close(..) => card.message = None,
            CardAction::Tidy(id) => card.reminders.retain(|reminder| reminder != id),
            CardAction::Open(_) => card.opening = false,
            CardAction::Tell(_) => {}
            CardAction::Remind(_, at, _) => card.reminded = Some(*at),
        }
        card
    }

    /// What a person asked for, and the answer to it.
    pub fn request(&self, request: CardRequest, seen: &Seen) -> (Self, String) {
        let mut card = self.clone();
        let answer = match (request, &seen.session) {
            (CardRequest::Open, CardSession::Good(token)) => words::logged_in_already(token, seen.halted),
            (CardRequest::Open, CardSession::Unsettled) => words::UNSETTLED.to_owned(),
            (CardRequest::Open, CardSession::Needed(reason)) => {
                card.begin(*reason, seen);
                words::HERE_IT_IS.to_owned()
            }
            (_, CardSession::Good(_)) => words::NOTHING_TO_QUIET.to_owned(),
            (CardRequest::Snooze(minutes), _) => {
                // A longer rest that somebody asked for before is not cut short by the button.
                let until = seen.now + TimeDelta::minutes(minutes.into());
                let until = card.quiet_until.map_or(until, |before| before.max(until));
                (card.quiet_until, card.quiet) = (Some(until), false);
                words::snoozed(until)
            }
            (CardRequest::MockToday, _) => {
                card.quiet = true;
                words::MOCK_TODAY.to_owned()
            }
        };
        (card, answer)
    }
}
