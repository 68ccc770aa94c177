//! The lock around the world.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::state::World;

/// The world, shared by both listeners and the owner of the simulator.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    /// A panic in one request must not end the simulator, so a poisoned lock is taken all the same.
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
