//! One life of the keeper in its year, from a start to a stop, a kill, or the year's end.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures_util::{StreamExt, future::LocalBoxFuture, stream::FuturesUnordered};
use fyers_api::ist;
use fyers_keeper::{
    app::Keeper,
    store::{SqliteStore, StateDir, StateDirError},
};
use keeper_actors::supervisor::chaos::Crash;
use keeper_domain::{
    ports::{JournalStore, SessionStore},
    routing::route::Snapshot,
};

use crate::{
    clock,
    day::{Ending, Happening, Part},
    judge::Look,
    person,
    store::HeldStore,
    totals::{Fault, Totals},
    world::World,
};

/// When a day is looked back on: nothing happens at this hour.
const LOOKED_BACK: u32 = 5;
/// A login that was heard of so long ago is on disk.
const ON_DISK: Duration = Duration::from_secs(10);
/// So long around what happens every second is looked at.
const NEAR: TimeDelta = TimeDelta::minutes(3);
/// How long the last alerts may take.
const LAST_ALERTS: Duration = Duration::from_secs(1_800);
/// Entries of the journal read at once.
const PAGE: u32 = 5_000;

/// Lives through it; what was counted and found.
pub(crate) fn year(seed: u64, days: u64) -> (World, Totals) {
    let world = World::new(seed, days);
    while let Some(down) = clock::live(&world.clock.idle, Life::live(&world)) {
        world.clock.sleep_through(down);
        while let Some((at, happening)) = world.next() {
            world.goes_on(at, happening);
        }
    }
    let mut totals = world.judge.borrow().totals.clone();
    (totals.calls, totals.deliveries) = (world.fyers.calls(), world.telegram.deliveries());
    (world, totals)
}

struct Life<'w> {
    world: &'w World,
    keeper: Keeper,
    store: Arc<HeldStore>,
    /// Logins that are under way.
    errands: FuturesUnordered<LocalBoxFuture<'w, ()>>,
    up_since: Duration,
    steady_since: Duration,
    looked_back: NaiveDate,
}

impl<'w> Life<'w> {
    /// How long the keeper is down afterwards; `None` when the year is over.
    async fn live(world: &'w World) -> Option<TimeDelta> {
        let state = StateDir::open(&world.state_dir()).unwrap();
        let after_crash = state.began();
        if !matches!(StateDir::open(&world.state_dir()), Err(StateDirError::Locked { .. })) {
            let words = "a second keeper could begin".to_owned();
            world.judge.borrow_mut().totals.found(Fault::SecondKeeper, world.clock.truth(), words);
        }
        let inner = {
            let _work = world.clock.idle.work();
            SqliteStore::open(&state).await.unwrap()
        };
        let store = Arc::new(HeldStore::new(inner, &world.clock.idle));
        compare_tokens(world, &store).await;
        let parts = world.parts(Arc::clone(&store) as _, after_crash);
        let keeper = world.clock.through(Box::pin(Keeper::start(parts))).await.unwrap();
        let ran = world.clock.ran();
        let looked_back = ist::date(world.clock.truth() - TimeDelta::hours(LOOKED_BACK.into()));
        let life = Self {
            world,
            keeper,
            store,
            errands: FuturesUnordered::new(),
            up_since: ran,
            steady_since: ran,
            looked_back,
        };
        let down = Box::pin(life.run(&state)).await;
        drop(state);
        down
    }

    async fn run(mut self, state: &StateDir) -> Option<TimeDelta> {
        while self.world.clock.truth() < self.world.ends {
            while let Some((at, happening)) = self.world.next() {
                if let Happening::Restart(ending, down) = happening {
                    self.end(ending, state).await;
                    return Some(down);
                }
                self.happen(at, happening);
            }
            let by = self.pause();
            self.pass(by).await;
            self.look();
            let morning = ist::date(self.world.clock.truth() - TimeDelta::hours(LOOKED_BACK.into()));
            if morning != self.looked_back {
                self.looked_back = morning;
                self.look_back(false).await;
            }
        }
        self.finish(state).await;
        None
    }

    fn happen(&mut self, at: DateTime<Utc>, happening: Happening) {
        let world = self.world;
        world.goes_on(at, happening);
        match happening {
            Happening::LogIn(login) => {
                world.judge.borrow_mut().totals.logins += 1;
                let backend = Arc::clone(&self.keeper.backend);
                self.errands.push(Box::pin(person::log_in(world, backend, login)));
            }
            Happening::Suspend(long) => {
                world.judge.borrow_mut().totals.suspends += 1;
                world.clock.sleep_through(long);
                self.steady_since = world.clock.ran();
            }
            Happening::ClockSet(_) => self.steady_since = world.clock.ran(),
            Happening::Panic(part) => self.panic(part),
            _ => {}
        }
    }

    fn panic(&self, part: Part) {
        let mut judge = self.world.judge.borrow_mut();
        judge.totals.panics += 1;
        let actors = &self.keeper.actors;
        match part {
            Part::Token => {
                // A login that is under way is lost with the actor, and the person hears so.
                if self.world.fyers.granted().is_some_and(|granted| judge.used != Some(granted.token)) {
                    self.world.fyers.forget_granted();
                }
                actors.token.do_send(Crash);
            }
            Part::Clock => actors.clock.do_send(Crash),
            Part::Exchange => actors.exchange.do_send(Crash),
            Part::Notifier => actors.notifier.do_send(Crash),
            Part::Card => actors.card.as_ref().unwrap().do_send(Crash),
            Part::Inbox => self.keeper.inbox.as_ref().unwrap().do_send(Crash),
            Part::Feeds => actors.feeds.do_send(Crash),
        }
    }

    /// How long until the next look.
    fn pause(&self) -> Duration {
        let world = self.world;
        let (truth, wall) = (world.clock.truth(), world.clock.truth() + world.clock.off());
        let date = ist::date(wall);
        let is_near = |at: DateTime<Utc>| (at - truth).abs() < NEAR;
        let is_morning = world.table.tick(date).is_some_and(|(tick, _)| {
            (tick - TimeDelta::minutes(1)..tick + TimeDelta::minutes(5)).contains(&wall)
        });
        let opens = world.table.hours(date).map(|(opens, _)| opens);
        let is_opening = opens.is_some_and(|opens| (wall - opens).abs() < TimeDelta::minutes(2));
        let is_busy = is_near(world.happened.get())
            || is_morning
            || is_opening
            || !self.errands.is_empty()
            || world.judge.borrow().waits();
        let is_open = world.table.hours(date).is_some_and(|(from, to)| (from..to).contains(&wall));
        // An actor that does nothing for ten seconds is taken for one that hangs.
        let pause = match (is_busy, is_open) {
            (true, _) => 1,
            (false, true) => 5,
            (false, false) => 8,
        };
        let pause = Duration::from_secs(pause);
        let to_next = world.next_at().and_then(|at| (at - truth).to_std().ok());
        let to_next = to_next.filter(|left| !left.is_zero()).unwrap_or(pause);
        // A clock has milliseconds.
        pause.min(to_next).max(Duration::from_millis(1))
    }

    /// Lets time pass, and logins go on.
    async fn pass(&mut self, by: Duration) {
        let world = self.world;
        let errands = &mut self.errands;
        let mut moving = std::pin::pin!(world.clock.run_on(by));
        loop {
            tokio::select! {
                biased;
                Some(()) = errands.next(), if !errands.is_empty() => {}
                () = &mut moving => return,
            }
        }
    }

    fn look(&self) {
        let world = self.world;
        let snapshot = self.keeper.actors.router.snapshot.load_full();
        let mut judge = world.judge.borrow_mut();
        judge.look(&self.seen(&snapshot));
    }

    fn seen<'a>(&'a self, snapshot: &'a Snapshot) -> Look<'a> {
        let clock = &self.world.clock;
        let truth = clock.truth();
        Look {
            truth,
            wall: truth + clock.off(),
            ran: clock.ran(),
            up_since: self.up_since,
            steady_since: self.steady_since,
            snapshot,
            fyers: &self.world.fyers,
            telegram: &self.world.telegram,
        }
    }

    /// Reads what has happened since the last time.
    async fn look_back(&self, is_last: bool) {
        let world = self.world;
        loop {
            let last = world.judge.borrow().last_event();
            let events = self.store.events_after(last, PAGE).await.unwrap();
            world.judge.borrow_mut().read(&events, world.clock.truth());
            if events.len() < PAGE as usize {
                break;
            }
        }
        let snapshot = self.keeper.actors.router.snapshot.load_full();
        let mut judge = world.judge.borrow_mut();
        judge.read_deliveries(&world.telegram, world.clock.truth());
        judge.balance(&self.seen(&snapshot), is_last);
    }

    /// Ends it, one way or the other.
    async fn end(self, ending: Ending, state: &StateDir) {
        let world = self.world;
        match ending {
            Ending::Killed => world.judge.borrow_mut().totals.kills += 1,
            Ending::InGoodOrder => {
                world.judge.borrow_mut().totals.stops += 1;
                world.clock.through(Box::pin(self.keeper.stop())).await;
                state.ended();
            }
        }
    }

    /// The year is over: everything works, and what waits is delivered.
    async fn finish(mut self, state: &StateDir) {
        let world = self.world;
        (world.fyers.heals(), world.telegram.heals());
        world.clock.set(TimeDelta::zero());
        self.steady_since = world.clock.ran();
        let until = world.clock.ran() + LAST_ALERTS;
        while world.clock.ran() < until {
            self.pass(Duration::from_secs(5)).await;
            self.look();
        }
        self.look_back(true).await;
        world.clock.through(Box::pin(self.keeper.stop())).await;
        state.ended();
    }
}

/// What the keeper was told to be granted is on disk when it begins again.
async fn compare_tokens(world: &World, store: &HeldStore) {
    let Some(granted) = world.fyers.granted() else { return };
    let stored = store.session().await.unwrap().access;
    if stored.is_some_and(|stored| stored.expose() == granted.token) {
        return;
    }
    let mut judge = world.judge.borrow_mut();
    let is_old = world.clock.ran() >= granted.at + ON_DISK;
    let is_lost =
        is_old && judge.used.as_ref() == Some(&granted.token) && world.fyers.is_good(&granted.token);
    if is_lost {
        judge.totals.found(
            Fault::LostToken,
            world.clock.truth(),
            "a token that was in use is not on disk".into(),
        );
    }
    world.fyers.forget_granted();
}
