//! What is counted, and what was found.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, NaiveDate, Utc};
use fyers_api::ist;

/// What must never be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    MissedTick,
    DoubledTick,
    /// On a day without one, at another time, or late without saying so.
    WrongTick,
    Unasked,
    LostAlert,
    /// One of nothing that has happened.
    OddAlert,
    /// There is a good token, and it is not used.
    NotLive,
    DeadToken,
    LostToken,
    SecondCard,
    SecondKeeper,
    /// A login that was told to be good is not.
    FalseLogin,
}

/// Where something was found.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) fault: Fault,
    pub(crate) at: DateTime<Utc>,
    pub(crate) words: String,
}

impl Finding {
    pub(crate) fn date(&self) -> NaiveDate {
        ist::date(self.at)
    }
}

/// Findings of one year that are kept.
const MOST: usize = 20;

/// Of one year, or of many.
#[derive(Debug, Clone, Default)]
pub(crate) struct Totals {
    pub(crate) days: u64,
    pub(crate) trading_days: u64,
    pub(crate) events: u64,
    pub(crate) ticks: u64,
    pub(crate) late_ticks: u64,
    /// Days of which a tick was surely due.
    pub(crate) owed: u64,
    pub(crate) asked: u64,
    pub(crate) due: u64,
    pub(crate) told: u64,
    pub(crate) deliveries: u64,
    pub(crate) balances: u64,
    pub(crate) logins: u64,
    pub(crate) calls: u64,
    pub(crate) stops: u64,
    pub(crate) kills: u64,
    pub(crate) panics: u64,
    pub(crate) outages: u64,
    pub(crate) steps: u64,
    pub(crate) suspends: u64,
    pub(crate) faults: BTreeMap<Fault, u64>,
    pub(crate) findings: Vec<Finding>,
}

impl Totals {
    pub(crate) fn found(&mut self, fault: Fault, at: DateTime<Utc>, words: String) {
        *self.faults.entry(fault).or_default() += 1;
        if self.findings.len() < MOST {
            self.findings.push(Finding { fault, at, words });
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, part) in self.numbers_mut().into_iter().zip(other.clone().numbers_mut()) {
            *sum += *part;
        }
        for (fault, number) in &other.faults {
            *self.faults.entry(*fault).or_default() += number;
        }
    }

    fn numbers_mut(&mut self) -> [&mut u64; 19] {
        [
            &mut self.days,
            &mut self.trading_days,
            &mut self.events,
            &mut self.ticks,
            &mut self.late_ticks,
            &mut self.owed,
            &mut self.asked,
            &mut self.due,
            &mut self.told,
            &mut self.deliveries,
            &mut self.balances,
            &mut self.logins,
            &mut self.calls,
            &mut self.stops,
            &mut self.kills,
            &mut self.panics,
            &mut self.outages,
            &mut self.steps,
            &mut self.suspends,
        ]
    }

    fn count(&self, fault: Fault) -> u64 {
        self.faults.get(&fault).copied().unwrap_or_default()
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: [(&str, u64); 32] = [
            ("days", self.days),
            ("trading days", self.trading_days),
            ("journal events", self.events),
            ("calls to FYERS", self.calls),
            ("logins of a person", self.logins),
            ("outages", self.outages),
            ("clock steps", self.steps),
            ("suspends", self.suspends),
            ("stops in good order", self.stops),
            ("kills", self.kills),
            ("panics of actors", self.panics),
            ("ticks", self.ticks),
            ("  of these caught up late", self.late_ticks),
            ("  days on which the keeper could not but give one", self.owed),
            ("  missed", self.count(Fault::MissedTick)),
            ("  doubled", self.count(Fault::DoubledTick)),
            ("  on a wrong day or at a wrong time", self.count(Fault::WrongTick)),
            ("losses of a token in a session, asked for", self.asked),
            ("  unasked", self.count(Fault::Unasked)),
            ("  a second card with a link", self.count(Fault::SecondCard)),
            ("events worth an alert", self.due),
            ("  told of", self.told),
            ("  lost", self.count(Fault::LostAlert)),
            ("  of nothing that has happened", self.count(Fault::OddAlert)),
            ("  deliveries, repeated ones included", self.deliveries),
            ("  times that all was compared", self.balances),
            ("good tokens not used", self.count(Fault::NotLive)),
            ("good tokens lost", self.count(Fault::LostToken)),
            ("dead tokens used", self.count(Fault::DeadToken)),
            ("logins told to be good that were not", self.count(Fault::FalseLogin)),
            ("second keepers", self.count(Fault::SecondKeeper)),
            ("faults in all", self.faults.values().sum()),
        ];
        rows.iter().try_for_each(|(what, number)| writeln!(f, "{what:<52}{number:>12}"))
    }
}
