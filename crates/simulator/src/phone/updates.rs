//! What people did, waiting for `getUpdates`, and the one poller that may fetch it.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// Telegram keeps updates nobody fetches for a day.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// The description of the HTTP 409 that ends a `getUpdates` call.
pub(crate) const POLL_CONFLICT: &str =
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";

/// The queue of updates, oldest first.
#[derive(Debug)]
pub(crate) struct Updates {
    waiting: VecDeque<(i64, DateTime<Utc>, Value)>,
    last: i64,
    /// The kinds of update the bot requested; `None` means all.
    allowed: Option<Vec<String>>,
    /// The ticket of the newest `getUpdates` call.
    poller: u64,
    pub(crate) conflicts: u64,
}

impl Updates {
    pub(crate) fn new() -> Self {
        Self { waiting: VecDeque::new(), last: 100, allowed: None, poller: 0, conflicts: 0 }
    }

    /// Queues an update of a kind, such as `message`, and returns its id. A kind the bot did not request gets an id
    /// and is dropped, as Telegram drops it.
    pub(crate) fn push(&mut self, kind: &str, content: &Value, now: DateTime<Utc>) -> i64 {
        self.last += 1;
        if self.allowed.as_ref().is_none_or(|kinds| kinds.iter().any(|wanted| wanted == kind)) {
            let mut update = json!({"update_id": self.last});
            update[kind] = content.clone();
            self.waiting.push_back((self.last, now, update));
        }
        self.last
    }

    /// Remembers the kinds wanted from now on; an empty list means all again.
    pub(crate) fn allow(&mut self, kinds: Vec<String>) {
        self.allowed = Some(kinds).filter(|kinds| !kinds.is_empty());
    }

    /// Updates from `offset` on; earlier ones are confirmed by the call and forgotten. A negative offset counts from
    /// the end of the queue.
    pub(crate) fn fetch(&mut self, offset: i64, limit: usize, now: DateTime<Utc>) -> Vec<Value> {
        self.waiting.retain(|(_, at, _)| now - *at < KEPT);
        if offset > 0 {
            self.waiting.retain(|(id, _, _)| *id >= offset);
        } else {
            let keep = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let surplus = self.waiting.len().saturating_sub(keep);
            self.waiting.drain(..if offset < 0 { surplus } else { 0 });
        }
        self.waiting.iter().take(limit).map(|(_, _, update)| update.clone()).collect()
    }

    /// A `getUpdates` call arrives and puts an end to the one before it.
    pub(crate) fn arrive(&mut self) -> u64 {
        self.poller += 1;
        self.poller
    }

    /// Whether a later call took over; counted as a conflict.
    pub(crate) fn taken_over(&mut self, ticket: u64) -> bool {
        let taken = self.poller != ticket;
        self.conflicts += u64::from(taken);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn ids(updates: &[Value]) -> Vec<i64> {
        updates.iter().map(|update| update["update_id"].as_i64().unwrap()).collect()
    }

    #[test]
    fn an_offset_confirms_what_is_before_it_and_a_negative_one_counts_from_the_end() {
        let mut queue = Updates::new();
        for _ in 0..4 {
            queue.push("message", &json!({}), at(0));
        }
        assert_eq!(ids(&queue.fetch(0, 100, at(0))), [101, 102, 103, 104]);
        assert_eq!(ids(&queue.fetch(102, 1, at(0))), [102]);
        assert_eq!(ids(&queue.fetch(-2, 100, at(0))), [103, 104]);
        assert_eq!(ids(&queue.fetch(0, 100, at(0))), [103, 104]);
    }

    #[test]
    fn unwanted_kinds_and_old_updates_are_dropped() {
        let mut queue = Updates::new();
        queue.allow(vec!["message".into()]);
        queue.push("callback_query", &json!({}), at(0));
        queue.push("message", &json!({}), at(1));
        assert_eq!(ids(&queue.fetch(0, 100, at(2))), [102]);
        queue.allow(Vec::new());
        queue.push("callback_query", &json!({}), at(3));
        assert_eq!(ids(&queue.fetch(0, 100, at(86_401))), [103]);
    }

    #[test]
    fn a_later_poller_takes_over() {
        let mut queue = Updates::new();
        let first = queue.arrive();
        assert!(!queue.taken_over(first));
        let second = queue.arrive();
        assert!(queue.taken_over(first) && !queue.taken_over(second));
        assert_eq!(queue.conflicts, 1);
    }
}
