//! What the clock alone brings.

use chrono::{DateTime, Utc};

use crate::{
    account::Account,
    command::Command,
    exchange::MockExchange,
    record::Record,
    sessions::{self, Segment},
    symbol::segment_of,
};
use fyers_api::{ist, model::Product};

impl MockExchange {
    /// What the clock alone brings: the new day, the square-off, the end of a session with its expiries. Prices should be
    /// seen first ([`Self::waited_for`]).
    pub fn tick(&mut self, now: DateTime<Utc>) -> Vec<Record> {
        let mut records = vec![];
        while let Some(due) = self.engine.due(now) {
            let Ok(new) = self.engine.execute(&due) else { break };
            records.extend(new);
        }
        if self.engine.config().around_the_clock {
            return records;
        }
        for segment in Segment::ALL {
            let (calendar, today) = (self.engine.calendar(), ist::date(now));
            let due = [
                (sessions::square_off(calendar, segment, today), Command::SquareOff { segment, at: now }),
                (sessions::day_close(calendar, segment, today), Command::EndSession { segment, at: now }),
            ];
            for (_, command) in due.into_iter().filter(|(due, _)| due.is_some_and(|due| due <= now)) {
                records.extend(self.engine.execute(&command).unwrap_or_default());
            }
        }
        records
    }

    /// Whether INTRADAY positions are open that the square-off is to close now.
    pub fn is_square_off_due(&self, now: DateTime<Utc>) -> bool {
        let intraday = |account: &Account| account.net != 0 && account.product == Product::Intraday;
        let open = self.engine.ledger().accounts.values().filter(|account| intraday(account));
        let mut segments = open.map(|account| segment_of(&account.symbol));
        segments.any(|segment| self.engine.is_squared_off(segment, now))
    }
}
