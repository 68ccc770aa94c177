//! How much of FYERS' long answers is held at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What one permit stands for, in bytes.
const UNIT: usize = 1024;

/// The beginning of each answer that needs no room: an order's answer is shorter and is never turned away.
const FREE: usize = 64 * 1024;

/// The room for long answers while they come in. Cheap to clone; all clones share it.
#[derive(Debug, Clone)]
pub(super) struct AnswerMemory(Arc<Semaphore>);

impl AnswerMemory {
    /// Room for so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / UNIT)))
    }

    /// Nothing yet, for one answer.
    pub(super) fn share(&self) -> Share {
        Share { memory: Arc::clone(&self.0), held: None }
    }
}

/// What one answer holds; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    memory: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// Takes room for an answer of `bytes` in all; false when there is none. It is not waited for: those who wait
    /// would hold what they wait for.
    pub(super) fn grow_to(&mut self, bytes: usize) -> bool {
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = bytes.saturating_sub(FREE).div_ceil(UNIT).saturating_sub(held);
        let Ok(missing) = u32::try_from(missing) else { return false };
        if missing == 0 {
            return true;
        }
        let Ok(more) = Arc::clone(&self.memory).try_acquire_many_owned(missing) else { return false };
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_answers_need_no_room_and_long_ones_share_it() {
        let memory = AnswerMemory::new(10 * UNIT);
        let (mut first, mut second, mut short) = (memory.share(), memory.share(), memory.share());
        assert!(first.grow_to(FREE + 4 * UNIT) && first.grow_to(FREE + 6 * UNIT));
        assert!(!second.grow_to(FREE + 5 * UNIT), "four are left");
        assert!(second.grow_to(FREE + 4 * UNIT) && short.grow_to(FREE));
        drop(first);
        assert!(second.grow_to(FREE + 10 * UNIT));
        assert!(!second.grow_to(usize::MAX));
    }
}
