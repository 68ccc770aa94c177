//! Events in a person's words, one line each: for the status page and for /logs.

use crate::{
    alerts::words::{in_days, length, order, orders_were},
    event::{Event, Repeated},
    text::{and_more, excerpt, going_on},
};
use chrono::{DateTime, Utc};
use fyers_api::ist::ist;

/// Characters of a line at most.
const LONGEST: usize = 300;
/// Of a list of positions or of orders that wait: a line has both.
const LISTED: usize = 110;
/// Of the list of orders.
const ORDERS: usize = 260;

fn until(at: DateTime<Utc>) -> String {
    ist(at).format("%a %d %b, %H:%M").to_string()
}

/// The event as a line. One without words of its own is told by its name.
pub fn line(event: &Event) -> String {
    let words = session(event).or_else(|| exchange(event)).or_else(|| keeper(event));
    words.map_or_else(|| event.name().to_owned(), |words| excerpt(&words, LONGEST))
}

/// The same of several equal ones.
pub fn repeated(repeated: &Repeated<'_>) -> String {
    let line = line(&repeated.newest.event);
    match repeated.times {
        1 => line,
        times => format!("{line} (×{times}, since {})", ist(repeated.since).format("%H:%M:%S")),
    }
}

fn simulated_left(positions: &[String], cancelled: &[String]) -> String {
    let told =
        |what: &str, all: &[String]| (!all.is_empty()).then(|| format!("{what}: {}", and_more(all, LISTED)));
    let open = told("Simulated positions are still open", positions);
    let ended = told("Simulated orders that waited are cancelled", cancelled);
    open.into_iter().chain(ended).collect::<Vec<_>>().join(". ")
}

fn session(event: &Event) -> Option<String> {
    Some(match event {
        Event::SessionChanged { to, why, .. } => {
            format!("Session: {}, because {}", to.slug().replace('_', " "), why.words())
        }
        Event::RefreshStarted { attempt, .. } => format!("Refresh call, attempt {attempt}"),
        Event::RefreshFailed { reason, .. } => format!("Refresh failed: {}", reason.words()),
        Event::RefreshSucceeded { fingerprint, expires_at, .. } => {
            format!("New token {fingerprint} by refresh, good until {}", until(*expires_at))
        }
        Event::LoginStarted => "Login: FYERS sent a code; the token is being fetched".to_owned(),
        Event::LoginFailed { reason, .. } => format!("Login failed: {}", reason.words()),
        Event::LoginSucceeded { fingerprint, expires_at, by } => {
            let from = by.map_or_else(|| " by login".to_owned(), |by| format!(", from {}", by.words()));
            format!("New token {fingerprint}{from}, good until {}", until(*expires_at))
        }
        Event::LoggedOut => "Logged out".to_owned(),
        Event::LoginRequired { reason, .. } => format!("A login is needed: {}", reason.words()),
        Event::LoginReminder { .. } => "Login reminder sent".to_owned(),
        Event::TokenGood { fingerprint, .. } => format!("Today's token {fingerprint} is good"),
        Event::TokenDelayed { reason, unconfirmed: true, .. } => {
            format!("The token is not confirmed yet: {}", reason.words())
        }
        Event::TokenDelayed { reason, .. } => format!("Still no token: {}", reason.words()),
        Event::DayGivenUp { reason, .. } => format!("No usable token all day: {}", reason.words()),
        Event::RefreshTokenEnding { days_left, .. } => {
            format!("The refresh token ends {}", in_days(*days_left))
        }
        Event::SymbolsLoaded { symbols, as_of } => {
            format!("The list of symbols of {} is in use, {symbols} symbols", until(*as_of))
        }
        Event::SymbolsNotRenewed { why, .. } => format!("The list of symbols could not be fetched: {why}"),
        Event::EnvFileFailed { .. } => "The copy of the token in .env could not be written".to_owned(),
        _ => return None,
    })
}

fn exchange(event: &Event) -> Option<String> {
    Some(match event {
        Event::ModeChanged { from, to, why, .. } => format!("Mode {from} → {to}: {}", why.words()),
        Event::HaltChanged { halted: true, by, .. } => format!("Trading halted by {by}"),
        Event::HaltChanged { halted: false, by, .. } => format!("Trading resumed by {by}"),
        Event::KeyAdded { bot, by, .. } => format!("A key for bot {bot} was added by {by}"),
        Event::KeyRotated { bot, by } => format!("The key of bot {bot} has a new token, by {by}"),
        Event::KeyRemoved { bot, by } => format!("The key of bot {bot} was removed by {by}"),
        Event::KeyHalted { bot, halted: true, by } => format!("Bot {bot} halted by {by}"),
        Event::KeyHalted { bot, by, .. } => format!("Bot {bot} resumed by {by}"),
        Event::KeyLimitReached { words, .. } => words.clone(),
        Event::OrderSimulated { symbol, quantity, .. } => {
            format!("Order simulated: {}", order(symbol, *quantity))
        }
        Event::OrderPlaced { symbol, quantity, .. } => {
            format!("Order at FYERS: {}", order(symbol, *quantity))
        }
        Event::OrderRefused { symbol, quantity, why, .. } => {
            format!("Order refused: {}, because {}", order(symbol, *quantity), going_on(why))
        }
        Event::OrderOutcomeUnknown { asked, symbol, quantity, orders, token_refused, .. } => {
            match asked.words() {
                Some(asked) => format!("Sent, answer lost: {asked}"),
                None if orders.len() > 1 => {
                    format!("{} orders sent, answer lost: {}", orders.len(), and_more(orders, ORDERS))
                }
                None if *token_refused => {
                    format!("Order refused with the token, and may be at FYERS: {}", order(symbol, *quantity))
                }
                None => format!("Order sent, answer lost: {}", order(symbol, *quantity)),
            }
        }
        Event::OrderRejected { asked, symbol, quantity, code, taken_as, .. } => {
            // What was taken first is an order, also of an exit.
            let asked = asked.words().filter(|_| taken_as.is_none());
            let what = asked.unwrap_or_else(|| order(symbol, *quantity));
            let code = if *code == 0 { String::new() } else { format!(", code {code}") };
            format!("FYERS rejected: {what}{code}")
        }
        Event::PositionsUnreadable { over: false } => "The live positions cannot be read".to_owned(),
        Event::PositionsUnreadable { over: true } => "The live positions can be read again".to_owned(),
        Event::PositionTurned { symbol, from, to } => {
            format!("A position has turned round under the halt: it was {from} {symbol}, and is {to}")
        }
        Event::PositionGrew { symbol, from, to } => {
            format!("A position has grown under the halt: it was {from} {symbol}, and is {to}")
        }
        Event::PositionUnknown { symbol } => {
            format!("FYERS' row about a position in {symbol} cannot be read: the symbol is protected")
        }
        Event::SimulatedLeft { positions, cancelled } => simulated_left(positions, cancelled),
        Event::SimulatedCleared { by, .. } => format!("The simulated positions were cleared by {by}"),
        Event::SimulatedMeanwhile { orders } => format!("{} simulated without a token", orders_were(*orders)),
        Event::OrdersNotAllowed { .. } => "FYERS takes no orders from this app".to_owned(),
        _ => return None,
    })
}

fn keeper(event: &Event) -> Option<String> {
    Some(match event {
        Event::KeeperStarted { version, after_crash: false, .. } => format!("Started, version {version}"),
        Event::KeeperStarted { after_loss: true, .. } => {
            "Acting again; the database was out of reach".to_owned()
        }
        Event::KeeperStarted { version, .. } => format!("Started after a crash, version {version}"),
        Event::KeeperStopping { handed_over: false, .. } => "Stopping".to_owned(),
        Event::KeeperStopping { stands_by: true, .. } => "Handing over; from now on it stands by".to_owned(),
        Event::KeeperStopping { .. } => "Stopping; another keeper takes over".to_owned(),
        Event::Ticked { late: false, .. } => "Daily check".to_owned(),
        Event::Ticked { .. } => "Daily check, caught up".to_owned(),
        Event::TickSkipped { holiday, .. } => format!("No daily check: {holiday}"),
        Event::SegmentJoined { symbol, .. } => format!("MCX sessions count from now on: {symbol}"),
        Event::CalendarUncovered { year } => format!("No holidays on file for {year}"),
        Event::ClockStepped { seconds } => {
            let way = if *seconds < 0 { "back" } else { "ahead" };
            format!("The clock jumped {} {way}", length(*seconds))
        }
        Event::StrangerWrote { .. } => "A stranger wrote to the bot".to_owned(),
        Event::WrongKeys { client, count } => {
            format!("{count} requests with a wrong gateway key, the latest from {client}")
        }
        Event::DatabasePutBack => "The database was put back to an earlier moment; trading halted".to_owned(),
        Event::SecondPoller => "Another program polls Telegram with this bot".to_owned(),
        Event::TestAlert { .. } => "Test of the alerts".to_owned(),
        Event::DaySummary { day } => {
            format!("Summary of the day: {} orders at FYERS, {} simulated", day.at_fyers, day.simulated)
        }
        Event::ActorCrashed { actor, .. } => format!("The keeper's part {actor} failed; it is started again"),
        Event::ActorRestarted { actor, .. } => format!("The keeper's part {actor} runs again"),
        Event::ActorGaveUp { actor } => {
            format!("The keeper's part {actor} failed too often: the program ends")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
