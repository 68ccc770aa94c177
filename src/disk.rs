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
    failing: Mutex<Option<(Instant, String)>>,
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
            Ok(()) => *failing = None,
            Err(error) if error.kind.heals() || error.kind == StoreErrorKind::Damaged => {
                let since = failing.as_ref().map_or_else(Instant::now, |(since, _)| *since);
                *failing = Some((since, error.problem.clone()));
            }
            Err(_) => {}
        }
    }

    /// For how long nothing could be written, and why.
    pub fn failing(&self) -> Option<(Duration, String)> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.as_ref().map(|(since, problem)| (since.elapsed(), problem.clone()))
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
        log.note(&Err(StoreError::of(StoreErrorKind::Full, "wrote")));
        assert!(log.failing().unwrap().1.contains("the disk is full"), "the latest reason");
        log.note(&Ok(()));
        assert_eq!(log.failing(), None);
    }
}
