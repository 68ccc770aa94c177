//! Notices that the wall clock jumped: by hand, by NTP, or because the machine slept.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// Less than this is drift and the scheduler's delay, not a step.
const TOLERANCE: TimeDelta = TimeDelta::seconds(2);

/// Compares the wall clock with one that only ever goes forward.
#[derive(Debug, Clone, Copy, Default)]
pub struct StepDetector {
    last: Option<(DateTime<Utc>, Duration)>,
}

impl StepDetector {
    /// Looks at both clocks; says by how much the wall clock jumped since the last look, if it did.
    pub fn look(&mut self, wall: DateTime<Utc>, steady: Duration) -> Option<TimeDelta> {
        let (wall_before, steady_before) = self.last.replace((wall, steady))?;
        let passed = TimeDelta::from_std(steady.saturating_sub(steady_before)).unwrap_or(TimeDelta::MAX);
        let step = (wall - wall_before).checked_sub(&passed)?;
        (step.abs() > TOLERANCE).then_some(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_told_once_with_its_sign() {
        let start = DateTime::UNIX_EPOCH;
        let at = |seconds: i64| start + TimeDelta::seconds(seconds);
        let mut steps = StepDetector::default();
        assert_eq!(steps.look(at(0), Duration::ZERO), None);
        assert_eq!(steps.look(at(31), Duration::from_secs(30)), None, "within tolerance");
        assert_eq!(steps.look(at(3661), Duration::from_secs(60)), Some(TimeDelta::seconds(3600)));
        assert_eq!(steps.look(at(91), Duration::from_secs(90)), Some(TimeDelta::seconds(-3600)));
        assert_eq!(steps.look(at(121), Duration::from_secs(120)), None);
    }
}
