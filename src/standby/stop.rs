//! The signals that end the program in good order.

use nix::sys::signal::{SigSet, Signal};
use tokio::sync::watch;

/// Enough for a thread that waits for one thing.
const STACK: usize = 64 * 1024;

/// What a person or a host sends to end the program. Cheap to clone.
#[derive(Debug, Clone)]
pub struct StopSignals(watch::Receiver<bool>);

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
        let (tell, told) = watch::channel(false);
        std::thread::Builder::new().name("signals".to_owned()).stack_size(STACK).spawn(move || {
            while signals.wait().is_err() {}
            let _nobody_waits = tell.send(true);
        })?;
        Ok(Self(told))
    }

    /// Waits for one of them, or tells that one has come.
    pub async fn came(&mut self) {
        let _told = self.0.wait_for(|told| *told).await;
    }

    /// Whether one has come.
    pub fn have_come(&self) -> bool {
        *self.0.borrow()
    }
}
