//! The last line: the system ends this program when its lease ends, whatever the program does then or cannot do.
//!
//! A program that is stopped looks at no clock. When it is woken, it goes on where it was, which may be just before the
//! first byte of an order. This timer is not the program's: its signal ends a program that is stopped, too.

use std::time::Duration;

use nix::{
    sys::{
        signal::{SigEvent, SigevNotify, Signal},
        time::TimeSpec,
        timer::{Expiration, Timer, TimerSetTimeFlags},
    },
    time::ClockId,
};

/// Armed until it is dropped, or until the program replaces itself.
pub(super) struct Deadline(Timer);

impl Deadline {
    /// Not armed yet; `None` where the system gives no timer.
    pub(super) fn new() -> Option<Self> {
        let event = SigEvent::new(SigevNotify::SigevSignal { signal: Signal::SIGKILL, si_value: 0 });
        Timer::new(ClockId::CLOCK_BOOTTIME, event).ok().map(Self)
    }

    /// Ends the program at this time since the machine started, unless it is set again before.
    pub(super) fn set(&mut self, at: Duration) -> bool {
        let at = Expiration::OneShot(TimeSpec::from_duration(at));
        self.0.set(at, TimerSetTimeFlags::TFD_TIMER_ABSTIME).is_ok()
    }
}
