//! The last line: an OS thread that notices when the actors' thread no longer runs at all.
//!
//! A blocked thread stops every timeout that lives on it, so only somebody outside can tell. It counts checks,
//! not hours: when the whole machine sleeps, this thread sleeps too, and nobody is accused. A check for which this thread
//! itself was woken late says nothing: on a machine that has no time for it there may be none for the other one either.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Bumped by the actors' thread while it runs.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// One sign of life.
    pub fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Signs of life so far.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How closely the watchdog looks.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    /// Time between two looks.
    pub every: Duration,
    /// So many looks in a row without a sign of life are too many.
    pub silent_looks: u32,
}

impl Default for Watch {
    fn default() -> Self {
        Self { every: Duration::from_secs(1), silent_looks: 10 }
    }
}

impl Watch {
    /// Looks without a sign of life, after one more that was to take [`Watch::every`] and took so long.
    fn after(self, silent: u32, moved: bool, took: Duration) -> u32 {
        match () {
            () if moved => 0,
            () if took > self.every + self.every / 2 => silent,
            () => silent + 1,
        }
    }
}

/// Starts the thread. `on_hang` is called once, when there was no beat for too long; in production it ends the
/// program with exit code 70. The thread ends when every other holder of the pulse is gone.
pub fn start(pulse: &Pulse, watch: Watch, on_hang: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let watched = Arc::downgrade(&pulse.0);
    let thread = thread::Builder::new().name("watchdog".to_owned());
    thread.spawn(move || {
        let (mut last, mut silent) = (None, 0);
        loop {
            let began = Instant::now();
            thread::sleep(watch.every);
            let Some(pulse) = watched.upgrade() else { return };
            let now = Some(pulse.load(Ordering::Relaxed));
            silent = watch.after(silent, now != last, began.elapsed());
            last = now;
            if silent >= watch.silent_looks {
                return on_hang();
            }
        }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const FAST: Watch = Watch { every: Duration::from_millis(20), silent_looks: 4 };

    #[test]
    fn a_silent_thread_is_noticed_from_outside() {
        let (told, hears) = mpsc::channel();
        let pulse = Pulse::default();
        start(&pulse, FAST, move || told.send(()).unwrap()).unwrap();
        pulse.beat();
        // This thread now blocks, as a stuck actors' thread would.
        assert_eq!(hears.recv_timeout(Duration::from_secs(60)), Ok(()));
    }

    #[test]
    fn a_look_that_comes_late_accuses_nobody_and_forgives_nothing() {
        let watch = Watch::default();
        let (on_time, late) = (Duration::from_millis(1_010), Duration::from_millis(1_600));
        let after = |looks: &[(bool, Duration)]| {
            looks.iter().fold(0, |silent, (moved, took)| watch.after(silent, *moved, *took))
        };
        assert_eq!(after(&[(false, late); 100]), 0);
        assert_eq!(after(&[(false, on_time); 10]), watch.silent_looks);
        assert_eq!(after(&[(false, on_time), (false, late), (false, on_time)]), 2);
        assert_eq!(after(&[(false, on_time), (true, late)]), 0);
    }

    #[test]
    fn nobody_is_bitten_while_the_pulse_beats_or_after_the_end() {
        let (told, hears) = mpsc::channel();
        let pulse = Pulse::default();
        let patient = Watch { silent_looks: 4000, ..FAST };
        start(&pulse, patient, move || told.send(()).unwrap()).unwrap();
        for _ in 0..50 {
            pulse.beat();
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(hears.try_recv(), Err(mpsc::TryRecvError::Empty));
        drop(pulse);
        // The thread ends without biting: its end of the channel is dropped unused.
        assert_eq!(hears.recv_timeout(Duration::from_secs(60)), Err(mpsc::RecvTimeoutError::Disconnected));
    }
}
