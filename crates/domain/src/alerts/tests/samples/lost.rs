//! Orders whose answers were lost, and an account that may be.

use crate::{
    asked::Asked,
    event::{Event, UnreadBook},
    reason::Reason,
};

use super::bot;

pub(super) fn lost_basket(searched: bool) -> Event {
    Event::OrderOutcomeUnknown {
        bot: Some(bot()),
        asked: Asked { what: "place".into(), ids: vec![] },
        symbol: "NSE:BANKNIFTY26NOV52000CE".into(),
        quantity: 35,
        found: None,
        searched,
        orders: (0..10).map(|n| format!("buy 35 NSE:BANKNIFTY26NOV52{n}00CE")).collect(),
        rows: vec![],
        token_refused: false,
        is_by_time: false,
        unread: None,
    }
}

/// No book could be read for it.
pub(super) fn unread(why: UnreadBook, quantity: i64, token_refused: bool) -> Event {
    Event::OrderOutcomeUnknown {
        bot: None,
        asked: Asked { what: "place".into(), ids: vec![] },
        symbol: "NSE:SBIN-EQ".into(),
        quantity,
        found: None,
        searched: false,
        orders: vec![],
        rows: vec![],
        token_refused,
        is_by_time: false,
        unread: Some(why),
    }
}

/// An order without a tag: found, perhaps found, and found twice.
pub(super) fn told_by_its_time(found: Option<&str>, searched: bool) -> Event {
    Event::OrderOutcomeUnknown {
        bot: Some(bot()),
        asked: Asked { what: "place".into(), ids: vec![] },
        symbol: "NSE:SBIN-EQ".into(),
        quantity: 10,
        found: found.map(str::to_owned),
        searched,
        orders: vec![],
        rows: vec!["26112300000021: buy 10 NSE:SBIN-EQ at market (10:00:07)".into()],
        token_refused: false,
        is_by_time: found.is_some(),
        unread: None,
    }
}

/// FYERS has refused the token, and has the order all the same.
pub(super) fn taken_all_the_same() -> Event {
    Event::OrderOutcomeUnknown {
        bot: None,
        asked: Asked { what: "place".into(), ids: vec![] },
        symbol: "NSE:SBIN-EQ".into(),
        quantity: 10,
        found: Some("26112300000021".into()),
        searched: true,
        orders: vec![],
        rows: vec!["26112300000021: buy 10 NSE:SBIN-EQ at market (10:00:07)".into()],
        token_refused: true,
        is_by_time: false,
        unread: None,
    }
}

/// FYERS has refused a second PIN.
pub(super) fn wrong_pins() -> Vec<Event> {
    vec![Event::LoginRequired { reason: Reason::PinRejected, code: None, wrong_pins: 2 }]
}
