//! The log of requests, and how many were handled at once.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The log forgets the oldest calls beyond this many; the counts go on.
const LOG_LENGTH: usize = 20_000;

/// One request as the simulator saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Counts up from 1 over both services.
    pub number: u64,
    /// Simulated time of arrival.
    pub at: DateTime<Utc>,
    /// HTTP method, upper case.
    pub method: String,
    /// The path, with Bot API methods as `/telegram/sendMessage`.
    pub path: String,
    /// HTTP status of the answer; `None` while it is pending or when none was sent.
    pub status: Option<u16>,
    /// Whether a fault struck.
    pub faulted: bool,
}

/// How often an endpoint was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCount {
    /// Requests that arrived.
    pub total: u64,
    /// Requests being worked on now.
    pub in_flight: u64,
    /// The most requests ever worked on at once; 1 proves that a caller never overlaps with itself.
    pub max_in_flight: u64,
}

/// The log and the counts.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    last: u64,
    calls: VecDeque<Call>,
    counts: BTreeMap<String, CallCount>,
}

impl CallLog {
    /// Notes an arrival and returns its number.
    pub(crate) fn begin(&mut self, method: &str, path: &str, at: DateTime<Utc>, faulted: bool) -> u64 {
        self.last += 1;
        let count = self.counts.entry(path.to_owned()).or_default();
        count.total += 1;
        count.in_flight += 1;
        count.max_in_flight = count.max_in_flight.max(count.in_flight);
        let (method, path) = (method.to_owned(), path.to_owned());
        self.calls.push_back(Call { number: self.last, at, method, path, status: None, faulted });
        if self.calls.len() > LOG_LENGTH {
            self.calls.pop_front();
        }
        self.last
    }

    /// Notes the end of a call, answered or not.
    pub(crate) fn end(&mut self, number: u64, path: &str, status: Option<u16>) {
        if let Some(count) = self.counts.get_mut(path) {
            count.in_flight = count.in_flight.saturating_sub(1);
        }
        if let Some(call) = self.calls.iter_mut().rev().find(|call| call.number == number) {
            call.status = status;
        }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.iter().cloned().collect()
    }

    pub(crate) fn counts(&self) -> &BTreeMap<String, CallCount> {
        &self.counts
    }
}
