//! What the bodies of bots' requests, their messages on sockets and the long answers of FYERS may take together: one
//! budget for the whole of their way, from the first byte that is read to the last one that is written.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};

/// The budget, in bytes. The container has 128 MiB for everything.
const ALL: usize = 20 * 1024 * 1024;

/// What one permit stands for, in bytes.
const UNIT: usize = 1024;

/// The beginning of each answer that needs no room: an order's answer is shorter and is never turned away.
const FREE: usize = 16 * 1024;
/// The beginning of each request that needs no room: whatever else is held, an order comes in. There are no more
/// requests than connections.
const FREE_REQUEST: usize = 8 * 1024;

/// What was told to go is given so long to give its room back, and so often.
const PAUSE: Duration = Duration::from_millis(2);
const PAUSES: u32 = 25;

/// Makes one go that holds room and does not use it; false when there is none.
type Relief = Box<dyn Fn() -> bool + Send + Sync>;

struct Budget {
    left: Arc<Semaphore>,
    relief: OnceLock<Relief>,
}

/// The budget. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct Memory(Arc<Budget>);

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Memory").field(&self.0.left).finish()
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(ALL)
    }
}

impl Memory {
    /// Room for so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Budget { left: Arc::new(Semaphore::new(bytes / UNIT)), relief: OnceLock::new() }))
    }

    /// Where there is no room, this makes somebody go who does not take what he holds room for.
    pub(crate) fn relieved_by(&self, relief: impl Fn() -> bool + Send + Sync + 'static) {
        // The first listener's: there is one.
        let _has_one = self.0.relief.set(Box::new(relief));
    }

    /// Bytes that nobody has.
    #[cfg(test)]
    pub(crate) fn left(&self) -> usize {
        self.0.left.available_permits() * UNIT
    }

    /// Nothing yet, for one request.
    pub(crate) fn for_request(&self) -> Share {
        Share { memory: self.clone(), free: FREE_REQUEST, held: None }
    }

    /// Nothing yet, for one answer.
    pub(crate) fn for_answer(&self) -> Share {
        Share { memory: self.clone(), free: FREE, held: None }
    }
}

/// What one request or answer holds; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    memory: Memory,
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
        let Ok(more) = Arc::clone(&self.memory.0.left).try_acquire_many_owned(missing) else { return false };
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        true
    }

    /// The same, where those go first who hold room and do not take what it is for.
    pub(crate) async fn find_room(&mut self, bytes: usize) -> bool {
        let mut pauses = 0;
        while !self.grow_to(bytes) {
            let relief = self.memory.0.relief.get();
            let has_relieved = relief.is_some_and(|relief| relief());
            pauses = if has_relieved { 1 } else { pauses + 1 };
            // Nobody has gone, or who has gone held nothing.
            if (pauses == 1 && !has_relieved) || pauses > PAUSES {
                return false;
            }
            sleep(PAUSE).await;
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
    use std::sync::Mutex;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_take_what_he_holds_makes_room() {
        let memory = Memory::new(10 * UNIT);
        let held = || {
            let mut share = memory.for_answer();
            assert!(share.grow_to(FREE + 2 * UNIT));
            share
        };
        let stuck = Mutex::new(vec![held(), held()]);
        let others = [held(), held(), held()];
        let mut answer = memory.for_answer();
        assert!(!answer.find_room(FREE + UNIT).await, "nobody can be made to go");
        // The share is given back a while after its holder was told to go.
        memory.relieved_by(move || {
            let share = stuck.lock().unwrap().pop();
            let has_one = share.is_some();
            std::thread::spawn(move || drop(share)).join().unwrap();
            has_one
        });
        assert!(answer.find_room(FREE + UNIT).await);
        assert!(answer.find_room(FREE + 4 * UNIT).await, "one after the other");
        assert!(!answer.find_room(FREE + 5 * UNIT).await, "and none but those");
        drop(others);
        assert!(answer.find_room(FREE + 10 * UNIT).await);
    }

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
