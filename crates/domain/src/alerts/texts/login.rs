//! The token: refreshed, good, late, ending, or only to be had by a person.

use chrono::{DateTime, NaiveDate, Utc};

use crate::alert::Severity;
use crate::alerts::texts::draft::{Context, Draft};
use crate::{
    alerts::words::{clock, day, excerpt, in_days, moment},
    reason::Reason,
    reason_words::{is_all_it_takes, story},
    text::going_on,
};

/// A login brings both tokens.
const REFRESH_TOKEN_TOO: &str = "The keeper takes the new refresh token that comes with it.";

pub(super) fn refreshed(expires_at: DateTime<Utc>, context: &Context) -> Draft {
    Draft::new(Severity::Info, "session|refreshed", "✅ TOKEN REFRESH SUCCESSFUL")
        .line(format!("The new token is good until {}.", moment(expires_at)))
        .line(with_token(context))
        .line(nothing_to_do(context))
}

pub(super) fn logged_in(expires_at: DateTime<Utc>, context: &Context) -> Draft {
    Draft::new(Severity::Info, "session|logged_in", "Login complete")
        .line(format!("The new token works and is good until {}.", moment(expires_at)))
        .line(with_token(context))
        .line(nothing_to_do(context))
}

pub(super) fn stranger() -> Draft {
    Draft::new(Severity::Warning, "session|stranger", "A login with another FYERS account was refused")
        .line("Trading: not affected. This keeper serves the account it saw first, and only that one.")
        .line("Next: nothing if it was you with another account. Otherwise change the app's secret at FYERS.")
}

pub(super) fn unconfirmed(account: &str, holder: &str) -> Draft {
    let (account, holder) = (excerpt(account, 20), excerpt(holder, 40));
    Draft::new(
        Severity::Critical,
        format!("session|unconfirmed.{account}"),
        format!("Is this your FYERS account: {account} ({holder})?"),
    )
    .line("Somebody logged in with it. It is the first account here, so its token is not used yet.")
    .line("Trading: nothing changes until you confirm.")
    .line(format!("Next: if it is yours, tap /confirm_{account} within 10 minutes. If not, do nothing."))
}

pub(super) fn good(expires_at: DateTime<Utc>, context: &Context) -> Draft {
    Draft::new(Severity::Info, "session|good", "Morning check passed")
        .line(format!("The token works and is good until {}.", moment(expires_at)))
        .line(with_token(context))
        .line("Next: nothing to do.")
}

pub(super) fn delayed(
    reason: Reason,
    since: DateTime<Utc>,
    attempts: u32,
    (urgent, unconfirmed): (bool, bool),
    context: &Context,
) -> Draft {
    if unconfirmed {
        return not_confirmed(reason, since, attempts, urgent, context);
    }
    let why = reason.words();
    let draft = if urgent {
        Draft::new(
            Severity::Critical,
            "session|delayed.urgent",
            "No token, and the market is open or about to open",
        )
    } else {
        Draft::new(Severity::Warning, "session|delayed", "The new token is late")
    };
    draft
        .line(format!("Since {}: {why}{}. The keeper keeps trying.", clock(since), tries(attempts)))
        .line(without_token(context))
        .line(format!("Next: wait, or {}", context.login_hint))
}

/// How often it was tried; nothing while the first try has not ended.
fn tries(ended: u32) -> String {
    match ended {
        0 => String::new(),
        1 => " (1 try)".to_owned(),
        many => format!(" ({many} tries)"),
    }
}

/// The token is there; nobody has lost it, and no login is needed for it.
fn not_confirmed(
    reason: Reason,
    since: DateTime<Utc>,
    attempts: u32,
    urgent: bool,
    context: &Context,
) -> Draft {
    let (severity, topic) = match urgent {
        true => (Severity::Critical, "session|unconfirmed.urgent"),
        false => (Severity::Warning, "session|unconfirmed"),
    };
    let why = if reason == Reason::TokenUnconfirmed { "it has not answered" } else { reason.words() };
    let trading = match (context.live, context.refuses()) {
        (true, true) => "Trading: until FYERS confirms it, orders are refused.",
        (true, false) => "Trading: until FYERS confirms it, orders are simulated and do not reach FYERS.",
        (false, _) if context.reject_without_token => {
            "Trading: until FYERS confirms it, requests are refused. No order is real (sandbox)."
        }
        (false, _) => "Trading: until FYERS confirms it, prices are simulated too (sandbox).",
    };
    Draft::new(severity, topic, "There is a token, but FYERS has not confirmed it yet")
        .line(format!("Since {}: {why}{}. The keeper keeps asking.", clock(since), tries(attempts)))
        .line(trading)
        .line(format!("Next: nothing. Only if it stays so: {}", context.login_hint))
}

pub(super) fn given_up(date: NaiveDate, reason: Reason, context: &Context) -> Draft {
    let trading = match (context.live, context.reject_without_token) {
        _ if context.halted => "Trading: it is halted. Nothing reached FYERS without a token.",
        (true, true) => "Trading: orders without a token were refused.",
        (true, false) => "Trading: orders without a token were simulated and never reached FYERS.",
        (false, _) => "Trading: orders are simulated anyway (sandbox).",
    };
    Draft::new(
        Severity::Critical,
        format!("session|given_up.{date}"),
        format!("No usable token for {}: the trading day is over", day(date)),
    )
    .line(format!("The latest trouble: {}.", reason.words()))
    .line(trading)
    .line(format!(
        "Next: the keeper tries again on the next trading day at {}. To be ready earlier, {}",
        context.tick_time.format("%H:%M"),
        context.login_hint
    ))
}

pub(super) fn ending(days_left: i64, ends_at: DateTime<Utc>, context: &Context) -> Draft {
    Draft::new(
        Severity::Warning,
        format!("refresh_token|ending.{days_left}"),
        format!("The FYERS refresh token ends {}", in_days(days_left)),
    )
    .line(format!("It can be used until {}; after that the keeper cannot renew by itself.", moment(ends_at)))
    .line("Trading: not affected yet.")
    .line(format!("Next: before then, {} {REFRESH_TOKEN_TOO}", context.login_hint))
}

/// Only a person can help now. Each reason has its own next step.
pub(super) fn required(reason: Reason, code: Option<i64>, context: &Context) -> Draft {
    let severity = match reason {
        Reason::NeverLoggedIn | Reason::NoCredentials | Reason::LoggedOut => Severity::Warning,
        _ => Severity::Critical,
    };
    let (title, meaning) = story(reason);
    let meaning = match code {
        Some(code) => format!("{meaning} (FYERS code {code})"),
        None => meaning.to_owned(),
    };
    Draft::new(severity, format!("session|login.{}", reason.slug()), title)
        .line(format!("{meaning}."))
        .line(without_token(context))
        .line(next_step(reason, context))
}

/// The second wrong PIN, and each one after it: whoever guesses on may lock the account.
pub(super) fn wrong_pins(count: u32, context: &Context) -> Draft {
    Draft::new(
        Severity::Critical,
        format!("session|login.wrong_pins.{count}"),
        format!("FYERS has refused the PIN {count} times"),
    )
    .line("FYERS locks the account after a few wrong ones. The keeper does not try this PIN again.")
    .line(without_token(context))
    .line(format!(
        "Next: do not guess. See in the FYERS app which PIN works, set FYERS_PIN to it and restart. Or, for today: {}",
        context.login_hint
    ))
}

/// What to do, told apart by reason: a login does not mend a wrong secret.
fn next_step(reason: Reason, context: &Context) -> String {
    let hint = &context.login_hint;
    match reason {
        Reason::RefreshTokenExpired | Reason::RefreshTokenRejected | Reason::RefreshTokenMissing => {
            format!("Next: {hint} {REFRESH_TOKEN_TOO}")
        }
        // A new login does not need the PIN.
        Reason::PinRejected | Reason::PinMissing => {
            format!("Next: {} Or, for today: {hint}", going_on(reason.remedy()))
        }
        _ if is_all_it_takes(reason) => format!("Next: {hint}"),
        Reason::PermissionMissing | Reason::AppMismatch | Reason::ClockSkew => {
            format!("Next: {} Then {hint}", going_on(reason.remedy()))
        }
        _ => format!("Next: {} Then restart.", going_on(reason.remedy())),
    }
}

/// What it means for trading that there is no token now.
pub(super) fn without_token(context: &Context) -> &'static str {
    match (context.live, context.refuses()) {
        (true, true) if context.halted => "Trading: it is halted, and without a token orders are refused.",
        (true, true) => "Trading: without a token, orders are refused.",
        (true, false) => "Trading: without a token, orders are simulated and do not reach FYERS.",
        (false, _) if context.reject_without_token => {
            "Trading: without a token, requests are refused. No order is ever real (sandbox)."
        }
        (false, _) if context.halted => {
            "Trading: it is halted, and without a token prices are simulated too. No order is ever real (sandbox)."
        }
        (false, _) => "Trading: without a token, prices are simulated too. No order is ever real (sandbox).",
    }
}

/// What it means for trading that there is a token again.
fn with_token(context: &Context) -> String {
    context.trading(match (context.live, context.reads_only) {
        (true, false) => "the keeper is ready to send orders to FYERS.",
        (true, true) => {
            "prices and account are real; this app (-100) only reads, and FYERS refuses its orders."
        }
        (false, _) => "prices and account are real, orders are simulated (sandbox).",
    })
}

fn nothing_to_do(context: &Context) -> String {
    format!(
        "Next: nothing to do. The next check is on the next trading day at {}.",
        context.tick_time.format("%H:%M")
    )
}
