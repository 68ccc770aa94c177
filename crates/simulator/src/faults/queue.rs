//! The faults still to come.

use chrono::{DateTime, Utc};

use super::fault::Fault;
use super::rule::{FaultRule, Life};

/// The faults still to come. The oldest rule that covers a request applies first, so rules for one scope, put in
/// one after another, are a script.
#[derive(Debug, Default)]
pub(crate) struct FaultQueue {
    rules: Vec<FaultRule>,
}

impl FaultQueue {
    pub(crate) fn add(&mut self, rule: FaultRule) {
        self.rules.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn rules(&self) -> &[FaultRule] {
        &self.rules
    }

    /// The fault that applies to this request, used up by it.
    pub(crate) fn take(&mut self, method: &str, path: &str, now: DateTime<Utc>) -> Option<Fault> {
        self.rules.retain(|rule| match rule.life {
            Life::Times(left) => left > 0,
            Life::Forever => true,
            Life::Until(end) => now < end,
        });
        let rule = self.rules.iter_mut().find(|rule| rule.scope.covers(method, path))?;
        if let Life::Times(left) = &mut rule.life {
            *left -= 1;
        }
        let fault = rule.fault.clone();
        self.rules.retain(|rule| rule.life != Life::Times(0));
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn rules_for_one_scope_are_a_script() {
        let mut queue = FaultQueue::default();
        for fault in [Fault::Pass, Fault::Reset, Fault::Hang] {
            queue.add(FaultRule::once("/data", fault));
        }
        let struck: Vec<_> = (0..4).map(|_| queue.take("GET", "/data/quotes", at(0))).collect();
        assert_eq!(struck, [Some(Fault::Pass), Some(Fault::Reset), Some(Fault::Hang), None]);
    }

    #[test]
    fn a_timed_rule_ends_by_the_clock_and_a_lasting_one_does_not() {
        let mut queue = FaultQueue::default();
        queue.add(FaultRule::until("", Fault::Reset, at(10)));
        assert_eq!(queue.take("GET", "/x", at(9)), Some(Fault::Reset));
        assert_eq!(queue.take("GET", "/x", at(10)), None);
        queue.add(FaultRule::forever("", Fault::Hang));
        for second in 0..5 {
            assert_eq!(queue.take("GET", "/x", at(second)), Some(Fault::Hang));
        }
    }
}
