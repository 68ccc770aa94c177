//! Faults on demand: what can go wrong, where, and for how long.

mod fault;
mod queue;
mod rule;

pub use fault::Fault;
pub(crate) use queue::FaultQueue;
pub use rule::{FaultRule, Life, Scope};
