//! The composition root: the only place that names adapters and actors together.
//!
//! One [`Parts`] value makes one [`Keeper`]: an account's actors, their store, their listener. There are no
//! globals, so a second account is a second call, and a test or the demo starts the very same thing.

mod desk;
mod mirror;
mod sink;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use actix::Addr;
use actix_web::dev::ServerHandle;
use chrono::{NaiveDate, NaiveTime};
use keeper_actors::{
    clock::{actor::ClockActor, calendar::Calendar},
    event::Event,
    exchange::actor::ExchangeActor,
    line::Line,
    notifier::actor::NotifierActor,
    ports::{Broker, Change, Exchange, Messenger, Store, Time, TokenMirror},
    supervisor::{Limits, Tree},
    token::{
        actor::{TokenActor, TokenDeps},
        reconcile::Seeds,
        rules::Facts,
    },
};

pub use desk::KeeperDesk;
