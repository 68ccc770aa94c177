//! Whose share of FYERS' limits a reading takes that exits wait for under a halt.
//!
//! The keeper's own share is what the bots' reads cannot use up, so an exit has its reading whatever other bots read. But
//! orders wait for readings, so a bot that goes on sending them could use that share up: it is counted. What is no exit by
//! the last reading may be one by now, as right after a fill, and has a part of it; each bot a part of that part, so that
//! one that sends entry after entry does not take the reading of another's exit. Behind that, readings take from the bots'
//! share, and come when that has room.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::route::ReadsFirst;
use crate::keys::BotName;

/// The keeper's own readings for exits in any [`SPAN`], each two calls. With the regular ones and some exits they fit into
/// what the bots' reads leave free (`fyers/limits`).
const MOST: usize = 6;
/// The part of them for what was no exit by the last reading.
const IN_TURN: usize = 4;
/// The part of that for one bot.
const IN_TURN_OF_ONE: usize = 3;
/// Longer than FYERS' minute.
const SPAN: TimeDelta = TimeDelta::seconds(61);

/// The keeper's own readings for exits of the last minute: when each began, and which bot's request it was for that was no
/// exit by the reading before.
#[derive(Debug, Default)]
pub struct ExitReadings(VecDeque<(DateTime<Utc>, Option<BotName>)>);

impl ExitReadings {
    /// Whether the reading that begins now for these requests is the keeper's own. It is counted.
    pub fn take(&mut self, waiting: &[(ReadsFirst, &BotName)], now: DateTime<Utc>) -> bool {
        self.0.retain(|(began, _)| (now - *began).abs() < SPAN);
        if self.0.len() >= MOST {
            return false;
        }
        let is_urgent = waiting.iter().any(|(first, _)| *first == ReadsFirst::AtOnce);
        let whose = if is_urgent { None } else { waiting.iter().find(|(_, bot)| self.has_turn(bot)) };
        if is_urgent || whose.is_some() {
            self.0.push_back((now, whose.map(|(_, bot)| (*bot).clone())));
        }
        is_urgent || whose.is_some()
    }

    fn has_turn(&self, bot: &BotName) -> bool {
        let mut in_turn = self.0.iter().filter_map(|(_, whose)| whose.as_ref());
        in_turn.clone().count() < IN_TURN
            && in_turn.by_ref().filter(|other| *other == bot).count() < IN_TURN_OF_ONE
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bot(number: usize) -> BotName {
        BotName::new(&format!("bot{number}")).unwrap()
    }

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_795_420_000_000 + milliseconds).unwrap()
    }

    #[test]
    fn an_order_after_a_fill_has_its_reading_whatever_another_bot_sends() {
        let (noisy, other) = (bot(0), bot(1));
        let mut readings = ExitReadings::default();
        let mut took = 0;
        for second in 0..30 {
            took += usize::from(readings.take(&[(ReadsFirst::InTurn, &noisy)], at(second * 1_000)));
        }
        assert_eq!(took, 3, "entry after entry");
        let both = [(ReadsFirst::InTurn, &noisy), (ReadsFirst::InTurn, &other)];
        assert!(readings.take(&both, at(30_000)), "one reading serves both, and it is the other's");
        assert!(!readings.take(&both, at(31_000)));
        for second in [32, 33] {
            assert!(readings.take(&[(ReadsFirst::AtOnce, &noisy)], at(second * 1_000)), "what is an exit");
        }
        assert!(!readings.take(&[(ReadsFirst::AtOnce, &other)], at(34_000)), "FYERS' limits are kept");
        assert!(readings.take(&[(ReadsFirst::AtOnce, &other)], at(61_000)));
    }

    proptest! {
        #[test]
        fn in_no_minute_they_are_more_than_is_kept_back(
            steps in proptest::collection::vec((0i64..8_000, 0usize..4, any::<bool>()), 1..200),
        ) {
            let (mut readings, mut now, mut own) = (ExitReadings::default(), 0, vec![]);
            for (pause, number, is_urgent) in steps {
                now += pause;
                let first = if is_urgent { ReadsFirst::AtOnce } else { ReadsFirst::InTurn };
                let lately = own.iter().filter(|(began, _, _)| now - began < 61_000);
                let urgent_free = lately.clone().count() < 6;
                let turn_free = urgent_free
                    && lately.clone().filter(|(_, _, is_urgent)| !is_urgent).count() < 4
                    && lately.filter(|(_, other, is_urgent)| !is_urgent && *other == number).count() < 3;
                let is_own = readings.take(&[(first, &bot(number))], at(now));
                prop_assert_eq!(is_own, if is_urgent { urgent_free } else { turn_free });
                if is_own {
                    own.push((now, number, is_urgent));
                }
            }
        }
    }
}
