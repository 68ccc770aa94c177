//! What keepers of one account tell each other of their calls.

use std::{sync::atomic::Ordering, time::Duration};

use keeper_domain::shared_calls::{CallsBefore, CallsOfDay, PastCall, RECENT, SentCalls, SharedCalls};

use crate::fyers::limits::{
    Limiter,
    window::{DayCounts, Sent},
};

impl Limiter {
    /// This keeper follows another one: what has left there counts here, and what leaves here is told to the next one.
    pub fn follow(&self, before: &CallsBefore) {
        let now = (self.elapsed)();
        let own = |sent: &Sent| sent.from.is_none() && sent.age < RECENT;
        let known = self.window().sent(now).filter(own).map(|sent| sent.weight).sum();
        let calls = before.elsewhere(self.origin(), known);
        let sent: Vec<_> = calls
            .iter()
            .map(|PastCall { origin, age, weight }| Sent { from: Some(*origin), age: *age, weight: *weight })
            .collect();
        let mut window = self.window();
        self.untold().share();
        window.recall(&sent, now);
        window.hold(now, before.held());
        if before.is_in_doubt(self.origin(), known) {
            window.doubt(now);
        }
        if let Some(SharedCalls { day: CallsOfDay { date, orders, others }, .. }) = before.written {
            window.raise_day(date, DayCounts { orders, others });
        }
        let weight: u32 = calls.iter().map(|call| call.weight).sum();
        if weight > 0 {
            tracing::info!(
                event = "lease.calls",
                calls = weight,
                "{weight} calls of another keeper count against FYERS' limit of the minute"
            );
        }
    }

    /// Writes all down that is counted here, where it was from others, too.
    fn write_all_down(&self) {
        let (now, elapsed, window) = (self.time.now(), (self.elapsed)(), self.window());
        let counted: Vec<_> = window.sent(elapsed).collect();
        let (day, held) = ((window.today(), window.day()), window.held(elapsed));
        drop(window);
        self.note_hold(held);
        let written = self.kept().as_mut().map(|kept| kept.keep_all(&counted, now, day));
        if let Some(Err(error)) = written {
            let problem = error.kind();
            tracing::warn!(
                event = "keeper.settings",
                "what another keeper has sent to FYERS is not written down: {problem}"
            );
        }
    }

    /// From now on nothing leaves but while this is so: a call may wait for its turn for longer than a lease, and what leaves
    /// after its end nobody would count.
    pub fn leave_while(&self, may_leave: impl Fn() -> bool + Send + Sync + 'static) {
        let _once = self.may_leave.set(Box::new(may_leave));
    }
}

impl SentCalls for Limiter {
    fn origin(&self) -> u32 {
        self.origin.load(Ordering::SeqCst)
    }

    fn tell(&self) -> (SharedCalls, u64) {
        let (window, origin) = (self.window(), self.origin());
        // With the window in hand: nothing leaves between the two.
        let mark = self.untold().mark();
        let past = |Sent { from, age, weight }| PastCall { origin: from.unwrap_or(origin), age, weight };
        let DayCounts { orders, others } = window.day();
        let day = CallsOfDay { date: window.today(), orders, others };
        let now = (self.elapsed)();
        (SharedCalls::new(window.sent(now).map(past), day).held_for(window.held(now)), mark)
    }

    fn told(&self, mark: u64) {
        let _window = self.window();
        self.untold().told(mark);
    }

    fn is_much_untold(&self) -> bool {
        let _window = self.window();
        self.untold().is_much()
    }

    fn held(&self) -> Duration {
        self.window().held((self.elapsed)())
    }

    fn adopt(&self, before: &CallsBefore) {
        self.follow(before);
        self.write_all_down();
    }
}
