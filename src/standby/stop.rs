//! The signals that end the program in good order.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use nix::sys::{
    signal::{SigSet, Signal},
    signalfd::{SfdFlags, SignalFd},
};
use rustix::event::{PollFd, PollFlags, poll};
use tokio::sync::watch;

/// Enough for a thread that waits for one thing.
const STACK: usize = 64 * 1024;

/// What a person or a host sends to end the program. Cheap to clone.
#[derive(Debug, Clone)]
pub struct StopSignals {
    told: watch::Receiver<bool>,
    /// Whether they are left for the copy that takes this program's place.
    are_left: Arc<Mutex<bool>>,
}

impl StopSignals {
    /// From now on no such signal is lost: not one that comes before anybody waits, nor one to a program that is being
    /// replaced by a copy of itself, which has it then. To be called before there is another thread.
    ///
    /// # Errors
    /// The system does not let them be handled.
    pub fn new() -> std::io::Result<Self> {
        let signals: SigSet = [Signal::SIGTERM, Signal::SIGINT].into_iter().collect();
        // Blocked in every thread to come, and by the copy of this program as well: they wait to be taken.
        signals.thread_block()?;
        let waiting = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC)?;
        let (tell, told) = watch::channel(false);
        let are_left = Arc::<Mutex<bool>>::default();
        let left = Arc::clone(&are_left);
        let listening = std::thread::Builder::new().name("signals".to_owned()).stack_size(STACK);
        listening.spawn(move || -> Infallible { take(&waiting, &left, &tell) })?;
        Ok(Self { told, are_left })
    }

    /// Waits for one of them, or tells that one has come.
    pub async fn came(&mut self) {
        let _told = self.told.wait_for(|told| *told).await;
    }

    /// Whether one has come.
    pub fn have_come(&self) -> bool {
        *self.told.borrow()
    }

    /// From now on they are for the copy that takes this program's place: none is taken any more. False when one has come.
    pub(super) fn leave_to_the_copy(&self) -> bool {
        let mut are_left = self.are_left.lock().unwrap_or_else(PoisonError::into_inner);
        *are_left = !self.have_come();
        *are_left
    }
}

/// Takes the first one, unless it is left. The thread stays after that: whoever asks is told by it.
fn take(waiting: &SignalFd, are_left: &Mutex<bool>, tell: &watch::Sender<bool>) -> Infallible {
    while !is_over(waiting, are_left, tell) {}
    loop {
        std::thread::park();
    }
}

/// Waits until there is one. Looking whether one waits does not take it: a thread that waited in the system would take one with it
/// when the program is replaced at that moment.
fn is_over(waiting: &SignalFd, are_left: &Mutex<bool>, tell: &watch::Sender<bool>) -> bool {
    if !poll(&mut [PollFd::new(waiting, PollFlags::IN)], None).is_ok_and(|ready| ready > 0) {
        return false;
    }
    let left = are_left.lock().unwrap_or_else(PoisonError::into_inner);
    let is_taken = !*left && matches!(waiting.read_signal(), Ok(Some(_)));
    if is_taken {
        tell.send_replace(true);
    }
    *left || is_taken
}
