//! What a person is told: one event in, at most one alert out.
//!
//! Every text has at most five rows (a sixth with time and id is added when it is sent): what happened,
//! what it means for trading, what to do next. Plain words, times in IST, never a secret.

mod keeper;
mod login;
mod trading;

use std::sync::Arc;

use chrono::{DateTime, NaiveTime, Utc};

pub(crate) use login::story as login_story;

use crate::alerts::{
    outbox::{Alert, Severity},
    words::lay_out,
};
use crate::{
    clock::calendar::{Calendar, DayKind},
    event::{Event, Recorded},
    reason::Reason,
};
use fyers_api::ist;

/// What the texts need to know of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// How to get a new access token, as an order: "log in at …". One or two rows, ends with a full stop.
    pub login_hint: String,
    /// Whether FYERS_SANDBOX is false, so that orders go to FYERS while there is a good token.
    pub live: bool,
    /// Whether KEEPER_ON_TOKEN_LOSS is `reject`: no simulated orders while there is no token.
    pub reject_without_token: bool,
    /// The time of the daily check (IST).
    pub tick_time: NaiveTime,
    /// The calendar, when there is a login card in the chat: what the card says needs no alert.
    pub card: Option<Arc<Calendar>>,
}

impl Context {
    /// Whether the login card speaks for a login that is needed now.
    fn card_speaks(&self, reason: Reason, at: DateTime<Utc>) -> bool {
        let Some(calendar) = &self.card else { return false };
        let (date, time) = (ist::date(at), ist::ist(at).time());
        let close = match calendar.day_kind(date) {
            DayKind::Trading { close, .. } | DayKind::SpecialSession { close, .. } => close,
            DayKind::Holiday { .. } | DayKind::Weekend => return false,
        };
        login::is_all_it_takes(reason) && (self.tick_time..close).contains(&time)
    }
}

/// The alert for an event, or `None` when a message would be noise.
pub fn alert_for(recorded: &Recorded, context: &Context) -> Option<Alert> {
    let draft = match &recorded.event {
        Event::LoginRequired { reason, .. } if context.card_speaks(*reason, recorded.at) => None,
        Event::LoginSucceeded { .. } if context.card.is_some() => None,
        event => draft(event, context),
    }?;
    Some(Alert {
        event_id: recorded.id,
        at: recorded.at,
        severity: draft.severity,
        key: draft.key.clone(),
        text: draft.text(),
    })
}

/// The alert of a keeper that gives up, for the way past a Notifier that may be dead itself.
pub fn last_words(actor: &str) -> (Severity, String) {
    let draft = keeper::gave_up(actor);
    (draft.severity, draft.text())
}

/// One arm per event; the comments say why some stay silent.
fn draft(event: &Event, context: &Context) -> Option<Draft> {
    match event {
        Event::KeeperStarted { version, missing, after_crash, .. } => {
            Some(keeper::started(version, missing, *after_crash, context))
        }
        Event::KeeperStopping => Some(keeper::stopping()),
        Event::TickSkipped { date, holiday } => Some(keeper::holiday(*date, holiday)),
        Event::CalendarUncovered { year } => Some(keeper::uncovered(*year)),
        Event::ClockStepped { seconds } => Some(keeper::clock_stepped(*seconds)),
        Event::RefreshSucceeded { expires_at, .. } => Some(login::refreshed(*expires_at, context)),
        Event::LoginSucceeded { expires_at, .. } => Some(login::logged_in(*expires_at, context)),
        Event::TokenGood { expires_at, .. } => Some(login::good(*expires_at, context)),
        Event::LoginRequired { reason, code } => Some(login::required(*reason, *code, context)),
        Event::TokenDelayed { reason, since, attempts, urgent } => {
            Some(login::delayed(*reason, *since, *attempts, *urgent, context))
        }
        Event::DayGivenUp { trade_date, reason } => Some(login::given_up(*trade_date, *reason, context)),
        Event::RefreshTokenEnding { days_left, ends_at } => {
            Some(login::ending(*days_left, *ends_at, context))
        }
        Event::EnvFileFailed { problem } => Some(keeper::env_file(problem)),
        Event::ModeChanged { from, to, why } => trading::mode_changed(*from, *to, *why, context),
        Event::OrderSimulated { symbol, quantity, mode, .. } => {
            trading::simulated(symbol, *quantity, *mode, context)
        }
        Event::SimulatedMeanwhile { orders } => Some(trading::simulated_meanwhile(*orders)),
        Event::OrderOutcomeUnknown { symbol, quantity, found } => {
            Some(trading::outcome_unknown(symbol, *quantity, found.as_deref()))
        }
        Event::OrderRefused { symbol, quantity, why } => Some(trading::refused(symbol, *quantity, why)),
        Event::OrdersNotAllowed { app, address, expected, .. } => {
            Some(trading::not_allowed(app, address.as_deref(), expected.as_deref()))
        }
        Event::ActorCrashed { actor, death } => keeper::crashed(actor, *death),
        Event::ActorRestarted { actor, .. } => Some(keeper::restarted(actor)),
        Event::ActorGaveUp { actor } => Some(keeper::gave_up(actor)),
        Event::LoginFailed { reason: Reason::AccountMismatch, .. } => Some(login::stranger()),
        Event::StrangerWrote { user } => Some(keeper::stranger_wrote(*user)),
        Event::WrongKeys { client, count } => Some(keeper::wrong_keys(client, *count)),
        Event::SecondPoller => Some(keeper::second_poller()),
        Event::HaltChanged { halted, by } => Some(trading::halt_changed(*halted, by)),
        Event::TestAlert { severity } => Some(keeper::test(*severity)),
        // Whoever logs in sees how it goes where they do it; the card shows how it ended.
        Event::LoginStarted | Event::LoginFailed { .. } | Event::LoggedOut => None,
        // The card has said it in the chat.
        Event::LoginReminder { .. } => None,
        // The day's outcome has a message of its own.
        Event::Ticked { .. } => None,
        // Whatever a person should know of it is an event of its own: success, login, delay, mode.
        Event::SessionChanged { .. } => None,
        // A single call is no news: success and lasting trouble are.
        Event::RefreshStarted { .. } | Event::RefreshFailed { .. } => None,
        // The bot that placed it has the answer.
        Event::OrderPlaced { .. } => None,
    }
}

/// An alert without its event.
struct Draft {
    severity: Severity,
    key: String,
    lines: Vec<String>,
}

impl Draft {
    /// `key` is `TOPIC|DETAIL` (see `coalesce`); `title` says what happened.
    fn new(severity: Severity, key: impl Into<String>, title: impl Into<String>) -> Self {
        Self { severity, key: key.into(), lines: vec![title.into()] }
    }

    fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    fn text(mut self) -> String {
        if let Some(title) = self.lines.first_mut() {
            *title = format!("{} {title}", sign(self.severity));
        }
        lay_out(&self.lines)
    }
}

/// The sign in front: shapes, not only colours.
fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "ℹ️",
        Severity::Warning => "⚠️",
        Severity::Critical => "🚨",
    }
}
