//! The signals that end the program in good order.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a person or a host sends to end the program.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// They are heard from now on.
    ///
    /// # Errors
    /// The system does not let them be handled.
    pub fn new() -> std::io::Result<Self> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt })
    }

    /// Waits for one of them. One that comes while nobody waits is not lost.
    pub async fn came(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
