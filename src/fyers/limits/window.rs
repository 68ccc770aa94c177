//! When the next call may leave for FYERS: pure rules over the calls that have left.
//!
//! FYERS allows 10 requests a second, 200 a minute, and by the day 10,000 orders and 100,000 others; who
//! breaks the limit of the minute more than three times is out for the day (docs/fyers-api.md, "Rate limits").
//! Whether FYERS' second slides or begins with the clock's is not known, so the rule holds for every second
//! there is: a call leaves only if the spans before it have room. A bucket that fills evenly (GCRA) cannot
//! promise that without giving up half of the rate.
//!
//! FYERS counts what arrives and the keeper what leaves. So a span is a little longer here than there, and a
//! few calls stay free for the keeper's own (is the token good? where is that order?): they may use the whole of a
//! span, orders of bots less, and reads of bots less still.

use std::{collections::VecDeque, time::Duration};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use fyers_api::ist;

use crate::fyers::limits::cost::{Caller, Kind, RequestCost};

/// What leaves within a span.
struct Span {
    length: Duration,
    /// Calls of anybody, the keeper's own included.
    all: u32,
    /// The part of it that bots may take.
    bots: u32,
    /// The part of that for reads: an order finds room even when a bot reads all it can.
    reads: u32,
    limit: Limit,
}

const SPANS: [Span; 2] = [
    Span { length: Duration::from_millis(1_100), all: 10, bots: 9, reads: 8, limit: Limit::Second },
    Span { length: Duration::from_secs(61), all: 198, bots: 190, reads: 180, limit: Limit::Minute },
];

/// Orders in a day (IST).
const ORDERS_A_DAY: u32 = 10_000;
/// Other requests in a day (IST).
const OTHERS_A_DAY: u32 = 99_900;
/// The part of them that bots may use.
const BOTS_OTHERS_A_DAY: u32 = 99_000;

/// The first wait after a 429 that does not say how long; each further one doubles it.
const FIRST_HOLD: Duration = Duration::from_secs(2);
/// The longest such wait.
const LONGEST_GUESS: Duration = Duration::from_secs(60);
/// Nothing FYERS says holds the bots for longer: after that one call finds out.
const LONGEST_HOLD: Duration = Duration::from_secs(15 * 60);

/// Which limit makes a call wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fyers) enum Limit {
    /// Calls a second.
    Second,
    /// Calls a minute.
    Minute,
    /// The day's orders or other requests.
    Day,
    /// FYERS itself has answered 429.
    Fyers,
}

/// Why and for how long a call waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fyers) struct Wait {
    pub(in crate::fyers) limit: Limit,
    pub(in crate::fyers) length: Duration,
}

/// What has left, and what FYERS has said to it. Starts empty with each start of the program.
#[derive(Debug, Default)]
pub(in crate::fyers) struct Window {
    /// When calls have left (since some start, never running backwards), and what they weighed.
    log: VecDeque<(Duration, u32)>,
    today: NaiveDate,
    orders: u32,
    others: u32,
    /// FYERS has said 429: nothing leaves before this.
    closed_until: Duration,
    /// 429 answers without a good one between them.
    strikes: u32,
}

impl Window {
    /// Lets a call leave now, or says how long it has to wait at least. `now` counts from any start and never
    /// runs backwards; `wall` is the time of day and may jump.
    pub(super) fn leave(
        &mut self,
        cost: RequestCost,
        now: Duration,
        wall: DateTime<Utc>,
    ) -> Result<(), Wait> {
        self.turn_page(wall);
        match self.wait(cost, now, wall) {
            Some(wait) => Err(wait),
            None => {
                self.log.push_back((now, cost.weight));
                *self.counter(cost).0 += cost.weight;
                Ok(())
            }
        }
    }

    /// FYERS has answered 429, and perhaps said when to come back.
    pub(super) fn refused(&mut self, now: Duration, retry_after: Option<Duration>) {
        // Calls that were under way together are one strike.
        if now >= self.closed_until {
            self.strikes += 1;
        }
        let guess = FIRST_HOLD.saturating_mul(1 << (self.strikes.clamp(1, 16) - 1)).min(LONGEST_GUESS);
        let hold = retry_after.unwrap_or(guess).min(LONGEST_HOLD);
        self.closed_until = self.closed_until.max(now + hold);
    }

    /// FYERS has answered something else.
    pub(super) fn accepted(&mut self, now: Duration) {
        if now >= self.closed_until {
            self.strikes = 0;
        }
    }

    /// A clock that was set back does not give the day again.
    fn turn_page(&mut self, wall: DateTime<Utc>) {
        let date = ist::date(wall);
        if date > self.today {
            (self.today, self.orders, self.others) = (date, 0, 0);
        }
    }

    fn counter(&mut self, cost: RequestCost) -> (&mut u32, u32) {
        match (cost.kind, cost.caller) {
            (Kind::Order, _) => (&mut self.orders, ORDERS_A_DAY),
            (Kind::Other, Caller::Bot) => (&mut self.others, BOTS_OTHERS_A_DAY),
            (Kind::Other, Caller::Keeper) => (&mut self.others, OTHERS_A_DAY),
        }
    }

    /// How long a call would have to wait: the longest of all waits; `None` when it may leave.
    pub(super) fn wait(&mut self, cost: RequestCost, now: Duration, wall: DateTime<Utc>) -> Option<Wait> {
        let (used, most) = self.counter(cost);
        let day = (*used + cost.weight > most).then(|| until_midnight(wall));
        let fyers = self.closed_until.saturating_sub(now);
        let spans = SPANS.map(|span| (span.limit, self.room_in(&span, cost, now)));
        let all = [(Limit::Day, day.unwrap_or_default()), (Limit::Fyers, fyers)].into_iter().chain(spans);
        let longest = all.max_by_key(|(_, length)| *length)?;
        while self.log.front().is_some_and(|(left, _)| *left + SPANS[1].length <= now) {
            self.log.pop_front();
        }
        (longest.1 > Duration::ZERO).then_some(Wait { limit: longest.0, length: longest.1 })
    }

    /// How long until a span has room. A basket heavier than the span's share leaves when the span is empty:
    /// ten orders are still no more than FYERS allows.
    fn room_in(&self, span: &Span, cost: RequestCost, now: Duration) -> Duration {
        let share = match (cost.caller, cost.kind) {
            (Caller::Keeper, _) => span.all,
            (Caller::Bot, Kind::Order) => span.bots,
            (Caller::Bot, Kind::Other) => span.reads,
        };
        let room = share.saturating_sub(cost.weight.min(share));
        let mut used = 0;
        // From the newest back: the first call that does not fit any more must be out of the span.
        for (left, weight) in self.log.iter().rev() {
            used += weight;
            if used > room {
                return (*left + span.length).saturating_sub(now);
            }
        }
        Duration::ZERO
    }
}

fn until_midnight(wall: DateTime<Utc>) -> Duration {
    let tomorrow = ist::date(wall).succ_opt().map(|date| ist::instant(date, NaiveTime::MIN));
    let left = tomorrow.map_or(TimeDelta::zero(), |midnight| midnight - wall);
    // Never nothing: the day is used up.
    left.to_std().unwrap_or_default().max(Duration::from_secs(1))
}

#[cfg(test)]
mod tests;
