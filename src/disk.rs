//! Whether the state can be written, as the latest changes have shown.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use keeper_domain::ports::{StoreError, StoreErrorKind};
use tokio::time::Instant;

/// One for all who write to a store.
#[derive(Default)]
pub struct DiskLog {
    failing: Mutex<Option<Failing>>,
    /// When it failed last.
    failed: Mutex<Option<Instant>>,
}

/// Since when it fails, and why.
struct Failing {
    since: Instant,
    problem: String,
    /// The disk was full: a change that fits into room which is there does not show that it is not any more.
    needs_room: bool,
}

impl fmt::Debug for DiskLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskLog").finish_non_exhaustive()
    }
}

impl DiskLog {
    /// Nothing was written yet, and nothing has failed.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// How writing a change ended. A change that was refused for what it is says nothing about the disk.
    pub fn note(&self, outcome: &Result<(), StoreError>) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => *failing = failing.take().filter(|failing| failing.needs_room),
            Err(error) if error.kind.heals() || error.kind == StoreErrorKind::Damaged => {
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                let (since, needed_room) = failing
                    .as_ref()
                    .map_or((Instant::now(), false), |before| (before.since, before.needs_room));
                let needs_room = needed_room || error.kind == StoreErrorKind::Full;
                *failing = Some(Failing { since, problem: error.problem.clone(), needs_room });
            }
            Err(_) => {}
        }
    }

    /// Whether it fails, or did within so long.
    pub fn has_failed_within(&self, long: Duration) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        self.failing().is_some() || failed.is_some_and(|failed| failed.elapsed() < long)
    }

    /// Whether it must be looked for room before it counts as written again.
    pub fn needs_room(&self) -> bool {
        self.failing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .is_some_and(|failing| failing.needs_room)
    }

    /// How the look for room ended. One that cannot be had for another reason says nothing about the disk.
    pub fn looked_for_room(&self, outcome: &Result<(), StoreError>) {
        match outcome {
            Err(error) if error.kind.heals() => self.note(outcome),
            _ => *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = None,
        }
    }

    /// For how long nothing could be written, and why.
    pub fn failing(&self) -> Option<(Duration, String)> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.as_ref().map(|failing| (failing.since.elapsed(), failing.problem.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fails_from_the_first_failure_to_the_next_success() {
        let log = DiskLog::new();
        log.note(&Err(StoreError::refused("wrote", "this one is odd")));
        assert_eq!(log.failing(), None, "that was the change's own fault");
        log.note(&Err(StoreError::of(StoreErrorKind::Busy, "wrote")));
        log.note(&Err(StoreError::of(StoreErrorKind::Failing, "wrote")));
        assert!(log.failing().unwrap().1.contains("the disk fails"), "the latest reason");
        log.note(&Ok(()));
        assert_eq!(log.failing(), None);
        assert!(log.has_failed_within(Duration::from_secs(60)) && !log.has_failed_within(Duration::ZERO));
        assert!(!DiskLog::new().has_failed_within(Duration::from_secs(60)));
    }

    /// Between the orders that do not fit there are changes that do.
    #[test]
    fn a_full_disk_fails_until_there_is_room_whatever_fits_meanwhile() {
        let log = DiskLog::new();
        let full = Err(StoreError::of(StoreErrorKind::Full, "wrote"));
        log.note(&full);
        for _ in 0..3 {
            log.note(&Ok(()));
            assert!(log.failing().unwrap().1.contains("the disk is full"));
            log.looked_for_room(&full);
            assert!(log.needs_room() && log.failing().is_some());
        }
        log.note(&Err(StoreError::of(StoreErrorKind::Failing, "wrote")));
        log.note(&Ok(()));
        assert!(log.failing().is_some(), "it was full before it was gone");
        log.looked_for_room(&Ok(()));
        assert!(!log.needs_room() && log.failing().is_none());
        log.note(&full);
        log.looked_for_room(&Err(StoreError::refused("looked", "no right to make a table")));
        assert_eq!(log.failing(), None, "nobody can look: what is written counts");
    }
}
