//! The state all requests work on.

mod service;
mod snapshot;
mod world;

pub use service::Service;
pub use snapshot::Snapshot;
pub(crate) use world::World;
