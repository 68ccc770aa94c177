//! What the bodies of bots' requests, their messages on sockets and the long answers of FYERS may take together: one
//! budget for the whole of their way, from the first byte that is read to the last one that is written.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The budget, in bytes. The container has 128 MiB for everything.
const ALL: usize = 20 * 1024 * 1024;

/// What one permit stands for, in bytes.
const UNIT: usize = 1024;

/// The beginning of each answer that needs no room: an order's answer is shorter and is never turned away.
const FREE: usize = 16 * 1024;
/// The beginning of each request that needs no room: whatever else is held, an order comes in. There are no more
/// requests than connections.
const FREE_REQUEST: usize = 8 * 1024;

/// The budget. Cheap to clone; all clones share it.
#[derive(Debug, Clone)]
pub struct Memory(Arc<Semaphore>);

impl Default for Memory {
    fn default() -> Self {
        Self::new(ALL)
    }
}

impl Memory {
    /// Room for so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / UNIT)))
    }

    /// Nothing yet, for one request.
    pub(crate) fn for_request(&self) -> Share {
        Share { memory: Arc::clone(&self.0), free: FREE_REQUEST, held: None }
    }

    /// Nothing yet, for one answer.
    pub(crate) fn for_answer(&self) -> Share {
        Share { memory: Arc::clone(&self.0), free: FREE, held: None }
    }
}

/// What one request or answer holds; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    memory: Arc<Semaphore>,
    free: usize,
    held: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// Takes room for `bytes` in all; false when there is none. It is not waited for: those who wait would hold what
    /// they wait for.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> bool {
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = bytes.saturating_sub(self.free).div_ceil(UNIT).saturating_sub(held);
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

    /// Gives everything back.
    pub(crate) fn give_back(&mut self) {
        self.held = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_answers_need_no_room_and_long_ones_share_it() {
        let memory = Memory::new(10 * UNIT);
        let (mut first, mut second, mut short) =
            (memory.for_answer(), memory.for_answer(), memory.for_answer());
        assert!(first.grow_to(FREE + 4 * UNIT) && first.grow_to(FREE + 6 * UNIT));
        assert!(!second.grow_to(FREE + 5 * UNIT), "four are left");
        assert!(second.grow_to(FREE + 4 * UNIT) && short.grow_to(FREE));
        drop(first);
        assert!(second.grow_to(FREE + 10 * UNIT));
        assert!(!second.grow_to(usize::MAX));
        drop(second);
        let mut request = memory.for_request();
        assert!(request.grow_to(FREE_REQUEST + 10 * UNIT));
        assert!(!memory.for_request().grow_to(FREE_REQUEST + 1), "nothing is left");
        assert!(memory.for_request().grow_to(FREE_REQUEST), "and an order comes in");
    }
}
