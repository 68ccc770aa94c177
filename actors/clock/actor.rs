//! The ClockActor: looks at the wall clock every half minute at most, and sends the day's tick.
//!
//! It never sleeps towards 08:45. A machine that was suspended, or whose clock was set, costs one look.

use std::{sync::Arc, time::Duration};

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, MessageResult, ResponseActFuture,
    Supervised, WrapFuture, fut,
};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::clock::messages::{ClockView, GetClock};
use crate::{journal, notifier::messages::JournalGrew, recipient_cell::RecipientCell, token::messages::Tick};
use fyers_api::ist;
use keeper_domain::clock::{
    calendar::Calendar,
    due::{Dates, Due, due},
    steps::StepDetector,
    token_hours::TokenHours,
};
use keeper_domain::{
    event::Event,
    ports::{Change, Store, StoreError, Time},
};

/// Longest time between two looks.
const LOOK: Duration = Duration::from_secs(30);
/// Longest wait for the TokenActor: it may be between two lives.
const PATIENCE: Duration = Duration::from_secs(5);
/// Journal entries looked through for notices already given.
const NOTICES: u32 = 500;

type Work = ResponseActFuture<ClockActor, ()>;

/// What the ClockActor is given.
#[derive(Clone)]
pub struct ClockDeps {
    /// The keeper's memory.
    pub store: Arc<dyn Store>,
    /// Wall clock and waiting.
    pub time: Arc<dyn Time>,
    /// A clock that only goes forward, to notice steps of the other; `None` on a made-up time.
    pub steady: Option<Arc<dyn Fn() -> Duration + Send + Sync>>,
    /// Trading days.
    pub calendar: Arc<Calendar>,
    /// On which days there is a tick.
    pub hours: Arc<TokenHours>,
    /// When the tick is due (IST).
    pub tick_time: NaiveTime,
    /// To the TokenActor.
    pub tick: RecipientCell<Tick>,
    /// Wakes the Notifier after a commit.
    pub journal: RecipientCell<JournalGrew>,
}

/// Owns the calendar and the next tick.
pub struct ClockActor {
    deps: ClockDeps,
    volatile: Volatile,
}

/// What a restart throws away.
#[derive(Default)]
struct Volatile {
    /// Dates with a tick on record.
    done: Dates,
    steps: StepDetector,
    /// Last dates for which a holiday and a missing calendar were announced.
    skipped: Option<NaiveDate>,
    uncovered: Option<NaiveDate>,
}

impl ClockActor {
    /// An actor that looks for the first time when it starts.
    pub fn new(deps: ClockDeps) -> Self {
        Self { deps, volatile: Volatile::default() }
    }

    fn load(&self) -> Work {
        let store = Arc::clone(&self.deps.store);
        let read = async move {
            let done = store.tick_dates().await?;
            Ok::<_, StoreError>((done, store.recent_events(NOTICES).await?))
        };
        Box::pin(read.into_actor(self).map(|read, act, ctx| match read {
            Ok((done, events)) => {
                act.volatile.done = done;
                for entry in events.iter().rev() {
                    match &entry.event {
                        Event::TickSkipped { date, .. } => act.volatile.skipped = Some(*date),
                        Event::CalendarUncovered { .. } => {
                            act.volatile.uncovered = Some(ist::date(entry.at));
                        }
                        _ => {}
                    }
                }
            }
            Err(error) => give_up(&error, ctx),
        }))
    }

    /// One look at the wall clock, and what follows from it.
    fn look(&mut self) -> Work {
        let now = self.deps.time.now();
        let events = self.notices(now);
        let due = due(now, self.deps.tick_time, &self.volatile.done, &self.deps.hours);
        if due == Due::ClockWrong {
            tracing::error!(event = "clock.wrong", actor = "clock", "the wall clock shows {now}: no ticks");
        }
        let tell = self.journal(now, events);
        match due {
            Due::Now { trade_date, late } => {
                Box::pin(tell.then(move |(), act, _| act.tick(trade_date, late)))
            }
            Due::NotYet { .. } | Due::ClockWrong => tell,
        }
    }

    /// The TokenActor answers when the tick is on disk. If it dies over it, the next look asks again, and it
    /// knows a date that it has on record.
    fn tick(&self, trade_date: NaiveDate, late: bool) -> Work {
        let tick = self.deps.tick.clone();
        let ask = async move {
            let heard = tokio::time::timeout(PATIENCE, tick.ask(Tick { trade_date, late })).await;
            heard.is_ok_and(|heard| heard.is_ok())
        };
        Box::pin(ask.into_actor(self).map(move |heard, act, _| {
            if heard {
                act.volatile.done.insert(trade_date);
            } else {
                tracing::warn!(
                    event = "clock.unheard",
                    actor = "clock",
                    "the tick was not heard: again soon"
                );
            }
        }))
    }

    /// Things worth telling that are no tick.
    fn notices(&mut self, now: DateTime<Utc>) -> Vec<Event> {
        let mut events = Vec::new();
        let (today, past_tick) = (ist::date(now), ist::ist(now).time() >= self.deps.tick_time);
        let calendar = &self.deps.calendar;
        if let Some(holiday) = calendar.holiday(today).filter(|_| !self.deps.hours.is_day(today))
            && past_tick
            && self.volatile.skipped.replace(today) != Some(today)
        {
            events.push(Event::TickSkipped { date: today, holiday });
        }
        if let Some(year) = calendar.uncovered_year(today)
            && past_tick
            && self.volatile.uncovered.replace(today) != Some(today)
        {
            events.push(Event::CalendarUncovered { year });
        }
        let steady = self.deps.steady.as_ref().map(|steady| steady());
        if let Some(step) = steady.and_then(|steady| self.volatile.steps.look(now, steady)) {
            events.push(Event::ClockStepped { seconds: step.num_seconds() });
        }
        events
    }

    fn journal(&self, now: DateTime<Utc>, events: Vec<Event>) -> Work {
        if events.is_empty() {
            return Box::pin(fut::ready(()));
        }
        let events = events.into_iter().map(|event| (now, event)).collect();
        let (store, wake) = (Arc::clone(&self.deps.store), self.deps.journal.clone());
        let change = Change { events, ..Change::default() };
        let commit = async move { journal::commit(store.as_ref(), change, "clock", &wake).await };
        Box::pin(commit.into_actor(self).map(|committed, act, _| {
            if let Err(error) = committed {
                tracing::error!(event = "store.failed", actor = "clock", "{error}");
                // What was noticed is noticed again.
                (act.volatile.skipped, act.volatile.uncovered) = (None, None);
            }
        }))
    }

    /// Looks, rests, looks again; right at the tick's time if that is sooner than half a minute.
    fn keep_looking(&mut self, ctx: &mut Context<Self>) {
        let look = self.look();
        ctx.wait(look.map(|(), act, ctx| {
            let now = act.deps.time.now();
            let to_next = match due(now, act.deps.tick_time, &act.volatile.done, &act.deps.hours) {
                Due::NotYet { next } => (next - now).to_std().unwrap_or(LOOK),
                Due::Now { .. } | Due::ClockWrong => LOOK,
            };
            let time = Arc::clone(&act.deps.time);
            let rest = async move { time.sleep(to_next.min(LOOK)).await };
            ctx.spawn(rest.into_actor(act).map(|(), act, ctx| act.keep_looking(ctx)));
        }));
    }
}

fn give_up(error: &StoreError, ctx: &mut Context<ClockActor>) {
    tracing::error!(event = "store.failed", actor = "clock", "{error}");
    ctx.stop();
}

impl Actor for ClockActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let load = self.load();
        ctx.wait(load.map(|(), act, ctx| act.keep_looking(ctx)));
    }
}

impl Supervised for ClockActor {
    fn restarting(&mut self, _: &mut Self::Context) {
        self.volatile = Volatile::default();
    }
}

impl Handler<GetClock> for ClockActor {
    type Result = MessageResult<GetClock>;

    fn handle(&mut self, _: GetClock, _: &mut Self::Context) -> Self::Result {
        let now = self.deps.time.now();
        let next_tick = match due(now, self.deps.tick_time, &self.volatile.done, &self.deps.hours) {
            Due::NotYet { next } => Some(next),
            Due::Now { .. } => Some(now),
            Due::ClockWrong => None,
        };
        let trading_day = self.deps.calendar.is_trading_day(ist::date(now));
        MessageResult(ClockView { next_tick, trading_day })
    }
}

crate::crashes_on_demand!(ClockActor);
