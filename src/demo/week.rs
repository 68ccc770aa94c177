//! The week of the demo, as a list: what happens when, and how fast the clock runs meanwhile. All times IST.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use fyers_api::{
    ist,
    model::{OrderRequest, OrderType, Product, Side},
};
use rust_decimal::Decimal;

/// Seconds of the demo in one real second, when nothing is to be seen.
const NIGHT: f64 = 20_000.0;
/// The same while a person would look.
const MORNING: f64 = 500.0;

/// A service that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The broker.
    Fyers,
    /// The phone.
    Telegram,
}

/// One of the keeper's actors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// The TokenActor.
    Token,
    /// The ClockActor.
    Clock,
    /// The ExchangeActor.
    Exchange,
    /// The NotifierActor.
    Notifier,
}

/// Something the demo does.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// A new day begins.
    Day(NaiveDate, &'static str),
    /// The clock runs at this speed from here on.
    Speed(f64),
    /// A service stops answering, or answers again.
    Outage(Service, bool),
    /// FYERS switches the refresh call on or off.
    Refresh(bool),
    /// A person taps the button on the login card and goes through FYERS' login.
    Tap,
    /// An actor panics in the middle of its work.
    Crash(Victim),
    /// A bot sends an order to the keeper.
    Order(OrderRequest),
    /// The market opens: where do orders go?
    MarketOpens(NaiveDate),
}

/// A day's date and what it is about.
pub const STORIES: [(&str, &str); 7] = [
    ("2026-11-20", "a normal morning: one tap"),
    ("2026-11-21", "weekend"),
    ("2026-11-22", "weekend"),
    ("2026-11-23", "FYERS is down at 08:45"),
    ("2026-11-24", "market holiday"),
    ("2026-11-25", "every part crashes, Telegram is down"),
    ("2026-11-26", "nobody logs in before ten"),
];

fn time(hour: u32, minute: u32) -> NaiveTime {
    ist::at(hour, minute)
}

/// When the demo begins: the evening before.
pub fn begins() -> DateTime<Utc> {
    instant("2026-11-19", time(20, 0))
}

/// When it ends: after the last close.
pub fn ends() -> DateTime<Utc> {
    instant("2026-11-26", time(16, 0))
}

/// When the refresh token was issued: it nears its end on the day it can be used.
pub fn refresh_token_issued() -> DateTime<Utc> {
    instant("2026-11-13", time(8, 50))
}

/// When the access token was issued that is good when the demo begins.
pub fn access_token_issued() -> DateTime<Utc> {
    instant("2026-11-19", time(8, 45))
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap_or_default()
}

fn instant(day: &str, time: NaiveTime) -> DateTime<Utc> {
    ist::instant(date(day), time)
}

fn order(symbol: &str, quantity: i64, side: Side) -> Act {
    Act::Order(OrderRequest {
        symbol: symbol.into(),
        quantity,
        side,
        order_type: OrderType::Market,
        product: Product::Cnc,
        limit_price: Decimal::ZERO,
        stop_price: Decimal::ZERO,
        tag: Some("demo".into()),
    })
}

/// All acts in the order of their time. `is_trading_day` is the keeper's own calendar.
pub fn acts(is_trading_day: impl Fn(NaiveDate) -> bool) -> Vec<(DateTime<Utc>, Act)> {
    let mut acts = vec![(begins(), Act::Speed(NIGHT))];
    for (day, story) in STORIES {
        let today = date(day);
        let at = |hour, minute| ist::instant(today, time(hour, minute));
        acts.push((at(5, 0), Act::Day(today, story)));
        acts.push((at(8, 43), Act::Speed(MORNING)));
        acts.push((at(8, 47), Act::Speed(if is_trading_day(today) { MORNING } else { NIGHT })));
        if is_trading_day(today) {
            acts.push((at(9, 15), Act::MarketOpens(today)));
            acts.push((at(9, 17), Act::Speed(NIGHT)));
        }
    }
    acts.extend(troubles());
    acts.sort_by_key(|(at, _)| *at);
    acts
}

fn troubles() -> Vec<(DateTime<Utc>, Act)> {
    let at = |day: &str, hour, minute| instant(&format!("2026-11-{day}"), time(hour, minute));
    vec![
        (at("20", 8, 47), Act::Tap),
        (at("20", 9, 16), order("NSE:SBIN-EQ", 10, Side::Buy)),
        (at("23", 7, 0), Act::Outage(Service::Fyers, true)),
        (at("23", 9, 4), Act::Outage(Service::Fyers, false)),
        (at("23", 9, 11), Act::Tap),
        (at("25", 6, 30), Act::Refresh(true)),
        (at("25", 7, 0), Act::Outage(Service::Telegram, true)),
        (at("25", 8, 46), Act::Crash(Victim::Exchange)),
        (at("25", 8, 48), Act::Crash(Victim::Token)),
        (at("25", 8, 50), Act::Crash(Victim::Clock)),
        (at("25", 8, 52), Act::Crash(Victim::Notifier)),
        (at("25", 9, 10), Act::Outage(Service::Telegram, false)),
        // Before the token ends: a call that is on its way then would have it refreshed.
        (at("25", 16, 0), Act::Refresh(false)),
        (at("26", 9, 16), order("NSE:INFY-EQ", 5, Side::Buy)),
        (at("26", 9, 16), order("NSE:SBIN-EQ", 10, Side::Sell)),
        (at("26", 10, 19), Act::Speed(MORNING)),
        (at("26", 10, 20), Act::Tap),
        (at("26", 10, 22), Act::Speed(NIGHT)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_is_seven_days_in_less_than_a_minute_of_clock_time() {
        let acts = acts(|day| STORIES.iter().any(|(text, story)| date(text) == day && *story != "weekend"));
        let mut speed = 1.0;
        let mut seconds = 0.0;
        for pair in acts.windows(2) {
            if let Act::Speed(new) = pair[0].1 {
                speed = new;
            }
            seconds += (pair[1].0 - pair[0].0).as_seconds_f64() / speed;
        }
        assert!(seconds < 55.0, "{seconds} s");
        assert_eq!(STORIES.len(), 7);
    }
}
