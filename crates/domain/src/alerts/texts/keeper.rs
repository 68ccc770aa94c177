//! The keeper itself: start, stop, calendar, clock, disk, crashes.

use chrono::{DateTime, NaiveDate, Utc};

use crate::alert::Severity;
use crate::alerts::texts::{
    draft::{Context, Draft},
    login::without_token,
};
use crate::{
    alerts::words::{WIDTH, day, excerpt, length, moment},
    event::Death,
};

/// The key of a keeper's last word: nobody acts from then on.
pub(super) const FAREWELL: &str = "keeper|stopping";
/// Jumps from here on are a warning: tokens and market times depend on the clock.
const BIG_JUMP_S: u64 = 60;

/// What was before a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// An end that was told, or nothing.
    Rest,
    /// An end without notice.
    Crash,
    /// A time in which this keeper could not reach its database, and stood by.
    Loss,
}

impl After {
    pub(super) fn of(after_crash: bool, after_loss: bool) -> Self {
        match (after_crash, after_loss) {
            (_, true) => Self::Loss,
            (true, false) => Self::Crash,
            (false, false) => Self::Rest,
        }
    }

    fn title(self, version: &str) -> String {
        match self {
            Self::Rest => format!("Keeper {version} has started"),
            Self::Crash => {
                format!(
                    "Keeper {version} is back: the run before ended without notice. Nothing it was told is lost."
                )
            }
            Self::Loss => {
                format!(
                    "Keeper {version} acts again: it could not reach its database, and nobody acted. Nothing is lost."
                )
            }
        }
    }
}

pub(super) fn started(
    version: &str,
    missing: &[String],
    (after, needs_login): (After, bool),
    context: &Context,
) -> Draft {
    let title = after.title(&excerpt(version, 30));
    let trading = match needs_login {
        true => without_token(context).to_owned(),
        false => context.trading(with_stored_token(context)),
    };
    let draft = Draft::new(Severity::Info, "keeper|started", title).line(trading);
    match missing {
        missing if needs_login => missing
            .iter()
            .take(2)
            .fold(draft, |draft, what| draft.line(missed(what)))
            .line(format!("Next: {}", context.login_hint)),
        // The check may end in a login card.
        [] => draft.line("Next: nothing to do, unless you are asked to log in."),
        [one] => draft.line(missed(one)).line("Next: to change that, set it in .env and restart."),
        [one, two] => draft
            .line(missed(one))
            .line(missed(two))
            .line("Next: to change that, set them in .env and restart."),
        [one, rest @ ..] => draft
            .line(missed(one))
            .line(format!("And {} more.", rest.len()))
            .line("Next: fyers-keeper config check lists all. Set them in .env and restart."),
    }
}

/// What it means for trading that there is a token, which FYERS has not been asked about since the start.
fn with_stored_token(context: &Context) -> &'static str {
    match (context.live, context.reads_only) {
        (true, false) => {
            "if FYERS accepts the token, orders go there with real money; if not, none does. /status shows the mode."
        }
        (true, true) => {
            "if FYERS accepts the token, the mode is Live; this app (-100) only reads, and FYERS refuses its orders."
        }
        (false, _) => "sandbox, so no order is real.",
    }
}

fn missed(what: &str) -> String {
    format!("Not set: {}", excerpt(what, WIDTH - 9))
}

pub(super) fn stopping() -> Draft {
    Draft::new(Severity::Info, FAREWELL, "The keeper is stopping, as it was asked to")
        .line("Trading: bots get no answer until it is back. Nothing it was told is lost.")
        .line("Next: start it again if you did not stop it yourself.")
}

/// The same when it comes too late: the keeper is back.
pub(super) fn was_stopped(at: DateTime<Utc>) -> Draft {
    let title = format!("The keeper was stopped at {}, as it was asked to, and is back", moment(at));
    Draft::new(Severity::Info, FAREWELL, title)
        .line("Trading: bots got no answer in between. Nothing it was told is lost.")
        .line("Next: nothing to do. This message could not be sent before.")
}

/// It has not stopped: it waits for its turn.
pub(super) fn handed_over() -> Draft {
    Draft::new(
        Severity::Info,
        "keeper|handed_over",
        "The keeper has handed over, as it was asked to, and stands by from now on",
    )
    .line("Trading: as before, at the other one. Nothing the keeper was told is lost.")
    .line("Next: nothing, once a keeper says that it has started. Until one does, nobody acts.")
}

/// It is told by the other keeper, or by nobody: so what it is like without that one is said, too.
pub(super) fn replaced() -> Draft {
    Draft::new(
        Severity::Info,
        "keeper|replaced",
        "The keeper has stopped, as it was asked to; the one that stood by acts in its place",
    )
    .line("Trading: as before, there. Nothing the keeper was told is lost.")
    .line("Next: nothing, once the other one says that it has started. Until it does, nobody acts.")
}

pub(super) fn holiday(date: NaiveDate, holiday: &str) -> Draft {
    Draft::new(
        Severity::Info,
        format!("calendar|holiday.{date}"),
        format!("Market holiday: {}. No login needed today.", excerpt(holiday, 70)),
    )
    .line(format!("Trading: the exchange is closed on {}.", day(date)))
}

pub(super) fn uncovered(year: i32) -> Draft {
    Draft::new(
        Severity::Warning,
        format!("calendar|uncovered.{year}"),
        format!("No list of market holidays for {year}"),
    )
    .line("Trading: every weekday of that year counts as a trading day, so holidays will ask for a login.")
    .line("Next: update the keeper, or name a file with the new holidays in KEEPER_CALENDAR_FILE.")
}

pub(super) fn symbols_not_renewed(why: &str, as_of: Option<DateTime<Utc>>) -> Draft {
    let in_use = match as_of {
        Some(at) => format!("the list of {} is used, which knows nothing newer.", moment(at)),
        None => "every well-formed symbol is taken, and the answer says that it is assumed.".to_owned(),
    };
    Draft::new(Severity::Warning, "symbols|failed", "The list of symbols could not be fetched from FYERS")
        .line(excerpt(&why.replace('_', " "), WIDTH))
        .line(format!("Trading: only simulated orders need it; {in_use}"))
        .line("Next: nothing; it is tried again every ten minutes. /status shows its age.")
}

pub(super) fn clock_stepped(seconds: i64) -> Draft {
    let severity = if seconds.unsigned_abs() < BIG_JUMP_S { Severity::Info } else { Severity::Warning };
    let direction = if seconds < 0 { "back" } else { "ahead" };
    Draft::new(
        severity,
        format!("clock|stepped.{}.{direction}", severity.slug()),
        format!("This machine's clock jumped {} {direction}", length(seconds)),
    )
    .line("Trading: not affected. The daily check is caught up if it was missed, and never runs twice.")
    .line("Next: nothing if the machine slept or has just set its clock. Otherwise check its time (NTP).")
}

pub(super) fn env_file(problem: &str) -> Draft {
    Draft::new(Severity::Warning, "env|failed", "The .env file could not be updated")
        .line(excerpt(problem, 2 * WIDTH - 20))
        .line("Trading: not affected. The keeper has the new token; programs that read .env see the old one.")
        .line("Next: put that right; the next new token is written again.")
}

pub(super) fn stranger_wrote(user: i64) -> Draft {
    Draft::new(Severity::Warning, "chat|stranger", format!("Somebody unknown wrote to the bot (user {user})"))
        .line("Trading: not affected. Strangers get no answer and can do nothing.")
        .line("Next: nothing. To let this user command the keeper, add the number to TELEGRAM_ALLOWED_USERS.")
}

pub(super) fn wrong_keys(client: &str, count: u32) -> Draft {
    let title = format!("{count} requests with a wrong gateway key, the latest from {}", excerpt(client, 50));
    Draft::new(Severity::Warning, "gateway|wrong_keys", title)
        .line("Trading: not affected. Each address is limited, and the key is too long to guess.")
        .line("Next: if this is a bot of yours, give it the present key. Otherwise close the address to strangers.")
}

/// What a person did since that moment may not be there any more, a halt among it: so it is halted.
pub(super) fn database_put_back() -> Draft {
    Draft::new(
        Severity::Critical,
        "store|put_back",
        "The database is at an earlier moment than it was: a backup was put back, or a replica that lagged acts",
    )
    .line("Trading: halted. Orders, halts, keys and alerts since that moment are not in it; exits pass.")
    .line("Next: compare /orders and /positions with the FYERS app, look at /keys, then /resume.")
}

pub(super) fn second_poller() -> Draft {
    Draft::new(Severity::Warning, "chat|second_poller", "Another program uses this bot's token")
        .line("Trading: not affected, and alerts arrive. Commands may get lost between the two programs.")
        .line("Next: stop the other program, or give the keeper a bot of its own (@BotFather).")
}

pub(super) fn test(severity: Severity) -> Draft {
    let sound = if severity == Severity::Info { "makes no sound" } else { "makes a sound" };
    Draft::new(
        severity,
        format!("test|{}", severity.slug()),
        format!("Test: an alert marked \"{}\"", severity.slug()),
    )
    .line("Trading: not affected.")
    .line(format!("Next: nothing. If you can read this, alerts arrive. This kind {sound}."))
}

/// A death is told by what follows it, the restart or the end. Only a failed task has nothing that follows.
pub(super) fn crashed(actor: &str, death: Death) -> Option<Draft> {
    (death == Death::TaskPanic)
        .then(|| failed(actor, format!("A small task inside the keeper failed ({})", part(actor))))
}

pub(super) fn restarted(actor: &str) -> Draft {
    failed(actor, format!("A part of the keeper failed and was restarted ({})", part(actor)))
}

fn failed(actor: &str, title: String) -> Draft {
    Draft::new(Severity::Info, format!("crash {}|", excerpt(actor, 30)), title)
        .line("Trading: as before. Nothing the keeper was told is lost.")
        .line("Next: nothing. If it keeps happening, please report it with the log.")
}

pub(super) fn gave_up(actor: &str) -> Draft {
    Draft::new(
        Severity::Critical,
        "crash|gave_up",
        format!("The keeper gives up and ends: a part fails again and again ({})", part(actor)),
    )
    .line("Trading: bots get no answer until it runs again. Positions open at FYERS stay open there.")
    .line("Next: it should be started again by itself; another message then says so.")
    .line("If none comes in a few minutes, look at the log and start it by hand.")
}

pub(super) fn disk_fails(problem: &str) -> Draft {
    Draft::new(Severity::Critical, "disk|fails", "The keeper cannot write its state")
        .line(format!("Why: {}.", excerpt(problem, 200)))
        .line("Trading: orders are refused, because none could be put on record. Reads go on.")
        .line("Next: another message says when it works again.")
}

pub(super) fn disk_works() -> Draft {
    Draft::new(Severity::Info, "disk|works", "The keeper can write its state again")
        .line("Trading: orders go where the mode says again.")
        .line("Next: nothing to do.")
}

/// What an actor does, in a person's words.
fn part(actor: &str) -> String {
    match actor {
        "token" => "the one that keeps the token".to_owned(),
        "clock" => "the one that keeps the daily time".to_owned(),
        "exchange" => "the one that routes orders".to_owned(),
        "notifier" => "the one that sends these messages".to_owned(),
        other => excerpt(other, 30),
    }
}
