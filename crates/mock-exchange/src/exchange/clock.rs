//! What the clock alone brings.

use chrono::{DateTime, Utc};

use crate::{
    account::Account,
    command::Command,
    exchange::{MockExchange, Prices},
    record::Record,
    sessions::{self, Segment},
    symbol::segment_of,
};
use fyers_api::{ist, model::Product};

impl MockExchange {
    /// What the clock alone brings: the new day, the square-off, the end of a session with its expiries. Prices should be
    /// seen first ([`Self::waited_for`]): while FYERS can be asked, a square-off waits for fresh ones until the session
    /// ends.
    pub fn tick(&mut self, now: DateTime<Utc>, prices: Prices) -> Vec<Record> {
        let mut records = self.open_day(now);
        if self.engine.config().around_the_clock {
            return records;
        }
        for segment in Segment::ALL {
            let (calendar, today) = (self.engine.calendar(), ist::date(now));
            let is_past = |due: Option<DateTime<Utc>>| due.is_some_and(|due| due <= now);
            let is_over = is_past(sessions::day_close(calendar, segment, today));
            let is_due = is_past(sessions::square_off(calendar, segment, today));
            let may_close = is_over || prices != Prices::Live || self.can_close_intraday(segment, now);
            if is_due && may_close {
                let command = Command::SquareOff { segment, at: now };
                records.extend(self.engine.execute(&command).unwrap_or_default());
            }
            if is_over {
                let command = Command::EndSession { segment, at: now };
                records.extend(self.engine.execute(&command).unwrap_or_default());
            }
        }
        records
    }

    /// The new day, when it is one.
    pub(super) fn open_day(&mut self, now: DateTime<Utc>) -> Vec<Record> {
        let due = self.engine.due(now);
        due.and_then(|day| self.engine.execute(&day).ok()).unwrap_or_default()
    }

    /// Whether all INTRADAY positions of the segment have fresh prices.
    fn can_close_intraday(&self, segment: Segment, now: DateTime<Utc>) -> bool {
        let accounts = self.engine.ledger().accounts.values();
        let mut open =
            accounts.filter(|account| is_intraday(account) && segment_of(&account.symbol) == segment);
        open.all(|account| self.is_fresh(&account.symbol, now))
    }

    /// Whether INTRADAY positions are open that the square-off is to close now.
    pub fn is_square_off_due(&self, now: DateTime<Utc>) -> bool {
        let open = self.engine.ledger().accounts.values().filter(|account| is_intraday(account));
        let mut segments = open.map(|account| segment_of(&account.symbol));
        segments.any(|segment| self.engine.is_squared_off(segment, now))
    }
}

fn is_intraday(account: &Account) -> bool {
    account.net != 0 && account.product == Product::Intraday
}
