//! What a person is told: one event in, at most one alert out.
//!
//! Every text has at most five rows (a sixth with time and id is added when it is sent): what happened,
//! what it means for trading, what to do next. Plain words, times in IST, never a secret.

mod draft;
mod keeper;
mod keys;
mod login;
mod mode;
mod orders;
mod trading;

use chrono::{DateTime, Utc};

pub use draft::Context;
use draft::Draft;
use orders::BookSays;

use crate::{
    alert::{Alert, Outgoing, Severity},
    alerts::words::clock,
    event::{Event, Recorded},
    reason::Reason,
    reason_words::is_all_it_takes,
};
use fyers_api::ist;

impl Context {
    /// Whether the login card speaks for a login that is needed now. It comes once the day's tick has found out,
    /// for as long as a session is open or coming.
    fn card_speaks(&self, reason: Reason, at: DateTime<Utc>) -> bool {
        let Some(hours) = &self.card else { return false };
        let needed = hours.needed(at).is_some() && ist::ist(at).time() >= self.tick_time;
        is_all_it_takes(reason) && needed
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
        event: recorded.event.name().to_owned(),
        at: recorded.at,
        severity: draft.severity,
        key: draft.key.clone(),
        item: item(&draft, recorded.at),
        text: draft.text(),
    })
}

fn item(draft: &Draft, at: DateTime<Utc>) -> String {
    if draft.item.is_empty() { String::new() } else { format!("{} {}", clock(at), draft.item) }
}

/// The alert of a keeper that gives up, for the way past a Notifier that may be dead itself.
pub fn last_words(actor: &str) -> (Severity, String) {
    let draft = keeper::gave_up(actor);
    (draft.severity, draft.text())
}

/// Whether an alert says that a keeper has stopped, and that nobody acts.
pub fn is_farewell(key: &str) -> bool {
    key == keeper::FAREWELL
}

/// Whether it still says so: it is a keeper's last word, and nobody has acted since.
pub fn is_last_word(alert: &Outgoing) -> bool {
    is_farewell(&alert.key) && alert.text == keeper::stopping().text()
}

/// What such an alert says once a keeper acts again. `at`: when the other one was told to stop.
pub fn late_farewell(at: DateTime<Utc>) -> String {
    keeper::was_stopped(at).text()
}

/// The alert of a disk that fails, for the way past the outbox, which is on that disk.
pub fn disk_fails(problem: &str) -> (Severity, String) {
    let draft = keeper::disk_fails(problem);
    (draft.severity, draft.text())
}

/// The alert of a disk that works again, by the same way.
pub fn disk_works() -> (Severity, String) {
    let draft = keeper::disk_works();
    (draft.severity, draft.text())
}

/// The alert of a token that is lost while the disk fails, by the same way: what the outbox is told of it comes when the disk
/// works. `open`: what is open at FYERS, if that is known.
pub fn lost_beside_disk(why: Reason, open: Option<&[String]>, is_sandbox: bool) -> (Severity, String) {
    let draft = mode::lost_beside_disk(why, open, is_sandbox);
    (draft.severity, draft.text())
}

/// One arm per event; the comments say why some stay silent.
fn draft(event: &Event, context: &Context) -> Option<Draft> {
    match event {
        Event::KeeperStarted { version, missing, after_crash, after_loss, needs_login, .. } => {
            let after = keeper::After::of(*after_crash, *after_loss);
            Some(keeper::started(version, missing, (after, *needs_login), context))
        }
        Event::KeeperStopping { handed_over: false, .. } => Some(keeper::stopping()),
        Event::KeeperStopping { stands_by: false, .. } => Some(keeper::replaced()),
        Event::KeeperStopping { stands_by: true, .. } => Some(keeper::handed_over()),
        Event::TickSkipped { date, holiday } => Some(keeper::holiday(*date, holiday)),
        Event::CalendarUncovered { year } => Some(keeper::uncovered(*year)),
        Event::SymbolsNotRenewed { why, as_of } => Some(keeper::symbols_not_renewed(why, *as_of)),
        Event::ClockStepped { seconds } => Some(keeper::clock_stepped(*seconds)),
        Event::RefreshSucceeded { expires_at, .. } => Some(login::refreshed(*expires_at, context)),
        Event::LoginSucceeded { expires_at, .. } => Some(login::logged_in(*expires_at, context)),
        Event::TokenGood { expires_at, .. } => Some(login::good(*expires_at, context)),
        Event::LoginRequired { wrong_pins, .. } if *wrong_pins > 1 => {
            Some(login::wrong_pins(*wrong_pins, context))
        }
        Event::LoginRequired { reason, code, .. } => Some(login::required(*reason, *code, context)),
        Event::TokenDelayed { reason, since, attempts, urgent, unconfirmed } => {
            Some(login::delayed(*reason, *since, *attempts, (*urgent, *unconfirmed), context))
        }
        Event::DayGivenUp { trade_date, reason } => Some(login::given_up(*trade_date, *reason, context)),
        Event::RefreshTokenEnding { days_left, ends_at } => {
            Some(login::ending(*days_left, *ends_at, context))
        }
        Event::EnvFileFailed { problem } => Some(keeper::env_file(problem)),
        Event::ModeChanged { from, to, why, open } => {
            mode::changed((*from, *to, *why), open.as_deref(), context)
        }
        Event::OrderSimulated { bot, symbol, quantity, mode, sent: true, .. } => {
            trading::simulated_after_sending(bot.as_ref(), (symbol, *quantity), *mode, context)
        }
        Event::OrderSimulated { bot, symbol, quantity, mode, why, .. } => {
            trading::simulated(bot.as_ref(), (symbol, *quantity), (*mode, *why), context)
        }
        Event::SimulatedMeanwhile { orders } => Some(trading::simulated_meanwhile(*orders, context)),
        Event::OrderOutcomeUnknown {
            bot,
            asked,
            symbol,
            quantity,
            found,
            searched,
            orders,
            rows,
            token_refused,
            is_by_time,
            unread,
        } => {
            let book = BookSays {
                found: found.as_deref(),
                searched: *searched,
                rows,
                token_refused: *token_refused,
                is_by_time: *is_by_time,
                unread: *unread,
            };
            Some(orders::outcome_unknown((bot.as_ref(), asked), (symbol, *quantity, orders), &book))
        }
        Event::OrderRejected { bot, asked, symbol, quantity, price, message, taken_as: Some(_), .. } => {
            Some(orders::rejected_later((bot.as_ref(), asked), (symbol, *quantity, price), message))
        }
        Event::OrderRejected { bot, asked, symbol, quantity, price, code, message, taken_as: None } => {
            Some(orders::rejected((bot.as_ref(), asked), (symbol, *quantity, price), *code, message))
        }
        Event::PositionsUnreadable { over } => Some(trading::positions_unreadable(*over, context)),
        Event::PositionTurned { symbol, from, to } => Some(trading::position_turned(symbol, *from, *to)),
        Event::PositionGrew { symbol, from, to } => Some(trading::position_grew(symbol, *from, *to)),
        Event::PositionUnknown { symbol } => Some(trading::position_unknown(symbol, context)),
        Event::SimulatedLeft { positions, cancelled } => {
            Some(trading::simulated_left(positions, cancelled, context))
        }
        Event::SegmentJoined { symbol, .. } => Some(trading::mcx_joined(symbol)),
        Event::SimulatedCleared { by, positions } => Some(trading::simulated_cleared(by, *positions)),
        Event::OrderRefused { bot, symbol, quantity, why, is_halted_entry, is_bots_halt, is_simulated } => {
            let halted = match (is_halted_entry, bot) {
                (false, _) => trading::Halted::Nobody,
                (true, Some(bot)) if *is_bots_halt => trading::Halted::Bot(bot),
                (true, _) => trading::Halted::All,
            };
            Some(trading::refused(bot.as_ref(), (symbol, *quantity), why, (halted, *is_simulated)))
        }
        Event::OrdersNotAllowed { app, address, expected, .. } => {
            Some(trading::not_allowed(app, address.as_deref(), expected.as_deref()))
        }
        Event::DaySummary { day } => Some(trading::day_summary(day)),
        Event::ActorCrashed { actor, death } => keeper::crashed(actor, *death),
        Event::ActorRestarted { actor, .. } => Some(keeper::restarted(actor)),
        Event::ActorGaveUp { actor } => Some(keeper::gave_up(actor)),
        Event::LoginFailed { reason: Reason::AccountMismatch, .. } => Some(login::stranger()),
        Event::AccountUnconfirmed { account, holder } => Some(login::unconfirmed(account, holder)),
        Event::StrangerWrote { user } => Some(keeper::stranger_wrote(*user)),
        Event::WrongKeys { client, count } => Some(keeper::wrong_keys(client, *count)),
        Event::DatabasePutBack => Some(keeper::database_put_back()),
        Event::SecondPoller => Some(keeper::second_poller()),
        Event::HaltChanged { halted, by, waiting } => {
            Some(trading::halt_changed(*halted, by, waiting, context))
        }
        Event::KeyAdded { bot, ceiling, read_only, by } => {
            Some(keys::added(bot, (*ceiling, *read_only), by, context))
        }
        Event::KeyRotated { bot, by } => Some(keys::rotated(bot, by)),
        Event::KeyRemoved { bot, by } => Some(keys::removed(bot, by)),
        Event::KeyHalted { bot, halted, by } => Some(keys::halted(bot, *halted, by, context)),
        Event::KeyLimitReached { bot, limit, words } => Some(keys::limit_reached(bot, *limit, words)),
        Event::TestAlert { severity } => Some(keeper::test(*severity)),
        // Whoever logs in sees how it goes where they do it; the card shows how it ended.
        Event::LoginStarted | Event::LoginFailed { .. } | Event::LoggedOut => None,
        // Every morning's news is none.
        Event::SymbolsLoaded { .. } => None,
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
