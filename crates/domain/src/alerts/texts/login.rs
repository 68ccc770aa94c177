//! The token: refreshed, good, late, ending, or only to be had by a person.

use chrono::{DateTime, NaiveDate, Utc};

use crate::alerts::texts::{Context, Draft};
use crate::{
    alerts::{
        outbox::Severity,
        words::{clock, day, moment},
    },
    reason::Reason,
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
    urgent: bool,
    context: &Context,
) -> Draft {
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
        .line(format!("Since {}: {why} ({attempts} tries). The keeper keeps trying.", clock(since)))
        .line(without_token(context))
        .line(format!("Next: wait, or {}", context.login_hint))
}

pub(super) fn given_up(date: NaiveDate, reason: Reason, context: &Context) -> Draft {
    let trading = match (context.live, context.reject_without_token) {
        (true, true) => "Trading: orders without a token were refused.",
        (true, false) => "Trading: orders without a token were simulated and never reached FYERS.",
        (false, _) => "Trading: orders are simulated anyway (sandbox).",
    };
    Draft::new(
        Severity::Critical,
        format!("session|given_up.{date}"),
        format!("No token for {}: the trading day is over", day(date)),
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
    let when = match days_left {
        ..=0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        days => format!("in {days} days"),
    };
    Draft::new(
        Severity::Warning,
        format!("refresh_token|ending.{days_left}"),
        format!("The FYERS refresh token ends {when}"),
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

/// Whether a login mends it. Wrong settings need a person at the keyboard, and more words than a card has.
pub(super) fn is_all_it_takes(reason: Reason) -> bool {
    !matches!(
        reason,
        Reason::PinMissing
            | Reason::PinRejected
            | Reason::AppHashRejected
            | Reason::AppUnknown
            | Reason::PermissionMissing
            | Reason::AppMismatch
            | Reason::ClockSkew
            | Reason::NoCredentials
    )
}

/// Title and explanation, the latter without its full stop.
pub(crate) fn story(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::RefreshDisabled => (
            "FYERS login needed today",
            "By SEBI rules FYERS stopped token refresh in April 2026: one login each trading day",
        ),
        Reason::RefreshTokenExpired => (
            "🔑 FYERS REFRESH TOKEN EXPIRED - MANUAL RENEWAL REQUIRED",
            "The keeper cannot renew the access token by itself any more",
        ),
        Reason::RefreshTokenRejected => (
            "FYERS login needed: the refresh token is refused",
            "FYERS does not take the refresh token, so the keeper cannot renew by itself",
        ),
        Reason::RefreshTokenMissing => (
            "FYERS login needed: no refresh token",
            "There is no refresh token, so the keeper cannot renew by itself",
        ),
        Reason::PinMissing => {
            ("FYERS login needed: no PIN", "FYERS_PIN is not set, and renewing by itself needs it")
        }
        Reason::PinRejected => (
            "FYERS refuses the PIN",
            "The keeper will not try this PIN again: more wrong tries could lock the account",
        ),
        Reason::AppHashRejected => (
            "FYERS refuses the app's secret",
            "App id and secret do not belong together: one of the two is wrong",
        ),
        Reason::AppUnknown => ("FYERS does not know the app id", "No token can be had with this app id"),
        Reason::PermissionMissing => {
            ("The FYERS app lacks a permission", "FYERS accepts the app but not what it asks for")
        }
        Reason::AppMismatch => (
            "The token belongs to another FYERS app",
            "It was made with another app id than the one in FYERS_CLIENT_ID and is not used",
        ),
        Reason::AccountMismatch => (
            "The token belongs to another FYERS account",
            "This keeper serves one account, and the token is not for it, so it is not used",
        ),
        Reason::ClockSkew => (
            "This machine's clock and the token disagree",
            "A brand-new token looks expired already, so the clock here is probably wrong",
        ),
        Reason::NeverLoggedIn => ("First FYERS login needed", "There has never been a token"),
        Reason::NoCredentials => ("No FYERS app is configured", "Without an app there is no way to a token"),
        Reason::LoggedOut => ("You are logged out of FYERS", "The keeper has let go of the token as asked"),
        Reason::TokenRejected => (
            "FYERS login needed: the token is refused",
            "FYERS ended the token before its time, for example by a newer login elsewhere",
        ),
        Reason::TokenExpired => ("FYERS login needed: the token has expired", "A new one needs a login"),
        Reason::Refused => {
            ("FYERS login needed: FYERS refused", "FYERS gave a reason the keeper does not know")
        }
        _ => ("FYERS login needed", "The keeper cannot get a new token by itself"),
    }
}

/// What to do, told apart by reason: a login does not mend a wrong secret.
fn next_step(reason: Reason, context: &Context) -> String {
    let hint = &context.login_hint;
    match reason {
        Reason::RefreshTokenExpired | Reason::RefreshTokenRejected | Reason::RefreshTokenMissing => {
            format!("Next: {hint} {REFRESH_TOKEN_TOO}")
        }
        Reason::PinMissing => format!("Next: put FYERS_PIN in .env and restart. Or, for today: {hint}"),
        Reason::PinRejected => {
            format!("Next: put FYERS_PIN right in .env and restart. Or, for today: {hint}")
        }
        Reason::AppHashRejected => {
            "Next: compare FYERS_CLIENT_ID and FYERS_SECRET_KEY with the app's page on \
             myapi.fyers.in, put them right in .env and restart."
                .to_owned()
        }
        Reason::AppUnknown => {
            "Next: copy the app id from myapi.fyers.in to FYERS_CLIENT_ID in .env (it ends in \
             -100 or -200), check that the app is active, and restart."
                .to_owned()
        }
        Reason::PermissionMissing => {
            format!("Next: give the app its permissions on myapi.fyers.in. Then {hint}")
        }
        Reason::AppMismatch => {
            format!("Next: check FYERS_CLIENT_ID in .env. If it is right, {hint} Use that app.")
        }
        Reason::AccountMismatch => {
            format!("Next: use the account this keeper has served so far: {hint}")
        }
        Reason::ClockSkew => {
            format!("Next: set this machine's clock (NTP) and restart. If it was right, {hint}")
        }
        Reason::NoCredentials => {
            "Next: put FYERS_CLIENT_ID and FYERS_SECRET_KEY in .env and restart.".to_owned()
        }
        _ => format!("Next: {hint}"),
    }
}

/// What it means for trading that there is no token now.
pub(super) fn without_token(context: &Context) -> &'static str {
    match (context.live, context.reject_without_token) {
        (true, true) => "Trading: without a token, orders are refused.",
        (true, false) => "Trading: without a token, orders are simulated and do not reach FYERS.",
        (false, true) => "Trading: without a token, requests are refused. No order is ever real (sandbox).",
        (false, false) => {
            "Trading: without a token, prices are simulated too. No order is ever real (sandbox)."
        }
    }
}

/// What it means for trading that there is a token again.
fn with_token(context: &Context) -> &'static str {
    if context.live {
        "Trading: the keeper is ready to send orders to FYERS."
    } else {
        "Trading: prices and account are real, orders are simulated (sandbox)."
    }
}

fn nothing_to_do(context: &Context) -> String {
    format!(
        "Next: nothing to do. The next check is on the next trading day at {}.",
        context.tick_time.format("%H:%M")
    )
}
