//! The panic hook: it sees every panic, those in forgotten tasks too, and so is the count all others are held
//! against.

use std::{
    cell::Cell,
    panic,
    sync::{
        Once,
        atomic::{AtomicU64, Ordering},
    },
};

static SEEN: AtomicU64 = AtomicU64::new(0);
static INSTALL: Once = Once::new();

thread_local! {
    static HERE: Cell<u64> = const { Cell::new(0) };
}

/// Installs the hook, once per process. It logs where a panic happened and never what it said: a panic's text
/// can hold whatever was being looked at, secrets included.
pub fn install_panic_hook() {
    INSTALL.call_once(|| {
        panic::set_hook(Box::new(|info| {
            SEEN.fetch_add(1, Ordering::Relaxed);
            HERE.with(|here| here.set(here.get() + 1));
            let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
            let place = place.unwrap_or_else(|| "an unknown place".to_owned());
            tracing::error!(event = "keeper.panicked", place, "a part of the keeper panicked");
        }));
    });
}

/// Panics in this process since the hook was installed.
pub fn panics_seen() -> u64 {
    SEEN.load(Ordering::Relaxed)
}

/// Panics on this thread since the hook was installed.
pub fn panics_here() -> u64 {
    HERE.with(Cell::get)
}
