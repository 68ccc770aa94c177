//! Requests that FYERS has answered and whose effect no reading shows yet: one rule for whatever trades. Each was on disk
//! before it left, and each reading says which of them it may not show, so that no life of the keeper forgets one.

use chrono::{DateTime, TimeDelta, Utc};

use super::{IntentOutcome, OrderIntent, Search};
use crate::routing::{live_positions::LivePositions, settling::UnreadRequest};

/// So far back requests matter where positions were never read: nothing is simulated then anyway.
const WITHOUT_READING: TimeDelta = TimeDelta::days(1);

/// A request as it was written down, and what came of it; `None`: nothing is known of it.
pub type SentRequest = (OrderIntent, Option<IntentOutcome>);

/// Those among `sent` whose effect the last reading may not show. One of which nothing is known is for
/// [`LostOrders`](super::LostOrders).
pub fn unread(sent: Vec<SentRequest>, live: &LivePositions) -> Vec<UnreadRequest> {
    let of = |(intent, outcome): SentRequest| of(&intent, outcome?);
    sent.into_iter().filter(|(intent, _)| !live.shows(intent)).filter_map(of).collect()
}

fn of(intent: &OrderIntent, outcome: IntentOutcome) -> Option<UnreadRequest> {
    let request = match outcome {
        IntentOutcome::Answered { is_refused: true, .. } | IntentOutcome::NotSent => return None,
        // Until it cannot arrive any more its entry in the order journal counts.
        IntentOutcome::Searched(Search::NotFound) => return None,
        IntentOutcome::Answered { ids, at, .. } => intent.answered(ids, at.unwrap_or(intent.at)),
        IntentOutcome::Searched(Search::Found { ids }) => intent.answered(ids, intent.at),
        IntentOutcome::Searched(Search::LookYourself) => intent.unanswered_request(),
    };
    let does_something = request.reserved.is_opaque || !request.reserved.legs.is_empty();
    does_something.then_some(request)
}

impl OrderIntent {
    /// Stands for one whose words cannot be read: it may have done anything.
    pub fn unreadable(id: i64, at: DateTime<Utc>) -> Self {
        let (what, path, body) = ("other".to_owned(), String::new(), String::new());
        let (bot, epoch, legs, ids, is_opaque) = (None, 0, vec![], vec![], Some(true));
        let (effect, closed_orders) = (None, vec![]);
        Self { id, at, bot, epoch, what, path, body, legs, ids, is_opaque, effect, closed_orders }
    }
}

impl LivePositions {
    /// From which request on, and since when, one may not be in this reading: those of a higher number.
    pub fn unread_from(&self, now: DateTime<Utc>) -> (i64, DateTime<Utc>) {
        match self.newest_sent.filter(|_| self.read_at.is_some()) {
            Some(newest) => {
                let first = self.not_shown.iter().min().map_or(newest, |id| newest.min(id - 1));
                (first, DateTime::UNIX_EPOCH)
            }
            None => (0, self.read_at.unwrap_or(now - WITHOUT_READING)),
        }
    }

    /// Whether what this request has done is in this reading, as far as it has done anything.
    fn shows(&self, intent: &OrderIntent) -> bool {
        let Some(read_at) = self.read_at else { return false };
        match self.newest_sent {
            Some(newest) => intent.id <= newest && !self.not_shown.contains(&intent.id),
            None => intent.at <= read_at,
        }
    }
}

#[cfg(test)]
mod tests;
