//! When the next call may leave for FYERS: pure rules over the calls that have left.
//!
//! FYERS allows 10 requests a second, 200 a minute, and by the day 10,000 orders and 100,000 others; who
//! breaks the limit of the minute more than three times is out for the day (docs/fyers-api.md, "Rate limits").
//! Whether FYERS' second slides or begins with the clock's is not known, so the rule holds for every second
//! there is: a call leaves only if the spans before it have room. A bucket that fills evenly (GCRA) cannot
//! promise that without giving up half of the rate.
//!
//! FYERS counts what arrives and the keeper what leaves: a call on a new connection arrives later than one on an old
//! one. Between its leaving and its answer is all that is known. So a call counts until FYERS' span has passed since its
//! answer, and a little longer than that span since it left; one without an answer is taken to have arrived when it is
//! [`LATEST`] old, so that a FYERS that hangs holds up nobody for long. A
//! few calls stay free for the session (is the token good?), which may use the whole of a span; the keeper's reading
//! (where is that order?) may use a little less, orders of bots less, and reads of bots less still.

use std::{collections::VecDeque, time::Duration};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use fyers_api::ist;
use keeper_domain::shared_calls::FIRST_WORDS;

use crate::fyers::limits::cost::{Caller, KeyShare, Kind, RequestCost};

/// When a call without an answer has arrived at last.
const LATEST: Duration = Duration::from_secs(2);

/// What leaves within a span.
struct Span {
    /// Since it left.
    length: Duration,
    /// FYERS' own, since its answer.
    fyers: Duration,
    /// Calls of anybody, the session's included.
    all: u32,
    /// The part of it that the keeper's reading may take.
    own: u32,
    /// The part of it that bots may take.
    bots: u32,
    /// The part of that for reads: an order finds room even when a bot reads all it can.
    reads: u32,
    /// The part of that for keys that have had more than `few`, where there are several keys: however many of them read
    /// all they can, another one finds room.
    many: u32,
    few: u32,
    /// What the session may take beyond all of it after another keeper's crash: what that one has sent is counted as the most
    /// that it might.
    first_words: u32,
    limit: Limit,
}

const SPANS: [Span; 2] = [
    Span {
        length: Duration::from_millis(1_100),
        fyers: Duration::from_secs(1),
        all: 10,
        own: 10,
        bots: 9,
        reads: 8,
        many: 6,
        few: 1,
        first_words: 0,
        limit: Limit::Second,
    },
    Span {
        length: Duration::from_secs(61),
        fyers: Duration::from_secs(60),
        all: 196,
        own: 194,
        bots: 190,
        reads: 168,
        many: 126,
        few: 20,
        first_words: FIRST_WORDS,
        limit: Limit::Minute,
    },
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
    /// One key's part of the reads, where there are several.
    Key,
    /// The day's orders or other requests.
    Day,
    /// FYERS itself has answered 429.
    Fyers,
    /// What has left cannot be told to the keeper that comes after this one.
    Untold,
    /// Another keeper may act by now: nothing leaves here any more.
    Lease,
}

/// Why and for how long a call waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fyers) struct Wait {
    pub(in crate::fyers) limit: Limit,
    pub(in crate::fyers) length: Duration,
}

/// A call that has left.
#[derive(Debug, Clone, Copy)]
struct Call {
    left: Duration,
    weight: u32,
    share: Option<KeyShare>,
    /// When it had arrived at the latest; `None` while its answer is awaited.
    arrived: Option<Duration>,
    /// Where it left, if not here.
    from: Option<u32>,
}

impl Call {
    /// When it counts no more.
    fn end(&self, span: &Span, now: Duration) -> Duration {
        let latest = self.left + LATEST;
        let arrived = self.arrived.unwrap_or(now).min(latest);
        (self.left + span.length).max(arrived + span.fyers)
    }
}

/// A call of a run before this one, or of another keeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fyers) struct Sent {
    /// Where it left, if not here.
    pub(super) from: Option<u32>,
    /// How long ago it left.
    pub(super) age: Duration,
    pub(super) weight: u32,
}

/// What has left on a day (IST).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::fyers) struct DayCounts {
    pub(super) orders: u32,
    pub(super) others: u32,
}

/// What has left, and what FYERS has said to it.
#[derive(Debug, Default)]
pub(in crate::fyers) struct Window {
    /// Calls that have left (since some start, never running backwards).
    log: VecDeque<Call>,
    /// So many have been forgotten.
    forgotten: usize,
    today: NaiveDate,
    day: DayCounts,
    /// FYERS has said 429: nothing leaves before this.
    closed_until: Duration,
    /// 429 answers without a good one between them.
    strikes: u32,
    /// Until then more is counted than is known to have been sent.
    doubt_until: Duration,
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
                let RequestCost { weight, share, .. } = cost;
                self.log.push_back(Call { left: now, weight, share, arrived: Some(now), from: None });
                *self.counter(cost).0 += cost.weight;
                Ok(())
            }
        }
    }

    /// Another run of the program ended a moment ago, and what it has sent is not known: its last second is taken for full.
    pub(super) fn assume_full_second(&mut self, now: Duration) {
        let [second, _] = &SPANS;
        let (arrived, weight) = (Some(now), second.all);
        self.log.push_back(Call { left: now, weight, share: None, arrived, from: None });
    }

    /// What runs before this one have sent, oldest first: FYERS counts it as well. What had no answer had arrived when the
    /// run ended.
    pub(super) fn recall(&mut self, sent: &[Sent], now: Duration) {
        let call = |Sent { from, age, weight }: &Sent| Call {
            left: now.saturating_sub(*age),
            weight: *weight,
            share: None,
            arrived: Some(now),
            from: *from,
        };
        self.log.extend(sent.iter().map(call));
    }

    /// What has left, and what is counted for others.
    pub(super) fn sent(&self, now: Duration) -> impl Iterator<Item = Sent> {
        let sent = move |call: &Call| Sent {
            from: call.from,
            age: now.saturating_sub(call.left),
            weight: call.weight,
        };
        self.log.iter().map(sent)
    }

    /// Another keeper has counted so much on that day, this one's calls before it among them.
    pub(super) fn raise_day(&mut self, date: NaiveDate, other: DayCounts) {
        let DayCounts { orders, others } = if date == self.today { self.day } else { DayCounts::default() };
        if date >= self.today {
            let day = DayCounts { orders: orders.max(other.orders), others: others.max(other.others) };
            (self.today, self.day) = (date, day);
        }
    }

    /// What they have sent on the day of this moment.
    pub(super) fn recall_day(&mut self, at: DateTime<Utc>, day: DayCounts) {
        (self.today, self.day) = (ist::date(at), day);
    }

    /// What has left today.
    pub(super) fn day(&self) -> DayCounts {
        self.day
    }

    /// Which day that is.
    pub(super) fn today(&self) -> NaiveDate {
        self.today
    }

    /// The call that has just left is under way; its number.
    pub(super) fn under_way(&mut self) -> usize {
        self.log.back_mut().into_iter().for_each(|call| call.arrived = None);
        self.forgotten + self.log.len().saturating_sub(1)
    }

    /// Its answer is there, or will not come.
    pub(super) fn answered(&mut self, number: usize, now: Duration) {
        let place = number.checked_sub(self.forgotten).and_then(|place| self.log.get_mut(place));
        place.into_iter().for_each(|call| call.arrived = Some(now));
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

    /// FYERS has said so to another keeper, or to a run before this one.
    pub(super) fn hold(&mut self, now: Duration, hold: Duration) {
        self.closed_until = self.closed_until.max(now + hold.min(LONGEST_HOLD));
    }

    /// For how long nothing leaves.
    pub(super) fn held(&self, now: Duration) -> Duration {
        self.closed_until.saturating_sub(now)
    }

    /// Another keeper has crashed: what is counted for it is the most that it might have sent.
    pub(super) fn doubt(&mut self, now: Duration) {
        let [_, minute] = &SPANS;
        self.doubt_until = now + minute.length;
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
            (self.today, self.day) = (date, DayCounts::default());
        }
    }

    fn counter(&mut self, cost: RequestCost) -> (&mut u32, u32) {
        match (cost.kind, cost.caller) {
            (Kind::Order, _) => (&mut self.day.orders, ORDERS_A_DAY),
            (Kind::Other, Caller::Bot) => (&mut self.day.others, BOTS_OTHERS_A_DAY),
            (Kind::Other, Caller::Keeper | Caller::Session) => (&mut self.day.others, OTHERS_A_DAY),
        }
    }

    /// How long a call would have to wait: the longest of all waits; `None` when it may leave.
    pub(super) fn wait(&mut self, cost: RequestCost, now: Duration, wall: DateTime<Utc>) -> Option<Wait> {
        let (used, most) = self.counter(cost);
        let day = (used.saturating_add(cost.weight) > most).then(|| until_midnight(wall));
        let fyers = self.held(now);
        let spans = SPANS.map(|span| (span.limit, self.room_in(&span, cost, now)));
        let of_key = SPANS.map(|span| (Limit::Key, self.room_of_key(&span, cost, now)));
        let all = [(Limit::Day, day.unwrap_or_default()), (Limit::Fyers, fyers)];
        // Of limits that are as long the last one is named.
        let all = all.into_iter().chain(of_key).chain(spans);
        let longest = all.max_by_key(|(_, length)| *length)?;
        while self.log.front().is_some_and(|call| call.end(&SPANS[1], now) <= now) {
            self.log.pop_front();
            self.forgotten += 1;
        }
        (longest.1 > Duration::ZERO).then_some(Wait { limit: longest.0, length: longest.1 })
    }

    /// How long until a span has room. A basket heavier than the span's share leaves when the span is empty:
    /// ten orders are still no more than FYERS allows.
    fn room_in(&self, span: &Span, cost: RequestCost, now: Duration) -> Duration {
        let share = match (cost.caller, cost.kind) {
            (Caller::Session, _) if now < self.doubt_until => span.all + span.first_words,
            (Caller::Session, _) => span.all,
            (Caller::Keeper, _) => span.own,
            (Caller::Bot, Kind::Order) => span.bots,
            (Caller::Bot, Kind::Other) => span.reads,
        };
        self.until(span, (share, cost.weight), now, |_| true)
    }

    /// How long until there is room for one key among several: one that has had few has what is kept for such keys. The
    /// others take turns before they come here, so that each has as many as another.
    fn room_of_key(&self, span: &Span, cost: RequestCost, now: Duration) -> Duration {
        let Some(own) = cost.share.filter(|share| !share.is_alone) else { return Duration::ZERO };
        let is_own = |call: &Call| call.share.is_some_and(|share| share.is_of_same_key(own));
        let had_few = self.until(span, (self.few(span, own, now), 1), now, is_own);
        had_few.min(self.until(span, (span.many, cost.weight), now, |_| true))
    }

    /// How many are few: where many keys read, no more than each of them has when all have as many.
    fn few(&self, span: &Span, own: KeyShare, now: Duration) -> u32 {
        let counting = self.log.iter().filter(|call| call.end(span, now) > now);
        let mut keys: Vec<u64> =
            counting.filter_map(|call| call.share).chain([own]).map(KeyShare::key).collect();
        keys.sort_unstable();
        keys.dedup();
        (span.many / u32::try_from(keys.len()).unwrap_or(u32::MAX)).clamp(1, span.few)
    }

    /// How long until so much of a span is free of these calls.
    fn until(
        &self,
        span: &Span,
        (share, weight): (u32, u32),
        now: Duration,
        counts: impl Fn(&Call) -> bool,
    ) -> Duration {
        let room = share.saturating_sub(weight.min(share));
        let mut used = 0;
        // Those that count longest first: the first call that does not fit any more must be out of the span.
        let mut counting: Vec<(Duration, u32)> = self
            .log
            .iter()
            .filter(|call| counts(call))
            .map(|call| (call.end(span, now), call.weight))
            .filter(|(end, _)| *end > now)
            .collect();
        counting.sort_unstable_by_key(|(end, _)| std::cmp::Reverse(*end));
        for (end, weight) in counting {
            used += weight;
            if used > room {
                return end.saturating_sub(now);
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
