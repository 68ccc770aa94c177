//! The control API: the methods of [`Simulator`](crate::Simulator) over HTTP, for a simulator in another process.
//! Neither faults nor outages apply to it.

mod actions;
mod bodies;
mod result;
mod routes;
mod sockets;

pub(crate) use routes::handle;
