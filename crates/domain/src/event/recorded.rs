//! What the journal keeps.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Event;

/// An event with its place in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// Grows by at least one from event to event.
    pub id: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened.
    pub event: Event,
}

/// An event, and equal ones right before it: a bot that is refused again and again is not all that a person sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repeated<'a> {
    /// The newest of them.
    pub newest: &'a Recorded,
    /// How many there are.
    pub times: usize,
    /// When the oldest one was.
    pub since: DateTime<Utc>,
}

impl Recorded {
    /// At most so many of these events, which come newest first; equal ones in a row are one.
    pub fn together(events: &[Self], most: usize) -> Vec<Repeated<'_>> {
        let mut all: Vec<Repeated<'_>> = vec![];
        for event in events {
            if let Some(last) = all.last_mut().filter(|last| last.newest.event == event.event) {
                (last.times, last.since) = (last.times + 1, event.at);
                continue;
            }
            if all.len() == most {
                break;
            }
            all.push(Repeated { newest: event, times: 1, since: event.at });
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;

    #[test]
    fn equal_events_in_a_row_are_one_with_how_often_and_since_when() {
        let at = |second: i64| DateTime::from_timestamp(1_795_420_000 + second, 0).unwrap();
        let told =
            |id: i64, seconds: i64| Recorded { id, at: at(id), event: Event::ClockStepped { seconds } };
        let events = [told(9, 1), told(8, 1), told(7, 1), told(6, 2), told(5, 1), told(4, 3)];
        let shown = |most: usize| -> Vec<(i64, usize, DateTime<Utc>)> {
            let together = Recorded::together(&events, most);
            together.iter().map(|one| (one.newest.id, one.times, one.since)).collect()
        };
        assert_eq!(shown(9), [(9, 3, at(7)), (6, 1, at(6)), (5, 1, at(5)), (4, 1, at(4))]);
        assert_eq!(shown(2), [(9, 3, at(7)), (6, 1, at(6))]);
        assert_eq!(shown(1), [(9, 3, at(7))]);
        assert!(shown(0).is_empty());
    }
}
