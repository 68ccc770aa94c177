//! Telegram with its outages, and what waits for it: alerts by the rules of merging and delivery, the card by its pauses.

use std::{slice, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    alert::{Outgoing, SendError},
    alerts::{
        coalesce,
        delivery::{self, Gate, Next},
        texts::{Context, alert_for},
    },
    backoff,
    event::{Event, Recorded},
};

/// The longest pauses: chance makes others shorter.
const LUCK: f64 = 1.0;

pub(super) struct Telegram {
    /// It answers nobody until then.
    down_until: DateTime<Utc>,
    outbox: Vec<Outgoing>,
    gate: Gate,
    events: i64,
    alerts: i64,
    /// Up to here alerts have been delivered.
    looked: DateTime<Utc>,
    /// Steps of the card in a row that did not come through, and until when it waits.
    card: (u32, DateTime<Utc>),
}

fn long(pause: Duration) -> TimeDelta {
    TimeDelta::from_std(pause).unwrap()
}

impl Telegram {
    pub(super) fn new() -> Self {
        let never = DateTime::UNIX_EPOCH;
        Self {
            down_until: never,
            outbox: vec![],
            gate: Gate::default(),
            events: 0,
            alerts: 0,
            looked: never,
            card: (0, never),
        }
    }

    pub(super) fn goes_down(&mut self, until: DateTime<Utc>) {
        self.down_until = self.down_until.max(until);
    }

    /// The moment from which on it answers, of the outage that began last.
    pub(super) fn answers_from(&self) -> DateTime<Utc> {
        self.down_until
    }

    pub(super) fn is_down(&self, now: DateTime<Utc>) -> bool {
        now < self.down_until
    }

    /// What a restart of the program forgets: the outbox is on disk.
    pub(super) fn restart(&mut self) {
        (self.gate, self.card) = (Gate::default(), (0, DateTime::UNIX_EPOCH));
    }

    /// An event is in the journal, and its alert in the outbox.
    pub(super) fn hears(&mut self, at: DateTime<Utc>, event: Event, context: &Context) {
        self.events += 1;
        let event = Recorded { id: self.events, at, event };
        let plan = coalesce::plan(&self.outbox, slice::from_ref(&event), |event| alert_for(event, context));
        for grown in plan.merged {
            self.outbox.iter_mut().filter(|old| old.id == grown.id).for_each(|old| *old = grown.clone());
        }
        for alert in plan.new {
            self.alerts += 1;
            self.outbox.push(Outgoing {
                id: self.alerts,
                event_id: alert.event_id,
                event: alert.event,
                at: alert.at,
                last_at: alert.at,
                count: 1,
                severity: alert.severity,
                key: alert.key,
                text: alert.text,
                items: vec![],
                attempts: 0,
            });
        }
    }

    /// Attempts what may go out until now, and gives what has come through.
    pub(super) fn deliver(&mut self, now: DateTime<Utc>) -> Vec<Outgoing> {
        let mut at = std::mem::replace(&mut self.looked, now);
        let mut delivered = vec![];
        while let Some(alert) = delivery::next(&self.outbox).cloned() {
            at = at.max(alert.last_at);
            let alone = self.outbox.len() == 1;
            let gathers = if alone { self.gate.gathering(&alert, at) } else { Duration::ZERO };
            at += long(self.gate.wait(alert.severity, at).max(gathers));
            if at > now {
                break;
            }
            self.gate.attempted(at);
            let lost = || SendError::Unreachable("down".into());
            let result = if self.is_down(at) { Err(lost()) } else { Ok(()) };
            match delivery::after(&result, alert.attempts, alert.severity, false, LUCK) {
                Next::Delivered => {
                    self.outbox.retain(|waiting| waiting.id != alert.id);
                    self.gate.passed(&alert);
                    self.gate.delivered(&alert, at);
                    delivered.push(alert);
                }
                Next::Again(pause) => {
                    self.gate.hold(at, pause, false);
                    let same = self.outbox.iter_mut().filter(|waiting| waiting.id == alert.id);
                    same.for_each(|waiting| waiting.attempts += 1);
                }
                other => panic!("{other:?}"),
            }
        }
        delivered
    }

    /// Whether a step of the card comes through now. After one that does not, the card waits.
    pub(super) fn takes_a_step(&mut self, now: DateTime<Utc>) -> bool {
        let (failures, held_until) = self.card;
        if now < held_until {
            return false;
        }
        if !self.is_down(now) {
            self.card = (0, held_until);
            return true;
        }
        self.card = (failures + 1, now + long(backoff::wait(failures + 1, LUCK)));
        false
    }
}
