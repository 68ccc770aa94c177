//! What keepers of one account know of each other's calls to FYERS, which counts them together. Pure rules.
//!
//! Whoever holds the lease writes beside it what has left within a minute: when the lease is renewed, and when it is let go.
//! Whoever takes it next counts those calls as if they had left there. Of a keeper that ended without notice nobody knows what
//! it has sent since it wrote last: for that time it is taken to have sent all that it might.

use std::{collections::BTreeMap, time::Duration};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What is older counts no more: FYERS' minute, and how much later a call may arrive.
const COUNTS_FOR: u64 = 62;
/// No keeper sends more in a second, ...
const MOST_A_SECOND: u32 = 10;
/// ... or in a minute. Whoever comes after a crash may send a few more on top of it, to ask whether the token is good
/// ([`FIRST_WORDS`]), and both together are no more than the 200 that FYERS allows.
const MOST_A_MINUTE: u32 = 196;
/// What leaves after the last time that it was told of: no keeper sends more before it tells again.
pub const MOST_UNTOLD: u32 = 50;
/// So many calls above it are for the one question that all waits for after a crash: is the token good?
pub const FIRST_WORDS: u32 = 4;
/// Whoever has held the lease has asked that, whatever else is known to have been sent.
const ITS_FIRST_WORD: u32 = 1;
/// Nor anything so shortly before the end of its lease.
const STOPS_BEFORE: Duration = Duration::from_secs(2);
/// What one may send that acts still is counted as sent within the last seconds.
const EARLY_SECONDS: u64 = 5;
/// One's own calls of so long are compared with those that were told: a little more than a minute, as these are rounded.
pub const RECENT: Duration = Duration::from_secs(64);

/// A call that has left, on this host or on another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastCall {
    /// Where it left.
    pub origin: u32,
    /// How long ago.
    pub age: Duration,
    /// How many requests FYERS counts it as.
    pub weight: u32,
}

/// The requests of a day (IST), as FYERS counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CallsOfDay {
    /// The day.
    pub date: NaiveDate,
    /// Orders.
    pub orders: u32,
    /// All others.
    pub others: u32,
}

/// What a keeper writes down of its calls, and of those that it has counted for others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SharedCalls {
    /// Where they left: their weight by their age in seconds.
    calls: BTreeMap<u32, BTreeMap<u64, u32>>,
    /// The day's counts.
    pub day: CallsOfDay,
    /// For how many milliseconds FYERS wants no calls, as it has said with a 429.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<u64>,
    /// No more than that leaves before this is written again; a program that does not say so may send all that FYERS
    /// allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    untold: Option<u32>,
}

impl SharedCalls {
    /// From what one keeper counts.
    pub fn new(calls: impl IntoIterator<Item = PastCall>, day: CallsOfDay) -> Self {
        let mut all = Self { calls: BTreeMap::new(), day, held: None, untold: Some(MOST_UNTOLD) };
        for PastCall { origin, age, weight } in calls {
            if age.as_secs() < COUNTS_FOR {
                // In doubt it is younger.
                *all.calls.entry(origin).or_default().entry(age.as_secs()).or_default() += weight;
            }
        }
        all
    }

    /// The same, while FYERS wants no calls for so long.
    #[must_use]
    pub fn held_for(self, hold: Duration) -> Self {
        let millis = u64::try_from(hold.as_millis()).unwrap_or(u64::MAX);
        Self { held: (millis > 0).then_some(millis), ..self }
    }

    /// For how long FYERS wants no calls.
    pub fn held(&self) -> Duration {
        Duration::from_millis(self.held.unwrap_or_default())
    }

    fn all(&self, older: Duration) -> impl Iterator<Item = PastCall> {
        self.calls.iter().flat_map(move |(origin, calls)| {
            calls.iter().map(move |(age, weight)| PastCall {
                origin: *origin,
                age: older.saturating_add(Duration::from_secs(*age)),
                weight: *weight,
            })
        })
    }
}

/// Who counts the calls of a keeper, as seen from where they are told.
pub trait SentCalls: Send + Sync {
    /// Tells the calls that leave here from those of other keepers.
    fn origin(&self) -> u32;
    /// What there is to tell now, and a mark up to where that goes.
    fn tell(&self) -> (SharedCalls, u64);
    /// What was told up to this mark is written.
    fn told(&self, mark: u64);
    /// Whether so much has left since that the next renewal is too late for it.
    fn is_much_untold(&self) -> bool;
    /// For how long FYERS wants no calls.
    fn held(&self) -> Duration;
    /// The state comes to where these calls are kept: those of others are kept there, too, for whoever goes on with it.
    fn adopt(&self, before: &CallsBefore);
}

/// What somebody finds beside the lease who takes it. The times are by the database's clock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallsBefore {
    /// What was written there last, if anything was.
    pub written: Option<SharedCalls>,
    /// How long ago.
    pub age: Duration,
    /// Who has held the lease since.
    pub holder: Option<u32>,
    /// How long ago that lease ended.
    pub over: Duration,
    /// That one was given to another keeper before its end, since the database was put back: its holder may send still.
    pub is_early: bool,
    /// Whether nothing has left since it was written.
    pub is_whole: bool,
}

impl CallsBefore {
    /// The calls to count by somebody who knows so many of its own in the last minute ([`RECENT`]): those of others, and those
    /// that the last holder may have sent.
    pub fn elsewhere(&self, own: u32, known: u32) -> Vec<PastCall> {
        let told = self.told();
        // The last holder counted this one's calls, too, when it sent its own.
        let assumed = self.crashed(own, known).map(|holder| self.assumed(holder, weight(&told)));
        let is_counted = self.knows_less(own, known);
        let elsewhere = told.into_iter().filter(|call| call.origin != own || is_counted);
        elsewhere.chain(assumed.unwrap_or_default()).collect()
    }

    fn told(&self) -> Vec<PastCall> {
        let told = self.written.iter().flat_map(|written| written.all(self.age));
        told.filter(|call| call.age.as_secs() < COUNTS_FOR).collect()
    }

    /// What leaves here is written down here first. Whoever knows of fewer than were told in its name is a copy on another
    /// host, or has lost its clock or its file: then these calls are not its own.
    fn knows_less(&self, own: u32, known: u32) -> bool {
        let in_its_name: Vec<_> = self.told().into_iter().filter(|call| call.origin == own).collect();
        known < weight(&in_its_name)
    }

    /// Another keeper, which has ended without a word of what it sent last.
    fn crashed(&self, own: u32, known: u32) -> Option<u32> {
        let is_other = |holder: &u32| *holder != own || self.knows_less(own, known);
        self.holder.filter(is_other).filter(|_| !self.is_whole)
    }

    /// Whether more is counted than is known to have been sent.
    pub fn is_in_doubt(&self, own: u32, known: u32) -> bool {
        self.crashed(own, known).is_some() && self.age.as_secs() < COUNTS_FOR
    }

    /// For how long FYERS still wants no calls, whoever it said that to.
    pub fn held(&self) -> Duration {
        self.written.as_ref().map_or(Duration::ZERO, SharedCalls::held).saturating_sub(self.age)
    }

    /// All that may have left since it was written, the youngest first: no more in a minute than any keeper sends, and no more
    /// than its writer has promised.
    fn assumed(&self, holder: u32, known: u32) -> Vec<PastCall> {
        let from = if self.is_early { 0 } else { (self.over + STOPS_BEFORE).as_secs() };
        // Told a moment ago, it may have sent some since then all the same.
        let until = self.age.as_secs().min(COUNTS_FOR).max(u64::from(self.is_early) * EARLY_SECONDS);
        let untold = self.written.as_ref().and_then(|written| written.untold).unwrap_or(MOST_A_MINUTE);
        let mut left = MOST_A_MINUTE.saturating_sub(known).min(untold).max(ITS_FIRST_WORD);
        let mut second = |age| {
            let weight = MOST_A_SECOND.min(left);
            left -= weight;
            PastCall { origin: holder, age: Duration::from_secs(age), weight }
        };
        (from..until).map(&mut second).filter(|call| call.weight > 0).collect()
    }
}

fn weight(calls: &[PastCall]) -> u32 {
    calls.iter().map(|call| call.weight).fold(0, u32::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: u32 = 1;
    const THERE: u32 = 2;

    fn seconds(age: u64) -> Duration {
        Duration::from_secs(age)
    }

    fn call(origin: u32, age: u64, weight: u32) -> PastCall {
        PastCall { origin, age: seconds(age), weight }
    }

    fn let_go(calls: &[PastCall], age: u64) -> CallsBefore {
        let written = Some(SharedCalls::new(calls.iter().copied(), CallsOfDay::default()));
        CallsBefore {
            written,
            age: seconds(age),
            holder: Some(THERE),
            over: seconds(age),
            is_whole: true,
            ..CallsBefore::default()
        }
    }

    /// In the second in which it was let go, and later: what the other one has sent is known, and nothing is assumed.
    #[test]
    fn after_a_change_in_good_order_the_calls_of_both_count() {
        let sent = [call(THERE, 0, 3), call(THERE, 0, 4), call(THERE, 40, 1), call(HERE, 50, 9)];
        assert_eq!(let_go(&sent, 0).elsewhere(HERE, u32::MAX), [call(THERE, 0, 7), call(THERE, 40, 1)]);
        assert_eq!(let_go(&sent, 21).elsewhere(HERE, u32::MAX), [call(THERE, 21, 7), call(THERE, 61, 1)]);
        assert_eq!(let_go(&sent, 22).elsewhere(HERE, u32::MAX), [call(THERE, 22, 7)], "out of the minute");
        let third = let_go(&sent, 0).elsewhere(3, u32::MAX);
        assert_eq!(weight(&third), 17, "what the other one had counted for others, too: {third:?}");
    }

    /// It wrote with its last renewal, and has sent until two seconds before the end of its lease, as far as anybody knows.
    #[test]
    fn after_a_crash_all_is_taken_to_have_left_that_might() {
        let crash = |calls: &[PastCall], over| CallsBefore {
            over: seconds(over),
            is_whole: false,
            ..let_go(calls, 15 + over)
        };
        // Of a program that promises nothing.
        let all_it_may = |calls: &[PastCall], over| {
            let mut crash = crash(calls, over);
            crash.written.as_mut().unwrap().untold = None;
            crash
        };
        let at_once = all_it_may(&[], 0).elsewhere(HERE, u32::MAX);
        assert_eq!((weight(&at_once), at_once[0], at_once.len()), (130, call(THERE, 2, 10), 13));
        let busy: Vec<_> = (0..60).map(|age| call(THERE, age, 3)).collect();
        let all = all_it_may(&busy, 0).elsewhere(HERE, u32::MAX);
        assert_eq!(weight(&all), 196, "no keeper sends more");
        assert_eq!(all_it_may(&[], 40).elsewhere(HERE, u32::MAX).len(), 13);
        assert_eq!(
            weight(&all_it_may(&[], 55).elsewhere(HERE, u32::MAX)),
            50,
            "what is older counts no more"
        );
        assert!(
            all_it_may(&busy, 3_600).elsewhere(HERE, u32::MAX).is_empty(),
            "nobody has held the lease for an hour"
        );
        let promised = crash(&[], 0).elsewhere(HERE, u32::MAX);
        assert_eq!((weight(&promised), promised[0], promised.len()), (MOST_UNTOLD, call(THERE, 2, 10), 5));
        assert_eq!(
            weight(&crash(&busy, 0).elsewhere(HERE, u32::MAX)),
            47 * 3 + MOST_UNTOLD,
            "and what it has told of"
        );
    }

    /// What FYERS has said to one is said to all, by the clock of the database.
    #[test]
    fn whoever_follows_calls_no_sooner_than_fyers_has_said() {
        let held = |age, is_whole| CallsBefore {
            written: Some(SharedCalls::default().held_for(Duration::from_millis(30_500))),
            age: seconds(age),
            holder: Some(THERE),
            over: seconds(age),
            is_whole,
            ..CallsBefore::default()
        };
        for is_whole in [true, false] {
            assert_eq!(held(0, is_whole).held(), Duration::from_millis(30_500));
            assert_eq!(held(20, is_whole).held(), Duration::from_millis(10_500));
            assert_eq!(held(31, is_whole).held(), Duration::ZERO);
        }
        let before = r#"{"calls":{},"day":{"date":"2026-11-27","orders":0,"others":0}}"#;
        assert_eq!(serde_json::from_str::<SharedCalls>(before).unwrap().held(), Duration::ZERO);
    }

    /// A minute that is full already, and crash upon crash in it: each holder has asked FYERS at least once.
    #[test]
    fn a_holder_that_crashed_has_asked_at_least_once() {
        let full: Vec<_> = (0..60).map(|age| call(3, age, 5)).collect();
        let crash = CallsBefore { over: seconds(0), is_whole: false, ..let_go(&full, 1) };
        let crash = CallsBefore { age: seconds(15), ..crash };
        let of_holder = |calls: &[PastCall]| {
            weight(&calls.iter().copied().filter(|call| call.origin == THERE).collect::<Vec<_>>())
        };
        assert_eq!(of_holder(&crash.elsewhere(HERE, u32::MAX)), 1);
        assert!(crash.is_in_doubt(HERE, u32::MAX) && !crash.is_in_doubt(THERE, u32::MAX));
        assert!(!let_go(&full, 1).is_in_doubt(HERE, u32::MAX));
    }

    /// This one's own calls before that holder's are in the same minute: the holder had counted them, and sent no more than
    /// was left.
    #[test]
    fn what_is_assumed_of_a_crash_leaves_room_for_ones_own_calls() {
        let own: Vec<_> = (30..60).map(|age| call(HERE, age, 10)).collect();
        let crash = CallsBefore { over: seconds(0), is_whole: false, age: seconds(15), ..let_go(&own, 0) };
        let still_counts = weight(
            &own.iter().copied().filter(|call| call.age.as_secs() + 15 < COUNTS_FOR).collect::<Vec<_>>(),
        );
        assert!(still_counts > MOST_A_MINUTE - MOST_UNTOLD, "{still_counts}");
        assert_eq!(weight(&crash.elsewhere(HERE, u32::MAX)) + still_counts, MOST_A_MINUTE);
    }

    /// Its own calls a keeper knows by itself, over every start: they are not counted twice.
    #[test]
    fn who_takes_its_own_lease_again_assumes_nothing() {
        let own = CallsBefore { holder: Some(HERE), is_whole: false, ..let_go(&[call(HERE, 3, 90)], 15) };
        assert!(own.elsewhere(HERE, u32::MAX).is_empty());
        let others = CallsBefore { holder: Some(HERE), is_whole: false, ..let_go(&[call(THERE, 3, 90)], 15) };
        assert_eq!(others.elsewhere(HERE, u32::MAX), [call(THERE, 18, 90)]);
    }

    /// A state folder that was copied to another host, a clock that went ahead between a crash and the start after it: in this
    /// keeper's name more was sent than it knows of.
    #[test]
    fn calls_in_ones_own_name_that_one_does_not_know_of_are_anothers() {
        let crash = CallsBefore {
            holder: Some(HERE),
            age: seconds(15),
            over: seconds(0),
            is_whole: false,
            ..let_go(&[call(HERE, 3, 90), call(THERE, 9, 4)], 0)
        };
        assert_eq!(weight(&crash.elsewhere(HERE, 90)), 4, "it knows them all, and sent no more");
        assert_eq!(weight(&crash.elsewhere(HERE, 89)), 94 + MOST_UNTOLD);
        assert!(crash.is_in_doubt(HERE, 0) && !crash.is_in_doubt(HERE, 90));
        let in_order = CallsBefore { is_whole: true, ..crash };
        assert_eq!(weight(&in_order.elsewhere(HERE, 0)), 94, "it was let go: all is told");
    }

    /// A new database, or the state of a keeper that did not write it down.
    #[test]
    fn where_nothing_is_written_nothing_is_known() {
        assert!(CallsBefore::default().elsewhere(HERE, u32::MAX).is_empty());
    }

    #[test]
    fn what_is_written_is_short_and_read_as_it_was() {
        let calls: Vec<_> = (0..60).flat_map(|age| [call(THERE, age, 2), call(HERE, age, 1)]).collect();
        let day = CallsOfDay { date: "2026-11-27".parse().unwrap(), orders: 17, others: 4_000 };
        let written = SharedCalls::new(calls, day);
        let json = serde_json::to_string(&written).unwrap();
        assert!(json.len() < 1_500, "{json}");
        assert_eq!(serde_json::from_str::<SharedCalls>(&json).unwrap(), written);
    }
}
