//! A supervised inbox, and people who write to it.

use std::{sync::Arc, time::Duration};

use actix::Addr;
use tokio::time;

use crate::chat::inbox::tests::{
    doubles::World,
    scene::{self, Note},
};
use crate::{
    chat::inbox::{InboxActor, InboxDeps},
    supervisor::{CrashSink, Tree, install_panic_hook},
    testing::MemoryStore,
};
use keeper_domain::{
    chat::{
        inbox::reaction::Policy,
        talk::{Chat, Control, Heard, Update},
    },
    event::Death,
    ports::{Store, Time},
    restart_policy::Limits,
};

struct Deaf;

impl CrashSink for Deaf {
    fn crashed(&self, _: &'static str, _: Death) {}
    fn restarted(&self, _: &'static str, _: u64) {}
    fn gave_up(&self, _: &'static str) {}
}

/// A supervised inbox in its world.
pub(super) struct Room {
    pub(super) world: Arc<World>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) actor: Addr<InboxActor>,
    pub(super) tree: Tree,
}

/// The only world of a test, in virtual time.
pub(super) fn world() -> Arc<World> {
    time::pause();
    another_world()
}

/// A world at 09:00 IST in which nothing happened yet.
pub(super) fn another_world() -> Arc<World> {
    install_panic_hook();
    World::new()
}

/// An inbox that wakes up in this world.
pub(super) fn wake(world: &Arc<World>, policy: Policy) -> Room {
    let store = Arc::clone(&world.store);
    let deps = InboxDeps {
        chat: Arc::clone(world) as Arc<dyn Chat>,
        control: Arc::clone(world) as Arc<dyn Control>,
        store: Arc::clone(&store) as Arc<dyn Store>,
        time: Arc::clone(&world.time) as Arc<dyn Time>,
        policy,
    };
    let tree = Tree::new(Limits::tireless(), Arc::new(Deaf));
    let actor = tree.supervise("inbox", InboxActor::new(deps));
    Room { world: Arc::clone(world), store, actor, tree }
}

impl Room {
    /// Somebody writes in their private chat; the message's number.
    pub(super) fn write(&self, from: i64, text: &str) -> i64 {
        let (id, at) = self.world.next();
        let note = Note { update: id, from: Some(from), chat: from, at, ..scene::note() };
        self.world.arrive(note.says(text));
        id
    }

    /// Somebody presses a button in their private chat; the update's number.
    pub(super) fn press(&self, from: i64, data: &str) -> i64 {
        let (id, _) = self.world.next();
        self.world.arrive(scene::press(id, from, from, data));
        id
    }

    /// Telegram brings something nobody cares about.
    pub(super) fn noise(&self) {
        let (id, _) = self.world.next();
        self.world.arrive(Update { id, heard: Heard::Other });
    }
}

/// Lets virtual time pass.
pub(super) async fn pass(seconds: u64) {
    time::sleep(Duration::from_secs(seconds)).await;
}
