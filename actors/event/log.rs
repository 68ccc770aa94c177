//! One log line for each event. The `event` names are a contract (design, section 8), and so are the four
//! lines of the seed, to the letter.

use chrono::{DateTime, Utc};
use tracing::{error, info, warn};

use super::Event;
use crate::{ist::ist, reason::Reason, secret::Fingerprint, token::StateName};

/// The seed's lines: people already search their logs for them.
pub mod seed {
    /// A refresh begins.
    pub const STARTED: &str = "🔄 FYERS TOKEN REFRESH - Scheduled Daily Maintenance";
    /// A refresh succeeded.
    pub const SUCCEEDED: &str = "✅ TOKEN REFRESH SUCCESSFUL";
    /// A refresh failed and will not be repeated by itself.
    pub const FAILED: &str = "❌ TOKEN REFRESH FAILED";
    /// Only a person can help.
    pub const EXPIRED: &str = "🔑 FYERS REFRESH TOKEN EXPIRED - MANUAL RENEWAL REQUIRED";
}

/// Whether a fresh pair of tokens is all it takes, as against settings that must be put right.
fn needs_renewal(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::RefreshTokenExpired
            | Reason::RefreshTokenRejected
            | Reason::RefreshTokenMissing
            | Reason::RefreshDisabled
            | Reason::TokenExpired
            | Reason::TokenRejected
            | Reason::NeverLoggedIn
    )
}

/// What a person does about it.
const RENEWAL: &str =
    "tap the link on the login card in Telegram, or run `fyers-keeper login`; no restart is needed";

fn time(at: DateTime<Utc>) -> String {
    ist(at).format("%Y-%m-%d %H:%M:%S IST").to_string()
}

impl Event {
    /// The stable name (design, section 8).
    pub fn name(&self) -> &'static str {
        match self {
            Self::KeeperStarted { .. } => "keeper.started",
            Self::KeeperStopping => "keeper.stopping",
            Self::Ticked { late: false, .. } => "clock.tick",
            Self::Ticked { late: true, .. } => "clock.caught_up",
            Self::TickSkipped { .. } => "clock.skipped",
            Self::CalendarUncovered { .. } => "clock.uncovered",
            Self::ClockStepped { .. } => "clock.stepped",
            Self::SessionChanged { to: StateName::Expired, .. } => "token.expired",
            Self::SessionChanged { .. } => "token.state",
            Self::RefreshStarted { .. } => "token.refresh.started",
            Self::RefreshFailed { .. } => "token.refresh.failed",
            Self::RefreshSucceeded { .. } => "token.refresh.succeeded",
            Self::LoginStarted => "login.started",
            Self::LoginFailed { .. } => "login.failed",
            Self::LoggedOut => "login.ended",
            Self::LoginSucceeded { .. } => "login.completed",
            Self::StrangerWrote { .. } => "chat.stranger",
            Self::SecondPoller => "chat.second_poller",
            Self::HaltChanged { .. } => "exchange.halt",
            Self::TestAlert { .. } => "alert.test",
            Self::TokenGood { .. } => "token.check",
            Self::LoginRequired { .. } => "login.required",
            Self::LoginReminder { .. } => "login.reminded",
            Self::TokenDelayed { .. } => "token.delayed",
            Self::DayGivenUp { .. } => "token.day_given_up",
            Self::RefreshTokenEnding { .. } => "token.expiring",
            Self::EnvFileFailed { .. } => "token.env_file_failed",
            Self::ModeChanged { .. } => "exchange.switched",
            Self::OrderSimulated { .. } | Self::OrderPlaced { .. } => "order.placed",
            Self::SimulatedMeanwhile { .. } => "order.simulated_meanwhile",
            Self::OrderOutcomeUnknown { .. } => "order.unknown",
            Self::OrderRefused { .. } | Self::OrdersNotAllowed { .. } => "order.refused",
            Self::ActorCrashed { .. } => "actor.crashed",
            Self::ActorRestarted { .. } => "actor.restarted",
            Self::ActorGaveUp { .. } => "actor.gave_up",
        }
    }

    /// Writes the event's log line on behalf of `actor`.
    pub fn log(&self, actor: &str) {
        let event = self.name();
        match self {
            Self::RefreshStarted { .. }
            | Self::RefreshFailed { .. }
            | Self::RefreshSucceeded { .. }
            | Self::LoginRequired { .. } => self.log_refresh(event, actor),
            Self::SessionChanged { .. }
            | Self::LoginStarted
            | Self::LoginFailed { .. }
            | Self::LoggedOut
            | Self::LoginSucceeded { .. }
            | Self::LoginReminder { .. }
            | Self::TokenGood { .. }
            | Self::TokenDelayed { .. }
            | Self::DayGivenUp { .. }
            | Self::RefreshTokenEnding { .. }
            | Self::EnvFileFailed { .. } => self.log_session(event, actor),
            Self::ModeChanged { .. }
            | Self::OrderSimulated { .. }
            | Self::SimulatedMeanwhile { .. }
            | Self::OrderOutcomeUnknown { .. }
            | Self::OrderPlaced { .. }
            | Self::OrdersNotAllowed { .. }
            | Self::OrderRefused { .. } => self.log_exchange(event, actor),
            _ => self.log_house(event, actor),
        }
    }

    fn log_refresh(&self, event: &str, actor: &str) {
        match self {
            Self::RefreshStarted { attempt, current } => {
                info!(event, actor, attempt, banner = true, token_status = current, "{}", seed::STARTED);
            }
            Self::RefreshSucceeded { fingerprint, expires_at, attempts } => {
                let until = time(*expires_at);
                info!(event, actor, attempt = attempts, banner = true, %fingerprint, valid_until = until,
                    "{}", seed::SUCCEEDED);
            }
            Self::RefreshFailed { attempt, reason, code, retry_in_s: None } => {
                error!(event, actor, attempt, banner = true, %reason, code, why = reason.words(),
                    "{}", seed::FAILED);
            }
            Self::RefreshFailed { attempt, reason, code, retry_in_s } => {
                warn!(event, actor, attempt, %reason, code, retry_in_s, "token refresh failed, trying again");
            }
            Self::LoginRequired { reason, code } if needs_renewal(*reason) => {
                error!(event, actor, %reason, code, banner = true, why = reason.words(), next = RENEWAL, "{}", seed::EXPIRED);
            }
            Self::LoginRequired { reason, code } => {
                error!(event, actor, %reason, code, "a person must log in: {}", reason.words());
            }
            _ => {}
        }
    }

    fn log_session(&self, event: &str, actor: &str) {
        match self {
            Self::SessionChanged { from, to, why, expires_at, fingerprint } => {
                let until = expires_at.map(time);
                let token = fingerprint.as_ref().map(Fingerprint::as_str);
                info!(event, actor, %from, %to, reason = %why, fingerprint = token, valid_until = until,
                    "session is {to}: {}", why.words());
            }
            Self::LoginSucceeded { fingerprint, expires_at } => {
                info!(event, actor, %fingerprint, valid_until = time(*expires_at), "logged in");
            }
            Self::LoginStarted => info!(event, actor, "a login brought a code"),
            Self::LoginFailed { reason, code } => {
                warn!(event, actor, %reason, code, "login failed: {}", reason.words());
            }
            Self::LoggedOut => info!(event, actor, "logged out"),
            Self::LoginReminder { urgent } => {
                warn!(event, actor, urgent, "still no login: the person was reminded");
            }
            Self::TokenGood { fingerprint, expires_at } => {
                info!(event, actor, %fingerprint, valid_until = time(*expires_at), "today's token is good");
            }
            Self::TokenDelayed { reason, since, attempts, urgent } => {
                warn!(event, actor, %reason, since = time(*since), attempt = attempts, urgent,
                    "still no token, because {}", reason.words());
            }
            Self::DayGivenUp { trade_date, reason } => {
                error!(event, actor, %trade_date, %reason, "no token came all day");
            }
            Self::RefreshTokenEnding { days_left, ends_at } => {
                warn!(event, actor, days_left, ends_at = time(*ends_at), "the refresh token ends soon");
            }
            Self::EnvFileFailed { problem } => warn!(event, actor, "{problem}"),
            _ => {}
        }
    }

    fn log_exchange(&self, event: &str, actor: &str) {
        match self {
            Self::ModeChanged { from, to, why } => {
                info!(event, actor, %from, mode = %to, reason = %why, "mode is {to}: {}", why.words());
            }
            Self::OrderSimulated { id, symbol, quantity, mode } => {
                info!(event, actor, %mode, venue = "mock", order = id, symbol, quantity, "order simulated");
            }
            Self::SimulatedMeanwhile { orders } => {
                warn!(event, actor, orders, "orders were simulated while the token was dead");
            }
            Self::OrderOutcomeUnknown { symbol, quantity, found } => {
                error!(event, actor, symbol, quantity, found, "an order was sent and its answer was lost");
            }
            Self::OrderPlaced { id, symbol, quantity } => {
                info!(
                    event,
                    actor,
                    mode = "live",
                    venue = "fyers",
                    order = id,
                    symbol,
                    quantity,
                    "order sent"
                );
            }
            Self::OrdersNotAllowed { symbol, app, address, expected } => {
                error!(event, actor, symbol, app, address, expected, "FYERS takes no orders from this app");
            }
            Self::OrderRefused { symbol, quantity, why } => {
                warn!(event, actor, symbol, quantity, why, "order refused");
            }
            _ => {}
        }
    }

    fn log_house(&self, event: &str, actor: &str) {
        match self {
            Self::KeeperStarted { version, commit, missing, after_crash } => {
                let missing = missing.join("; ");
                info!(event, actor, version, commit, missing, after_crash, "fyers-keeper {version} is up");
            }
            Self::KeeperStopping => info!(event, actor, "stopping"),
            Self::Ticked { trade_date, late } => {
                info!(event, actor, %trade_date, late, "daily tick for {trade_date}");
            }
            Self::TickSkipped { date, holiday } => {
                info!(event, actor, %date, holiday, "no tick today: market holiday, {holiday}");
            }
            Self::CalendarUncovered { year } => {
                warn!(event, actor, year, "the calendar has no holidays for {year}: every weekday counts");
            }
            Self::ClockStepped { seconds } => warn!(event, actor, seconds, "the wall clock jumped"),
            Self::StrangerWrote { user } => {
                warn!(event, actor, user, "somebody who may not command the keeper wrote to its bot");
            }
            Self::SecondPoller => {
                error!(event, actor, "another program polls Telegram with the same bot token");
            }
            Self::HaltChanged { halted, by } => {
                let what = if *halted { "trading is halted" } else { "trading goes on" };
                warn!(event, actor, halted, by, "{what}");
            }
            Self::TestAlert { severity } => {
                info!(event, actor, severity = severity.slug(), "test of the alerts");
            }
            Self::ActorCrashed { actor: who, death } => {
                error!(event, actor = who, death = death.slug(), "{who} crashed");
            }
            Self::ActorRestarted { actor: who, restarts } => {
                warn!(event, actor = who, restarts, "{who} is back");
            }
            Self::ActorGaveUp { actor: who } => {
                error!(event, actor = who, "{who} died too often: ending the program with exit code 70");
            }
            _ => {}
        }
    }
}
