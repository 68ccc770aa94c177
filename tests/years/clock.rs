//! Virtual time: what is true, what this machine's clock shows, and how both are moved on.
//!
//! tokio's clock stands still by itself: only [`Clock::run_on`] moves it, when all that can be done at this moment is done. So
//! what the real database takes for a change costs no virtual time, and what happens does not depend on how fast the
//! machine is.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
    task::{Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use keeper_domain::ports::Time;

/// Time between two looks while something is waited for.
const SHORT: Duration = Duration::from_millis(100);

/// Says when nothing can be done at this moment of virtual time.
#[derive(Default)]
pub(crate) struct Idle {
    /// What other threads work on.
    working: AtomicUsize,
    is_reached: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

/// As long as it is there, somebody works.
pub(crate) struct Work(Arc<Idle>);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Idle {
    pub(crate) fn work(self: &Arc<Self>) -> Work {
        self.working.fetch_add(1, Ordering::SeqCst);
        Work(Arc::clone(self))
    }

    /// The thread has nothing to do: neither has the keeper, unless another thread works for it.
    fn parks(&self) {
        if self.working.load(Ordering::SeqCst) > 0 {
            return;
        }
        if let Some(waker) = self.waker.lock().unwrap().take() {
            self.is_reached.store(true, Ordering::SeqCst);
            waker.wake();
        }
    }

    async fn reached(&self) {
        self.is_reached.store(false, Ordering::SeqCst);
        poll_fn(|cx| {
            if self.is_reached.swap(false, Ordering::SeqCst) {
                return Poll::Ready(());
            }
            *self.waker.lock().unwrap() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Three clocks: the world's, the machine's wall clock, and the one that only runs while the machine does.
pub(crate) struct Clock {
    began: DateTime<Utc>,
    /// Milliseconds that the machine has run.
    ran: AtomicI64,
    /// Milliseconds that it has slept, or no keeper ran on it.
    slept: AtomicI64,
    /// Milliseconds that its wall clock is wrong.
    off: AtomicI64,
    pub(crate) idle: Arc<Idle>,
}

impl Clock {
    pub(crate) fn at(began: DateTime<Utc>) -> Self {
        let zero = || AtomicI64::new(0);
        Self { began, ran: zero(), slept: zero(), off: zero(), idle: Arc::default() }
    }

    /// What time it is.
    pub(crate) fn truth(&self) -> DateTime<Utc> {
        let ran = self.ran.load(Ordering::SeqCst) + self.slept.load(Ordering::SeqCst);
        self.began + TimeDelta::milliseconds(ran)
    }

    /// How far the wall clock is ahead of that.
    pub(crate) fn off(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.off.load(Ordering::SeqCst))
    }

    /// How long the machine has run.
    pub(crate) fn ran(&self) -> Duration {
        Duration::from_millis(self.ran.load(Ordering::SeqCst).unsigned_abs())
    }

    /// Somebody sets the wall clock.
    pub(crate) fn set(&self, off: TimeDelta) {
        self.off.store(off.num_milliseconds(), Ordering::SeqCst);
    }

    /// The machine sleeps, or runs without a keeper: timers stand still, the wall clock does not.
    pub(crate) fn sleep_through(&self, long: TimeDelta) {
        self.slept.fetch_add(long.num_milliseconds(), Ordering::SeqCst);
    }

    /// Lets so much time pass at once, and everything happen that is due then.
    pub(crate) async fn run_on(&self, by: Duration) {
        self.ran.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
        tokio::time::advance(by).await;
        self.idle.reached().await;
    }

    /// Lets time pass until this is done.
    pub(crate) async fn through<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = self.idle.reached() => {}
            }
            self.ran.fetch_add(i64::try_from(SHORT.as_millis()).unwrap(), Ordering::SeqCst);
            tokio::time::advance(SHORT).await;
        }
    }
}

#[async_trait]
impl Time for Clock {
    fn now(&self) -> DateTime<Utc> {
        self.truth() + self.off()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// One life of a program: what is still under way at its end is dropped, as by a kill.
pub(crate) fn live<T>(idle: &Arc<Idle>, life: impl Future<Output = T>) -> T {
    let idle = Arc::clone(idle);
    let runtime = move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .on_thread_park(move || idle.parks())
            .build()
            .unwrap()
    };
    actix::System::with_tokio_rt(runtime).block_on(async {
        // While a thread of this kind works, tokio does not move a clock that stands.
        let (go, stays) = std::sync::mpsc::channel::<()>();
        let _stands = tokio::task::spawn_blocking(move || {
            let _over = stays.recv();
        });
        let outcome = life.await;
        drop(go);
        outcome
    })
}
