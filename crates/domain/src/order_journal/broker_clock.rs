//! How far FYERS' clock is ahead of the keeper's, by the `Date` of its answers.
//!
//! `Date` has whole seconds and is written between the sending of a request and the arrival of its answer, so one answer
//! tells a range of more than a second. Answers at other parts of a second tell other ranges, and the truth is in all of
//! them.

use chrono::{DateTime, TimeDelta, Utc};

/// A whole second is written as its beginning.
const WHOLE: TimeDelta = TimeDelta::seconds(1);

/// The range in which it is; clocks that agree, while no answer has told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BrokerClock(Option<(TimeDelta, TimeDelta)>);

impl BrokerClock {
    /// Learns an answer's `Date`: when it was asked for and when it was here, by the keeper's clock.
    pub fn learn(&mut self, date: DateTime<Utc>, (asked, here): (DateTime<Utc>, DateTime<Utc>)) {
        let one = (date - here, date + WHOLE - asked);
        let both = self.0.map(|known| (known.0.max(one.0), known.1.min(one.1)));
        // One of the clocks was set.
        self.0 = Some(both.filter(|(least, most)| least <= most).unwrap_or(one));
    }

    /// A moment of the keeper's clock by FYERS': not before the first, not after the second.
    pub fn of(self, moment: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let (least, most) = self.0.unwrap_or_default();
        (moment + least, moment + most)
    }
}

#[cfg(test)]
mod tests {
    use chrono::SubsecRound;
    use proptest::prelude::*;

    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_795_420_000_000 + milliseconds).unwrap()
    }

    proptest! {
        #[test]
        fn the_truth_is_in_the_range_and_the_range_becomes_narrow(
            ahead in -90_000i64..90_000,
            answers in proptest::collection::vec((0i64..60_000, 0i64..80, 0i64..80), 1..80),
        ) {
            let (mut clock, mut now) = (BrokerClock::default(), 0);
            prop_assert_eq!(clock.of(at(5)), (at(5), at(5)));
            for (pause, there, back) in &answers {
                now += pause;
                let date = at(now + there + ahead).trunc_subsecs(0);
                clock.learn(date, (at(now), at(now + there + back)));
                let (least, most) = clock.of(at(0));
                prop_assert!(least <= at(ahead) && at(ahead) <= most, "{} {} {}", least, ahead, most);
                prop_assert!(most - least <= TimeDelta::milliseconds(1_000 + there + back));
            }
        }
    }

    #[test]
    fn answers_at_other_parts_of_a_second_make_it_narrow_and_a_clock_that_was_set_begins_anew() {
        let mut clock = BrokerClock::default();
        for part in 0..10 {
            let now = at(part * 30_100);
            clock.learn(
                (now + TimeDelta::milliseconds(20)).trunc_subsecs(0),
                (now, now + TimeDelta::milliseconds(40)),
            );
        }
        let (least, most) = clock.of(at(0));
        assert!(most - least <= TimeDelta::milliseconds(240), "{}", most - least);
        let later = at(400_000);
        clock.learn(later + TimeDelta::seconds(30), (later, later));
        assert_eq!(clock.of(at(0)), (at(30_000), at(31_000)));
    }
}
