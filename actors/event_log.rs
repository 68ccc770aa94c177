//! One log line for each event. The `event` names are a contract, and so are the four
//! lines of the seed, to the letter.

use chrono::{DateTime, Utc};
use tracing::{error, info, warn};

use fyers_api::ist::ist;
use keeper_domain::event::Event;
use keeper_domain::keys::BotName;
use keeper_domain::secret::Fingerprint;

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

/// What a person does about it.
const RENEWAL: &str =
    "tap the link on the login card in Telegram, or run `fyers-keeper login`; no restart is needed";

fn time(at: DateTime<Utc>) -> String {
    ist(at).format("%Y-%m-%d %H:%M:%S IST").to_string()
}

/// Writes an event to the log.
pub trait LogEvent {
    /// One line, told by this actor.
    fn log(&self, actor: &str);
}

impl LogEvent for Event {
    /// Writes the event's log line on behalf of `actor`.
    fn log(&self, actor: &str) {
        let event = self.name();
        match self {
            Self::RefreshStarted { .. }
            | Self::RefreshFailed { .. }
            | Self::RefreshSucceeded { .. }
            | Self::LoginRequired { .. } => log_refresh(self, event, actor),
            Self::SessionChanged { .. }
            | Self::LoginStarted
            | Self::LoginFailed { .. }
            | Self::LoggedOut
            | Self::AccountUnconfirmed { .. }
            | Self::LoginSucceeded { .. }
            | Self::LoginReminder { .. }
            | Self::TokenGood { .. }
            | Self::TokenDelayed { .. }
            | Self::DayGivenUp { .. }
            | Self::RefreshTokenEnding { .. }
            | Self::EnvFileFailed { .. } => log_session(self, event, actor),
            Self::PositionsUnreadable { .. }
            | Self::PositionUnknown { .. }
            | Self::PositionTurned { .. }
            | Self::PositionGrew { .. }
            | Self::SimulatedLeft { .. }
            | Self::SimulatedCleared { .. } => log_positions(self, event, actor),
            Self::KeyAdded { .. }
            | Self::KeyRotated { .. }
            | Self::KeyRemoved { .. }
            | Self::KeyHalted { .. }
            | Self::KeyLimitReached { .. } => log_keys(self, event, actor),
            Self::ModeChanged { .. }
            | Self::OrderSimulated { .. }
            | Self::SimulatedMeanwhile { .. }
            | Self::OrderOutcomeUnknown { .. }
            | Self::OrderPlaced { .. }
            | Self::OrdersNotAllowed { .. }
            | Self::OrderRejected { .. }
            | Self::OrderRefused { .. } => log_exchange(self, event, actor),
            _ => log_program(self, event, actor),
        }
    }
}

fn log_refresh(event: &Event, name: &str, actor: &str) {
    match event {
        Event::RefreshStarted { attempt, current } => {
            info!(event = name, actor, attempt, banner = true, token_status = current, "{}", seed::STARTED);
        }
        Event::RefreshSucceeded { fingerprint, expires_at, attempts } => {
            let until = time(*expires_at);
            info!(event = name, actor, attempt = attempts, banner = true, %fingerprint, valid_until = until,
                "{}", seed::SUCCEEDED);
        }
        Event::RefreshFailed { attempt, reason, code, retry_in_s: None } => {
            error!(event = name, actor, attempt, banner = true, %reason, code, why = reason.words(),
                "{}", seed::FAILED);
        }
        Event::RefreshFailed { attempt, reason, code, retry_in_s } => {
            warn!(event = name, actor, attempt, %reason, code, retry_in_s, "token refresh failed, trying again");
        }
        Event::LoginRequired { reason, code, .. } if reason.ends_a_pair() => {
            error!(event = name, actor, %reason, code, banner = true, why = reason.words(), next = RENEWAL, "{}", seed::EXPIRED);
        }
        Event::LoginRequired { reason, code, .. } if reason.is_renewal() => {
            error!(event = name, actor, %reason, code, next = RENEWAL, "a person must log in: {}", reason.words());
        }
        Event::LoginRequired { reason, code, .. } => {
            error!(event = name, actor, %reason, code, "a person must log in: {}", reason.words());
        }
        _ => {}
    }
}

fn log_session(event: &Event, name: &str, actor: &str) {
    match event {
        Event::SessionChanged { from, to, why, expires_at, fingerprint } => {
            let until = expires_at.map(time);
            let token = fingerprint.as_ref().map(Fingerprint::as_str);
            info!(event = name, actor, %from, %to, reason = %why, fingerprint = token, valid_until = until,
                "session is {to}: {}", why.words());
        }
        Event::LoginSucceeded { fingerprint, expires_at, .. } => {
            info!(event = name, actor, %fingerprint, valid_until = time(*expires_at), "logged in");
        }
        Event::LoginStarted => info!(event = name, actor, "a login brought a code"),
        Event::LoginFailed { reason, code } => {
            warn!(event = name, actor, %reason, code, "login failed: {}", reason.words());
        }
        Event::AccountUnconfirmed { account, .. } => {
            warn!(event = name, actor, account, "a login waits until the owner confirms the account");
        }
        Event::LoggedOut => info!(event = name, actor, "logged out"),
        Event::LoginReminder { urgent } => {
            warn!(event = name, actor, urgent, "still no login: the person was reminded");
        }
        Event::TokenGood { fingerprint, expires_at } => {
            info!(event = name, actor, %fingerprint, valid_until = time(*expires_at), "today's token is good");
        }
        Event::TokenDelayed { reason, since, attempts, urgent, .. } => {
            warn!(event = name, actor, %reason, since = time(*since), attempt = attempts, urgent,
                "still no usable token, because {}", reason.words());
        }
        Event::DayGivenUp { trade_date, reason } => {
            error!(event = name, actor, %trade_date, %reason, "no token came all day");
        }
        Event::RefreshTokenEnding { days_left, ends_at } => {
            warn!(event = name, actor, days_left, ends_at = time(*ends_at), "the refresh token ends soon");
        }
        Event::EnvFileFailed { problem } => warn!(event = name, actor, "{problem}"),
        _ => {}
    }
}

fn log_exchange(event: &Event, name: &str, actor: &str) {
    match event {
        Event::ModeChanged { from, to, why, .. } => {
            info!(event = name, actor, %from, mode = %to, reason = %why, "mode is {to}: {}", why.words());
        }
        Event::OrderSimulated { bot, id, symbol, quantity, mode, .. } => {
            let bot = bot.as_ref().map(BotName::as_str);
            info!(event = name, actor, bot, %mode, venue = "mock", order = id, symbol, quantity, "order simulated");
        }
        Event::SimulatedMeanwhile { orders } => {
            warn!(event = name, actor, orders, "orders were simulated while no token could be used");
        }
        Event::OrderOutcomeUnknown { bot, symbol, quantity, found, searched, rows, .. } => {
            let bot = bot.as_ref().map(BotName::as_str);
            let rows = rows.join("; ");
            error!(
                event = name,
                actor,
                bot,
                symbol,
                quantity,
                found,
                searched,
                rows,
                "an order was sent and its answer was lost"
            );
        }
        Event::OrderRejected { bot, symbol, quantity, price, code, message, taken_as, .. } => {
            let bot = bot.as_ref().map(BotName::as_str);
            warn!(
                event = name,
                actor,
                bot,
                mode = "live",
                venue = "fyers",
                symbol,
                quantity,
                price,
                code,
                order = taken_as,
                why = message,
                "FYERS rejected an order"
            );
        }
        Event::OrderPlaced { bot, id, symbol, quantity } => {
            let bot = bot.as_ref().map(BotName::as_str);
            info!(
                event = name,
                actor,
                bot,
                mode = "live",
                venue = "fyers",
                order = id,
                symbol,
                quantity,
                "order sent"
            );
        }
        Event::OrdersNotAllowed { symbol, app, address, expected } => {
            error!(
                event = name,
                actor, symbol, app, address, expected, "FYERS takes no orders from this app"
            );
        }
        Event::OrderRefused { bot, symbol, quantity, why, .. } => {
            let bot = bot.as_ref().map(BotName::as_str);
            warn!(event = name, actor, bot, symbol, quantity, why, "order refused");
        }
        _ => {}
    }
}

fn log_positions(event: &Event, name: &str, actor: &str) {
    match event {
        Event::PositionsUnreadable { over: false } => {
            error!(event = name, actor, "the live positions cannot be read; what was known stays protected");
        }
        Event::PositionsUnreadable { over: true } => {
            info!(event = name, actor, "the live positions can be read again");
        }
        Event::PositionTurned { symbol, from, to } => {
            error!(
                event = name,
                actor, symbol, from, to, "a position has turned round while trading is halted"
            );
        }
        Event::PositionGrew { symbol, from, to } => {
            error!(event = name, actor, symbol, from, to, "a position has grown while trading is halted");
        }
        Event::PositionUnknown { symbol } => {
            warn!(event = name, actor, symbol, "a live position is not understood: its symbol is protected");
        }
        Event::SimulatedLeft { positions, cancelled } => {
            let (positions, cancelled) = (positions.join(", "), cancelled.join(", "));
            warn!(
                event = name,
                actor,
                positions,
                cancelled,
                "simulated positions are open, or simulated orders waited, and orders go to FYERS now"
            );
        }
        Event::SimulatedCleared { by, positions } => {
            info!(event = name, actor, by, positions, "the simulated positions were cleared");
        }
        _ => {}
    }
}

fn log_keys(event: &Event, name: &str, actor: &str) {
    match event {
        Event::KeyAdded { bot, ceiling, read_only, by } => {
            info!(event = name, actor, %bot, %ceiling, read_only, by, "a key for bot {bot} was added");
        }
        Event::KeyRotated { bot, by } => {
            info!(event = name, actor, %bot, by, "the key of bot {bot} has a new token");
        }
        Event::KeyRemoved { bot, by } => {
            info!(event = name, actor, %bot, by, "the key of bot {bot} was removed");
        }
        Event::KeyHalted { bot, halted, by } => {
            let what = if *halted { "is halted" } else { "goes on" };
            warn!(event = name, actor, %bot, halted, by, "bot {bot} {what}");
        }
        Event::KeyLimitReached { bot, limit, words } => {
            warn!(event = name, actor, %bot, limit = limit.slug(), why = words, "a limit of bot {bot} is reached");
        }
        _ => {}
    }
}

fn log_program(event: &Event, name: &str, actor: &str) {
    match event {
        Event::KeeperStarted { version, commit, missing, after_crash, .. } => {
            let missing = missing.join("; ");
            info!(event = name, actor, version, commit, missing, after_crash, "fyers-keeper {version} is up");
        }
        Event::KeeperStopping { handed_over, stands_by } => {
            info!(event = name, actor, handed_over, stands_by, "stopping");
        }
        Event::Ticked { trade_date, late } => {
            info!(event = name, actor, %trade_date, late, "daily tick for {trade_date}");
        }
        Event::TickSkipped { date, holiday } => {
            info!(event = name, actor, %date, holiday, "no tick today: market holiday, {holiday}");
        }
        Event::CalendarUncovered { year } => {
            warn!(event = name, actor, year, "the calendar has no holidays for {year}: every weekday counts");
        }
        Event::SegmentJoined { segment, symbol } => {
            let segment = format!("{segment:?}").to_lowercase();
            info!(event = name, actor, segment, symbol, "the sessions of {segment} need a token from now on");
        }
        Event::ClockStepped { seconds } => warn!(event = name, actor, seconds, "the wall clock jumped"),
        Event::StrangerWrote { user } => {
            warn!(event = name, actor, user, "somebody who may not command the keeper wrote to its bot");
        }
        Event::WrongKeys { client, count } => {
            warn!(event = name, actor, %client, count, "wrong gateway keys");
        }
        Event::DatabasePutBack => {
            error!(
                event = name,
                actor,
                "the database was put back to an earlier moment: trading is halted until a person ends it"
            );
        }
        Event::SecondPoller => {
            error!(event = name, actor, "another program polls Telegram with the same bot token");
        }
        Event::HaltChanged { halted, by, .. } => {
            let what = if *halted { "trading is halted" } else { "trading goes on" };
            warn!(event = name, actor, halted, by, "{what}");
        }
        Event::TestAlert { severity } => {
            info!(event = name, actor, severity = severity.slug(), "test of the alerts");
        }
        Event::DaySummary { day } => {
            let (date, pnl) = (day.date, day.pnl.as_deref().unwrap_or("not known"));
            let (at_fyers, simulated) = (day.at_fyers, day.simulated);
            let (rejected, rejected_by_mock, refused) = (day.rejected, day.rejected_by_mock, day.refused);
            info!(
                event = name,
                actor,
                %date,
                at_fyers,
                simulated,
                rejected,
                rejected_by_mock,
                refused,
                pnl,
                "summary of {date}"
            );
        }
        Event::ActorCrashed { actor: who, death } => {
            error!(
                event = name,
                actor = who,
                death = death.slug(),
                "the keeper's part {who} failed; it is started again"
            );
        }
        Event::ActorRestarted { actor: who, restarts } => {
            warn!(event = name, actor = who, restarts, "the keeper's part {who} runs again");
        }
        Event::ActorGaveUp { actor: who } => {
            error!(event = name, actor = who, "{who} died too often: ending the program with exit code 70");
        }
        Event::SymbolsLoaded { symbols, as_of } => {
            let as_of = time(*as_of);
            info!(event = name, actor, symbols, as_of, "the symbol master has {symbols} symbols");
        }
        Event::SymbolsNotRenewed { why, as_of } => {
            let as_of = as_of.map(time);
            warn!(event = name, actor, why, as_of, "the symbol master could not be fetched");
        }
        _ => {}
    }
}
