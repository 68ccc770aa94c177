//! One test for each way to die, a storm of ten thousand panics, and the end of patience. All waiting is on
//! tokio's paused clock, and what is asserted are counters.

mod escalation;
mod storm;
mod ways_to_die;

use keeper_domain::restart_policy::Limits;
use std::{
    rc::Rc,
    sync::{Arc, Mutex, atomic::AtomicU32},
};

use actix::{
    Actor, ActorContext, Addr, AsyncContext, Context, Handler, Message, MessageResult, Supervised, WrapFuture,
};

use super::*;
use keeper_domain::event::Death;

/// Remembers what it was told.
#[derive(Default)]
struct Witness {
    crashes: Mutex<Vec<(&'static str, Death)>>,
    restarts: AtomicU32,
    gave_up: Mutex<Vec<&'static str>>,
}

impl CrashSink for Witness {
    fn crashed(&self, actor: &'static str, death: Death) {
        self.crashes.lock().unwrap().push((actor, death));
    }

    fn restarted(&self, _: &'static str, _: u64) {
        self.restarts.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    fn gave_up(&self, actor: &'static str) {
        self.gave_up.lock().unwrap().push(actor);
    }
}

/// What survives its actor, as the store does.
#[derive(Default)]
struct Disk {
    numbers: Mutex<Vec<u32>>,
    /// So many of the next starts panic.
    bad_starts: AtomicU32,
    /// So many of the next restarts panic.
    bad_restarts: AtomicU32,
    /// So many seconds a start takes to load.
    slow: AtomicU32,
    started: AtomicU32,
    ticks: AtomicU32,
}

fn take_one(count: &AtomicU32) -> bool {
    use std::sync::atomic::Ordering::SeqCst;
    count.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
}

/// An actor as this crate's actors are written: state from disk on start, timers armed in `started` only.
struct Mortal {
    name: &'static str,
    tree: Tree,
    disk: Rc<Disk>,
    /// `None` until loaded.
    loaded: Option<usize>,
}

impl Actor for Mortal {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        assert!(!take_one(&self.disk.bad_starts), "a bad start was asked for");
        self.disk.started.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let disk = Rc::clone(&self.disk);
        let load = async move {
            let slow = disk.slow.load(std::sync::atomic::Ordering::SeqCst);
            tokio::time::sleep(std::time::Duration::from_secs(slow.into())).await;
            disk.numbers.lock().unwrap().len()
        };
        use actix::ActorFutureExt;
        ctx.wait(load.into_actor(self).map(|count, act, _| act.loaded = Some(count)));
        ctx.run_interval(std::time::Duration::from_secs(1), |act, _| {
            act.disk.ticks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        });
    }
}

impl Supervised for Mortal {
    fn restarting(&mut self, _: &mut Self::Context) {
        self.loaded = None;
        assert!(!take_one(&self.disk.bad_restarts), "a bad restart was asked for");
    }
}

/// Keep this number.
#[derive(Message)]
#[rtype(result = "()")]
struct Keep(u32);

impl Handler<Keep> for Mortal {
    type Result = ();

    fn handle(&mut self, keep: Keep, _: &mut Self::Context) {
        assert!(self.loaded.is_some(), "a message was handled before the state was loaded");
        self.disk.numbers.lock().unwrap().push(keep.0);
    }
}

/// How much was loaded at the last start?
#[derive(Message)]
#[rtype(result = "Option<usize>")]
struct Loaded;

impl Handler<Loaded> for Mortal {
    type Result = MessageResult<Loaded>;

    fn handle(&mut self, _: Loaded, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.loaded)
    }
}

/// Die like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
enum Die {
    InHandler,
    InFuture,
    InTask,
    InStart,
    InRestart,
    ByStop,
    ByHang,
}

impl Handler<Die> for Mortal {
    type Result = ();

    fn handle(&mut self, die: Die, ctx: &mut Self::Context) {
        use std::sync::atomic::Ordering::SeqCst;
        match die {
            Die::InHandler => panic!("in a handler"),
            Die::InFuture => {
                ctx.spawn(async { panic!("in a future") }.into_actor(self));
            }
            Die::InTask => self.tree.spawn(self.name, async { panic!("in a task") }),
            Die::InStart => {
                self.disk.bad_starts.fetch_add(1, SeqCst);
                panic!("on the way to a bad start");
            }
            Die::InRestart => {
                self.disk.bad_restarts.fetch_add(1, SeqCst);
                panic!("on the way to a bad restart");
            }
            Die::ByStop => ctx.stop(),
            Die::ByHang => ctx.wait(std::future::pending::<()>().into_actor(self)),
        }
    }
}

/// A tree with one actor in it.
struct Garden {
    tree: Tree,
    witness: Arc<Witness>,
    disk: Rc<Disk>,
    addr: Addr<Mortal>,
}

fn plant(limits: Limits) -> Garden {
    install_panic_hook();
    let witness = Arc::new(Witness::default());
    let tree = Tree::new(limits, Arc::clone(&witness) as Arc<dyn CrashSink>);
    let disk = Rc::new(Disk::default());
    let addr = grow(&tree, "mortal", &disk);
    Garden { tree, witness, disk, addr }
}

fn grow(tree: &Tree, name: &'static str, disk: &Rc<Disk>) -> Addr<Mortal> {
    let mortal = Mortal { name, tree: tree.clone(), disk: Rc::clone(disk), loaded: None };
    tree.supervise(name, mortal)
}
