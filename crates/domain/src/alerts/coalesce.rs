//! Merging repeats: a storm of the same alert becomes one that says how often.
//!
//! An alert's key is `TOPIC|DETAIL`. A repeat is merged into a waiting alert with the same key only while
//! that one is the latest of its topic: "simulated, live, simulated" stays three messages, for otherwise
//! the last one read would say "live". Critical alerts are merged only when their texts are equal.

use std::collections::HashMap;

use crate::event::{Event, Recorded};

use crate::alert::{Alert, LISTED, Outgoing, Severity};
use crate::alerts::texts::{is_farewell, late_farewell};

/// What to commit after reading a stretch of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The last event that is consumed by this plan; 0 when there was none.
    pub read_to: i64,
    /// Alerts to add, in order.
    pub new: Vec<Alert>,
    /// Waiting alerts that have grown.
    pub merged: Vec<Outgoing>,
}

/// Plans as many events as one commit can express: it ends early before a repeat of an alert that this
/// very plan adds, because only an alert in the outbox can grow. At least one event is always consumed.
pub fn plan<'a>(
    waiting: impl IntoIterator<Item = &'a Outgoing>,
    events: &[Recorded],
    mut alert_for: impl FnMut(&Recorded) -> Option<Alert>,
) -> Plan {
    let waiting: Vec<&Outgoing> = waiting.into_iter().collect();
    // A later one of a topic replaces the earlier ones: only the latest may grow.
    let latest: HashMap<&str, &Outgoing> = waiting.iter().map(|alert| (topic(&alert.key), *alert)).collect();
    let mut plan = Plan::default();
    for (nth, event) in events.iter().enumerate() {
        if matches!(event.event, Event::KeeperStarted { .. }) {
            plan.say_farewells_late(&waiting);
        }
        if let Some(alert) = alert_for(event).filter(|_| !is_taken_back(event, &events[nth + 1..]))
            && !plan.take(&latest, alert)
        {
            break;
        }
        plan.read_to = event.id;
    }
    plan
}

/// A keeper said that another one acts in its place, and nobody did: its farewell came after it.
fn is_taken_back(event: &Recorded, later: &[Recorded]) -> bool {
    let is_of_the_keeper =
        |of: &&Recorded| matches!(of.event, Event::KeeperStarted { .. } | Event::KeeperStopping { .. });
    let next = later.iter().find(is_of_the_keeper).map(|next| &next.event);
    matches!(event.event, Event::KeeperStopping { handed_over: true, .. })
        && matches!(next, Some(Event::KeeperStopping { handed_over: false, .. }))
}

impl Plan {
    /// A keeper acts again: what was not delivered of its end is said as something that is over.
    fn say_farewells_late(&mut self, waiting: &[&Outgoing]) {
        for alert in self.new.iter_mut().filter(|alert| is_farewell(&alert.key)) {
            alert.text = late_farewell(alert.at);
        }
        for old in waiting.iter().filter(|old| is_farewell(&old.key)) {
            let now = self.newest(old);
            let late = Outgoing { text: late_farewell(now.last_at), ..now.clone() };
            self.merged.retain(|merged| merged.id != late.id);
            self.merged.push(late);
        }
    }

    /// Takes an alert in; false when it repeats one that is not in the outbox yet.
    fn take(&mut self, latest_waiting: &HashMap<&str, &Outgoing>, alert: Alert) -> bool {
        if let Some(latest) = self.new.iter().rev().find(|new| same_topic(&new.key, &alert.key)) {
            if repeats(latest, &alert) {
                return false;
            }
            self.new.push(alert);
            return true;
        }
        let latest = latest_waiting.get(topic(&alert.key)).filter(|_| !alert.key.is_empty());
        match latest.map(|old| self.newest(old)) {
            Some(old) if grows(old, &alert) => {
                let grown = grown(old, alert);
                self.merged.retain(|merged| merged.id != grown.id);
                self.merged.push(grown);
            }
            _ => self.new.push(alert),
        }
        true
    }

    /// A waiting alert as this plan leaves it.
    fn newest<'a>(&'a self, old: &'a Outgoing) -> &'a Outgoing {
        self.merged.iter().find(|merged| merged.id == old.id).unwrap_or(old)
    }
}

/// The part of a key before `|`.
fn topic(key: &str) -> &str {
    key.split_once('|').map_or(key, |(topic, _detail)| topic)
}

fn same_topic(one: &str, other: &str) -> bool {
    !one.is_empty() && !other.is_empty() && topic(one) == topic(other)
}

fn repeats(old: &Alert, new: &Alert) -> bool {
    mergeable((&old.key, old.severity, &old.text), new)
}

fn grows(old: &Outgoing, new: &Alert) -> bool {
    mergeable((&old.key, old.severity, &old.text), new)
}

fn mergeable((key, severity, text): (&str, Severity, &str), new: &Alert) -> bool {
    key == new.key && severity == new.severity && (severity != Severity::Critical || text == new.text)
}

/// The waiting alert with one more event in it. It keeps its id and so its place.
fn grown(old: &Outgoing, new: Alert) -> Outgoing {
    let mut items = old.items.clone();
    if !new.item.is_empty() && items.len() < LISTED {
        items.push(new.item);
    }
    Outgoing {
        items,
        last_at: new.at.max(old.last_at),
        count: old.count.saturating_add(1),
        text: new.text,
        ..old.clone()
    }
}
